#include "vapi_call.h"
#include "caps.h"
#include "utf8.h"
#include "vapi.h"
#include "vapi_answer.h"

struct call_request {
    bool bypass;
    struct str name, phone_number_id, assistant_id, customer, check_number;
    struct vapi_overrides o;
};

#define R(member, path, kind) FIELD(struct call_request, member, path, kind, 0)
#define O(member, path, kind) FIELD(struct call_request, o.member, path, kind, FIELD_OMIT_EMPTY)
static const struct field request_fields[] = {
    R(bypass, "phoneCallProviderBypassEnabled", BOOL),
    R(name, "name", STR),
    R(phone_number_id, "phoneNumberId", STR),
    R(assistant_id, "assistantId", STR),
    R(customer, "customer.number", STR),
    FIELD(struct call_request, check_number, "customer.numberE164CheckEnabled", RAW, FIELD_OMIT_EMPTY),
    O(call_sid, "assistantOverrides.metadata.twilioCallSid", STR),
    O(called, "assistantOverrides.metadata.twilioNumber", STR),
    O(business_id, "assistantOverrides.metadata.businessId", STR),
    O(business_name, "assistantOverrides.variableValues.business_name", STR),
    O(caller_number, "assistantOverrides.variableValues.caller_number", STR),
    O(timezone, "assistantOverrides.variableValues.timezone", STR),
    O(server_messages, "assistantOverrides.serverMessages", RAW),
    O(server_url, "assistantOverrides.server.url", STR),
    O(server_timeout_s, "assistantOverrides.server.timeoutSeconds", INT),
    O(server_secret, "assistantOverrides.server.headers.x-vapi-secret", STR),
    O(backoff_plan, "assistantOverrides.server.backoffPlan", RAW),
    O(tools, "assistantOverrides.tools:append", RAW),
    O(call_sid, "metadata.twilioCallSid", STR),
    O(called, "metadata.twilioNumber", STR),
};

struct call_reply {
    struct str id, twiml;
};

static const struct field reply_fields[] = {
    FIELD(struct call_reply, id, "id", STR, 0),
    FIELD(struct call_reply, twiml, "phoneCallProviderDetails.twiml", STR, 0),
};

struct json_shape *vapi_reply_shape(void)
{
    return json_shape_new(reply_fields, FIELD_COUNT(reply_fields));
}

/* With its check off Vapi takes an optional + and letters or digits. A SIP address is neither. */
static struct str customer_number(struct str from)
{
    bool plain = from.n > 0 && from.n <= 40;
    for (size_t i = 0; plain && i < from.n; i++) {
        char c = from.p[i];
        plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c == '+' && i == 0);
    }
    return plain ? from : STR("anonymous");
}

static void fill_request(const struct vapi *v, const struct vapi_caller *caller, struct arena *a,
                         struct call_request *q)
{
    const struct business *b = caller->business;
    *q = (struct call_request){.bypass = true,
                               .name = utf8_cut(caller->call_sid, 40),
                               .phone_number_id = v->config->vapi_phone_number_id,
                               .customer = customer_number(caller->from),
                               .o = vapi_overrides_make(v, b, a)};
    q->assistant_id = str_or(b ? b->vapi_assistant_id : q->assistant_id, v->config->vapi_assistant_id);
    if (!call_number_is_e164(q->customer)) {
        q->check_number = STR("false");
    }
    q->o.call_sid = caller->call_sid;
    q->o.called = utf8_clean(a, caller->to);
    q->o.caller_number = q->customer;
}

/* Twilio reads at most 64 kB, and nothing may stand before the document but blanks. */
static bool is_twiml(struct str t)
{
    struct str body = t;
    while (body.n && strchr(" \t\r\n", *body.p)) {
        body = str_skip(body, 1);
    }
    return body.n && *body.p == '<' && t.n <= CAP_TWIML_BYTES && str_has(t, STR("<Response")) && !memchr(t.p, 0, t.n);
}

static const char *read_reply(struct vapi_handoff *h)
{
    struct call_reply reply;
    struct json_pass pass = {.shape = h->vapi->reply_shape,
                             .doc = buf_str(&h->fetch.answer),
                             .target = &reply,
                             .target_bytes = sizeof(reply),
                             .arena = &h->arena};
    if (h->fetch.status / 100 == 4) {
        return "ringback.vapi-4xx";
    }
    if (h->fetch.status / 100 == 5) {
        return "ringback.vapi-5xx";
    }
    if (h->fetch.status / 100 != 2 ||
        utf8_repair_json(&h->fetch.answer) != 0) { /* TwiML is passed on as it is, or not */
        return "ringback.vapi-bad-reply";
    }
    pass.doc = buf_str(&h->fetch.answer);
    if (json_read(&pass) < 0 || !reply.id.n || reply.id.n > 200 || !is_twiml(reply.twiml)) {
        return "ringback.vapi-bad-reply";
    }
    h->call_id = reply.id;
    h->twiml = reply.twiml;
    return NULL;
}

static const char *cause_of(int code)
{
    return code == ERR_TIMEOUT        ? "ringback.vapi-timeout"
           : code == ERR_BREAKER_OPEN ? "ringback.vapi-breaker-open"
           : code == ERR_CONNECT      ? "ringback.vapi-unreachable"
           : code == ERR_BUSY         ? "ringback.vapi-unreachable"
                                      : "ringback.vapi-bad-reply";
}

static void on_fetched(struct fetch *f, int code)
{
    struct vapi_handoff *h = container_of(f, struct vapi_handoff, fetch);
    h->cause = code < 0 ? cause_of(code) : read_reply(h);
    if (h->cause && code == 0 && h->fetch.status / 100 == 2) {
        fetch_judge_failed(f);
    }
    h->on_done(h);
}

int vapi_handoff_submit(struct vapi *v, struct vapi_handoff *h, const struct vapi_caller *caller, unsigned deadline_ms)
{
    struct call_request q;
    struct buf body = buf_make(CAP_REPLY_BYTES);
    h->vapi = v;
    h->cause = "ringback.vapi-not-configured";
    fill_request(v, caller, &h->arena, &q);
    if (!v->config->vapi_api_key.n || !q.assistant_id.n) {
        return ERR_BAD_SETTING;
    }
    int rc = json_write(&body, request_fields, FIELD_COUNT(request_fields), &q);
    struct str key = v->config->vapi_api_key, url = v->config->vapi_api_url;
    h->fetch = (struct fetch){.host = &v->host, .method = "POST", .deadline_ms = deadline_ms, .on_done = on_fetched};
    h->fetch.body = arena_copy(&h->arena, buf_str(&body));
    h->fetch.url = arena_printf(&h->arena, "%.*s/call", (int)url.n, url.p);
    fetch_header_add(&h->fetch, "Authorization", arena_printf(&h->arena, "Bearer %.*s", (int)key.n, key.p));
    fetch_header_add(&h->fetch, "Content-Type", STR("application/json"));
    buf_free(&body);
    rc = rc ? rc : fetch_submit(v->fetch, &h->fetch);
    h->cause = rc < 0 ? cause_of(rc) : NULL;
    return rc;
}

void vapi_handoff_abandon(struct vapi_handoff *h)
{
    fetch_abandon(&h->fetch);
}

void vapi_handoff_finish(struct vapi_handoff *h)
{
    fetch_finish(&h->fetch);
    arena_free(&h->arena);
}
