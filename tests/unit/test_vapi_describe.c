/* What one message says of its call. Each row is a message and its facts, written out by dump(). */
#include "vapi_rig.h"
#include <math.h>

static void add(struct buf *out, const char *name, struct str value)
{
    if (value.p) {
        CHECK_INT(buf_printf(out, "%s=%.*s ", name, (int)value.n, value.p), 0);
    }
}

static void add_number(struct buf *out, const char *name, double value)
{
    if (!isnan(value) && value != 0) {
        CHECK_INT(buf_printf(out, "%s=%.16g ", name, value), 0);
    }
}

static void dump(struct buf *out, const struct call_event *c)
{
    static const char *const states[] = {"scheduled", "queued", "ringing", "in-progress", "forwarding", "ended"};
    add(out, "type", c->type);
    add(out, "id", c->provider_call_id);
    add(out, "sid", c->twilio_call_sid);
    add(out, "status", c->status == CALL_UNKNOWN ? (struct str){NULL, 0} : str_of(states[c->status]));
    add(out, "from", c->caller_claim);
    add(out, "to", c->called_claim);
    add(out, "reason", c->ended_claim);
    add(out, "recording", c->recording_claim);
    add_number(out, "started", (double)c->started_us);
    add_number(out, "ended", (double)c->reported_ended_us);
    add_number(out, "seen", (double)c->seen_ended_us);
    add_number(out, "seconds", c->reported_seconds);
    add_number(out, "cost", c->cost);
    add(out, "summary", c->summary);
    add(out, "analysis", c->analysis);
    add(out, "spoke", c->caller_spoke ? STR("1") : (struct str){NULL, 0});
    add(out, "report", c->has_report ? STR("1") : (struct str){NULL, 0});
    for (size_t i = 0; i < c->utterance_count; i++) {
        const struct call_utterance *u = &c->utterances[i];
        CHECK_INT(buf_printf(out, "%s(%lld %.*s) ", u->role == ROLE_USER ? "user" : "bot", (long long)u->said_us,
                             (int)u->text.n, u->text.p),
                  0);
    }
}

struct row {
    const char *message, *facts;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[4000];
        struct buf out = buf_make(10000);
        snprintf(text, sizeof(text), "{\"message\":%s}", rows[i].message);
        tap_case(rows[i].message);
        struct ingest_event *e = rig_event(text);
        dump(&out, &e->call);
        CHECK_STR(str_trim(buf_str(&out)), rows[i].facts);
        CHECK(e->call.occurred_us > 0 && e->call.received_us == RIG_NOW_US);
        buf_free(&out);
        ingest_event_free(e);
    }
    rig_stop();
}

#define ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))
#define SID "CA7c1e5a90d3b84f26a1c07e9b5d2f4a83"
#define LATER "CA00000000000000000000000000000000"

static void names_of_the_call(void)
{
    static const struct row rows[] = {
        {"{}", "type=unknown"},
        {"{\"type\":\"\"}", "type=unknown"},
        {"{\"type\":null}", "type=unknown"},
        {"{\"type\":{\"a\":1}}", "type=unknown"},
        {"{\"type\":\"new.thing\",\"call\":{\"id\":\"c1\"}}", "type=new.thing id=c1"},
        {"{\"type\":\"hang\",\"call\":null}", "type=hang"},
        {"{\"type\":\"hang\",\"call\":[{\"id\":\"c1\"}]}", "type=hang"},
        {"{\"type\":\"hang\",\"call\":{\"id\":\"\"}}", "type=hang"},
        {"{\"type\":\"hang\",\"call\":{\"name\":\"" SID "\"}}", "type=hang sid=" SID},
        {"{\"type\":\"hang\",\"call\":{\"name\":\"CALL BACK MRS OKAFOR ON MONDAY 10AM\"}}", "type=hang"},
        {"{\"type\":\"hang\",\"call\":{\"name\":\"CA7c1e5a90d3b84f26a1c07e9b5d2f4a8\"}}", "type=hang"},
        {"{\"type\":\"hang\",\"call\":{\"name\":\"CA7c1e5a90d3b84f26a1c07e9b5d2f4a8g\"}}", "type=hang"},
        {"{\"type\":\"hang\",\"call\":{\"transport\":{\"callSid\":\"" SID "\"}}}", "type=hang sid=" SID},
        {"{\"type\":\"hang\",\"call\":{\"phoneCallProviderId\":\"" SID "\"}}", "type=hang sid=" SID},
        {"{\"type\":\"hang\",\"call\":{\"metadata\":{\"twilioCallSid\":\"" SID "\"}}}", "type=hang sid=" SID},
        {"{\"type\":\"hang\",\"call\":{\"assistantOverrides\":{\"metadata\":{\"twilioCallSid\":\"" SID "\"}}}}",
         "type=hang sid=" SID},
        {"{\"type\":\"hang\",\"call\":{\"phoneCallProviderId\":\"" LATER "\",\"name\":\"" LATER "\","
         "\"assistantOverrides\":{\"metadata\":{\"twilioCallSid\":\"" SID "\"}}}}",
         "type=hang sid=" SID},
        {"{\"type\":\"hang\",\"call\":{\"phoneCallProviderId\":\"0123456789\",\"name\":\"" SID "\"}}",
         "type=hang sid=" SID},
    };
    ROWS(rows);
}

