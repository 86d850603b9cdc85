#pragma once
/* The words of a digest, for its HTML and its text part alike. What callers said is in them as it came: whoever puts them
 * into a document cuts and escapes. Texts live in the arena. */
#include "digest_mail.h"

/* In characters. */
enum digest_most {
    MOST_NAME = 60,
    MOST_REASON = 92,
    MOST_SHORT = 24, /* a time, a day */
    MOST_META = 100,
    MOST_BOOKING = 120,
    MOST_WORDS = 400, /* a sentence of ours with values in it */
    MOST_ADDRESS = 100
};

/* "1 call", "1,204 calls" */
struct str words_count(struct arena *a, int64_t count, const char *one, const char *many);
/* "12", "11.3"; "–" for NAN */
struct str words_average(struct arena *a, double value);
/* "48 s", "2 min 10 s", "1 h 2 min"; "–" for NAN */
struct str words_length(struct arena *a, double seconds);
/* "+1 (646) 555-0187"; what is no such number as it is; "Withheld number" when absent, or a carrier's word for that */
struct str words_phone(struct arena *a, struct str number);
/* "tel:+16465550187", absent when it cannot be dialled */
struct str words_tel(struct arena *a, struct str number);

/* "Urgent", "Normal", "Can wait"; absent when not known */
struct str words_urgency(struct str urgency);
/* "chipped tooth" as "Chipped tooth"; "iPhone repair" stays. */
struct str words_capital(struct arena *a, struct str text);
/* Why somebody called; if that is not known, what came of it. */
struct str words_why(struct arena *a, struct str reason, struct str summary, struct str outcome);
/* "8:05 AM · Hung up early · 3 tries" */
struct str words_caller_meta(struct arena *a, const struct digest_caller *c);
/* Absent when it is the number to call. */
struct str words_called_from(struct arena *a, const struct digest_caller *c);
/* "Handled by the AI · 2 min 10 s" */
struct str words_call_meta(struct arena *a, const struct digest_call *c);
/* "Booked: Friday, November 20 at 10:30 AM"; absent when nobody asked for an appointment */
struct str words_booking(struct arena *a, const struct digest_booking *b);

/* "14 calls, 3 to call back" */
struct str words_report(struct arena *a, const struct digest_facts *f);
/* "3 more to call back"; absent when all of them are in the mail. */
struct str words_waiting(struct arena *a, const struct digest_facts *f);
/* "First: Dana, no hot water, urgent. Then 2 more." */
struct str words_preheader(struct arena *a, const struct digest_facts *f);
/* The two lines of a day without calls. */
struct str words_empty(struct arena *a, const struct digest_facts *f, int line);
/* "Outside the opening hours (Mon–Fri, 9 AM–5 PM): 4 of 14 calls, 29%."; absent when no hours are set */
struct str words_after_hours(struct arena *a, const struct digest_facts *f);
struct str words_busiest(struct arena *a, const struct digest_facts *f);
/* "Usual: the average of the last four Tuesdays."; absent when there is nothing to compare with */
struct str words_usual(struct arena *a, const struct digest_facts *f);

enum words_trouble { TROUBLE_NO_NUMBER, TROUBLE_NO_AI, TROUBLE_NO_BOOKING, TROUBLE_NO_REPORT, TROUBLES };
/* Absent when that is in order. */
struct str words_trouble(struct arena *a, const struct digest_facts *f, enum words_trouble which);
bool digest_has_trouble(const struct digest_facts *f);

/* A row of the day in numbers. */
struct words_figure {
    const char *label;
    struct str value, usual;
};
#define WORDS_FIGURES 9
/* How many there are; `usual` is absent when there is nothing to compare with. */
size_t words_figures(struct arena *a, const struct digest_facts *f, struct words_figure out[WORDS_FIGURES]);

/* The other calls, in their order. */
struct digest_group {
    const char *title;
    const struct field_list_value *calls;
    int64_t total;
};
#define DIGEST_GROUPS 4
void digest_groups(const struct digest_facts *f, struct digest_group out[DIGEST_GROUPS]);
/* How many calls are in no list. */
int64_t digest_hidden(const struct digest_facts *f);

/* Which day this is about, in which zone. */
struct str words_cover(struct arena *a, const struct digest_facts *f);
/* "It comes every day at 7 AM" */
struct str words_hour(struct arena *a, const struct digest_facts *f);
/* "desk@larkspur.example, dr.moss@larkspur.example"; absent when nobody else gets it */
struct str words_others(struct arena *a, const struct digest_facts *f, size_t to);

/* Addresses in the dashboard; absent without one. */
struct str digest_call_url(struct arena *a, const struct digest_facts *f, const struct digest_links *l, struct str id);
struct str digest_day_url(struct arena *a, const struct digest_facts *f, const struct digest_links *l,
                          const char *more);
struct str digest_settings_url(struct arena *a, const struct digest_facts *f, const struct digest_links *l);
struct str digest_stop_url(struct arena *a, const struct digest_facts *f, const struct digest_links *l, size_t to);
