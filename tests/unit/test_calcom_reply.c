/* What each answer of Cal.com's means: statuses, words, how long it wants no requests, and bodies that hold anything. */
#include "calcom_reply.h"
#include "caps.h"
#include "tap.h"

#define KEY "cal_live_larkspur"

static struct calcom_shapes shapes;
static struct arena arena;
static struct calendar_ask ask;

static bool reply(enum calendar_what what, int status, struct str body)
{
    struct calcom_answer answer = {.status = status, .body = body};
    ask = (struct calendar_ask){.what = what,
                                .account.key = STR(KEY),
                                .from_date = STR("2026-12-01"),
                                .to_date = STR("2026-12-01"),
                                .booking_id = STR("b-1")};
    return calcom_reply_read(&shapes, &answer, &ask);
}

static void put_away(void)
{
    calendar_ask_finish(&ask);
    arena_free(&arena);
    calcom_shapes_free(&shapes);
}

#define SAID(text) "{\"status\":\"error\",\"error\":{\"code\":\"X\",\"message\":\"" text "\",\"details\":{}}}"
#define TAKEN "User either already has booking at this time or is not available"
#define EARLY "The event type can't be booked at the \\\"start\\\" time provided. This could be because it's too soon."

struct refusal {
    int status;
    const char *body;
    enum calendar_verdict book, slots, find, account;
    const char *words;
};

#define BOOKS(verdict) CALENDAR_##verdict, CALENDAR_DECLINED, CALENDAR_UNREACHABLE, CALENDAR_DECLINED
#define ALL(verdict) CALENDAR_##verdict, CALENDAR_##verdict, CALENDAR_##verdict, CALENDAR_##verdict
#define IN_DOUBT CALENDAR_UNKNOWN, CALENDAR_UNREACHABLE, CALENDAR_UNREACHABLE, CALENDAR_UNREACHABLE
/* Somebody between us and Cal.com refuses: that says nothing about the key. */
#define BETWEEN CALENDAR_DECLINED, CALENDAR_UNREACHABLE, CALENDAR_UNREACHABLE, CALENDAR_UNREACHABLE
#define NOT_FOUND CALENDAR_CREDENTIALS, CALENDAR_CREDENTIALS, CALENDAR_CREDENTIALS, CALENDAR_UNREACHABLE

static const struct refusal refusals[] = {
    {400, SAID(TAKEN), BOOKS(TAKEN), TAKEN},
    {400, SAID("One of the hosts either already has booking at this time or is not available"), BOOKS(TAKEN),
     "One of the hosts either already has booking at this time or is not available"},
    {400, SAID("USER EITHER ALREADY HAS BOOKING"), BOOKS(TAKEN), "USER EITHER ALREADY HAS BOOKING"},
    {400, SAID("no_available_users_found_error"), BOOKS(TAKEN), "no_available_users_found_error"},
    {400, SAID("hosts_unavailable_for_booking"), BOOKS(TAKEN), "hosts_unavailable_for_booking"},
    {400, SAID("booking_conflict_error"), BOOKS(TAKEN), "booking_conflict_error"},
    {409, "<html>", BOOKS(TAKEN), ""},
    {400, SAID(EARLY), BOOKS(OUT_OF_RANGE),
     "The event type can't be booked at the \"start\" time provided. This could be because it's too soon."},
    {400, SAID("booking_time_out_of_bounds_error"), BOOKS(OUT_OF_RANGE), "booking_time_out_of_bounds_error"},
    {400, SAID("Attempting to book a meeting in the past."), BOOKS(PAST), "Attempting to book a meeting in the past."},
    {400, SAID("Attendee with this email can't book because the maximum number of active bookings has been reached."),
     BOOKS(LIMIT),
     "Attendee with this email can't book because the maximum number of active bookings has been reached."},
    {400, SAID("booker_limit_exceeded_error"), BOOKS(LIMIT), "booker_limit_exceeded_error"},
    {400, SAID("responses - {title}error_required_field"), BOOKS(DECLINED), "responses - {title}error_required_field"},
    {400, "{\"message\":\"" TAKEN "\"}", BOOKS(TAKEN), TAKEN},
    {400, "{\"error\":{\"message\":\"Bad Request\"},\"message\":\"" TAKEN "\"}", BOOKS(TAKEN), "Bad Request"},
    {400, "{\"error\":\"" TAKEN "\"}", BOOKS(TAKEN), TAKEN},
    {400, "{\"message\":[\"a must be b\"]}", BOOKS(DECLINED), "a must be b"},
    {400, "{\"error\":{\"details\":{\"errors\":[\"start must be a date\",\"x\"]}}}", BOOKS(DECLINED),
     "start must be a date"},
    {400, "{\"error\":{\"message\":\"\",\"details\":{\"errors\":[{\"a\":1}]}}}", BOOKS(DECLINED), ""},
    {400, "{\"data\":{\"message\":\"" TAKEN "\"}}", BOOKS(DECLINED), ""},
    {400, "", BOOKS(DECLINED), ""},
    {413, "<html>", BOOKS(DECLINED), ""},
    {422, SAID("No."), BOOKS(DECLINED), "No."},
    {401, SAID("Your api key is not valid"), ALL(CREDENTIALS), "Your api key is not valid"},
    {401, SAID(TAKEN), ALL(CREDENTIALS), TAKEN},
    {401, "", BETWEEN, ""},
    {403, "<html>1020</html>", BETWEEN, ""},
    {403, SAID("booker_email_blocked"), CALENDAR_DECLINED, CALENDAR_CREDENTIALS, CALENDAR_CREDENTIALS,
     CALENDAR_CREDENTIALS, "booker_email_blocked"},
    {404, SAID("Event type with id 4711 not found."), NOT_FOUND, "Event type with id 4711 not found."},
    {404, "", BETWEEN, ""},
    {429, SAID("CustomThrottlerGuard - Too many requests. Please try again later."), ALL(BLOCKED),
     "CustomThrottlerGuard - Too many requests. Please try again later."},
    {429, "", ALL(BLOCKED), ""},
    {408, "", IN_DOUBT, ""},
    {500, SAID(TAKEN), IN_DOUBT, TAKEN},
    {502, "<html></html>", IN_DOUBT, ""},
    {503, "", IN_DOUBT, ""},
    {599, "null", IN_DOUBT, ""},
};