static void numbers_of_the_call(void)
{
    static const struct row rows[] = {
        {"{\"type\":\"hang\",\"customer\":{\"number\":\"+16465550187\"},\"phoneNumber\":{\"number\":\"+12125550142\"}}",
         "type=hang from=2+16465550187 to=2+12125550142"},
        {"{\"type\":\"hang\",\"call\":{\"customer\":{\"number\":\"+16465550187\"},\"phoneNumber\":{\"number\":\"+12125550142\"}}}",
         "type=hang from=2+16465550187 to=2+12125550142"},
        {"{\"type\":\"hang\",\"call\":{\"assistantOverrides\":{\"metadata\":{\"twilioNumber\":\"+12125550142\"}}}}",
         "type=hang to=2+12125550142"},
        {"{\"type\":\"hang\",\"call\":{\"metadata\":{\"twilioNumber\":\"+12125550142\"}}}",
         "type=hang to=2+12125550142"},
        {"{\"type\":\"hang\",\"phoneNumber\":{\"number\":\"+12125550119\"},\"call\":{\"metadata\":{\"twilioNumber\":"
         "\"+12125550142\"}}}",
         "type=hang to=2+12125550142"},
        {"{\"type\":\"hang\",\"customer\":{\"number\":\"anonymous\"}}", "type=hang from=1anonymous"},
        {"{\"type\":\"hang\",\"customer\":{\"number\":\"\"},\"call\":{\"customer\":{\"number\":\"+16465550187\"}}}",
         "type=hang from=2+16465550187"},
        {"{\"type\":\"hang\",\"customer\":{\"sipUri\":\"sip:a@example.com\"}}", "type=hang"},
        {"{\"type\":\"hang\",\"customer\":\"+16465550187\"}", "type=hang"},
    };
    ROWS(rows);
}

static void states(void)
{
    static const struct row rows[] = {
        {"{\"type\":\"status-update\",\"status\":\"ringing\"}", "type=status-update status=ringing"},
        {"{\"type\":\"status-update\",\"status\":\"in-progress\",\"endedReason\":\"x\"}",
         "type=status-update status=in-progress"},
        {"{\"type\":\"status-update\",\"status\":\"deletion-failed\"}", "type=status-update"},
        {"{\"type\":\"status-update\"}", "type=status-update"},
        {"{\"type\":\"status-update\",\"status\":\"ended\",\"timestamp\":1795014310000,\"endedReason\":\"customer-ended-call\"}",
         "type=status-update status=ended reason=4customer-ended-call started=1795014310000000 seen=1795014310000000"},
        {"{\"type\":\"status-update\",\"status\":\"ended\",\"call\":{\"endedReason\":\"silence-timed-out\"}}",
         "type=status-update status=ended reason=4silence-timed-out"},
        {"{\"type\":\"status-update\",\"status\":\"ended\","
         "\"endedReason\":\"phone-call-provider-bypass-enabled-but-no-call-received\"}",
         "type=status-update reason=0phone-call-provider-bypass-enabled-but-no-call-received"},
        {"{\"type\":\"speech-update\",\"status\":\"started\",\"role\":\"user\"}", "type=speech-update"},
        {"{\"type\":\"hang\",\"status\":\"ended\"}", "type=hang"},
    };
    ROWS(rows);
}

