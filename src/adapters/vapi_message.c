#include "vapi_message.h"
#include "caps.h"
#include <math.h>

#define TOOL(member, path, kind) FIELD(struct vapi_tool_call, member, path, kind, 0)
#define TOOL_FIELDS(prefix)                                                                                            \
    TOOL(id, prefix "id", STR), TOOL(name, prefix "name", STR), TOOL(function_name, prefix "function.name", STR),      \
        TOOL(function_arguments, prefix "function.arguments", RAW), TOOL(arguments, prefix "arguments", RAW),          \
        TOOL(parameters, prefix "parameters", RAW)

static const struct field tool_fields[] = {TOOL_FIELDS("")};
static const struct field_items tool_items = {tool_fields, FIELD_COUNT(tool_fields), sizeof(struct vapi_tool_call)};

/* Of a tool with its definition only the call is new. */
static const struct field tool_with_call_fields[] = {
    TOOL_FIELDS("toolCall."),
    FIELD_RULE("function", FIELD_DROP),
    FIELD_RULE("messages", FIELD_DROP),
    FIELD_RULE("server", FIELD_DROP),
};
static const struct field_items tool_with_call_items = {tool_with_call_fields, FIELD_COUNT(tool_with_call_fields),
                                                        sizeof(struct vapi_tool_call)};

static const struct field said_fields[] = {
    FIELD(struct vapi_said, role, "role", STR, 0),
    FIELD(struct vapi_said, text, "message", STR, 0),
    FIELD(struct vapi_said, time_us, "time", TIME, 0),
    FIELD(struct vapi_said, seconds_from_start, "secondsFromStart", NUM, 0),
    FIELD_RULE("metadata", FIELD_DROP), /* confidence of each word: two thirds of a long report, used by nobody */
};
static const struct field_items said_items = {said_fields, FIELD_COUNT(said_fields), sizeof(struct vapi_said)};

#define M(member, path, kind) FIELD(struct vapi_message, member, path, kind, 0)
#define DROPPED(path) FIELD_RULE(path, FIELD_DROP)
/* Of the call as it was at its creation, which stands in every message: read each time, stored with the report alone. */
#define SNAPSHOT(member, path, kind) FIELD(struct vapi_message, member, path, kind, FIELD_REPEATED | FIELD_DROP)
#define SNAPSHOT_RULE(path) FIELD_RULE(path, FIELD_REPEATED | FIELD_DROP)