static void each_refusal(void)
{
    calcom_shapes_make(&shapes);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct refusal *r = &refusals[i];
        const enum calendar_verdict want[] = {[CALENDAR_SLOTS] = r->slots,
                                              [CALENDAR_BOOK] = r->book,
                                              [CALENDAR_FIND] = r->find,
                                              [CALENDAR_ACCOUNT] = r->account};
        tap_case(arena_printf(&arena, "%d %s", r->status, r->body).p);
        for (enum calendar_what what = CALENDAR_SLOTS; what <= CALENDAR_ACCOUNT; what++) {
            CHECK(reply(what, r->status, str_of(r->body))); /* no failure of the host's */
            CHECK_INT((int)ask.verdict, (int)want[what]);
            CHECK_STR(str_of(ask.words), r->words);
            CHECK_INT(ask.block_ms, r->status == 429 ? CAP_CALCOM_BLOCK_MS : 0);
        }
    }
    put_away();
}

#define BOOKED(status) "{\"status\":\"success\",\"data\":{\"uid\":\"bkg_1\",\"status\":\"" status "\"}}"
#define DATA(data) "{\"status\":\"success\",\"data\":" data "}"

struct made {
    const char *body;
    enum calendar_verdict verdict;
};

static const struct made mades[] = {
    {BOOKED("accepted"), CALENDAR_DONE},
    {BOOKED("ACCEPTED"), CALENDAR_DONE},
    {BOOKED("pending"), CALENDAR_PENDING},
    {DATA("[{\"uid\":\"bkg_1\",\"status\":\"accepted\"},{\"uid\":\"bkg_2\",\"status\":\"accepted\"}]"), CALENDAR_DONE},
    {DATA(" [ {\"uid\":\"bkg_1\",\"status\":\"pending\"} ]"), CALENDAR_PENDING},
    {DATA("{\"status\":\"accepted\",\"attendees\":[{\"name\":\"\xff\"}],\"uid\":\"bkg_1\"}"), CALENDAR_DONE},
    {BOOKED("rejected"), CALENDAR_UNKNOWN},
    {BOOKED("cancelled"), CALENDAR_UNKNOWN},
    {BOOKED("awaiting_host"), CALENDAR_UNKNOWN},
    {BOOKED(""), CALENDAR_UNKNOWN},
    {DATA("{\"status\":\"accepted\"}"), CALENDAR_UNKNOWN},
    {DATA("{\"uid\":\"\",\"status\":\"accepted\"}"), CALENDAR_UNKNOWN},
    {DATA("{\"uid\":[5],\"status\":\"accepted\"}"), CALENDAR_UNKNOWN},
    {DATA("{\"uid\":\"a b\",\"status\":\"accepted\"}"), CALENDAR_UNKNOWN},
    {DATA("{\"uid\":\"a\\u0000b\",\"status\":\"accepted\"}"), CALENDAR_UNKNOWN},
    {DATA("{\"uid\":\"bkg_1\",\"status\":[\"accepted\"]}"), CALENDAR_UNKNOWN},
    {DATA("[]"), CALENDAR_UNKNOWN},
    {DATA("[[{\"uid\":\"bkg_1\",\"status\":\"accepted\"}]]"), CALENDAR_UNKNOWN},
    {DATA("null"), CALENDAR_UNKNOWN},
    {DATA("\"accepted\""), CALENDAR_UNKNOWN},
    {"{\"status\":\"error\",\"data\":{\"uid\":\"bkg_1\",\"status\":\"accepted\"}}", CALENDAR_UNKNOWN},
    {"{\"uid\":\"bkg_1\",\"status\":\"accepted\"}", CALENDAR_UNKNOWN},
    {"{\"status\":\"success\",\"data\":{\"uid\":\"bkg_1\",\"status\":\"accepted\"}", CALENDAR_UNKNOWN},
    {"", CALENDAR_UNKNOWN},
    {"null", CALENDAR_UNKNOWN},
    {"[]", CALENDAR_UNKNOWN},
    {"<html>ok</html>", CALENDAR_UNKNOWN},
};

