#include "metric.h"
#include "arena.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum kind { COUNTER, GAUGE, SECONDS, COUNTS };

struct row {
    enum kind kind;
    const char *name, *help;
    enum metric_labels a, b;
    size_t first; /* of its cells in `cells` */
};

#define ROW(id, kind, name, help, a, b) {kind, "ringback_" name, help, a, b, 0},
static struct row rows[METRIC_COUNT] = {METRIC_TABLE(ROW)};

struct labels {
    const char *name;
    const char *const *values;
    size_t count;
};

#define VALUES(...) (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)
#define ERROR_WORD(name, word, status, level, text) word,
static const char *const codes[] = {"200", "204", "400", "401", "403", "404", "405", "408", "413", "415",
                                    "417", "422", "429", "431", "500", "501", "502", "503", "505", "other"};
#define CODES (sizeof(codes) / sizeof(codes[0]))
static struct labels labels[LABELS_COUNT] = {
    [LABELS_NONE] = {NULL, VALUES("")},
    [LABELS_ROUTE] = {"route", NULL, 0},
    [LABELS_CODE] = {"code", codes, CODES},
    [LABELS_LISTENER] = {"listener", VALUES("public", "admin")},
    [LABELS_ERROR] = {"reason", VALUES("ok", ERROR_TABLE(ERROR_WORD))},
    [LABELS_CLOSE] = {"reason", VALUES("answered", "client", "gone", "idle", "slow_reader", "stopped", "cut")},
    [LABELS_INGEST] = {"result", VALUES("stored", "duplicate", "dead_letter", "refused")},
    [LABELS_DEAD] = {"reason", VALUES("bad_json", "not_an_envelope", "rejected_by_database")},
    [LABELS_VOICE] = {"kind", VALUES("vapi", "repeated", "forward", "voicemail")},
    [LABELS_UPSTREAM] = {"upstream", VALUES("vapi", "resend", "calcom", "supabase", "vapi_recordings",
                                            "twilio_recordings", "recording_storage", "smtp")},
    [LABELS_FETCH] = {"result",
                      VALUES("2xx", "4xx", "5xx", "other", "timeout", "connect", "bad_reply", "breaker_open")},
    [LABELS_RELAY] = {"result", VALUES("whole", "cut", "client_gone", "absent", "refused", "failed", "busy")},
    [LABELS_POOL] = {"pool", VALUES("ingest", "dashboard", "auth", "live", "digest", "booking")},
    [LABELS_DB] = {"state", VALUES("idle", "connecting", "ready")},
    [LABELS_DB_RESULT] = {"result", VALUES("ok", "failed")},
    [LABELS_SIGN_IN] = {"result", VALUES("ok", "wrong", "refused", "limited", "busy", "failed")},
    [LABELS_REFRESH] = {"result", VALUES("rotated", "repeated", "unknown", "used", "refused", "failed")},
    [LABELS_TOKEN] = {"result",
                      VALUES("accepted", "shape", "header", "unknown_key", "algorithm", "signature", "expired",
                             "not_yet", "issuer", "audience", "role", "subject", "claims", "no_keys")},
    [LABELS_JWKS] = {"result", VALUES("good", "unreachable", "status", "unusable")},
    [LABELS_LIVE] = {"event", VALUES("hello", "calls", "reset")},
    [LABELS_DIGEST] = {"result", VALUES("sent", "skipped", "kept", "failed", "unknown", "waits", "lost")},
    [LABELS_DIGEST_STATE] = {"state", VALUES("due", "claimed", "unknown")},
    [LABELS_MAIL_REASON] = {"reason", VALUES("none", "rate_limited", "quota", "timeout", "connect", "provider_error",
                                             "bad_reply", "busy", "mismatch", "credentials", "refused", "no_recipient",
                                             "paused", "unsubscribed", "empty", "no_provider", "too_late",
                                             "interrupted", "breaker_open", "internal")},
    [LABELS_DELIVERY] = {"state", VALUES("sent", "delivery_delayed", "delivered", "failed", "bounced", "suppressed",
                                         "complained", "other")},
    [LABELS_BOOKING] = {"result", VALUES("confirmed", "pending", "refused", "failed", "unknown")},
    [LABELS_BOOKING_REASON] = {"reason", VALUES("none", "off", "not_connected", "credentials", "blocked", "taken",
                                                "past", "out_of_range", "limit", "declined", "unreachable", "no_answer",
                                                "not_made", "cancelled", "missing", "busy")},
    [LABELS_AVAILABILITY] = {"result", VALUES("free", "none", "refused", "failed")},
    [LABELS_VERSION] = {"version", VALUES(RINGBACK_VERSION)},
};

