#pragma once
/* Days to make digests of: fixtures/digest/NAME.json, and days of people who mean harm. */
#include "caps.h"
#include "digest_mail.h"
#include "files.h"

static const struct digest_links sample_links = {.dashboard_url = STR("https://app.larkspur.example"),
                                                 .public_url = STR("https://calls.larkspur.example"),
                                                 .from = STR("Ringback <digest@larkspur.example>")};

static inline void sample_read(struct arena *a, const char *name, struct digest_facts *out)
{
    char path[64];
    snprintf(path, sizeof(path), "digest/%s.json", name);
    struct buf json = file_read(FIXTURES, path);
    if (digest_facts_read(a, buf_str(&json), out)) {
        abort();
    }
    buf_free(&json);
}

#define SAMPLE_LONG 500 /* characters, as good as */
static const char *const sample_evil[] = {
    "<script>alert(1)</script>",
    "\"' onmouseover='alert(1)' & <i>",
    "a\r\nBcc: x@example.org\r\n\r\n",
    "\u202egnihton\u2066\u200f ",
    "שלום עולם ",
    "\U0001F9B7\U0001F44D\U0001F3FD",
    "Z\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a",
    "W",
    "<!--[if mso]></td></table>",
    "&&&&",
    "javascript:alert(1)//",
};
#define SAMPLE_EVILS (sizeof(sample_evil) / sizeof(sample_evil[0]))

/* Where the next text comes from: one of them all the time, or each in turn. */
struct sample_source {
    struct arena *a;
    size_t at;
    bool turns;
};

static inline struct str sample_evil_text(struct sample_source *s)
{
    const char *part = sample_evil[s->at];
    struct buf out = buf_make(SAMPLE_LONG * 40);
    for (size_t i = 0; i < SAMPLE_LONG / (strlen(part) < 20 ? strlen(part) : 20) + 1; i++) {
        if (buf_append(&out, str_of(part))) {
            abort();
        }
    }
    s->at = s->turns ? (s->at + 1) % SAMPLE_EVILS : s->at;
    struct str text = arena_copy(s->a, buf_str(&out));
    buf_free(&out);
    return text;
}

/* These words are our own, and come from a table: see private.booking_text. */
static const struct digest_booking sample_longest_booking = {STR("Asked to book; the calendar could not be reached"),
                                                             STR("Wednesday, September 30 at 10:30 AM"), true};

#define SPOIL(member) ((member) = sample_evil_text(s))

static inline void sample_spoil_calls(struct sample_source *s, struct field_list_value *list, size_t count)
{
    struct digest_call *c = arena_alloc(s->a, count * sizeof(*c));
    for (size_t i = 0; i < count; i++) {
        SPOIL(c[i].id);
        SPOIL(c[i].when);
        SPOIL(c[i].number);
        SPOIL(c[i].name);
        SPOIL(c[i].reason);
        SPOIL(c[i].summary);
        SPOIL(c[i].outcome);
        SPOIL(c[i].urgency);
        c[i].booking = sample_longest_booking;
        c[i].seconds = 1e9;
        c[i].missed = true;
    }
    *list = (struct field_list_value){.items = c, .count = count};
}

static inline void sample_spoil_callers(struct sample_source *s, struct digest_facts *f)
{
    struct digest_caller *c = arena_alloc(s->a, 5 * sizeof(*c));
    for (size_t i = 0; i < 5; i++) {
        SPOIL(c[i].number);
        SPOIL(c[i].caller_number);
        SPOIL(c[i].name);
        SPOIL(c[i].reason);
        SPOIL(c[i].when);
        SPOIL(c[i].outcome);
        SPOIL(c[i].call_id);
        c[i].urgency = STR("high");
        c[i].booking = sample_longest_booking;
        c[i].tries = INT32_MAX;
    }
    c[1].number = STR("+16465550187");
    c[2].number = STR("+999123456789012");
    f->call_back = (struct field_list_value){.items = c, .count = 5};
    f->to_call_back = INT32_MAX;
}

static inline void sample_spoil_lists(struct sample_source *s, struct digest_facts *f)
{
    struct digest_reason *r = arena_alloc(s->a, 5 * sizeof(*r));
    for (size_t i = 0; i < 5; i++) {
        SPOIL(r[i].reason);
        r[i].calls = INT32_MAX;
    }
    f->reasons = (struct field_list_value){.items = r, .count = 5};
    struct digest_recipient *to = arena_alloc(s->a, CAP_MAIL_RECIPIENTS * sizeof(*to));
    for (size_t i = 0; i < CAP_MAIL_RECIPIENTS; i++) {
        SPOIL(to[i].address);
        to[i].token = STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    }
    f->recipients = (struct field_list_value){.items = to, .count = CAP_MAIL_RECIPIENTS};
    struct digest_hour *h = arena_alloc(s->a, 24 * sizeof(*h));
    for (size_t i = 0; i < 24; i++) {
        h[i] = (struct digest_hour){INT32_MAX, INT32_MAX, INT32_MAX};
    }
    f->hours = (struct field_list_value){.items = h, .count = 24};
}

/* As much as there can be, and all of it evil. */
static inline void sample_spoil(struct sample_source *s, struct digest_facts *f)
{
    static const struct digest_number number = {1234567, 1e9 / 7};
    SPOIL(f->business_name);
    SPOIL(f->zone);
    SPOIL(f->hour);
    SPOIL(f->opening_hours);
    SPOIL(f->busiest_hour);
    SPOIL(f->day_long);
    SPOIL(f->weekday);
    f->calls = f->unique_callers = f->answered = f->missed = f->hung_up_early = f->ai_unavailable = f->spam =
        f->bookings = f->average_seconds = number;
    f->usual_weeks = 4;
    f->bookings_enabled = f->has_no_number = true;
    f->without_booking = f->without_report = f->not_answered_by_ai = f->after_hours = f->busiest_calls = INT32_MAX;
    sample_spoil_callers(s, f);
    sample_spoil_lists(s, f);
    sample_spoil_calls(s, &f->high, 5);
    sample_spoil_calls(s, &f->normal, 5);
    sample_spoil_calls(s, &f->low, 5);
    sample_spoil_calls(s, &f->spam_calls, 5);
    f->high_total = f->normal_total = f->low_total = f->spam_total = INT32_MAX;
}