static void each_booking(void)
{
    calcom_shapes_make(&shapes);
    for (size_t i = 0; i < sizeof(mades) / sizeof(mades[0]); i++) {
        bool readable = mades[i].verdict != CALENDAR_UNKNOWN;
        for (int status = 200; status <= 201; status++) {
            tap_case(mades[i].body);
            CHECK_INT(reply(CALENDAR_BOOK, status, str_of(mades[i].body)), readable);
            CHECK_INT((int)ask.verdict, (int)mades[i].verdict);
            CHECK_STR(str_of(ask.uid), readable ? "bkg_1" : "");
            calendar_ask_finish(&ask);
        }
    }
    put_away();
}

static void a_uid_fits(void)
{
    calcom_shapes_make(&shapes);
    for (int n = CALENDAR_UID_BYTES - 2; n <= CALENDAR_UID_BYTES; n++) {
        struct str body = arena_printf(&arena, DATA("{\"status\":\"accepted\",\"uid\":\"%0*d\"}"), n, 7);
        CHECK_INT(reply(CALENDAR_BOOK, 201, body), n < CALENDAR_UID_BYTES);
        CHECK_INT((long long)strlen(ask.uid), n < CALENDAR_UID_BYTES ? n : 0);
        calendar_ask_finish(&ask);
    }
    put_away();
}

/* Neither a redirect nor an answer that says nothing: it counts against the host, and leaves a booking in doubt. */
static void answers_of_no_use(void)
{
    static const int statuses[] = {100, 199, 200, 201, 204, 301, 302, 303, 307, 399};
    calcom_shapes_make(&shapes);
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        for (enum calendar_what what = CALENDAR_SLOTS; what <= CALENDAR_EVENT_TYPE; what++) {
            CHECK(!reply(what, statuses[i], STR("<html>")));
            CHECK_INT((int)ask.verdict, what == CALENDAR_BOOK ? CALENDAR_UNKNOWN : CALENDAR_UNREACHABLE);
            CHECK_STR(str_of(ask.words), "");
            calendar_ask_finish(&ask);
        }
    }
    CHECK(!reply(CALENDAR_BOOK, 302, STR(BOOKED("accepted"))));
    CHECK_INT((int)ask.verdict, CALENDAR_UNKNOWN);
    put_away();
}

static void without_an_answer(void)
{
    static const int unsent[] = {ERR_CONNECT,     ERR_PRIVATE_ADDRESS, ERR_BREAKER_OPEN, ERR_BUSY,
                                 ERR_BAD_SETTING, ERR_STOPPING,        ERR_BAD_REQUEST};
    static const int sent[] = {ERR_TIMEOUT, ERR_BAD_REPLY, ERR_TOO_LARGE};
    struct calendar_ask book = {.what = CALENDAR_BOOK}, find = {.what = CALENDAR_FIND};
    for (size_t i = 0; i < sizeof(unsent) / sizeof(unsent[0]); i++) {
        calcom_reply_none(unsent[i], &book);
        CHECK_INT((int)book.verdict, CALENDAR_UNREACHABLE);
    }
    for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
        calcom_reply_none(sent[i], &book);
        CHECK_INT((int)book.verdict, CALENDAR_UNKNOWN);
        calcom_reply_none(sent[i], &find);
        CHECK_INT((int)find.verdict, CALENDAR_UNREACHABLE);
    }
}

