#include "resend_reply.h"
#include "log.h"
#include "timestamp.h"
#include "utf8.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define HOUR_MS 3600000u
#define LONGEST_PAUSE_MS (24 * HOUR_MS)

struct reply {
    struct str id, name;
    struct field_list_value batch;  /* of texts: the ids of several, in order */
    struct field_list_value errors; /* of texts: what was said of those that were not taken */
};

static const struct field id_fields[] = {{"id", 0, FIELD_STR, 0, NULL, 0}};
static const struct field_items ids = {id_fields, FIELD_COUNT(id_fields), sizeof(struct str)};
static const struct field error_fields[] = {{"message", 0, FIELD_STR, 0, NULL, 0}};
static const struct field_items errors = {error_fields, FIELD_COUNT(error_fields), sizeof(struct str)};
static const struct field reply_fields[] = {
    FIELD(struct reply, id, "id", STR, 0),
    FIELD(struct reply, name, "name", STR, 0),
    FIELD_ITEMS(struct reply, batch, "data", ids, 0),
    FIELD_ITEMS(struct reply, errors, "errors", errors, 0),
};

struct json_shape *resend_reply_shape(void)
{
    return json_shape_new(reply_fields, FIELD_COUNT(reply_fields));
}

struct meaning {
    int status;       /* 0: whatever it is */
    const char *name; /* NULL: whatever it is */
    enum mail_verdict verdict;
    enum metric_mail_reason reason;
    bool doubt;
    unsigned retry_ms;
    const char *words;
};

/* The first row that fits. */
static const struct meaning meanings[] = {
    {0, "invalid_idempotent_request", MAIL_REFUSED, MAIL_REASON_MISMATCH, true, 0,
     "Resend knows this digest with another content"},
    {0, "concurrent_idempotent_requests", MAIL_LATER, MAIL_REASON_BUSY, true, 0, "Resend is still at it"},
    {0, "resource_locked", MAIL_LATER, MAIL_REASON_BUSY, true, 0, "Resend is still at it"},
    {0, "daily_quota_exceeded", MAIL_LATER, MAIL_REASON_QUOTA, false, HOUR_MS, "Resend's daily quota is used up"},
    {0, "monthly_quota_exceeded", MAIL_LATER, MAIL_REASON_QUOTA, false, HOUR_MS, "Resend's monthly quota is used up"},
    {429, NULL, MAIL_LATER, MAIL_REASON_RATE, false, 0, "Resend asks for a pause"},
    {409, NULL, MAIL_LATER, MAIL_REASON_BUSY, true, 0, "Resend is still at it"},
    {401, NULL, MAIL_REFUSED, MAIL_REASON_CREDENTIALS, false, 0, "Resend does not accept the key"},
    {403, "validation_error", MAIL_REFUSED, MAIL_REASON_CREDENTIALS, false, 0, "Resend does not accept the sender"},
    {403, NULL, MAIL_REFUSED, MAIL_REASON_CREDENTIALS, false, 0, "Resend does not accept the key"},
    {408, NULL, MAIL_LATER, MAIL_REASON_TIMEOUT, true, 0, "Resend did not answer in time"},
    {0, NULL, MAIL_REFUSED, MAIL_REASON_REFUSED, false, 0, "Resend does not take this mail"},
};

static const struct meaning server_error = {
    500, NULL, MAIL_LATER, MAIL_REASON_PROVIDER_ERROR, true, 0, "Resend has a problem of its own"};
static const struct meaning no_sense = {
    200, NULL, MAIL_LATER, MAIL_REASON_BAD_REPLY, true, 0, "Resend's answer could not be understood"};

/* A name of Resend's, and nothing that anybody else wrote. */
static bool is_name(struct str s)
{
    bool plain = s.n > 0 && s.n <= 64;
    for (size_t i = 0; i < s.n && plain; i++) {
        plain = (s.p[i] >= 'a' && s.p[i] <= 'z') || s.p[i] == '_';
    }
    return plain;
}

static const struct meaning *find_meaning(int status, struct str name)
{
    if (status >= 500) {
        return &server_error;
    }
    if (status < 400) {
        return &no_sense;
    }
    const struct meaning *m = meanings;
    while ((m->status && m->status != status) || (m->name && !str_eq(name, str_of(m->name)))) {
        m++;
    }
    return m;
}

static void mean(const struct meaning *m, int status, struct str name, struct mail_send *out)
{
    out->verdict = m->verdict;
    out->reason = m->reason;
    out->doubt = m->doubt;
    out->retry_ms = m->retry_ms;
    if (is_name(name)) {
        snprintf(out->words, sizeof(out->words), "%s (%.*s).", m->words, (int)name.n, name.p);
    } else {
        snprintf(out->words, sizeof(out->words), "%s (%d).", m->words, status);
    }
    if (m->reason == MAIL_REASON_MISMATCH) {
        log_event(LOG_ERROR, "digest_key_mismatch", LOG_STR("key", out->key));
    }
}

