#pragma once
/* What Cal.com's answers hold. Pure functions over bytes, which may be anything: a proxy's HTML, another version's shapes. */
#include "calendar.h"
#include "json.h"

struct calcom_shapes {
    struct json_shape *envelope, *slots, *booking, *bookings, *account, *event_type;
};

void calcom_shapes_make(struct calcom_shapes *s);
void calcom_shapes_free(struct calcom_shapes *s);

/* An answer of 2xx: fills verdict and outcome by q->what. False when it cannot be read; then it says nothing. */
bool calcom_read_good(const struct calcom_shapes *s, struct str body, struct calendar_ask *q) must_check;

/* Why not, in the answer's words; each may be absent, all are when it cannot be read. In the arena. */
struct calcom_complaint {
    struct str words;    /* the one to show */
    struct str texts[4]; /* all that it says */
};

void calcom_read_complaint(const struct calcom_shapes *s, struct str body, struct arena *a,
                           struct calcom_complaint *out);

/* At most CALENDAR_WORDS_BYTES - 1 bytes of the text on one line: no control characters, only whole characters. */
void calcom_read_words(struct str text, char out[CALENDAR_WORDS_BYTES]);