static void how_long_it_blocks(void)
{
    struct {
        const char *reset, *retry;
        unsigned block_ms;
    } rows[] = {
        {NULL, NULL, CAP_CALCOM_BLOCK_MS},
        {"42", NULL, 42000},
        {" 42 ", "7", 42000},
        {NULL, "7", 7000},
        {"soon", "7", 7000},
        {"", "", CAP_CALCOM_BLOCK_MS},
        {"0", NULL, 1000},
        {"0.2", NULL, 1000},
        {"59.5", NULL, 60000},
        {"-3", NULL, CAP_CALCOM_BLOCK_MS},
        {"4x", NULL, CAP_CALCOM_BLOCK_MS},
        {"299", NULL, 299000},
        {"301", NULL, CAP_CALCOM_BLOCK_MS * 5},
        {"1795014249", NULL, CAP_CALCOM_BLOCK_MS * 5}, /* a time, as some say it is */
        {"99999999999999999999999999", NULL, CAP_CALCOM_BLOCK_MS * 5},
        {NULL, "Fri, 31 Dec 2027 00:00:00 GMT", CAP_CALCOM_BLOCK_MS},
    };
    calcom_shapes_make(&shapes);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct calcom_answer answer = {
            .status = 429, .body = STR(""), .reset = str_of(rows[i].reset), .retry_after = str_of(rows[i].retry)};
        ask = (struct calendar_ask){.what = CALENDAR_SLOTS};
        tap_case(rows[i].reset);
        CHECK(calcom_reply_read(&shapes, &answer, &ask));
        CHECK_INT((int)ask.verdict, CALENDAR_BLOCKED);
        CHECK_INT(ask.block_ms, rows[i].block_ms);
    }
    put_away();
}

static void words_are_one_clean_line(void)
{
    struct {
        const char *json, *words;
    } rows[] = {
        {"  two\\r\\nlines\\t ", "two lines"},
        {"a\\u0000b\\u001b[31m\\u007fc", "a\xef\xbf\xbd"
                                         "b [31m c"},
        {"\\u0085x\\u009by\\u2028z\\u2029", "x y z"},
        {"caf\xc3\xa9 \xc2\xa0 \xe2\x80\x93", "caf\xc3\xa9 \xc2\xa0 \xe2\x80\x93"},
        {"half \xc3( \xff", "half \xef\xbf\xbd( \xef\xbf\xbd"},
        {"Your api key " KEY " is not valid", ""},
        {"\\u0020\\n", ""},
    };
    calcom_shapes_make(&shapes);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str body = arena_printf(&arena, "{\"message\":\"%s\"}", rows[i].json);
        tap_case(rows[i].json);
        CHECK(reply(CALENDAR_BOOK, 400, body));
        CHECK_STR(str_of(ask.words), rows[i].words);
    }
    put_away();
}

static void words_are_cut_between_letters(void)
{
    calcom_shapes_make(&shapes);
    for (int n = CALENDAR_WORDS_BYTES - 4; n <= CALENDAR_WORDS_BYTES + 2; n++) {
        struct str body = arena_printf(&arena, "{\"message\":\"%0*d\xc3\xa9\"}", n, 1);
        CHECK(reply(CALENDAR_BOOK, 400, body));
        CHECK_INT((long long)strlen(ask.words), n <= 197 ? n + 2 : n < 199 ? n : 199);
    }
    struct str long_key = arena_printf(&arena, "{\"message\":\"%0*d " KEY "\"}", CALENDAR_WORDS_BYTES - 8, 1);
    CHECK(reply(CALENDAR_BOOK, 400, long_key));
    CHECK_STR(str_of(ask.words), "");
    put_away();
}

/* However large or deep: a refusal stays one, and what cannot be read leaves a booking in doubt. */
static void bodies_without_measure(void)
{
    calcom_shapes_make(&shapes);
    char *bytes = mem_alloc(CAP_CALCOM_ANSWER_BYTES);
    struct str body = {bytes, CAP_CALCOM_ANSWER_BYTES};
    for (const char *c = "[{\" \\\xff\x01"; *c; c++) {
        memset(bytes, *c, body.n);
        CHECK(reply(CALENDAR_BOOK, 400, body));
        CHECK_INT((int)ask.verdict, CALENDAR_DECLINED);
        CHECK(!reply(CALENDAR_BOOK, 201, body));
        CHECK_INT((int)ask.verdict, CALENDAR_UNKNOWN);
        calendar_ask_finish(&ask);
    }
    memset(bytes, 'n', body.n);
    memcpy(bytes, "{\"message\":\"", 12);
    memcpy(bytes + body.n - 2, "\"}", 2);
    CHECK(reply(CALENDAR_BOOK, 400, body));
    CHECK_INT((int)ask.verdict, CALENDAR_DECLINED);
    CHECK_INT((long long)strlen(ask.words), CALENDAR_WORDS_BYTES - 1);
    free(bytes);
    put_away();
}

TAP_MAIN(TEST(each_refusal), TEST(each_booking), TEST(a_uid_fits), TEST(answers_of_no_use), TEST(without_an_answer),
         TEST(how_long_it_blocks), TEST(words_are_one_clean_line), TEST(words_are_cut_between_letters),
         TEST(bodies_without_measure))
