#include "twilio_event.h"
#include "caps.h"
#include "crypto.h"
#include "json.h"
#include "timestamp.h"
#include "utf8.h"
#include <math.h>

#define F(member, name, kind) FIELD(struct twilio_request, member, name, kind, 0)
static const struct field fields[] = {
    F(call_sid, "CallSid", STR),
    F(parent_sid, "ParentCallSid", STR),
    F(account_sid, "AccountSid", STR),
    F(from, "From", STR),
    F(to, "To", STR),
    F(call_status, "CallStatus", STR),
    F(error_code, "ErrorCode", STR),
    F(callback_source, "CallbackSource", STR),
    F(sequence, "SequenceNumber", STR),
    F(dial_sid, "DialCallSid", STR),
    F(dial_status, "DialCallStatus", STR),
    F(recording_sid, "RecordingSid", STR),
    F(recording_status, "RecordingStatus", STR),
    F(recording_url, "RecordingUrl", STR),
    F(timestamp_us, "Timestamp", TIME),
    F(call_seconds, "CallDuration", NUM),
};

int twilio_request_read(struct arena *a, struct str body, struct twilio_request *q)
{
    *q = (struct twilio_request){.call_seconds = NAN};
    int rc = form_parse(a, body, &q->form);
    for (size_t i = 0; i < q->form.count; i++) {
        struct form_pair *p = &q->form.pairs[i];
        p->name = utf8_clean(a, p->name);
        p->value = utf8_clean(a, p->value);
    }
    form_read(&q->form, fields, FIELD_COUNT(fields), q);
    return rc;
}

/* Identity tokens of the telephone network: long, and nobody's business once the call was taken. */
static bool is_token(struct str name)
{
    return str_eq(name, STR("CallToken")) || str_eq(name, STR("StirPassportToken"));
}

/* The form as a JSON object, unknown names included. */
static int write_payload(struct buf *out, const struct form *form)
{
    int rc = buf_append(out, STR("{"));
    bool comma = false;
    for (size_t i = 0; i < form->count && rc == 0; i++) {
        if (is_token(form->pairs[i].name)) {
            continue;
        }
        rc = comma ? buf_append(out, STR(",")) : 0;
        rc = rc ? rc : json_write_string(out, form->pairs[i].name);
        rc = rc ? rc : buf_append(out, STR(":"));
        rc = rc ? rc : json_write_string(out, form->pairs[i].value);
        comma = true;
    }
    return rc ? rc : buf_append(out, STR("}"));
}

/* What a request is about; without a CallSid all of it. */
static void set_key(struct ingest_event *e, const struct twilio_request *q, struct str type)
{
    struct digest all = {.n = 0};
    if (!q->call_sid.n) {
        all = crypto_sha256(buf_str(&e->kept));
    }
    const struct str parts[] = {STR("twilio"),      type,           q->account_sid,      q->call_sid,
                                q->callback_source, q->sequence,    q->call_status,      q->recording_sid,
                                q->dial_sid,        q->dial_status, q->recording_status, digest_str(&all)};
    call_event_set_key(e->call.key, parts, sizeof(parts) / sizeof(parts[0]));
}

struct ingest_event *twilio_read(struct http_request *r, struct twilio_request *q, struct str type)
{
    if (twilio_request_read(&r->arena, buf_str(&r->body), q) == 0) {
        return twilio_event(q, q->parent_sid.n ? STR("dial-leg") : type);
    }
    struct ingest_event *e = ingest_event_new(CALL_TWILIO);
    *q = (struct twilio_request){.call_seconds = NAN};
    e->body = http_take_body(r);
    return e;
}

int twilio_keep(struct twilio *t, struct ingest_event *e, struct ingest_waiter *waiter)
{
    bool readable = e->kept.len > 0;
    return readable ? ingest_submit(t->ingest, e, waiter)
                    : ingest_dead_letter(t->ingest, e, DEAD_NOT_AN_ENVELOPE, waiter);
}

struct ingest_event *twilio_event(const struct twilio_request *q, struct str type)
{
    struct ingest_event *e = ingest_event_new(CALL_TWILIO);
    struct call_event *c = &e->call;
    bool is_leg = q->parent_sid.n; /* a leg that we dialled belongs to the call it was dialled for */
    e->kept = buf_make(CAP_FORM_BYTES * 8);
    int rc = write_payload(&e->kept, &q->form);
    (void)rc; /* escaping makes a form at most six times longer */
    set_key(e, q, type);
    c->payload = buf_str(&e->kept);
    c->type = arena_copy(&e->arena, type);
    struct str sid = utf8_cut(is_leg ? q->parent_sid : q->call_sid, 64);
    c->twilio_call_sid = sid.n ? arena_copy(&e->arena, sid) : sid;
    c->received_us = timestamp_wall_us();
    c->occurred_us = q->timestamp_us ? q->timestamp_us : c->received_us;
    if (!is_leg) {
        c->caller_claim = call_number_claim(&e->arena, RANK_DIRECT, q->from);
        c->called_claim = call_number_claim(&e->arena, RANK_DIRECT, q->to);
    }
    return e;
}
