#pragma once
/* The metrics table and its Prometheus page (text format 0.0.4). A row is the whole declaration: storage, page and
 * reset come from it. Label values come from tables, never from input. Process-wide; set up once by metric_init.
 *
 * X(id, kind, "name without ringback_", "help", first label set, second label set) */
#include "buf.h"

#define METRIC_TABLE(X)                                                                                                \
    X(HTTP_REQUESTS, COUNTER, "http_requests_total", "Requests answered.", LABELS_ROUTE, LABELS_CODE)                  \
    X(HTTP_REQUEST_SECONDS, SECONDS, "http_request_seconds", "From the first byte of a request to its answer.",        \
      LABELS_ROUTE, LABELS_NONE)                                                                                       \
    X(HTTP_CONNECTIONS, GAUGE, "http_connections", "Clients connected.", LABELS_LISTENER, LABELS_NONE)                 \
    X(HTTP_REFUSED, COUNTER, "http_refused_total", "Requests and connections refused before a handler saw them.",      \
      LABELS_ERROR, LABELS_NONE)                                                                                       \
    X(HTTP_CLOSED, COUNTER, "http_closed_total", "Connections closed by why.", LABELS_CLOSE, LABELS_NONE)              \
    X(INGEST_EVENTS, COUNTER, "ingest_events_total", "Call events by what became of them.", LABELS_INGEST,             \
      LABELS_NONE)                                                                                                     \
    X(INGEST_BATCH_EVENTS, COUNTS, "ingest_batch_events", "Events committed together.", LABELS_NONE, LABELS_NONE)      \
    X(INGEST_BATCH_SECONDS, SECONDS, "ingest_batch_seconds", "From sending a batch to its commit.", LABELS_NONE,       \
      LABELS_NONE)                                                                                                     \
    X(INGEST_QUEUE, GAUGE, "ingest_queue_events", "Events waiting to be committed.", LABELS_NONE, LABELS_NONE)         \
    X(INGEST_OLDEST, GAUGE, "ingest_oldest_seconds", "Age of the oldest event that waits.", LABELS_NONE, LABELS_NONE)  \
    X(INGEST_STORED_BYTES, COUNTER, "ingest_stored_bytes_total", "Bytes of messages after the repeated parts left.",   \
      LABELS_NONE, LABELS_NONE)                                                                                        \
    X(INGEST_RECEIVED_BYTES, COUNTER, "ingest_received_bytes_total", "Bytes of messages as received.", LABELS_NONE,    \
      LABELS_NONE)                                                                                                     \
    X(TEXT_REPAIRED, COUNTER, "text_repaired_total", "Bytes and escapes that Postgres refuses, replaced by U+FFFD.",   \
      LABELS_NONE, LABELS_NONE)                                                                                        \
    X(UNASSIGNED, COUNTER, "unassigned_calls_total", "Calls to numbers that belong to no business.", LABELS_NONE,      \
      LABELS_NONE)                                                                                                     \
    X(UNKNOWN_TYPES, COUNTER, "unknown_messages_total", "Messages of a type that this version does not know.",         \
      LABELS_NONE, LABELS_NONE)                                                                                        \
    X(DEAD_LETTERS, COUNTER, "dead_letters_total", "Bodies kept aside.", LABELS_DEAD, LABELS_NONE)                     \
    X(CONTROL_NOT_DURABLE, COUNTER, "control_answer_not_durable_total",                                                \
      "Live answers given before their event was durable.", LABELS_NONE, LABELS_NONE)                                  \
    X(VOICE_ANSWERS, COUNTER, "voice_answers_total", "TwiML answers by kind.", LABELS_VOICE, LABELS_NONE)              \
    X(UPSTREAM_REQUESTS, COUNTER, "upstream_requests_total", "Calls to other parties by result.", LABELS_UPSTREAM,     \
      LABELS_FETCH)                                                                                                    \
    X(UPSTREAM_SECONDS, SECONDS, "upstream_request_seconds", "How long other parties took.", LABELS_UPSTREAM,          \
      LABELS_NONE)                                                                                                     \
    X(BREAKER_OPEN, GAUGE, "breaker_open", "Circuit breakers that refuse to ask.", LABELS_UPSTREAM, LABELS_NONE)       \
    X(SIGN_INS, COUNTER, "sign_ins_total", "Attempts to sign in with a password.", LABELS_SIGN_IN, LABELS_NONE)        \
    X(REFRESHES, COUNTER, "refreshes_total", "Refresh tokens by what became of them.", LABELS_REFRESH, LABELS_NONE)    \
    X(PASSWORDS_WAITING, GAUGE, "passwords_waiting", "Passwords waiting to be checked or hashed.", LABELS_NONE,        \
      LABELS_NONE)                                                                                                     \
    X(TOKEN_CHECKS, COUNTER, "token_checks_total", "Access tokens by what was found.", LABELS_TOKEN, LABELS_NONE)      \
    X(JWKS_FETCHES, COUNTER, "jwks_fetches_total", "Fetches of the sign-in keys by result.", LABELS_JWKS, LABELS_NONE) \
    X(JWKS_TIME, GAUGE, "jwks_time_seconds", "When the sign-in keys in use came, since 1970; 0: there are none.",      \
      LABELS_NONE, LABELS_NONE)                                                                                        \
    X(RELAYS, COUNTER, "recording_relays_total", "Recordings passed on, by how it ended.", LABELS_RELAY, LABELS_NONE)  \
    X(RELAYS_OPEN, GAUGE, "recording_relays_open", "Recordings being passed on.", LABELS_NONE, LABELS_NONE)            \
    X(DB_CONNECTIONS, GAUGE, "db_connections", "Database connections by state.", LABELS_POOL, LABELS_DB)               \
    X(DB_WAITING, GAUGE, "db_units_waiting", "Units of work waiting for a connection.", LABELS_POOL, LABELS_NONE)      \
    X(DB_UNITS, COUNTER, "db_units_total", "Units of work by result.", LABELS_DB_RESULT, LABELS_NONE)                  \
    X(DB_CONNECTS, COUNTER, "db_connects_total", "Attempts to connect by result.", LABELS_DB_RESULT, LABELS_NONE)      \
    X(BOOKINGS, COUNTER, "bookings_total", "Bookings that callers asked for, by what came of them.", LABELS_BOOKING,   \
      LABELS_NONE)                                                                                                     \
    X(BOOKING_TROUBLES, COUNTER, "booking_troubles_total", "Bookings that were not made, or not at once, by why.",     \
      LABELS_BOOKING_REASON, LABELS_NONE)                                                                              \
    X(AVAILABILITY, COUNTER, "availability_total", "Questions for free times by result.", LABELS_AVAILABILITY,         \
      LABELS_NONE)                                                                                                     \
    X(BOOKING_SECONDS, SECONDS, "booking_answer_seconds", "From a tool call to its answer.", LABELS_NONE, LABELS_NONE) \
    X(BOOKINGS_UNKNOWN, GAUGE, "bookings_unknown", "Bookings that may have been made, being looked up.", LABELS_NONE,  \
      LABELS_NONE)                                                                                                     \
    X(DIGESTS_DUE, COUNTER, "digests_due_total", "Digests that became due.", LABELS_NONE, LABELS_NONE)                 \
    X(DIGESTS, COUNTER, "digests_total", "Digests by how a try at them ended.", LABELS_DIGEST, LABELS_NONE)            \
    X(DIGEST_TROUBLES, COUNTER, "digest_troubles_total", "Digests that were not sent, or not yet, by why.",            \
      LABELS_MAIL_REASON, LABELS_NONE)                                                                                 \
    X(DIGESTS_OPEN, GAUGE, "digests_open", "Digests not at their end, and those that an operator must decide about.",  \
      LABELS_DIGEST_STATE, LABELS_NONE)                                                                                \
    X(DIGESTS_PAST_DUE, GAUGE, "digests_past_due",                                                                     \
      "Digests that were due more than an hour ago and are not at their "                                              \
      "end.",                                                                                                          \
      LABELS_NONE, LABELS_NONE)                                                                                        \
    X(DIGEST_OLDEST_SECONDS, GAUGE, "digest_oldest_past_due_seconds", "Since the oldest of these was due.",            \
      LABELS_NONE, LABELS_NONE)                                                                                        \
    X(DIGEST_SENT_TIME, GAUGE, "digest_last_sent_time_seconds", "When this process last sent one, since 1970.",        \
      LABELS_NONE, LABELS_NONE)                                                                                        \
    X(DIGEST_ZONES_UNKNOWN, GAUGE, "digest_zones_unknown",                                                             \
      "Businesses without a digest, because this Postgres does not "                                                   \
      "know their time zone.",                                                                                         \
      LABELS_NONE, LABELS_NONE)                                                                                        \
    X(DELIVERIES, COUNTER, "digest_deliveries_total", "Delivery events that were taken in.", LABELS_DELIVERY,          \
      LABELS_NONE)                                                                                                     \
    X(LIVE_STREAMS, GAUGE, "live_streams", "Live streams open.", LABELS_NONE, LABELS_NONE)                             \
    X(LIVE_EVENTS, COUNTER, "live_events_total", "Events sent to live streams.", LABELS_LIVE, LABELS_NONE)             \
    X(LIVE_NOTICES, COUNTER, "live_notices_total", "Notices of changed calls heard from the database.", LABELS_NONE,   \
      LABELS_NONE)                                                                                                     \
    X(DIRECTORY_NUMBERS, GAUGE, "directory_numbers", "Numbers of businesses kept in memory.", LABELS_NONE,             \
      LABELS_NONE)                                                                                                     \
    X(LOOP_LAG_SECONDS, SECONDS, "loop_lag_seconds", "Work done in one turn of the loop.", LABELS_NONE, LABELS_NONE)   \
    X(CPU_SECONDS, COUNTER, "process_cpu_seconds_total", "CPU time of this process.", LABELS_NONE, LABELS_NONE)        \
    X(RESIDENT_BYTES, GAUGE, "process_resident_memory_bytes", "Memory of this process.", LABELS_NONE, LABELS_NONE)     \
    X(START_TIME, GAUGE, "process_start_time_seconds", "When this process started, since 1970.", LABELS_NONE,          \
      LABELS_NONE)                                                                                                     \
    X(BUILD_INFO, GAUGE, "build_info", "Always 1; the version is the label.", LABELS_VERSION, LABELS_NONE)

