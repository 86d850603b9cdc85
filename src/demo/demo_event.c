#include "demo_row.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define SECOND_US 1000000LL
#define DIGEST_HOUR 7
#define ACCOUNT "AC0000000000000000000000000000de30"

enum { OF_DIGEST = 21 }; /* a stream of chance */

/* An event's row but for its payload. */
static void begin(struct buf *out, const struct demo_row *w, const char *source_and_type, int64_t at_us,
                  struct demo_random *r)
{
    demo_put_key(out, r);
    demo_put_next(out, str_of(w->id));
    demo_put_next(out, str_of(source_and_type));
    demo_put_next_time(out, at_us);
    demo_put_next_time(out, at_us + 20000 + (int64_t)demo_random_below(r, 400) * 1000);
    demo_put_byte(out, '\t');
}

static void put_format(struct buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put_format(struct buf *out, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    assert(n >= 0 && (size_t)n < sizeof(text));
    demo_put(out, (struct str){text, (size_t)n});
}

static void put_twilio(struct buf *out, const struct demo_row *w, const char *status)
{
    put_format(out,
               "{\"To\": \"%s\", \"From\": \"%s\", \"CallSid\": \"%s\", \"Direction\": \"inbound\", "
               "\"AccountSid\": \"" ACCOUNT "\", \"ApiVersion\": \"2010-04-01\", \"CallStatus\": \"%s\"",
               w->business->phone, *w->caller ? w->caller : "anonymous", w->sid, status);
}

static void put_vapi(struct buf *out, const struct demo_row *w, const char *type, int64_t at_us)
{
    put_format(out, "{\"message\": {\"call\": {\"id\": \"%s\"}, \"type\": \"%s\", \"timestamp\": %lld", w->provider,
               type, (long long)at_us / 1000);
}

static size_t put_vapi_events(struct buf *out, const struct demo_row *w, const struct demo_words *words,
                              struct demo_random *r)
{
    const char *reason = w->end->claim + 1;
    begin(out, w, "vapi\tstatus-update", w->answered_us, r);
    put_vapi(out, w, "status-update", w->answered_us);
    demo_put(out, STR(", \"status\": \"in-progress\"}}\n"));
    if (!w->has_report) {
        return 1;
    }
    begin(out, w, "vapi\tstatus-update", w->ended_us + 200000, r);
    put_vapi(out, w, "status-update", w->ended_us + 200000);
    put_format(out, ", \"status\": \"ended\", \"endedReason\": \"%s\"}}\n", reason);
    begin(out, w, "vapi\tend-of-call-report", w->ended_us + 7 * SECOND_US, r);
    put_vapi(out, w, "end-of-call-report", w->ended_us + 7 * SECOND_US);
    put_format(out, ", \"endedReason\": \"%s\", \"durationSeconds\": %.3f, \"analysis\": ", reason, w->seconds);
    demo_put(out, buf_str(&words->analysis));
    demo_put(out, STR("}}\n"));
    return 3;
}

size_t demo_put_events(struct buf *out, const struct demo_row *w, const struct demo_words *words, struct demo_random *r)
{
    size_t count = 1;
    begin(out, w, "twilio\tvoice", w->call->started_us, r);
    put_twilio(out, w, "ringing");
    demo_put(out, STR("}\n"));
    if (demo_end_has_report(w->end)) {
        count += put_vapi_events(out, w, words, r);
    }
    if (!w->live) {
        bool canceled = strcmp(w->end->claim, "0twilio.canceled") == 0;
        begin(out, w, "twilio\tstatus", w->ended_us + 300000, r);
        put_twilio(out, w, canceled ? "canceled" : "completed");
        put_format(out, ", \"CallDuration\": \"%lld\"}\n",
                   (long long)((w->ended_us - w->call->started_us + SECOND_US - 1) / SECOND_US));
        count++;
    }
    return count;
}

/* How a mail went. None complained: nobody mails on to who did. */
struct fate {
    const char *status, *delivery, *error, *reason;
    unsigned weight, attempts;
};

static const struct fate fates[] = {
    {"sent", "delivered", NULL, NULL, 955, 1},
    {"sent", "delivered", NULL, NULL, 22, 2},
    {"sent", "bounced", "the mailbox is full", NULL, 13, 1},
    {"failed", NULL, "Resend refuses the sender: its domain is not verified", "credentials", 10, 1},
};
#define FATES (sizeof(fates) / sizeof(fates[0]))

static void put_optional(struct buf *out, const char *value)
{
    demo_put_next(out, value ? str_of(value) : DEMO_ABSENT);
}

static const struct fate *draw_fate(struct demo_random *r)
{
    unsigned weights[FATES];
    for (size_t i = 0; i < FATES; i++) {
        weights[i] = fates[i].weight;
    }
    return &fates[demo_random_weighted(r, weights, FATES)];
}

void demo_rows_digest(struct demo_rows *rows, const struct demo_calendar *c, const struct demo_business *b, size_t day)
{
    int64_t date = c->first_day + (int64_t)day;
    struct demo_random r = demo_random_make(b->seed, OF_DIGEST, (uint64_t)date);
    const struct fate *fate = draw_fate(&r);
    struct buf *out = &rows->digests;
    if (day + 1 >= c->days || date <= b->digested_day) {
        return;
    }
    int64_t due_us = demo_calendar_hour(c, b->zone, day + 1, DIGEST_HOUR);
    int64_t done_us = due_us + (int64_t)(2 + demo_random_below(&r, 90)) * SECOND_US;
    if (done_us > c->now_us) {
        return;
    }
    demo_put(out, str_of(b->id));
    demo_put_byte(out, '\t');
    demo_put_date(out, date);
    put_optional(out, fate->status);
    demo_put_byte(out, '\t');
    demo_put_number(out, fate->attempts);
    demo_put_byte(out, '\t');
    if (fate->delivery) {
        demo_put_key(out, &r);
    } else {
        demo_put(out, DEMO_ABSENT);
    }
    put_optional(out, fate->delivery);
    put_optional(out, fate->error);
    put_optional(out, fate->reason);
    demo_put_next_time(out, due_us);
    demo_put_next_time(out, due_us);
    demo_put_next_time(out, due_us + SECOND_US);
    demo_put_next_time(out, fate->delivery ? done_us : 0);
    demo_put_next_time(out, done_us);
    demo_put_byte(out, '\n');
    rows->digest_count++;
}
