#include "vapi_message.h"
#include "caps.h"
#include "crypto.h"
#include "timestamp.h"
#include "utf8.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const struct field_list_value *vapi_tool_calls(const struct vapi_message *m)
{
    return m->tool_call_list.count ? &m->tool_call_list : m->tool_calls.count ? &m->tool_calls : &m->tools_with_calls;
}

struct str vapi_called_number(const struct vapi_message *m)
{
    /* Ours first: one number at Vapi may stand for many of Twilio's. */
    return str_or(str_or(m->metadata_number, m->metadata_top_number), str_or(m->phone, m->call_phone));
}

struct str vapi_caller_number(const struct vapi_message *m)
{
    return str_or(m->customer, m->call_customer);
}

static bool is_call_sid(struct str s)
{
    bool fits = s.n == 34 && str_starts(s, STR("CA"));
    for (size_t i = 2; i < s.n && fits; i++) {
        fits = isxdigit((unsigned char)s.p[i]);
    }
    return fits;
}

static struct str call_sid(const struct vapi_message *m)
{
    const struct str places[] = {m->metadata_sid, m->metadata_top_sid, m->call_name, m->call_sid, m->call_provider_id};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (is_call_sid(places[i])) {
            return places[i];
        }
    }
    return (struct str){NULL, 0};
}

static bool is_final_transcript(const struct vapi_message *m)
{
    return !str_eq(m->transcript_type, STR("partial"));
}

static int compare_ids(const void *a, const void *b)
{
    struct str x = ((const struct vapi_tool_call *)a)->id, y = ((const struct vapi_tool_call *)b)->id;
    int order = x.n && y.n ? memcmp(x.p, y.p, x.n < y.n ? x.n : y.n) : 0;
    return order ? order : (x.n > y.n) - (x.n < y.n);
}

/* What the ids of all tool calls in one message amount to, in whatever order. False when one has no id: then they do not
 * say which calls these are. */
static bool hash_tool_calls(struct arena *a, const struct vapi_message *m, struct digest *digest_out)
{
    const struct field_list_value *list = vapi_tool_calls(m);
    struct vapi_tool_call *sorted = arena_alloc(a, list->count * sizeof(*sorted));
    struct str *ids = arena_alloc(a, list->count * sizeof(*ids));
    bool named = list->count > 0;
    if (list->count) {
        memcpy(sorted, list->items, list->count * sizeof(*sorted));
    }
    qsort(sorted, list->count, sizeof(*sorted), compare_ids);
    for (size_t i = 0; i < list->count; i++) {
        ids[i] = sorted[i].id;
        named &= ids[i].n > 0;
    }
    *digest_out = crypto_hash_tuple(ids, list->count);
    return named;
}

/* One call has one of these at any one millisecond. */
static bool is_told_by_time(enum vapi_type type)
{
    return type == VAPI_ASSISTANT_REQUEST || type == VAPI_FUNCTION_CALL || type == VAPI_TRANSFER_REQUEST ||
           type == VAPI_HANDOFF_REQUEST;
}

/* What makes a message the same message, however often it comes: its meaning where that is enough, for two posts of it need
 * not be equal byte for byte; else the bytes that are kept. Vapi gives messages no id and no sequence number. */
static void set_key(struct ingest_event *e, const struct vapi_message *m, enum vapi_type type)
{
    char time[24];
    struct str call = m->call_id.n ? m->call_id : e->call.twilio_call_sid, nothing = {NULL, 0};
    struct str when = {time, (size_t)snprintf(time, sizeof(time), "%lld", (long long)m->timestamp_us)};
    struct str status = m->status, what = nothing;
    struct digest d;
    if (call.n && type == VAPI_REPORT) {
        status = when = nothing;
    } else if (call.n && type == VAPI_STATUS_UPDATE && status.n) {
        when = nothing;
    } else if (type == VAPI_TRANSCRIPT && is_final_transcript(m) && m->timestamp_us) {
        what = m->transcript;
    } else if (type == VAPI_TOOL_CALLS && hash_tool_calls(&e->arena, m, &d)) {
        what = digest_str(&d);
        when = nothing;
    } else if (!call.n || !m->timestamp_us || !is_told_by_time(type)) {
        d = crypto_sha256(buf_str(&e->kept));
        what = digest_str(&d);
    }
    const struct str parts[] = {STR("vapi"), call, e->call.type, status, m->role, when, what};
    call_event_set_key(e->call.key, parts, sizeof(parts) / sizeof(parts[0]));
}

/* More than blanks? */
static bool has_words(struct str text)
{
    size_t i = 0;
    while (i < text.n && (unsigned char)text.p[i] <= ' ') {
        i++;
    }
    return i < text.n;
}

static void add_transcript(struct ingest_event *e, const struct vapi_message *m)
{
    if (!is_final_transcript(m) || !has_words(m->transcript)) {
        return;
    }
    struct call_utterance *u = arena_alloc(&e->arena, sizeof(*u));
    u->role = str_eq(m->role, STR("user")) ? ROLE_USER : ROLE_ASSISTANT;
    u->said_us = m->timestamp_us;
    u->text = m->transcript;
    memcpy(u->key, e->call.key, sizeof(u->key));
    e->call.utterances = u;
    e->call.utterance_count = 1;
    e->call.caller_spoke = u->role == ROLE_USER;
}

static enum call_role role_of(struct str word)
{
    bool assistant = str_eq(word, STR("bot")) || str_eq(word, STR("assistant"));
    return str_eq(word, STR("user")) ? ROLE_USER : assistant ? ROLE_ASSISTANT : ROLE_NONE;
}

static int64_t since(int64_t start_us, double seconds)
{
    return timestamp_from_ms((double)start_us / 1e3 + seconds * 1e3);
}