#define METRIC_ENUM(id, kind, name, help, a, b) METRIC_##id,
enum metric { METRIC_TABLE(METRIC_ENUM) METRIC_COUNT };
#undef METRIC_ENUM

enum metric_labels {
    LABELS_NONE,
    LABELS_ROUTE, /* set by the program from its route table */
    LABELS_CODE,
    LABELS_LISTENER,
    LABELS_ERROR,
    LABELS_CLOSE,
    LABELS_INGEST,
    LABELS_DEAD,
    LABELS_VOICE,
    LABELS_UPSTREAM,
    LABELS_FETCH,
    LABELS_RELAY,
    LABELS_POOL,
    LABELS_DB,
    LABELS_DB_RESULT,
    LABELS_SIGN_IN,
    LABELS_REFRESH,
    LABELS_TOKEN,
    LABELS_JWKS,
    LABELS_LIVE,
    LABELS_DIGEST,
    LABELS_DIGEST_STATE,
    LABELS_MAIL_REASON,
    LABELS_DELIVERY,
    LABELS_BOOKING,
    LABELS_BOOKING_REASON,
    LABELS_AVAILABILITY,
    LABELS_VERSION,
    LABELS_COUNT
};

/* Values of the label sets, in the order of metric.c's tables. */
enum metric_close { CLOSE_ANSWERED, CLOSE_CLIENT, CLOSE_GONE, CLOSE_IDLE, CLOSE_SLOW_READER, CLOSE_STOPPED, CLOSE_CUT };
enum metric_ingest { INGEST_STORED, INGEST_DUPLICATE, INGEST_DEAD, INGEST_REFUSED };
enum metric_dead { DEAD_BAD_JSON, DEAD_NOT_AN_ENVELOPE, DEAD_REJECTED };
enum metric_voice { VOICE_VAPI, VOICE_REPEATED, VOICE_FORWARD, VOICE_VOICEMAIL };
enum metric_upstream {
    UPSTREAM_VAPI,
    UPSTREAM_RESEND,
    UPSTREAM_CALCOM,
    UPSTREAM_SUPABASE,
    UPSTREAM_VAPI_RECORDINGS,
    UPSTREAM_TWILIO_RECORDINGS,
    UPSTREAM_RECORDING_STORAGE,
    UPSTREAM_SMTP
};
enum metric_fetch {
    FETCH_2XX,
    FETCH_4XX,
    FETCH_5XX,
    FETCH_OTHER,
    FETCH_TIMEOUT,
    FETCH_CONNECT,
    FETCH_BAD_REPLY,
    FETCH_BREAKER
};
enum metric_relay { RELAY_WHOLE, RELAY_CUT, RELAY_GONE, RELAY_ABSENT, RELAY_REFUSED, RELAY_FAILED, RELAY_BUSY };
enum metric_pool { POOL_INGEST, POOL_DASHBOARD, POOL_AUTH, POOL_LIVE, POOL_DIGEST, POOL_BOOKING };
enum metric_db { DB_IDLE, DB_CONNECTING, DB_READY };
enum metric_sign_in { SIGN_IN_OK, SIGN_IN_WRONG, SIGN_IN_REFUSED, SIGN_IN_LIMITED, SIGN_IN_BUSY, SIGN_IN_FAILED };
enum metric_refresh {
    REFRESH_ROTATED,
    REFRESH_REPEATED,
    REFRESH_UNKNOWN,
    REFRESH_USED,
    REFRESH_REFUSED,
    REFRESH_FAILED
};
enum metric_token {
    TOKEN_ACCEPTED,
    TOKEN_SHAPE,
    TOKEN_HEADER,
    TOKEN_UNKNOWN_KEY,
    TOKEN_ALGORITHM,
    TOKEN_SIGNATURE,
    TOKEN_EXPIRED,
    TOKEN_NOT_YET,
    TOKEN_ISSUER,
    TOKEN_AUDIENCE,
    TOKEN_ROLE,
    TOKEN_SUBJECT,
    TOKEN_CLAIMS,
    TOKEN_NO_KEYS
};
enum metric_jwks { JWKS_GOOD, JWKS_UNREACHABLE, JWKS_STATUS, JWKS_UNUSABLE };
enum metric_live { LIVE_HELLO, LIVE_CALLS, LIVE_RESET };
/* As enum digest_end. */
enum metric_digest_state { DIGESTS_OPEN_DUE, DIGESTS_OPEN_CLAIMED, DIGESTS_OPEN_UNKNOWN };
enum metric_mail_reason {
    MAIL_REASON_NONE,
    MAIL_REASON_RATE,           /* the provider asks for a pause */
    MAIL_REASON_QUOTA,          /* no more today, or this month */
    MAIL_REASON_TIMEOUT,        /* no answer in time */
    MAIL_REASON_CONNECT,        /* the provider could not be reached */
    MAIL_REASON_PROVIDER_ERROR, /* 5xx */
    MAIL_REASON_BAD_REPLY,      /* an answer that is none */
    MAIL_REASON_BUSY,           /* the same key is being worked on */
    MAIL_REASON_MISMATCH,       /* other bytes under the same key: a bug of ours */
    MAIL_REASON_CREDENTIALS,    /* the key or the sender is not allowed */
    MAIL_REASON_REFUSED,        /* these bytes */
    MAIL_REASON_NO_RECIPIENT,
    MAIL_REASON_PAUSED,
    MAIL_REASON_UNSUBSCRIBED,
    MAIL_REASON_EMPTY,
    MAIL_REASON_NO_PROVIDER,
    MAIL_REASON_TOO_LATE,
    MAIL_REASON_INTERRUPTED,
    MAIL_REASON_BREAKER,
    MAIL_REASON_INTERNAL,
    MAIL_REASON_COUNT
};
enum metric_delivery {
    DELIVERY_SENT,
    DELIVERY_DELAYED,
    DELIVERY_DELIVERED,
    DELIVERY_FAILED,
    DELIVERY_BOUNCED,
    DELIVERY_SUPPRESSED,
    DELIVERY_COMPLAINED,
    DELIVERY_OTHER
};
/* As bookings.status. */
enum metric_booking { BOOKED_CONFIRMED, BOOKED_PENDING, BOOKED_REFUSED, BOOKED_FAILED, BOOKED_UNKNOWN };
/* As bookings.reason. */
enum metric_booking_reason {
    BOOKING_NONE,
    BOOKING_OFF,           /* the business has it switched off */
    BOOKING_NOT_CONNECTED, /* no credentials, or none that this server can open */
    BOOKING_CREDENTIALS,   /* Cal.com refuses the key, or does not know the event type */
    BOOKING_BLOCKED,       /* Cal.com wants no requests for a while */
    BOOKING_TAKEN,
    BOOKING_PAST,
    BOOKING_OUT_OF_RANGE, /* too soon or too far for the event type */
    BOOKING_LIMIT,        /* this booker has too many */
    BOOKING_DECLINED,     /* Cal.com refuses it for another reason */
    BOOKING_UNREACHABLE,  /* never sent, or Cal.com is down */
    BOOKING_NO_ANSWER,    /* sent, and no clear answer came */
    BOOKING_NOT_MADE,     /* no clear answer came, and Cal.com knows nothing of it */
    BOOKING_CANCELLED,    /* found, and cancelled already */
    BOOKING_MISSING,      /* the assistant did not say what is needed */
    BOOKING_BUSY,         /* too much to do here, or the database is away */
    BOOKING_REASON_COUNT
};
enum metric_availability { AVAILABILITY_FREE, AVAILABILITY_NONE, AVAILABILITY_REFUSED, AVAILABILITY_FAILED };
enum metric_db_result { DB_OK, DB_FAILED };

/* Allocates the storage. Route names are copied by reference and must live as long as the process. */
void metric_init(const char *const *routes, size_t route_count);
void metric_free(void);

/* Counters and gauges; indices of labels that the metric does not have are 0. */
void metric_add(enum metric m, size_t a, size_t b, double amount);
void metric_set(enum metric m, size_t a, size_t b, double value);
/* Histograms. */
void metric_observe(enum metric m, size_t a, double value);
double metric_value(enum metric m, size_t a, size_t b);
/* A label's value, such as "rate_limited" for MAIL_REASON_RATE. */
const char *metric_label(enum metric_labels set, size_t index);
/* Index of an HTTP status within LABELS_CODE. */
size_t metric_code(int status);

static inline void metric_count(enum metric m, size_t a)
{
    metric_add(m, a, 0, 1);
}

/* The Prometheus page. */
int metric_render(struct buf *out) must_check;
