#include "demo_row.h"
#include "arena.h"
#include "caps.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND_US 1000000LL
#define REPORT_US (10 * SECOND_US) /* until the last message about a call has come */
#define LIVE_US (75 * SECOND_US)   /* a live call began so long ago, and lasts twice as long */
#define DOLLARS_PER_MINUTE 0.094
#define LINES_SPREAD 2.5 /* long calls have more lines */
#define LINES_LEAST 4

/* Streams of chance. */
enum { OF_ROW = 11, OF_TALK, OF_KEYS, OF_EVENTS };

void demo_rows_init(struct demo_rows *rows, struct demo_shape shape)
{
    *rows = (struct demo_rows){.calls = buf_make(CAP_DEMO_BUFFER_BYTES),
                               .utterances = buf_make(CAP_DEMO_BUFFER_BYTES),
                               .events = buf_make(CAP_DEMO_BUFFER_BYTES),
                               .words = buf_make(CAP_DEMO_BUFFER_BYTES),
                               .digests = buf_make(CAP_DEMO_BUFFER_BYTES),
                               .bookings = buf_make(CAP_DEMO_BUFFER_BYTES),
                               .shape = shape};
    demo_words_init(&rows->said);
    rows->seen = mem_alloc(sizeof(*rows->seen));
}

void demo_rows_free(struct demo_rows *rows)
{
    buf_free(&rows->calls);
    buf_free(&rows->utterances);
    buf_free(&rows->events);
    buf_free(&rows->digests);
    buf_free(&rows->bookings);
    buf_free(&rows->words);
    demo_words_free(&rows->said);
    free(rows->seen);
}

bool demo_rows_full(const struct demo_rows *rows)
{
    return rows->calls.len > CAP_DEMO_BATCH_BYTES || rows->utterances.len > CAP_DEMO_BATCH_BYTES ||
           rows->events.len > CAP_DEMO_BATCH_BYTES || rows->words.len > CAP_DEMO_BATCH_BYTES ||
           rows->digests.len > CAP_DEMO_BATCH_BYTES || rows->bookings.len > CAP_DEMO_BATCH_BYTES;
}

static double draw_seconds(const struct demo_end *e, double *deviation_out, struct demo_random *r)
{
    *deviation_out = demo_random_normal(r);
    double seconds = e->median_s * exp(e->spread * *deviation_out);
    seconds = seconds < e->least_s ? e->least_s : seconds > e->most_s ? e->most_s : seconds;
    return floor(seconds * 1000) / 1000;
}

static void name_row(struct demo_row *w, struct demo_random *r)
{
    uint64_t a = demo_random_next(r), b = demo_random_next(r), c = demo_random_next(r), d = demo_random_next(r);
    uint64_t ms = (uint64_t)w->call->started_us / 1000;
    snprintf(w->id, sizeof(w->id), "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32), (unsigned)(a >> 16) & 0xffff,
             (unsigned)a & 0xfff, (unsigned)(b >> 48 & 0x3fff) | 0x8000, (unsigned long long)(b & 0xffffffffffff));
    snprintf(w->provider, sizeof(w->provider), "%08x-%04x-7%03x-%04x-%012llx", (unsigned)(ms >> 16),
             (unsigned)ms & 0xffff, (unsigned)(c >> 52), (unsigned)(c >> 32 & 0x3fff) | 0x8000,
             (unsigned long long)(d >> 16));
    snprintf(w->sid, sizeof(w->sid), DEMO_SID_PREFIX "%012llx%016llx", (unsigned long long)(c & 0xffffffffffff),
             (unsigned long long)d);
}

/* What becomes of the call, and when. */
static double work_out(struct demo_row *w, const struct demo_calendar *c, struct demo_random *r)
{
    double deviation;
    w->seconds = draw_seconds(w->end, &deviation, r);
    w->answered_us = w->call->started_us + (900 + (int64_t)demo_random_below(r, 2600)) * 1000;
    if (w->call->live) {
        w->seconds = 2.0 * (double)LIVE_US / (double)SECOND_US;
    }
    w->ended_us = w->answered_us + (int64_t)(w->seconds * (double)SECOND_US);
    w->live = w->ended_us + REPORT_US > c->now_us;
    w->has_report = !w->live && demo_end_has_report(w->end);
    if (w->call->caller != DEMO_ANONYMOUS) {
        demo_place_caller(w->business->index == DEMO_UNASSIGNED ? 0 : w->business->index, w->call->caller, w->caller);
    }
    return deviation;
}

