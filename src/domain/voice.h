#pragma once
/* Which TwiML a live call was answered with. A repeated request for the same CallSid must get the same TwiML and must not
 * start a second AI call: in this process a small memory of answers tells, across processes and restarts the table
 * private.voice_answers. Whoever inserts the row of a CallSid makes the call; everybody else waits for its answer. */
#include "arena.h"
#include "list.h"
#include <stdint.h>

struct db_pool;
struct loop;
struct voice_core; /* private to the room */
struct voice_op;

/* Embedded in its owner. */
struct voice {
    struct voice_core *core;
};

enum voice_claim_result {
    VOICE_MINE,    /* ours to answer; also when the database did not say */
    VOICE_TAKEN,   /* somebody else is at it: ask again later */
    VOICE_ANSWERED /* `twiml` is what was answered */
};

/* Embedded in the caller's object. */
struct voice_ticket {
    /* `twiml` is valid in this call only. */
    void (*on_done)(struct voice_ticket *, enum voice_claim_result result, struct str twiml);
    struct voice_op *op;
};

void voice_start(struct voice *v, struct loop *loop, struct db_pool *pool);
void voice_stop(struct voice *v);

/* The answer given to that CallSid by this process, absent if none is remembered. Borrowed for this turn. */
struct str voice_remembered(const struct voice *v, struct str call_sid);
/* Claims the CallSid; on_done fires once, in a later turn, after CAP_VOICE_STORE_MS at the latest. 0 or negative. */
int voice_claim(struct voice *v, struct voice_ticket *t, struct str call_sid) __attribute__((warn_unused_result));
/* Cuts the wait. Harmless when nothing is under way. */
void voice_abandon(struct voice_ticket *t);
/* Remembers the answer, here and in the table; nobody waits for the latter. */
void voice_answered(struct voice *v, struct str call_sid, struct str twiml);
