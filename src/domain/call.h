#pragma once
/* A call: what an event says of it, and how good each source is. The row itself is the join of all events and is worked out
 * by Postgres (sql/statements/ingest.sql): values are merged by greatest or least, and where one source is better than
 * another the value is a claim, a rank digit in front of the text, of which the greatest wins. */
#include "arena.h"
#include <stdint.h>

enum call_source { CALL_TWILIO, CALL_VAPI };

/* States only go up. */
enum call_status {
    CALL_UNKNOWN = -1,
    CALL_SCHEDULED,
    CALL_QUEUED,
    CALL_RINGING,
    CALL_IN_PROGRESS,
    CALL_FORWARDING,
    CALL_ENDED
};

/* Ranks of claims. */
enum call_rank {
    RANK_GHOST = 0,     /* why a call ended: Vapi waited for a call that went elsewhere; any other reason is better */
    RANK_CARRIER = 0,   /* … Twilio's final state */
    RANK_HANDOFF = 1,   /* … we could not hand the call to Vapi */
    RANK_DIALLED = 2,   /* … what became of it then */
    RANK_STATUS = 4,    /* … Vapi's status-update */
    RANK_REPORT = 5,    /* … Vapi's report */
    RANK_WORD = 1,      /* a number that is none: "anonymous" */
    RANK_ECHOED = 2,    /* a number as Vapi repeats it */
    RANK_DIRECT = 3,    /* a number as Twilio gives it */
    RANK_SEEN = 1,      /* a provider's id found in a message */
    RANK_LINKED = 2,    /* a provider's id from the answer to our own request */
    RANK_VOICEMAIL = 1, /* a recording by Twilio */
    RANK_RECORDING = 2  /* a recording by Vapi */
};

enum call_role { ROLE_NONE, ROLE_ASSISTANT, ROLE_USER };

struct call_utterance {
    unsigned char key[16];
    enum call_role role;
    int64_t said_us;
    struct str text;
};

/* One event and what it says. Absent texts, 0 times and NAN numbers say nothing. */
struct call_event {
    unsigned char key[16]; /* the same event has the same key, however often and whenever it comes */
    enum call_source source;
    struct str type, provider_call_id, twilio_call_sid, payload;
    int64_t occurred_us, received_us;

    int provider_rank;
    enum call_status status;
    struct str caller_claim, called_claim, ended_claim, recording_claim;
    int64_t started_us, reported_ended_us, seen_ended_us;
    double reported_seconds, carrier_seconds, cost;
    struct str summary, analysis;
    bool caller_spoke, has_report;

    const struct call_utterance *utterances;
    size_t utterance_count;
    bool utterances_reported; /* from the report's list, which has the last word */
};

/* An event that says nothing yet. */
struct call_event call_event_make(enum call_source source);
/* The key of what the parts mean, in this order. */
void call_event_set_key(unsigned char key[16], const struct str *parts, size_t count);
/* Rank and value; absent stays absent. */
struct str call_claim(struct arena *a, enum call_rank rank, struct str value);
/* A caller's or called number: E.164 beats words such as "anonymous". */
struct str call_number_claim(struct arena *a, enum call_rank rank, struct str number);
bool call_number_is_e164(struct str number);

/* CALL_UNKNOWN for words that this version does not know. */
enum call_status call_status_of_vapi(struct str word);
enum call_status call_status_of_twilio(struct str word);