static void times(void)
{
    static const struct row rows[] = {
        {"{\"type\":\"hang\",\"timestamp\":1795014249000}", "type=hang started=1795014249000000"},
        {"{\"type\":\"hang\",\"timestamp\":1.795014249e12}", "type=hang started=1795014249000000"},
        {"{\"type\":\"hang\",\"timestamp\":\"2026-11-18T15:04:09.000Z\"}", "type=hang started=1795014249000000"},
        {"{\"type\":\"hang\",\"timestamp\":1795014249000,\"call\":{\"createdAt\":\"2026-11-18T15:04:08Z\"}}",
         "type=hang started=1795014248000000"},
        {"{\"type\":\"hang\",\"timestamp\":-1}", "type=hang"},
        {"{\"type\":\"hang\",\"timestamp\":1e300}", "type=hang"},
        {"{\"type\":\"hang\",\"timestamp\":\"yesterday\"}", "type=hang"},
    };
    ROWS(rows);
}

#define REPORT(rest) "{\"type\":\"end-of-call-report\"" rest "}"
#define SAYS "type=end-of-call-report status=ended "

static void reports(void)
{
    static const struct row rows[] = {
        {REPORT(""), SAYS "report=1"},
        {REPORT(",\"endedReason\":\"x\",\"cost\":0.25,\"durationSeconds\":60.7,\"durationMs\":1"),
         SAYS "reason=5x seconds=60.7 cost=0.25 report=1"},
        {REPORT(",\"durationMs\":60700"), SAYS "seconds=60.7 report=1"},
        {REPORT(",\"durationMs\":6.07e4,\"cost\":1e-2"), SAYS "seconds=60.7 cost=0.01 report=1"},
        {REPORT(",\"startedAt\":\"2026-11-18T15:04:09Z\",\"endedAt\":\"2026-11-18T15:05:09.5Z\""),
         SAYS "started=1795014249000000 ended=1795014309500000 seconds=60.5 report=1"},
        {REPORT(",\"startedAt\":\"2026-11-18T15:05:09Z\",\"endedAt\":\"2026-11-18T15:04:09Z\""),
         SAYS "started=1795014309000000 ended=1795014249000000 report=1"},
        {REPORT(",\"durationSeconds\":-1,\"cost\":-1"), SAYS "report=1"},
        {REPORT(",\"durationSeconds\":1e9,\"cost\":1e9"), SAYS "report=1"},
        {REPORT(",\"durationSeconds\":\"60\",\"cost\":null"), SAYS "report=1"},
        {REPORT(",\"summary\":\"old\",\"analysis\":{\"summary\":\"new\"}"),
         SAYS "summary=new analysis={\"summary\":\"new\"} report=1"},
        {REPORT(",\"summary\":\"old\",\"analysis\":{}"), SAYS "summary=old analysis={} report=1"},
        {REPORT(",\"summary\":\"\",\"analysis\":null"), SAYS "report=1"},
        {REPORT(
             ",\"recordingUrl\":\"c\",\"artifact\":{\"recordingUrl\":\"b\",\"recording\":{\"mono\":{\"combinedUrl\":\"a\"}}}"),
         SAYS "recording=2a report=1"},
        {REPORT(",\"recordingUrl\":\"c\",\"artifact\":{\"recordingUrl\":\"b\",\"recording\":null}"),
         SAYS "recording=2b report=1"},
        {REPORT(",\"recordingUrl\":\"c\",\"artifact\":{}"), SAYS "recording=2c report=1"},
        {REPORT(",\"endedReason\":\"phone-call-provider-bypass-enabled-but-no-call-received\""),
         "type=end-of-call-report reason=0phone-call-provider-bypass-enabled-but-no-call-received"},
    };
    ROWS(rows);
}