/* A count of seconds, perhaps with a fraction; NAN when it is none. */
static double read_seconds(struct str s)
{
    char text[32], *end;
    if (s.n == 0 || s.n >= sizeof(text) || s.p[0] < '0' || s.p[0] > '9') {
        return NAN;
    }
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    double seconds = strtod(text, &end);
    return *end == 0 && isfinite(seconds) ? seconds : NAN;
}

static unsigned pause_of(double seconds)
{
    return isnan(seconds) || seconds < 0       ? 0
           : seconds * 1000 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS
                                               : (unsigned)(seconds * 1000);
}

/* Seconds, or the date of HTTP. */
static unsigned read_retry_after(struct str s)
{
    double seconds = read_seconds(s);
    if (isnan(seconds) && str_ends(s, STR(" GMT"))) {
        struct arena a = {0};
        int64_t at_us = timestamp_parse(arena_printf(&a, "%.*s +0000", (int)s.n - 4, s.p));
        arena_free(&a);
        seconds = at_us ? (double)(at_us - timestamp_wall_us()) / 1e6 : NAN;
    }
    return pause_of(seconds);
}

/* "2;w=1": so many in a window of so many seconds. Without it ratelimit-limit is of one second, as all that were seen. */
static double read_rate(const struct fetch *f)
{
    struct str policy = fetch_answer_header(f, "ratelimit-policy");
    size_t at = str_find(policy, ';');
    double count = read_seconds(str_trim(str_cut(policy, at)));
    struct str window = str_trim(str_skip(policy, at + 1));
    double seconds = str_starts(window, STR("w=")) ? read_seconds(str_skip(window, 2)) : NAN;
    if (count > 0 && seconds > 0) {
        return count / seconds;
    }
    count = read_seconds(fetch_answer_header(f, "ratelimit-limit"));
    return count > 0 ? count : 0;
}

static void read_pace(const struct fetch *f, struct mail_send *out)
{
    unsigned asked = read_retry_after(fetch_answer_header(f, "retry-after"));
    unsigned reset = pause_of(read_seconds(fetch_answer_header(f, "ratelimit-reset")));
    bool none_left = str_eq(fetch_answer_header(f, "ratelimit-remaining"), STR("0"));
    out->per_second = read_rate(f);
    if (f->status == 429) {
        unsigned pause_ms = asked ? asked : reset ? reset : 1000;
        out->pause_ms = out->reason == MAIL_REASON_QUOTA && pause_ms < HOUR_MS / 4 ? HOUR_MS / 4 : pause_ms;
        out->retry_ms = out->retry_ms > pause_ms ? out->retry_ms : pause_ms;
    } else if (none_left) {
        out->pause_ms = reset; /* others use the same account */
    }
}

static struct str id_of(const struct reply *reply)
{
    return reply->batch.count ? *(const struct str *)reply->batch.items : reply->id;
}

/* Of several some may have been refused, each for good. */
static void note_accepted(const struct reply *reply, struct mail_send *out)
{
    struct str id = str_cut(id_of(reply), sizeof(out->id) - 1);
    out->verdict = MAIL_ACCEPTED;
    out->reason = MAIL_REASON_NONE;
    snprintf(out->id, sizeof(out->id), "%.*s", (int)id.n, id.p);
    if (reply->errors.count) {
        snprintf(out->words, sizeof(out->words), "Resend does not take the mail for %zu of %zu recipients.",
                 reply->errors.count, reply->errors.count + reply->batch.count);
    }
}

static void note_none_taken(struct mail_send *out)
{
    out->verdict = MAIL_REFUSED;
    out->reason = MAIL_REASON_REFUSED;
    snprintf(out->words, sizeof(out->words), "Resend does not take the mail for any of the recipients.");
}

static struct reply read_body(const struct json_shape *shape, const struct fetch *f, struct arena *a)
{
    struct reply reply = {0};
    struct str body = buf_str(&f->answer);
    struct json_pass pass = {.shape = shape, .doc = body, .target = &reply, .target_bytes = sizeof(reply), .arena = a};
    if (!utf8_valid(body) || json_read(&pass) < 0) {
        return (struct reply){0};
    }
    return reply;
}

void resend_reply_read(const struct json_shape *shape, const struct fetch *f, struct mail_send *out)
{
    struct arena a = {0};
    struct reply reply = read_body(shape, f, &a);
    bool good = f->status >= 200 && f->status < 300;
    if (good && id_of(&reply).n) {
        note_accepted(&reply, out);
    } else if (good && reply.errors.count) {
        note_none_taken(out);
    } else {
        mean(find_meaning(f->status, reply.name), f->status, reply.name, out);
    }
    read_pace(f, out);
    arena_free(&a);
}

void resend_reply_none(int code, struct mail_send *out)
{
    bool late = code == ERR_TIMEOUT, unsent = code == ERR_CONNECT || code == ERR_PRIVATE_ADDRESS;
    out->verdict = MAIL_LATER;
    out->doubt = !unsent;
    out->reason = late ? MAIL_REASON_TIMEOUT : unsent ? MAIL_REASON_CONNECT : MAIL_REASON_BAD_REPLY;
    snprintf(out->words, sizeof(out->words), "%s",
             late     ? "Resend did not answer in time."
             : unsent ? "Resend could not be reached."
                      : "Resend's answer could not be understood.");
}
