#pragma once
/* One server message as a struct, and the struct as a call event. Private to vapi*.c. */
#include "ingest.h"
#include "json.h"

/* Arguments as they stand there: a JSON text of JSON, or the object itself. */
struct vapi_tool_call {
    struct str id, name, function_name, function_arguments, arguments, parameters;
};

struct vapi_said {
    struct str role, text;
    int64_t time_us;
    double seconds_from_start;
};

struct vapi_message {
    bool is_envelope;
    struct str type, status, role, transcript_type, transcript;
    int64_t timestamp_us, started_us, ended_us, call_created_us, call_started_us, call_ended_us;
    struct str ended_reason, call_ended_reason;
    struct str analysis, analysis_summary, summary;
    struct str recording_mono, recording_artifact, recording_top;
    double cost, duration_seconds, duration_ms;
    struct str call_id, call_sid, call_provider_id, metadata_sid, metadata_top_sid, call_name;
    struct str customer, call_customer, phone, call_phone, metadata_number, metadata_top_number;
    struct str function_call_name, function_call_parameters;
    struct field_list_value tool_call_list, tool_calls, tools_with_calls, artifact_messages, messages;
};

enum vapi_type {
    VAPI_OTHER,   /* kept, and counted as unknown */
    VAPI_CHATTER, /* known, says nothing of the call's row */
    VAPI_ASSISTANT_REQUEST,
    VAPI_TOOL_CALLS,
    VAPI_FUNCTION_CALL,
    VAPI_TRANSFER_REQUEST,
    VAPI_HANDOFF_REQUEST,
    VAPI_STATUS_UPDATE,
    VAPI_TRANSCRIPT,
    VAPI_REPORT
};

struct json_shape *vapi_message_shape(void);
/* Parses `doc` into `m` and fills e->kept with the message without what it repeats and without credentials. The texts of `m`
 * live in e->arena; `doc` is written over. */
int vapi_message_read(const struct json_shape *shape, struct ingest_event *e, struct buf *doc,
                      struct vapi_message *m) must_check;
enum vapi_type vapi_message_type(const struct vapi_message *m);
/* The list of tool calls, whichever of the three it came in. */
const struct field_list_value *vapi_tool_calls(const struct vapi_message *m);
struct str vapi_called_number(const struct vapi_message *m);
struct str vapi_caller_number(const struct vapi_message *m);
/* Fills e->call: key, facts and utterances. */
void vapi_message_describe(struct ingest_event *e, const struct vapi_message *m, int64_t now_us);