static void put_texts(struct buf *out, const struct demo_row *w, const struct demo_words *words)
{
    bool told = w->has_report && words->summary.len;
    demo_put_next(out, told ? buf_str(&words->summary) : DEMO_ABSENT);
    demo_put_next(out, w->has_report ? buf_str(&words->analysis) : DEMO_ABSENT);
}

static void put_recording(struct buf *out, const struct demo_row *w, struct demo_random *r)
{
    bool voicemail = w->end == &demo_ends[DEMO_ENDS - 1] || strcmp(w->end->outcome, "transfer_not_answered") == 0;
    if (w->has_report && w->end->talk > TALK_GREETING) {
        demo_put_next_claim(out, '2', STR("https://storage.vapi.ai/"));
        demo_put(out, str_of(w->provider));
        demo_put_byte(out, '-');
        demo_put_number(out, (uint64_t)w->ended_us / 1000);
        demo_put_byte(out, '-');
        demo_put_hex(out, demo_random_next(r), 8);
        demo_put(out, STR("-mono.wav"));
    } else if (!w->live && voicemail && w->end->talk == TALK_NONE) {
        demo_put_next_claim(
            out, '1',
            STR("https://api.twilio.com/2010-04-01/Accounts/AC0000000000000000000000000000de30/Recordings/RE"));
        demo_put_key(out, r);
    } else {
        demo_put_next(out, DEMO_ABSENT);
    }
}

static void put_call(struct buf *out, const struct demo_row *w, const struct demo_words *words, struct demo_random *r)
{
    bool by_vapi = demo_end_has_report(w->end), over = !w->live;
    double cost = 0.008 + w->seconds / 60 * DOLLARS_PER_MINUTE * (0.9 + 0.2 * demo_random_unit(r));
    int64_t seen_us = over ? w->ended_us + 300000 + (int64_t)demo_random_below(r, 900) * 1000 : 0;
    double carried = over ? ceil((double)(w->ended_us - w->call->started_us) / (double)SECOND_US) : NAN;
    demo_put(out, str_of(w->id));
    demo_put_next(out, *w->business->id ? str_of(w->business->id) : DEMO_ABSENT);
    if (by_vapi) {
        demo_put_next_claim(out, '2', str_of(w->provider));
    } else {
        demo_put_next(out, DEMO_ABSENT);
    }
    demo_put_next(out, str_of(w->sid));
    demo_put_next_claim(out, *w->caller ? '3' : '1', *w->caller ? str_of(w->caller) : STR("anonymous"));
    demo_put_next_claim(out, '3', str_of(w->business->phone));
    demo_put_next(out, over ? STR("5") : STR("3"));
    demo_put_next(out, over ? str_of(w->end->claim) : DEMO_ABSENT);
    demo_put_next_time(out, w->call->started_us);
    demo_put_next_time(out, w->has_report ? w->ended_us : 0);
    demo_put_next_time(out, seen_us);
    demo_put_next_decimal(out, w->has_report ? w->seconds : NAN, 3);
    demo_put_next_decimal(out, carried, 0);
    put_texts(out, w, words);
    put_recording(out, w, r);
    demo_put_next_decimal(out, w->has_report ? cost : NAN, 4);
    demo_put_next(out, (w->has_report || w->live) && w->end->talk > TALK_SILENCE ? STR("t") : STR("f"));
    demo_put_next(out, w->has_report ? STR("t") : STR("f"));
    demo_put_next(out, w->has_report && words->count ? STR("t") : STR("f"));
    demo_put_next(out, over && demo_row_is_booked(words) ? STR("t") : STR("f"));
    demo_put_next_time(out, w->call->started_us);
    demo_put_next_time(out, seen_us ? seen_us : w->call->started_us);
    demo_put_byte(out, '\n');
}

