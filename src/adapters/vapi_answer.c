#include "vapi_answer.h"
#include "caps.h"
#include "json.h"
#include "vapi_tools.h"

/* Final transcripts, and none of the messages that repeat the whole conversation at each turn: those make inbound traffic
 * grow with the square of a call's length. */
#define SERVER_MESSAGES                                                                                                \
    "[\"assistant.started\",\"status-update\",\"transcript[transcriptType=\\\"final\\\"]\",\"tool-calls\","            \
    "\"transfer-destination-request\",\"handoff-destination-request\",\"transfer-update\",\"user-interrupted\","       \
    "\"hang\",\"end-of-call-report\"]"
/* Without it Vapi does not retry at all. The excluded answers would be the same the next time. */
#define BACKOFF_PLAN                                                                                                   \
    "{\"type\":\"exponential\",\"maxRetries\":10,\"baseDelaySeconds\":5,\"excludedStatusCodes\":[400,401,403,404,413]}"

#define NOBODY_THERE "Nobody is available to take the call right now."
#define LINE_CLOSED "Sorry, this line can not take calls right now. Please call back later."

struct vapi_overrides vapi_overrides_make(const struct vapi *v, const struct business *b, struct arena *a)
{
    const struct config *c = v->config;
    struct vapi_overrides o = {.server_messages = STR(SERVER_MESSAGES)};
    if (b) {
        o.business_id = b->id;
        o.business_name = b->name;
        o.timezone = b->timezone;
        o.tools = b->books ? vapi_tool_definitions() : o.tools;
    }
    if (c->public_url.n) {
        o.server_url = arena_printf(a, "%.*s/api/vapi-webhook", (int)c->public_url.n, c->public_url.p);
        o.server_secret = c->vapi_webhook_secret.n ? c->vapi_webhook_secret : (struct str){NULL, 0};
        o.server_timeout_s = 20;
        o.backoff_plan = STR(BACKOFF_PLAN);
    }
    return o;
}

static struct str render(struct arena *a, const struct field *fields, size_t count, const void *source)
{
    struct buf out = buf_make(CAP_REPLY_BYTES);
    int rc = json_write(&out, fields, count, source);
    struct str text = rc < 0 ? STR("{}") : arena_copy(a, buf_str(&out));
    buf_free(&out);
    return text;
}

struct assistant_answer {
    struct str assistant_id, error;
    struct vapi_overrides o;
};

#define O(member, path, kind)                                                                                          \
    FIELD(struct assistant_answer, o.member, "assistantOverrides." path, kind, FIELD_OMIT_EMPTY)
static const struct field assistant_fields[] = {
    FIELD(struct assistant_answer, error, "error", STR, FIELD_OMIT_EMPTY),
    FIELD(struct assistant_answer, assistant_id, "assistantId", STR, FIELD_OMIT_EMPTY),
    O(call_sid, "metadata.twilioCallSid", STR),
    O(called, "metadata.twilioNumber", STR),
    O(business_id, "metadata.businessId", STR),
    O(business_name, "variableValues.business_name", STR),
    O(caller_number, "variableValues.caller_number", STR),
    O(timezone, "variableValues.timezone", STR),
    O(server_messages, "serverMessages", RAW),
    O(server_url, "server.url", STR),
    O(server_timeout_s, "server.timeoutSeconds", INT),
    O(server_secret, "server.headers.x-vapi-secret", STR),
    O(backoff_plan, "server.backoffPlan", RAW),
    O(tools, "tools:append", RAW),
};

static struct str answer_assistant_request(const struct vapi *v, const struct vapi_message *m, struct arena *a)
{
    const struct business *b = directory_find(v->directory, vapi_called_number(m));
    struct assistant_answer answer = {0};
    answer.assistant_id = str_or(b ? b->vapi_assistant_id : answer.assistant_id, v->config->vapi_assistant_id);
    if (!answer.assistant_id.n) {
        answer = (struct assistant_answer){.error = STR(LINE_CLOSED)};
        return render(a, assistant_fields, 1, &answer);
    }
    answer.o = vapi_overrides_make(v, b, a);
    answer.o.called = vapi_called_number(m);
    answer.o.caller_number = vapi_caller_number(m);
    return render(a, assistant_fields, FIELD_COUNT(assistant_fields), &answer);
}

struct destination {
    struct str type, number, message, error;
};

static const struct field destination_fields[] = {
    FIELD(struct destination, error, "error", STR, FIELD_OMIT_EMPTY),
    FIELD(struct destination, type, "destination.type", STR, FIELD_OMIT_EMPTY),
    FIELD(struct destination, number, "destination.number", STR, FIELD_OMIT_EMPTY),
    FIELD(struct destination, message, "destination.message", STR, FIELD_OMIT_EMPTY),
};

static struct str answer_destination(const struct vapi *v, const struct vapi_message *m, struct arena *a)
{
    const struct business *b = directory_find(v->directory, vapi_called_number(m));
    struct destination d = {.error = STR(NOBODY_THERE)};
    if (b && b->forward_to.n) {
        d = (struct destination){STR("number"), b->forward_to, STR("Connecting you now."), {NULL, 0}};
    }
    return render(a, destination_fields, FIELD_COUNT(destination_fields), &d);
}

bool vapi_answer(const struct vapi *v, const struct vapi_message *m, struct arena *a, struct str *answer_out)
{
    switch (vapi_message_type(m)) {
    case VAPI_ASSISTANT_REQUEST:
        *answer_out = answer_assistant_request(v, m, a);
        return true;
    case VAPI_TOOL_CALLS:
        *answer_out = vapi_tool_results_write(a, vapi_tool_results_make(a, vapi_tool_calls(m)));
        return true;
    case VAPI_TRANSFER_REQUEST:
    case VAPI_HANDOFF_REQUEST:
        *answer_out = answer_destination(v, m, a);
        return true;
    case VAPI_FUNCTION_CALL: /* the form of 2024 */
        *answer_out = vapi_tool_result_write(a, STR(VAPI_NO_BOOKING));
        return true;
    default:
        return false;
    }
}