static void what_was_said(void)
{
    static const struct row rows[] = {
        {"{\"type\":\"transcript\",\"role\":\"user\",\"transcriptType\":\"final\",\"transcript\":\"Hi\",\"timestamp\":1795014249000}",
         "type=transcript status=in-progress started=1795014249000000 spoke=1 user(1795014249000000 Hi)"},
        {"{\"type\":\"transcript[transcriptType=\\\"final\\\"]\",\"role\":\"assistant\",\"transcript\":\"Hi\"}",
         "type=transcript status=in-progress bot(0 Hi)"},
        {"{\"type\":\"transcript\",\"role\":\"user\",\"transcriptType\":\"partial\",\"transcript\":\"Hi\"}",
         "type=transcript status=in-progress"},
        {"{\"type\":\"transcript\",\"role\":\"user\",\"transcriptType\":\"final\",\"transcript\":\" \"}",
         "type=transcript status=in-progress"},
        {"{\"type\":\"transcript\",\"role\":\"user\",\"transcriptType\":\"final\",\"transcript\":\"\\n\"}",
         "type=transcript status=in-progress"},
        {"{\"type\":\"transcript\",\"role\":\"user\",\"transcriptType\":\"final\"}",
         "type=transcript status=in-progress"},
        {"{\"type\":\"transcript\",\"role\":\"user\",\"transcriptType\":\"final\",\"transcript\":\"a\\u0000\\ud800b\"}",
         "type=transcript status=in-progress spoke=1 user(0 a\xef\xbf\xbd\xef\xbf\xbd"
         "b)"},
        {REPORT(
             ",\"artifact\":{\"messages\":[{\"role\":\"system\",\"message\":\"prompt\"},{\"role\":\"bot\",\"message\":\"Hi\","
             "\"time\":1795014249000},{\"role\":\"tool_calls\",\"message\":\"\"},{\"role\":\"user\",\"message\":\" \"},"
             "{\"role\":\"user\",\"message\":\"Yes\",\"time\":1.79501425e12},{\"role\":\"assistant\",\"message\":\"Bye\"},null,7,"
             "{\"role\":\"tool_call_result\",\"message\":\"x\"}]}"),
         SAYS "spoke=1 report=1 bot(1795014249000000 Hi) user(1795014250000000 Yes) bot(0 Bye)"},
        {REPORT(
             ",\"startedAt\":\"2026-11-18T15:04:09Z\",\"messages\":[{\"role\":\"user\",\"message\":\"a\","
             "\"secondsFromStart\":1.5},{\"role\":\"user\",\"message\":\"b\",\"secondsFromStart\":1e300},{\"role\":\"user\","
             "\"message\":\"c\",\"secondsFromStart\":-1e300},{\"role\":\"user\",\"message\":\"d\",\"secondsFromStart\":9e9}]"),
         SAYS
         "started=1795014249000000 spoke=1 report=1 user(1795014250500000 a) user(0 b) user(0 c) user(10795014249000000 d)"},
        {REPORT(",\"messages\":[{\"role\":\"user\",\"message\":\"old\"}],\"artifact\":{\"messages\":[{\"role\":\"bot\","
                "\"message\":\"new\"}]}"),
         SAYS "report=1 bot(0 new)"},
        {"{\"type\":\"status-update\",\"status\":\"ringing\",\"messages\":[{\"role\":\"user\",\"message\":\"a\"}]}",
         "type=status-update status=ringing"},
    };
    ROWS(rows);
}

/* Whatever is cut is cut between characters: Postgres takes no half of one. */
static void long_texts_are_cut_between_characters(void)
{
    for (int lead = 0; lead < 4; lead++) {
        struct buf text = buf_make(100000);
        CHECK_INT(buf_append(&text, STR("{\"message\":{\"type\":\"end-of-call-report\",\"recordingUrl\":\"")), 0);
        for (int part = 0; part < 3; part++) {
            CHECK_INT(buf_append(&text, str_cut(STR("xxx"), (size_t)lead)), 0);
            for (int i = 0; i < 1000; i++) {
                CHECK_INT(buf_append(&text, STR("\xf0\x9f\x98\x80")), 0);
            }
            static const char *const next[] = {"\",\"endedReason\":\"", "\",\"customer\":{\"number\":\"", "\"}}}"};
            CHECK_INT(buf_append(&text, str_of(next[part])), 0);
        }
        CHECK_INT(buf_append(&text, STR("")), 0);
        struct vapi_message m;
        rig_start();
        struct ingest_event *e = rig_read(buf_str(&text), &m);
        CHECK(e && e->call.ended_claim.n > 195 && e->call.ended_claim.n <= 201 && utf8_valid(e->call.ended_claim));
        CHECK(e && e->call.recording_claim.n > 1995 && utf8_valid(e->call.recording_claim));
        CHECK(e && e->call.caller_claim.n > 195 && utf8_valid(e->call.caller_claim));
        ingest_event_free(e);
        text.len = 0;
        CHECK_INT(buf_printf(&text, "{\"message\":{\"type\":\"%.*s", lead, "xxx"), 0);
        for (int i = 0; i < 1000; i++) {
            CHECK_INT(buf_append(&text, STR("\xf0\x9f\x98\x80")), 0);
        }
        CHECK_INT(buf_append(&text, STR("\"}}")), 0);
        e = rig_read(buf_str(&text), &m);
        CHECK(e && e->call.type.n > 195 && e->call.type.n <= 200 && utf8_valid(e->call.type));
        ingest_event_free(e);
        buf_free(&text);
    }
    rig_stop();
}

TAP_MAIN(TEST(names_of_the_call), TEST(numbers_of_the_call), TEST(states), TEST(times), TEST(reports),
         TEST(what_was_said), TEST(long_texts_are_cut_between_characters))