/* The report's list of messages, without prompt and tools. */
static void add_report_messages(struct ingest_event *e, const struct vapi_message *m)
{
    const struct field_list_value *list = m->artifact_messages.count ? &m->artifact_messages : &m->messages;
    const struct vapi_said *said = list->items;
    struct call_utterance *out = arena_alloc(&e->arena, list->count * sizeof(*out));
    size_t n = 0;
    for (size_t i = 0; i < list->count; i++) {
        enum call_role role = role_of(said[i].role);
        if (role == ROLE_NONE || !has_words(said[i].text)) {
            continue;
        }
        struct call_utterance *u = &out[n++];
        char index[16];
        const struct str parts[] = {{(const char *)e->call.key, 16},
                                    {index, (size_t)snprintf(index, sizeof(index), "%zu", i)}};
        call_event_set_key(u->key, parts, 2);
        bool from_start = !said[i].time_us && m->started_us;
        u->role = role;
        u->said_us = from_start ? since(m->started_us, said[i].seconds_from_start) : said[i].time_us;
        u->text = said[i].text;
        e->call.caller_spoke |= role == ROLE_USER;
    }
    e->call.utterances = out;
    e->call.utterance_count = n;
    e->call.utterances_reported = n > 0; /* a report without a list leaves what the transcripts told */
}

static int64_t earliest(int64_t a, int64_t b)
{
    return !a ? b : !b ? a : a < b ? a : b;
}

static double seconds(const struct vapi_message *m)
{
    if (!isnan(m->duration_seconds)) {
        return m->duration_seconds;
    }
    if (!isnan(m->duration_ms)) {
        return m->duration_ms / 1e3;
    }
    return m->started_us && m->ended_us >= m->started_us ? (double)(m->ended_us - m->started_us) / 1e6 : NAN;
}

/* A length outside 0 to ten days is no length. */
static double believable(double value)
{
    return value >= 0 && value < 864000 ? value : NAN;
}

static struct str ended_reason(const struct vapi_message *m)
{
    return str_or(m->ended_reason, m->call_ended_reason);
}

/* Vapi waited for a call that went elsewhere: our request to Vapi timed out, or was made twice. Of the call itself it knows
 * nothing, and its end is not the call's. */
static bool is_ghost(const struct vapi_message *m)
{
    return str_eq(ended_reason(m), STR("phone-call-provider-bypass-enabled-but-no-call-received"));
}

static void describe_end(struct ingest_event *e, const struct vapi_message *m, enum call_rank rank)
{
    struct str reason = utf8_cut(ended_reason(m), 200);
    e->call.ended_claim = call_claim(&e->arena, is_ghost(m) ? RANK_GHOST : rank, reason);
    if (is_ghost(m)) {
        return;
    }
    e->call.status = CALL_ENDED;
    e->call.seen_ended_us = m->timestamp_us;
}

static void describe_report(struct ingest_event *e, const struct vapi_message *m)
{
    struct call_event *c = &e->call;
    describe_end(e, m, RANK_REPORT);
    if (is_ghost(m)) {
        return;
    }
    c->has_report = true;
    c->reported_ended_us = m->ended_us ? m->ended_us : m->call_ended_us;
    c->reported_seconds = believable(seconds(m));
    c->cost = m->cost >= 0 && m->cost < 1e6 ? m->cost : NAN;
    c->analysis = m->analysis;
    struct str summary = str_or(m->analysis_summary, m->summary);
    c->summary = summary.n ? summary : (struct str){NULL, 0};
    struct str recording = str_or(str_or(m->recording_mono, m->recording_artifact), m->recording_top);
    c->recording_claim = call_claim(&e->arena, RANK_RECORDING, utf8_cut(recording, 2000));
    add_report_messages(e, m);
}

void vapi_message_describe(struct ingest_event *e, const struct vapi_message *m, int64_t now_us)
{
    struct call_event *c = &e->call;
    enum vapi_type type = vapi_message_type(m);
    c->type = type == VAPI_TRANSCRIPT   ? STR("transcript")
              : type == VAPI_TOOL_CALLS ? STR("tool-calls")
                                        : utf8_cut(m->type, 200);
    c->type = c->type.n ? c->type : STR("unknown");
    c->payload = buf_str(&e->kept);
    c->provider_call_id = m->call_id.n && m->call_id.n <= 200 ? m->call_id : (struct str){NULL, 0};
    c->twilio_call_sid = call_sid(m);
    c->occurred_us = m->timestamp_us ? m->timestamp_us : now_us;
    c->received_us = now_us;
    c->caller_claim = call_number_claim(&e->arena, RANK_ECHOED, vapi_caller_number(m));
    c->called_claim = call_number_claim(&e->arena, RANK_ECHOED, vapi_called_number(m));
    c->started_us =
        earliest(earliest(m->call_created_us, m->started_us), earliest(m->call_started_us, m->timestamp_us));
    set_key(e, m, type);
    if (type == VAPI_TRANSCRIPT) {
        c->status = CALL_IN_PROGRESS;
        add_transcript(e, m);
    } else if (type == VAPI_REPORT) {
        describe_report(e, m);
    } else if (type == VAPI_STATUS_UPDATE && str_eq(m->status, STR("ended"))) {
        describe_end(e, m, RANK_STATUS);
    } else if (type == VAPI_STATUS_UPDATE) {
        c->status = call_status_of_vapi(m->status);
    } else if (type == VAPI_ASSISTANT_REQUEST) {
        c->status = CALL_RINGING;
    } else if (type == VAPI_TOOL_CALLS || type == VAPI_FUNCTION_CALL) {
        c->status = CALL_IN_PROGRESS;
    }
}