/* What was said takes its share of the time by its length. */
static size_t put_utterances(struct buf *out, const struct demo_row *w, const struct demo_words *words, int64_t now_us)
{
    struct demo_random keys = demo_random_make(w->call->seed, OF_KEYS, 0);
    size_t written = 0;
    for (size_t i = 0; i < words->count; i++) {
        double part = (double)words->lines[i].from / (double)words->text.len;
        int64_t said_us = w->answered_us + (int64_t)(part * w->seconds * (double)SECOND_US);
        if (said_us > now_us) {
            break;
        }
        demo_put(out, str_of(w->id));
        demo_put_byte(out, '\t');
        demo_put_key(out, &keys);
        demo_put_next(out, words->lines[i].caller ? STR("user") : STR("assistant"));
        demo_put_next_time(out, said_us);
        demo_put_next(out, (struct str){words->text.data + words->lines[i].from, words->lines[i].n});
        demo_put_next(out, w->live ? STR("transcript\n") : STR("report\n"));
        written++;
    }
    return written;
}

/* The texts that private.index_due_calls takes them from. */
static void put_words(struct demo_rows *rows, const struct demo_row *w)
{
    struct buf *out = &rows->words;
    char prefix[DEMO_KEY_BYTES + 8];
    int64_t fortnight = w->call->started_us / (14 * 86400 * INT64_C(1000000)); /* as private.words_time */
    struct str key = {prefix,
                      (size_t)snprintf(prefix, sizeof(prefix), "%s%03x", w->business->words_key, (unsigned)fortnight)};
    demo_put(out, str_of(w->id));
    demo_put_next(out, str_of(w->business->id));
    demo_put_next_time(out, w->call->started_us);
    demo_put_byte(out, '\t');
    demo_seen_begin(rows->seen);
    demo_put_words(out, rows->seen, key, buf_str(&rows->said.summary));
    demo_put_words(out, rows->seen, key, rows->said.reason);
    demo_put_words(out, rows->seen, key, rows->said.name);
    for (size_t i = 0; i < rows->said.count; i++) {
        const struct demo_line *line = &rows->said.lines[i];
        demo_put_words(out, rows->seen, key, (struct str){rows->said.text.data + line->from, line->n});
    }
    demo_put_byte(out, '\n');
}

void demo_rows_call(struct demo_rows *rows, const struct demo_calendar *c, const struct demo_call *call)
{
    struct demo_random r = demo_random_make(call->seed, OF_ROW, 0), talk = demo_random_make(call->seed, OF_TALK, 0);
    struct demo_row w = {.call = call, .business = call->business, .end = &demo_ends[call->end]};
    name_row(&w, &r);
    double deviation = work_out(&w, c, &r);
    double lines = (double)rows->shape.lines + LINES_SPREAD * deviation;
    long hour = demo_calendar_find(c, w.business->zone, call->started_us);
    struct demo_scene scene = {.call = call, .caller_phone = w.caller};
    scene.weekday = demo_calendar_weekday(c, hour < 0 ? 0 : (size_t)hour / DEMO_HOURS);
    scene.lines = lines < LINES_LEAST ? LINES_LEAST : lines > DEMO_LINES ? DEMO_LINES : (size_t)lines;
    demo_talk(&scene, &talk, &rows->said);
    if (rows->shape.lines == 0) {
        rows->said.count = 0;
    }
    put_call(&rows->calls, &w, &rows->said, &r);
    rows->call_count++;
    if (!w.live && hour >= 0) {
        demo_put_bookings(&rows->bookings, &w, &rows->said, c->first_day + hour / DEMO_HOURS);
    }
    rows->utterance_count += put_utterances(&rows->utterances, &w, &rows->said, c->now_us);
    if (!w.live && w.business->index != DEMO_UNASSIGNED) {
        put_words(rows, &w);
    }
    if (rows->shape.events) {
        struct demo_random keys = demo_random_make(call->seed, OF_EVENTS, 0);
        rows->event_count += demo_put_events(&rows->events, &w, &rows->said, &keys);
    }
}
