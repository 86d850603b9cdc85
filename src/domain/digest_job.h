#pragma once
/* One digest from its claim to its end: gather, compose, keep the bytes, wait for its turn, send, write down what came of it.
 * Embedded in its owner. A job that is abandoned, or whose process dies, leaves a claim that runs out; whoever takes it then
 * sends the same bytes under the same key. */
#include "db_unit.h"
#include "digest.h"
#include "flow.h"

#define DIGEST_OWNER_BYTES 33
#define DIGEST_KEY_BYTES 80

enum digest_end {
    DIGEST_SENT,
    DIGEST_SKIPPED,
    DIGEST_KEPT,
    DIGEST_FAILED,
    DIGEST_UNKNOWN,
    DIGEST_WAITS, /* it will be tried again */
    DIGEST_LOST   /* the claim had run out, or the database was away: somebody else takes it */
};

struct digest_job {
    const struct digest_options *options;
    char business_id[37], date[11], owner[DIGEST_OWNER_BYTES];
    bool is_made; /* the bytes are there already */
    void (*on_done)(struct digest_job *);

    /* The outcome, valid from on_done on. */
    enum digest_end end;
    size_t reason;                /* index in LABELS_MAIL_REASON */
    char words[MAIL_WORDS_BYTES]; /* "" when there is nothing to say */

    /* Private. */
    struct flow flow;
    struct db_unit unit;
    struct db_param params[10], pace[2];
    struct mail_send send;
    struct arena arena;
    uv_timer_t timer;
    bool running, settled, attempting, sending, noting, stopping;
    unsigned note_tries, retry_ms;
    void (*on_closed)(struct digest_job *);
    char key[DIGEST_KEY_BYTES];
    int64_t attempts;
};

/* Once, before the first start; close gives the timer back. */
void digest_job_init(struct digest_job *j, const struct digest_options *options);
/* The claim's columns are in place (business_id, date, owner, is_made). on_done fires once, in a later turn. */
void digest_job_start(struct digest_job *j);
/* From now on no mail is begun. */
void digest_job_stop(struct digest_job *j);
/* Is a mail under way whose answer has not come? */
bool digest_job_is_sending(const struct digest_job *j);
/* Abandons what is under way; on_done will not fire. on_closed fires once, later. */
void digest_job_close(struct digest_job *j, void (*on_closed)(struct digest_job *));
/* A new owner's name. */
void digest_owner_draw(char out[DIGEST_OWNER_BYTES]);