static const double seconds_bounds[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
static const double counts_bounds[] = {1, 2, 5, 10, 20, 50, 100, 200, 500};
#define BOUNDS(r)                                                                                                      \
    ((r)->kind == SECONDS ? sizeof(seconds_bounds) / sizeof(double) : sizeof(counts_bounds) / sizeof(double))

static double *cells;

static bool is_histogram(const struct row *r)
{
    return r->kind == SECONDS || r->kind == COUNTS;
}

/* Cells of one label combination: one value, or the buckets, the sum and the count of a histogram. */
static size_t width(const struct row *r)
{
    return is_histogram(r) ? BOUNDS(r) + 2 : 1;
}

void metric_init(const char *const *routes, size_t route_count)
{
    labels[LABELS_ROUTE].values = routes;
    labels[LABELS_ROUTE].count = route_count;
    size_t total = 0;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        rows[i].first = total;
        total += labels[rows[i].a].count * labels[rows[i].b].count * width(&rows[i]);
    }
    free(cells);
    cells = mem_alloc(total * sizeof(*cells));
    metric_set(METRIC_BUILD_INFO, 0, 0, 1);
}

const char *metric_label(enum metric_labels set, size_t index)
{
    assert(index < labels[set].count);
    return labels[set].values[index];
}

void metric_free(void)
{
    free(cells);
    cells = NULL;
}

static double *cell(enum metric m, size_t a, size_t b)
{
    const struct row *r = &rows[m];
    assert(a < labels[r->a].count && b < labels[r->b].count);
    return cells + r->first + (a * labels[r->b].count + b) * width(r);
}

void metric_add(enum metric m, size_t a, size_t b, double amount)
{
    if (cells) {
        *cell(m, a, b) += amount;
    }
}

void metric_set(enum metric m, size_t a, size_t b, double value)
{
    if (cells) {
        *cell(m, a, b) = value;
    }
}

double metric_value(enum metric m, size_t a, size_t b)
{
    return cells ? *cell(m, a, b) : 0;
}

void metric_observe(enum metric m, size_t a, double value)
{
    if (!cells) {
        return;
    }
    const struct row *r = &rows[m];
    const double *bounds = r->kind == SECONDS ? seconds_bounds : counts_bounds;
    double *c = cell(m, a, 0);
    size_t n = BOUNDS(r);
    for (size_t i = 0; i < n; i++) {
        if (value <= bounds[i]) {
            c[i]++;
            break;
        }
    }
    c[n] += value;
    c[n + 1]++;
}

size_t metric_code(int status)
{
    for (size_t i = 0; i < CODES - 1; i++) {
        if (strtol(codes[i], NULL, 10) == status) {
            return i;
        }
    }
    return CODES - 1;
}

/* {route="…",code="200",le="0.5"}, or nothing at all. */
static int render_labels(struct buf *out, const struct row *r, size_t a, size_t b, const char *bound)
{
    const char *names[] = {labels[r->a].name, labels[r->b].name, bound ? "le" : NULL};
    const char *values[] = {labels[r->a].values[a], labels[r->b].values[b], bound};
    int rc = 0, written = 0;
    for (int i = 0; i < 3 && rc == 0; i++) {
        if (names[i]) {
            rc = buf_printf(out, "%s%s=\"%s\"", written++ ? "," : "{", names[i], values[i]);
        }
    }
    return rc || !written ? rc : buf_append(out, STR("}"));
}

/* One metric under one combination of labels. */
struct series {
    const struct row *row;
    size_t ab;
};

static int render_line(struct buf *out, struct series s, const char *suffix, const char *bound, double value)
{
    size_t b_count = labels[s.row->b].count;
    int rc = buf_printf(out, "%s%s", s.row->name, suffix);
    rc = rc ? rc : render_labels(out, s.row, s.ab / b_count, s.ab % b_count, bound);
    return rc ? rc : buf_printf(out, " %.15g\n", value);
}

static int render_histogram(struct buf *out, struct series s, const double *c)
{
    const struct row *r = s.row;
    const double *bounds = r->kind == SECONDS ? seconds_bounds : counts_bounds;
    size_t n = BOUNDS(r);
    double below = 0;
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        char bound[24];
        snprintf(bound, sizeof(bound), "%g", bounds[i]);
        below += c[i];
        rc = render_line(out, s, "_bucket", bound, below);
    }
    rc = rc ? rc : render_line(out, s, "_bucket", "+Inf", c[n + 1]);
    rc = rc ? rc : render_line(out, s, "_sum", NULL, c[n]);
    return rc ? rc : render_line(out, s, "_count", NULL, c[n + 1]);
}

int metric_render(struct buf *out)
{
    int rc = 0;
    for (size_t i = 0; i < METRIC_COUNT && rc == 0; i++) {
        const struct row *r = &rows[i];
        const char *type = is_histogram(r) ? "histogram" : r->kind == GAUGE ? "gauge" : "counter";
        rc = buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", r->name, r->help, r->name, type);
        for (size_t ab = 0; ab < labels[r->a].count * labels[r->b].count && rc == 0; ab++) {
            const double *c = cells + r->first + ab * width(r);
            struct series s = {r, ab};
            bool untouched = labels[r->a].name && r->kind != GAUGE && c[width(r) - 1] == 0;
            if (untouched) {
                continue; /* a labelled line that never counted would only make the page longer */
            }
            rc = is_histogram(r) ? render_histogram(out, s, c) : render_line(out, s, "", NULL, *c);
        }
    }
    return rc;
}
