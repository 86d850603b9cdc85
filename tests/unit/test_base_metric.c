/* Metrics: the page as Prometheus reads it. */
#include "caps.h"
#include "metric.h"
#include "tap.h"
#include <ctype.h>

static const char *const routes[] = {"/a", "/b", "other"};
static struct buf page;

static void render(void)
{
    page.cap = CAP_METRICS_PAGE_BYTES;
    page.len = 0;
    CHECK_INT(metric_render(&page), 0);
}

/* The value of one line, by everything before its blank; -1 when there is no such line. */
static double value_of(const char *series)
{
    struct str rest = buf_str(&page);
    size_t n = strlen(series);
    while (rest.n) {
        struct str line = str_cut(rest, str_find(rest, '\n'));
        if (line.n > n && str_starts(line, str_of(series)) && line.p[n] == ' ') {
            return strtod(line.p + n + 1, NULL);
        }
        rest = str_skip(rest, line.n + 1);
    }
    return -1;
}

#define CHECK_VALUE(series, want) CHECK_INT((long long)(value_of(series) * 1000), (long long)((want) * 1000))

static void counters_and_gauges(void)
{
    metric_init(routes, 3);
    metric_count(METRIC_DEAD_LETTERS, DEAD_NOT_AN_ENVELOPE);
    metric_add(METRIC_DEAD_LETTERS, DEAD_NOT_AN_ENVELOPE, 0, 2);
    metric_add(METRIC_HTTP_REQUESTS, 1, metric_code(404), 5);
    metric_add(METRIC_HTTP_REQUESTS, 2, metric_code(200), 7);
    metric_set(METRIC_INGEST_QUEUE, 0, 0, 12);
    metric_set(METRIC_INGEST_QUEUE, 0, 0, 3);
    metric_set(METRIC_DB_CONNECTIONS, POOL_INGEST, DB_READY, 4);
    render();
    CHECK_VALUE("ringback_dead_letters_total{reason=\"not_an_envelope\"}", 3);
    CHECK_VALUE("ringback_dead_letters_total{reason=\"bad_json\"}", -1);
    CHECK_VALUE("ringback_http_requests_total{route=\"/b\",code=\"404\"}", 5);
    CHECK_VALUE("ringback_http_requests_total{route=\"other\",code=\"200\"}", 7);
    CHECK_VALUE("ringback_http_requests_total{route=\"/a\",code=\"200\"}", -1);
    CHECK_VALUE("ringback_ingest_queue_events", 3);
    CHECK_VALUE("ringback_db_connections{pool=\"ingest\",state=\"ready\"}", 4);
    CHECK_VALUE("ringback_db_connections{pool=\"ingest\",state=\"idle\"}", 0);
    CHECK_VALUE("ringback_unassigned_calls_total", 0);
    CHECK_VALUE("ringback_build_info{version=\"" RINGBACK_VERSION "\"}", 1);
    CHECK_INT((long long)metric_value(METRIC_DEAD_LETTERS, DEAD_NOT_AN_ENVELOPE, 0), 3);
    metric_free();
}

static void histograms_are_cumulative(void)
{
    metric_init(routes, 3);
    metric_observe(METRIC_HTTP_REQUEST_SECONDS, 0, 0);
    metric_observe(METRIC_HTTP_REQUEST_SECONDS, 0, 0.0005);
    metric_observe(METRIC_HTTP_REQUEST_SECONDS, 0, 0.3);
    metric_observe(METRIC_HTTP_REQUEST_SECONDS, 0, 99);
    metric_observe(METRIC_HTTP_REQUEST_SECONDS, 2, 1);
    metric_observe(METRIC_INGEST_BATCH_EVENTS, 0, 200);
    metric_observe(METRIC_INGEST_BATCH_EVENTS, 0, 201);
    render();
    CHECK_VALUE("ringback_http_request_seconds_bucket{route=\"/a\",le=\"0.0005\"}", 2);
    CHECK_VALUE("ringback_http_request_seconds_bucket{route=\"/a\",le=\"0.25\"}", 2);
    CHECK_VALUE("ringback_http_request_seconds_bucket{route=\"/a\",le=\"0.5\"}", 3);
    CHECK_VALUE("ringback_http_request_seconds_bucket{route=\"/a\",le=\"10\"}", 3);
    CHECK_VALUE("ringback_http_request_seconds_bucket{route=\"/a\",le=\"+Inf\"}", 4);
    CHECK_VALUE("ringback_http_request_seconds_count{route=\"/a\"}", 4);
    CHECK_VALUE("ringback_http_request_seconds_sum{route=\"/a\"}", 99.3005);
    CHECK_VALUE("ringback_http_request_seconds_bucket{route=\"other\",le=\"0.5\"}", 0);
    CHECK_VALUE("ringback_http_request_seconds_bucket{route=\"other\",le=\"1\"}", 1);
    CHECK_VALUE("ringback_http_request_seconds_count{route=\"/b\"}", -1);
    CHECK_VALUE("ringback_ingest_batch_events_bucket{le=\"100\"}", 0);
    CHECK_VALUE("ringback_ingest_batch_events_bucket{le=\"200\"}", 1);
    CHECK_VALUE("ringback_ingest_batch_events_bucket{le=\"500\"}", 2);
    CHECK_VALUE("ringback_ingest_batch_events_count", 2);
    CHECK_VALUE("ringback_ingest_batch_seconds_count", 0);
    CHECK_VALUE("ringback_ingest_batch_seconds_bucket{le=\"+Inf\"}", 0);
    metric_free();
}

