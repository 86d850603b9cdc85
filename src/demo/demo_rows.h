#pragma once
/* Calls as rows, in the text format of COPY. The columns are those of the copy statements in sql/statements/demo.sql, in
 * their order; what Postgres works out by itself is left to it. */
#include "demo_search.h"
#include "demo_talk.h"

struct demo_shape {
    size_t lines; /* said in a call, on average; 0: no transcripts */
    bool events;
};

/* Free with demo_rows_free. The buffers are emptied by whoever sends them. */
struct demo_rows {
    struct buf calls, utterances, events, words, digests, bookings;
    uint64_t call_count, utterance_count, event_count, digest_count; /* all that were ever written */
    struct demo_words said;
    struct demo_seen *seen;
    struct demo_shape shape;
};

void demo_rows_init(struct demo_rows *rows, struct demo_shape shape);
void demo_rows_free(struct demo_rows *rows);
/* Time for sending. */
bool demo_rows_full(const struct demo_rows *rows);
void demo_rows_call(struct demo_rows *rows, const struct demo_calendar *c, const struct demo_call *call);
/* The digest of a day, if it was due by now and is not there yet; its mail is written later (demo_mail.h). */
void demo_rows_digest(struct demo_rows *rows, const struct demo_calendar *c, const struct demo_business *b, size_t day);