/* The one table of paths: what is read, and what is left out of the stored message because every message repeats it. */
static const struct field fields[] = {
    M(is_envelope, "message", SEEN),
    M(type, "message.type", STR),
    M(timestamp_us, "message.timestamp", TIME),
    M(status, "message.status", STR),
    M(role, "message.role", STR),
    M(transcript_type, "message.transcriptType", STR),
    M(transcript, "message.transcript", STR),
    M(ended_reason, "message.endedReason", STR),
    M(started_us, "message.startedAt", TIME),
    M(ended_us, "message.endedAt", TIME),
    M(cost, "message.cost", NUM),
    M(duration_seconds, "message.durationSeconds", NUM),
    M(duration_ms, "message.durationMs", NUM),
    M(analysis, "message.analysis", RAW),
    M(analysis_summary, "message.analysis.summary", STR),
    M(summary, "message.summary", STR),
    M(recording_top, "message.recordingUrl", STR),
    M(function_call_name, "message.functionCall.name", STR),
    M(function_call_parameters, "message.functionCall.parameters", RAW),
    SNAPSHOT_RULE("message.customer"),
    M(customer, "message.customer.number", STR),

    FIELD_ITEMS(struct vapi_message, tool_call_list, "message.toolCallList", tool_items, 0),
    FIELD_ITEMS_DOUBLE(struct vapi_message, tool_calls, "message.toolCalls", tool_items, tool_call_list),
    FIELD_ITEMS_DOUBLE(struct vapi_message, tools_with_calls, "message.toolWithToolCallList", tool_with_call_items,
                       tool_call_list),

    FIELD_RULE("message.artifact", FIELD_REPEATED),
    FIELD_ITEMS(struct vapi_message, artifact_messages, "message.artifact.messages", said_items, 0),
    M(recording_mono, "message.artifact.recording.mono.combinedUrl", STR),
    M(recording_artifact, "message.artifact.recordingUrl", STR),
    DROPPED("message.artifact.messagesOpenAIFormatted"),
    DROPPED("message.artifact.presignedMonoUrl"),
    DROPPED("message.artifact.presignedStereoUrl"),
    DROPPED("message.artifact.presignedVideoUrl"),
    DROPPED("message.artifact.presignedAssistantUrl"),
    DROPPED("message.artifact.presignedCustomerUrl"),
    DROPPED("message.artifact.presignedPcapUrl"),
    DROPPED("message.artifact.presignedLogUrl"),
    DROPPED("message.artifact.presignedUrlsExpiresAt"),
    {"message.messages", offsetof(struct vapi_message, messages), FIELD_LIST, FIELD_REPEATED | FIELD_TWIN, &said_items,
     offsetof(struct vapi_message, artifact_messages)},
    DROPPED("message.messagesOpenAIFormatted"),
    DROPPED("message.conversation"),
    DROPPED("message.assistant"),
    DROPPED("message.newAssistant"),
    DROPPED("message.toAssistant.model"),
    DROPPED("message.toAssistant.voice"),
    DROPPED("message.toAssistant.transcriber"),
    DROPPED("message.fromAssistant.model"),
    DROPPED("message.fromAssistant.voice"),
    DROPPED("message.fromAssistant.transcriber"),
    DROPPED("message.destination.assistant"),
    DROPPED("message.chat.assistant"),
    DROPPED("message.chat.assistantOverrides"),
    DROPPED("message.chat.squad"),
    DROPPED("message.session.assistant"),
    DROPPED("message.session.assistantOverrides"),
    DROPPED("message.session.squad"),

    M(call_id, "message.call.id", STR),
    SNAPSHOT(call_name, "message.call.name", STR),
    SNAPSHOT(call_created_us, "message.call.createdAt", TIME),
    M(call_started_us, "message.call.startedAt", TIME),
    M(call_ended_us, "message.call.endedAt", TIME),
    M(call_ended_reason, "message.call.endedReason", STR),
    SNAPSHOT_RULE("message.call.transport"),
    M(call_sid, "message.call.transport.callSid", STR),
    SNAPSHOT(call_provider_id, "message.call.phoneCallProviderId", STR),
    SNAPSHOT_RULE("message.call.customer"),
    M(call_customer, "message.call.customer.number", STR),
    SNAPSHOT_RULE("message.call.orgId"),
    SNAPSHOT_RULE("message.call.status"),
    SNAPSHOT_RULE("message.call.updatedAt"),
    SNAPSHOT_RULE("message.call.phoneCallProvider"),
    SNAPSHOT_RULE("message.call.phoneCallTransport"),
    SNAPSHOT_RULE("message.call.phoneNumberId"),
    SNAPSHOT_RULE("message.call.assistantId"),
    SNAPSHOT_RULE("message.call.metadata"),
    M(metadata_top_sid, "message.call.metadata.twilioCallSid", STR),
    M(metadata_top_number, "message.call.metadata.twilioNumber", STR),
    DROPPED("message.call.assistantOverrides"),
    M(metadata_sid, "message.call.assistantOverrides.metadata.twilioCallSid", STR),
    M(metadata_number, "message.call.assistantOverrides.metadata.twilioNumber", STR),
    DROPPED("message.call.phoneNumber"),
    M(call_phone, "message.call.phoneNumber.number", STR),
    DROPPED("message.call.assistant"),
    DROPPED("message.call.squad"),
    DROPPED("message.call.squadOverrides"),
    DROPPED("message.call.workflow"),
    DROPPED("message.call.workflowOverrides"),
    DROPPED("message.call.artifact"),
    DROPPED("message.call.messages"),
    DROPPED("message.call.monitor"),
    DROPPED("message.phoneNumber"),
    M(phone, "message.phoneNumber.number", STR),
};

/* Keys whose values open doors, wherever they stand. */
static const struct str secrets[] = {
    {"twilioAuthToken", 15}, {"twilioApiKey", 12}, {"twilioApiSecret", 15}, {"authToken", 9},
    {"apiKey", 6},           {"apiSecret", 9},     {"secret", 6},           {"secretKey", 9},
    {"password", 8},         {"credentials", 11},  {"headers", 7},          {"controlUrl", 10},
    {"listenUrl", 9},        {"callToken", 9},     {"serverUrlSecret", 15}, {"accessToken", 11},
    {"refreshToken", 12},    {"privateKey", 10},   {"clientSecret", 12},    {"authorization", 13},
};