static bool is_name(struct str s)
{
    bool good = s.n > 9 && str_starts(s, STR("ringback_"));
    for (size_t i = 0; i < s.n; i++) {
        good &= islower((unsigned char)s.p[i]) || isdigit((unsigned char)s.p[i]) || s.p[i] == '_';
    }
    return good;
}

/* {a="x",b="y"} or nothing; the values of our tables need no escape. */
static bool is_labels(struct str s)
{
    if (!s.n) {
        return true;
    }
    if (s.p[0] != '{' || s.p[s.n - 1] != '}') {
        return false;
    }
    s = str_cut(str_skip(s, 1), s.n - 2);
    while (s.n) {
        struct str name = str_cut(s, str_find(s, '='));
        struct str value = str_skip(s, name.n + 1);
        size_t end = value.n ? str_find(str_skip(value, 1), '"') + 1 : 0;
        if (!name.n || !value.n || value.p[0] != '"' || end >= value.n || memchr(value.p, '\\', end)) {
            return false;
        }
        s = str_skip(value, end + 1);
        if (s.n && s.p[0] != ',') {
            return false;
        }
        s = str_skip(s, 1);
    }
    return true;
}

static void check_sample(struct str line, struct str family)
{
    struct str name = str_cut(line, strcspn(line.p, "{ "));
    size_t blank = line.n;
    while (blank > 0 && line.p[blank - 1] != ' ') {
        blank--;
    }
    char *end;
    CHECK(is_name(name) && str_starts(name, family));
    CHECK(blank > name.n && is_labels(str_cut(str_skip(line, name.n), blank - 1 - name.n)));
    strtod(line.p + blank, &end);
    CHECK(end == line.p + line.n && end > line.p + blank);
}

/* Every metric of the table: HELP, TYPE, then its lines; nothing twice. */
static void every_line_has_its_shape(void)
{
    metric_init(routes, 3);
    metric_observe(METRIC_HTTP_REQUEST_SECONDS, 0, 1);
    metric_count(METRIC_HTTP_REFUSED, 3);
    metric_add(METRIC_UPSTREAM_REQUESTS, UPSTREAM_VAPI, FETCH_2XX, 1);
    render();
    struct str rest = buf_str(&page), family = {NULL, 0};
    size_t families = 0;
    CHECK(rest.n && rest.p[rest.n - 1] == '\n');
    while (rest.n) {
        struct str line = str_cut(rest, str_find(rest, '\n'));
        rest = str_skip(rest, line.n + 1);
        if (str_starts(line, STR("# HELP "))) {
            family = str_skip(line, 7);
            family = str_cut(family, str_find(family, ' '));
            families++;
            CHECK(is_name(family) && line.n > 8 + family.n);
            CHECK(str_starts(rest, STR("# TYPE ")) && str_starts(str_skip(rest, 7), family));
            char twice[128];
            snprintf(twice, sizeof(twice), "# HELP %.*s ", (int)family.n, family.p);
            CHECK(!str_has(rest, str_of(twice)));
        } else if (!str_starts(line, STR("# TYPE "))) {
            check_sample(line, family);
        }
    }
    CHECK_INT((long long)families, METRIC_COUNT);
    metric_free();
}

static void codes_have_labels(void)
{
    metric_init(routes, 3);
    size_t other = metric_code(299);
    CHECK(metric_code(200) != other && metric_code(503) != other && metric_code(505) != other);
    CHECK_INT((long long)metric_code(-1), (long long)other);
    for (int code = 0; code > -ERR_COUNT; code--) {
        int status = err_info(code)->status;
        tap_case(err_info(code)->code);
        CHECK(metric_code(status) != other || status == 409);
        metric_add(METRIC_HTTP_REFUSED, (size_t)-code, 0, 1);
    }
    render();
    CHECK_VALUE("ringback_http_refused_total{reason=\"bad_setting\"}", 1);
    CHECK_VALUE("ringback_http_refused_total{reason=\"too_large\"}", 1);
    metric_free();
}

static void without_storage_nothing_happens(void)
{
    metric_free();
    metric_count(METRIC_UNASSIGNED, 0);
    metric_set(METRIC_INGEST_QUEUE, 0, 0, 5);
    metric_observe(METRIC_LOOP_LAG_SECONDS, 0, 1);
    CHECK_INT((long long)metric_value(METRIC_UNASSIGNED, 0, 0), 0);
    metric_init(routes, 3);
    metric_count(METRIC_UNASSIGNED, 0);
    metric_init(routes, 1);
    CHECK_INT((long long)metric_value(METRIC_UNASSIGNED, 0, 0), 0);
    metric_free();
    buf_free(&page);
}

static void a_full_page_is_an_error(void)
{
    metric_init(routes, 3);
    struct buf small = buf_make(1000);
    CHECK_INT(metric_render(&small), ERR_TOO_LARGE);
    CHECK(small.len <= 1000);
    buf_free(&small);
    metric_free();
}

TAP_MAIN(TEST(counters_and_gauges), TEST(histograms_are_cumulative), TEST(every_line_has_its_shape),
         TEST(codes_have_labels), TEST(a_full_page_is_an_error), TEST(without_storage_nothing_happens))
