/* The parameters of the read API. */
#include "dashboard_query.c"
#include "http_conn.h"
#include "tap.h"

static const enum query_param calls[] = {PARAM_OUTCOME, PARAM_CURSOR_US, PARAM_CURSOR_ID, PARAM_URGENCY,
                                         PARAM_REASON,  PARAM_CALLED,    PARAM_RECORDING, PARAM_SHORTER,
                                         PARAM_LONGER,  PARAM_CALL_BACK, PARAM_NONE};
static const enum query_param digest[] = {PARAM_BUSINESS, PARAM_PATH_DATE, PARAM_NONE};

static struct http_conn conn;
static struct query query;

static int read_text(const char *text, const enum query_param *params, enum http_verb verb)
{
    arena_free(&conn.request.arena);
    conn = (struct http_conn){.request.verb = verb, .param = STR("2026-11-20")};
    return query_read(&conn.request, str_of(text), params, &query);
}

static void what_is_good_is_kept_as_it_is(void)
{
    static const struct {
        const char *text;
        enum query_param param;
        const char *value;
    } rows[] = {
        {"urgency=high", PARAM_URGENCY, "high"},
        {"urgency=high,normal,low,unknown", PARAM_URGENCY, "high,normal,low,unknown"},
        {"urgency=low%2Clow", PARAM_URGENCY, "low,low"},
        {"urgency=", PARAM_URGENCY, NULL},
        {"reason=Price+of+a+crown", PARAM_REASON, "Price of a crown"},
        {"reason=%25_%27", PARAM_REASON, "%_'"},
        {"reason=%C3%96lwechsel", PARAM_REASON, "\xc3\x96lwechsel"},
        {"called=%2B16465550187", PARAM_CALLED, "+16465550187"},
        {"called=%2B442071", PARAM_CALLED, "+442071"},
        {"called=%2B123456789012345", PARAM_CALLED, "+123456789012345"},
        {"recording=yes", PARAM_RECORDING, "yes"},
        {"recording=", PARAM_RECORDING, NULL},
        {"shorter=1", PARAM_SHORTER, "1"},
        {"shorter=86400", PARAM_SHORTER, "86400"},
        {"longer=00060", PARAM_LONGER, "00060"},
        {"call_back=yes", PARAM_CALL_BACK, "yes"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_case(rows[i].text);
        CHECK_INT(read_text(rows[i].text, calls, VERB_GET), 0);
        CHECK_STR(query.values[rows[i].param], rows[i].value);
    }
}

static void what_is_not_good_is_refused_by_name(void)
{
    static const char *const rows[] = {
        "urgency=urgent",
        "urgency=HIGH",
        "urgency=high,",
        "urgency=,high",
        "urgency=high,,low",
        "urgency=high;low",
        "urgency=high, low",
        "urgency=highlow",
        "reason=%FF",
        "reason=a%00b",
        "called=6465550187",
        "called=+16465550187", /* '+' is a blank in an address */
        "called=%2B06465550187",
        "called=%2B12345",
        "called=%2B1234567890123456",
        "called=%2B1646555018x",
        "called=%2B",
        "recording=no",
        "recording=1",
        "recording=YES",
        "shorter=0",
        "shorter=86401",
        "shorter=100000",
        "shorter=-5",
        "shorter=1.5",
        "shorter=%2B5",
        "shorter=1e3",
        "shorter=60s",
        "longer=0",
        "longer=86401",
        "longer=99999999999999999999",
        "longer=one",
        "call_back=true",
        "call_back=no",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_case(rows[i]);
        struct str text = str_of(rows[i]);
        CHECK_INT(read_text(rows[i], calls, VERB_GET), ERR_BAD_REQUEST);
        CHECK(str_starts(query.wrong, str_cut(text, str_find(text, '='))));
    }
}

static void a_reason_has_a_limit(void)
{
    char text[600] = "reason=";
    memset(text + strlen(text), 'a', CAP_REASON_BYTES);
    CHECK_INT(read_text(text, calls, VERB_GET), 0);
    CHECK_INT((long long)query.values[PARAM_REASON].n, CAP_REASON_BYTES);
    text[strlen(text)] = 'a';
    CHECK_INT(read_text(text, calls, VERB_GET), ERR_BAD_REQUEST);
}

static void each_is_taken_once_and_only_where_it_belongs(void)
{
    CHECK_INT(read_text("longer=5&longer=6", calls, VERB_GET), ERR_BAD_REQUEST);
    CHECK_STR(query.wrong, "a parameter is given twice");
    CHECK_INT(read_text("longer=5&shorter=9&urgency=low", calls, VERB_GET), 0);
    CHECK_STR(query.values[PARAM_LONGER], "5");
    CHECK_STR(query.values[PARAM_SHORTER], "9");
    CHECK_STR(query.values[PARAM_URGENCY], "low");
    CHECK_INT(read_text("urgency=low", digest, VERB_GET), ERR_BAD_REQUEST);
    CHECK_INT(read_text("body=1", calls, VERB_GET), ERR_BAD_REQUEST);
}

static void a_posted_token_is_no_parameter(void)
{
    CHECK_INT(read_text("access_token=a.b.c&business=", digest, VERB_POST), 0);
    CHECK_STR(query.values[PARAM_PATH_DATE], "2026-11-20");
    CHECK_STR(query.values[PARAM_BUSINESS], NULL);
    CHECK_INT(read_text("access_token=a.b.c&business=x", digest, VERB_POST), ERR_BAD_REQUEST);
    CHECK_INT(read_text("access_token=a.b.c&limit=1", digest, VERB_POST), ERR_BAD_REQUEST);
    CHECK_INT(read_text("access_token=a.b.c", digest, VERB_GET), ERR_BAD_REQUEST);
}

TAP_MAIN(TEST(what_is_good_is_kept_as_it_is), TEST(what_is_not_good_is_refused_by_name), TEST(a_reason_has_a_limit),
         TEST(each_is_taken_once_and_only_where_it_belongs), TEST(a_posted_token_is_no_parameter))