struct json_shape *vapi_message_shape(void)
{
    return json_shape_new(fields, FIELD_COUNT(fields));
}

static void reset(void *target)
{
    struct vapi_message *m = target;
    m->cost = m->duration_seconds = m->duration_ms = NAN;
}

static enum json_keep keep_repeated(const void *target)
{
    const struct vapi_message *m = target;
    return !m->type.p ? JSON_KEEP_UNKNOWN : str_eq(m->type, STR("end-of-call-report")) ? JSON_KEEP_YES : JSON_KEEP_NO;
}

int vapi_message_read(const struct json_shape *shape, struct ingest_event *e, struct buf *doc, struct vapi_message *m)
{
    e->kept = buf_make(doc->len + 64);
    struct json_pass pass = {.shape = shape,
                             .doc = buf_str(doc),
                             .scratch = doc->data,
                             .target = m,
                             .target_bytes = sizeof(*m),
                             .reset = reset,
                             .arena = &e->arena,
                             .kept = &e->kept,
                             .keep_repeated = keep_repeated,
                             .secrets = secrets,
                             .secret_count = sizeof(secrets) / sizeof(secrets[0])};
    return json_read(&pass);
}

enum vapi_type vapi_message_type(const struct vapi_message *m)
{
    static const struct {
        struct str word;
        enum vapi_type type;
    } rows[] = {
        {{"transcript", 10}, VAPI_TRANSCRIPT},
        {{"status-update", 13}, VAPI_STATUS_UPDATE},
        {{"end-of-call-report", 18}, VAPI_REPORT},
        {{"tool-calls", 10}, VAPI_TOOL_CALLS},
        {{"assistant-request", 17}, VAPI_ASSISTANT_REQUEST},
        {{"transfer-destination-request", 28}, VAPI_TRANSFER_REQUEST},
        {{"handoff-destination-request", 27}, VAPI_HANDOFF_REQUEST},
        {{"function-call", 13}, VAPI_FUNCTION_CALL},
        {{"conversation-update", 19}, VAPI_CHATTER},
        {{"speech-update", 13}, VAPI_CHATTER},
        {{"hang", 4}, VAPI_CHATTER},
        {{"user-interrupted", 16}, VAPI_CHATTER},
        {{"model-output", 12}, VAPI_CHATTER},
        {{"assistant.started", 17}, VAPI_CHATTER},
        {{"assistant.speechStarted", 23}, VAPI_CHATTER},
        {{"transfer-update", 15}, VAPI_CHATTER},
        {{"phone-call-control", 18}, VAPI_CHATTER},
        {{"language-change-detected", 24}, VAPI_CHATTER},
        {{"language-changed", 16}, VAPI_CHATTER},
        {{"voice-input", 11}, VAPI_CHATTER},
        {{"voice-request", 13}, VAPI_CHATTER},
        {{"knowledge-base-request", 22}, VAPI_CHATTER},
        {{"call.endpointing.request", 24}, VAPI_CHATTER},
        {{"call.artifact.upload", 20}, VAPI_CHATTER},
        {{"call.deleted", 12}, VAPI_CHATTER},
        {{"call.delete.failed", 18}, VAPI_CHATTER},
        {{"campaign.predial", 16}, VAPI_CHATTER},
        {{"chat.created", 12}, VAPI_CHATTER},
        {{"chat.deleted", 12}, VAPI_CHATTER},
        {{"session.created", 15}, VAPI_CHATTER},
        {{"session.updated", 15}, VAPI_CHATTER},
        {{"session.deleted", 15}, VAPI_CHATTER},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (str_eq(rows[i].word, m->type)) {
            return rows[i].type;
        }
    }
    if (str_starts(m->type, STR("transcript["))) {
        return VAPI_TRANSCRIPT; /* a final-only subscription's type is the literal transcript[transcriptType="final"] */
    }
    return !m->type.n && vapi_tool_calls(m)->count ? VAPI_TOOL_CALLS : VAPI_OTHER;
}
