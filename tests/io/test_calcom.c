/* Cal.com over the wire, when it answers well, badly, late or not at all: what is asked, byte for byte, and what each end
 * means for a question and for a booking. */
#include "calcom.h"
#include "fetch_rig.h"

#define KEY "cal_live_larkspur"
#define HEAD(status) "HTTP/1.1 " status " X\r\nConnection: close\r\n"
#define OK HEAD("200") "\r\n"
#define MADE HEAD("201") "\r\n{\"status\":\"success\",\"data\":{\"uid\":\"bkg_1\",\"status\":\"accepted\"}}"
#define SHORT_MS 300

static struct {
    struct rig rig;
    struct peer_rule rules[2];
    struct config config;
    struct calcom calcom;
    char url[64];
} house;

struct asking {
    struct calendar_ask ask;
    int fired;
    bool submitting;
};

static void on_done(struct calendar_ask *q)
{
    struct asking *a = container_of(q, struct asking, ask);
    CHECK(!a->submitting);
    a->fired++;
}

static void house_open(const char *bytes, enum peer_then then)
{
    memset(&house, 0, sizeof(house));
    house.rules[0] = (struct peer_rule){"/", bytes, 0, then};
    rig_open(&house.rig, house.rules);
    snprintf(house.url, sizeof(house.url), "http://127.0.0.1:%d", house.rig.peer.port);
    house.config.calcom_api_url = str_of(house.url);
    house.calcom = (struct calcom){.config = &house.config, .fetch = &house.rig.room};
    calcom_start(&house.calcom);
}

static void house_close(void)
{
    rig_close(&house.rig);
    calcom_stop(&house.calcom);
}

static void fill(struct asking *a, enum calendar_what what)
{
    *a = (struct asking){.ask = {.what = what,
                                 .account = {.key = STR(KEY), .event_type_id = 4711},
                                 .deadline_ms = 5000,
                                 .zone = STR("America/New_York"),
                                 .from_date = STR("2026-12-01"),
                                 .to_date = STR("2026-12-02"),
                                 .start_utc = STR("2026-12-01T15:30:00Z"),
                                 .name = STR("Ana Ruiz"),
                                 .phone = STR("+14155550100"),
                                 .service = STR("Check-up"),
                                 .booking_id = STR("b-1"),
                                 .call_id = STR("call-1"),
                                 .business_id = STR("larkspur"),
                                 .on_done = on_done}};
}

static int submit_ask(struct asking *a)
{
    a->submitting = true;
    int rc = house.calcom.port.submit(&house.calcom.port, &a->ask);
    a->submitting = false;
    CHECK_INT(a->fired, 0);
    return rc;
}

static void run_ask(struct asking *a)
{
    CHECK_INT(submit_ask(a), 0);
    while (!a->fired && uv_run(&house.rig.loop.uv, UV_RUN_ONCE)) {
    }
    CHECK_INT(a->fired, 1);
    CHECK(!a->ask.port_op);
}

static void abandon_ask(struct asking *a)
{
    house.calcom.port.abandon(&house.calcom.port, &a->ask);
}

struct asked {
    enum calendar_what what;
    const char *line, *version, *body; /* NULL: none */
};

static const struct asked askeds[] = {
    {CALENDAR_SLOTS,
     "GET /v2/slots?eventTypeId=4711&start=2026-11-30&end=2026-12-03&timeZone=America%2FNew_York HTTP/1.1\r\n",
     "2024-09-04", NULL},
    {CALENDAR_BOOK, "POST /v2/bookings HTTP/1.1\r\n", "2024-08-13",
     "{\"eventTypeId\":4711,\"start\":\"2026-12-01T15:30:00Z\",\"attendee\":{\"name\":\"Ana Ruiz\","
     "\"phoneNumber\":\"+14155550100\",\"timeZone\":\"America/New_York\",\"language\":\"en\"},"
     "\"bookingFieldsResponses\":{\"notes\":\"Check-up\"},\"metadata\":{\"ringback_booking\":\"b-1\","
     "\"call_id\":\"call-1\",\"business\":\"larkspur\"}}"},
    {CALENDAR_FIND,
     "GET /v2/bookings?eventTypeId=4711&afterStart=2026-12-01T15%3A29%3A59.000Z&beforeEnd="
     "2026-12-03T15%3A30%3A00.000Z&sortStart=asc&take=100 HTTP/1.1\r\n",
     "2024-08-13", NULL},
    {CALENDAR_ACCOUNT, "GET /v2/me HTTP/1.1\r\n", "2024-08-13", NULL},
    {CALENDAR_EVENT_TYPE, "GET /v2/event-types/4711 HTTP/1.1\r\n", "2024-06-14", NULL},
};

static bool has_line(const char *name, const char *value)
{
    char line[128];
    snprintf(line, sizeof(line), "\r\n%s: %s\r\n", name, value);
    const char *head_end = strstr(house.rig.peer.request, "\r\n\r\n");
    const char *at = strstr(house.rig.peer.request, line);
    return at && head_end && at < head_end + 2;
}

static void what_is_asked(void)
{
    for (size_t i = 0; i < sizeof(askeds) / sizeof(askeds[0]); i++) {
        struct asking a;
        house_open(HEAD("500") "\r\n", PEER_CLOSE);
        fill(&a, askeds[i].what);
        tap_case(askeds[i].line);
        run_ask(&a);
        struct str request = str_of(house.rig.peer.request);
        CHECK_STR(str_cut(request, strlen(askeds[i].line)), askeds[i].line);
        CHECK(has_line("Authorization", "Bearer " KEY));
        CHECK(has_line("cal-api-version", askeds[i].version));
        CHECK(has_line("Accept", "application/json"));
        CHECK_INT(has_line("Content-Type", "application/json"), askeds[i].body != NULL);
        const char *end = strstr(request.p, "\r\n\r\n");
        CHECK_STR(str_of(end ? end + 4 : NULL), askeds[i].body ? askeds[i].body : "");
        CHECK_INT(house.rig.peer.requests, 1);
        calendar_ask_finish(&a.ask);
        house_close();
    }
}

static void good_answers(void)
{
    struct asking a;
    house_open(OK "{\"status\":\"success\",\"data\":{\"2026-12-01\":[{\"start\":\"2026-12-01T10:30:00.000-05:00\"}]}}",
               PEER_CLOSE);
    fill(&a, CALENDAR_SLOTS);
    run_ask(&a);
    CHECK_INT((int)a.ask.verdict, CALENDAR_DONE);
    CHECK_INT((long long)a.ask.slot_count, 1);
    CHECK_STR(a.ask.slots[0].start, "2026-12-01T10:30:00.000-05:00");
    calendar_ask_finish(&a.ask);
    house.rules[0].bytes = MADE;
    fill(&a, CALENDAR_BOOK);
    run_ask(&a);
    CHECK_INT((int)a.ask.verdict, CALENDAR_DONE);
    CHECK_STR(str_of(a.ask.uid), "bkg_1");
    calendar_ask_finish(&a.ask);
    house.rules[0].bytes = OK "{\"status\":\"success\",\"data\":{\"username\":\"larkspur\"}}";
    fill(&a, CALENDAR_ACCOUNT);
    run_ask(&a);
    CHECK_INT((int)a.ask.verdict, CALENDAR_DONE);
    CHECK_STR(a.ask.account_name, "larkspur");
    calendar_ask_finish(&a.ask);
    house_close();
}

struct end {
    const char *bytes;
    enum peer_then then;
    enum calendar_verdict book, slots;
    const char *words;
};

#define TAKEN "User either already has booking at this time or is not available"
#define REFUSED(status, message)                                                                                       \
    HEAD(status) "\r\n{\"status\":\"error\",\"error\":{\"message\":\"" message "\"}}", PEER_CLOSE
#define IN_DOUBT CALENDAR_UNKNOWN, CALENDAR_UNREACHABLE, ""

static const struct end ends[] = {
    {REFUSED("400", TAKEN), CALENDAR_TAKEN, CALENDAR_DECLINED, TAKEN},
    {REFUSED("401", "Your api key is not valid"), CALENDAR_CREDENTIALS, CALENDAR_CREDENTIALS,
     "Your api key is not valid"},
    {REFUSED("404", "Not found"), CALENDAR_CREDENTIALS, CALENDAR_CREDENTIALS, "Not found"},
    {"", PEER_CLOSE, IN_DOUBT},
    {"", PEER_RESET, IN_DOUBT},
    {"", PEER_HANG, IN_DOUBT},
    {"HTTP/1.1 201", PEER_CLOSE, IN_DOUBT},
    {"HTTP/1.1 201 X\r\nContent-Length: 99\r\n\r\n{\"status\":\"success\"", PEER_CLOSE, IN_DOUBT},
    {"HTTP/1.1 201 X\r\nContent-Length: 99\r\n\r\n{\"status\":\"success\"", PEER_RESET, IN_DOUBT},
    {"HTTP/1.1 201 X\r\nContent-Length: 99\r\n\r\n{\"status\":\"success\"", PEER_HANG, IN_DOUBT},
    {HEAD("201") "\r\n{\"status\":\"success\",\"data\":{\"uid\":\"bkg_1\",\"status\":\"acc", PEER_CLOSE, IN_DOUBT},
    {HEAD("302") "Location: /elsewhere\r\n\r\n", PEER_CLOSE, IN_DOUBT},
    {HEAD("200") "\r\n<html>ok</html>", PEER_CLOSE, IN_DOUBT},
    {HEAD("502") "\r\n<html>bad</html>", PEER_CLOSE, IN_DOUBT},
    {"220 mail.larkspur.example ESMTP\r\n", PEER_CLOSE, IN_DOUBT},
};

static void each_end(void)
{
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        for (enum calendar_what what = CALENDAR_SLOTS; what <= CALENDAR_BOOK; what++) {
            struct asking a;
            house_open(ends[i].bytes, ends[i].then);
            fill(&a, what);
            a.ask.deadline_ms = ends[i].then == PEER_HANG ? SHORT_MS : 5000;
            tap_case(ends[i].bytes);
            run_ask(&a);
            CHECK_INT((int)a.ask.verdict, (int)(what == CALENDAR_BOOK ? ends[i].book : ends[i].slots));
            CHECK_STR(str_of(a.ask.words), ends[i].words);
            CHECK_STR(str_of(a.ask.uid), "");
            CHECK_INT(house.rig.peer.requests, 1); /* nothing is asked twice by itself */
            calendar_ask_finish(&a.ask);
            house_close();
        }
    }
}

/* A good answer behind so many blanks that it is as large as may be, or one byte larger. */
static void answers_are_capped(void)
{
    static char bytes[CAP_CALCOM_ANSWER_BYTES + 200];
    const char *head = HEAD("201") "\r\n", *body = strstr(MADE, "{");
    for (size_t more = 0; more <= 1; more++) {
        struct asking a;
        size_t blanks = CAP_CALCOM_ANSWER_BYTES - strlen(body) + more;
        snprintf(bytes, sizeof(bytes), "%s%*s%s", head, (int)blanks, "", body);
        house_open(bytes, PEER_CLOSE);
        fill(&a, CALENDAR_BOOK);
        run_ask(&a);
        CHECK_INT((int)a.ask.verdict, more ? CALENDAR_UNKNOWN : CALENDAR_DONE);
        calendar_ask_finish(&a.ask);
        house_close();
    }
}

struct drip {
    uv_timer_t timer;
    size_t at;
};

static void on_drip_written(uv_write_t *w, int status)
{
    (void)status;
    free(w);
}

/* A byte at a time, to whoever is connected. */
static void on_drip(uv_timer_t *timer)
{
    static char byte[] = " ";
    struct list_node *n = list_first(&house.rig.peer.clients);
    (void)timer;
    if (n) {
        struct peer_client *c = container_of(n, struct peer_client, node);
        uv_buf_t buf = uv_buf_init(byte, 1);
        uv_write_t *w = calloc(1, sizeof(*w));
        if (uv_write(w, (uv_stream_t *)&c->tcp, &buf, 1, on_drip_written) < 0) {
            free(w);
        }
    }
}

static void drops_do_not_move_the_deadline(void)
{
    struct asking a;
    struct drip d = {0};
    house_open("HTTP/1.1 201 X\r\nContent-Length: 100000\r\n\r\n", PEER_KEEP);
    uv_timer_init(&house.rig.loop.uv, &d.timer);
    uv_timer_start(&d.timer, on_drip, 10, 10);
    fill(&a, CALENDAR_BOOK);
    a.ask.deadline_ms = SHORT_MS;
    run_ask(&a);
    CHECK_INT((int)a.ask.verdict, CALENDAR_UNKNOWN);
    uv_close((uv_handle_t *)&d.timer, NULL);
    calendar_ask_finish(&a.ask);
    house_close();
}

static void a_block_has_an_end(void)
{
    static const struct {
        const char *bytes;
        unsigned block_ms;
    } rows[] = {
        {HEAD("429") "X-RateLimit-Limit-Default: 120\r\nX-RateLimit-Reset-Default: 17\r\n\r\n", 17000},
        {HEAD("429") "x-ratelimit-reset-default: 17\r\nretry-after: 5\r\n\r\n", 17000},
        {HEAD("429") "Retry-After: 5\r\n\r\n", 5000},
        {HEAD("429") "\r\n", CAP_CALCOM_BLOCK_MS},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct asking a;
        house_open(rows[i].bytes, PEER_CLOSE);
        fill(&a, CALENDAR_BOOK);
        tap_case(rows[i].bytes);
        run_ask(&a);
        CHECK_INT((int)a.ask.verdict, CALENDAR_BLOCKED);
        CHECK_INT(a.ask.block_ms, rows[i].block_ms);
        calendar_ask_finish(&a.ask);
        house_close();
    }
}

static void nobody_there(void)
{
    struct asking a;
    house_open("", PEER_CLOSE);
    house.config.calcom_api_url = STR("http://127.0.0.1:1");
    for (int i = 0; i < CAP_BREAKER_LEAST; i++) {
        fill(&a, CALENDAR_BOOK);
        run_ask(&a);
        CHECK_INT((int)a.ask.verdict, CALENDAR_UNREACHABLE); /* never sent: no doubt about it */
    }
    fill(&a, CALENDAR_BOOK);
    a.ask.verdict = CALENDAR_DONE;
    CHECK_INT(submit_ask(&a), ERR_BREAKER_OPEN);
    CHECK_INT((int)a.ask.verdict, CALENDAR_UNREACHABLE);
    CHECK(!a.ask.port_op);
    rig_run_ms(&house.rig, 20);
    CHECK_INT(a.fired, 0);
    house_close();
}

static int open_hosts(void)
{
    int n = 0;
    for (size_t i = 0; i < CAP_CALCOM_HOSTS; i++) {
        n += house.calcom.hosts[i].breaker == FETCH_BREAKER_OPEN;
    }
    return n;
}

static int used_hosts(void)
{
    int n = 0;
    for (size_t i = 0; i < CAP_CALCOM_HOSTS; i++) {
        n += house.calcom.hosts[i].window_count > 0 || house.calcom.hosts[i].breaker != FETCH_BREAKER_CLOSED;
    }
    return n;
}

static void what_counts_against_the_host(void)
{
    static const struct {
        const char *bytes;
        int breaker;
    } rows[] = {
        {HEAD("400") "\r\n", FETCH_BREAKER_CLOSED}, {HEAD("401") "\r\n", FETCH_BREAKER_CLOSED},
        {HEAD("429") "\r\n", FETCH_BREAKER_CLOSED}, {MADE, FETCH_BREAKER_CLOSED},
        {HEAD("200") "\r\n{}", FETCH_BREAKER_OPEN}, {HEAD("200") "\r\n<html>", FETCH_BREAKER_OPEN},
        {HEAD("302") "\r\n", FETCH_BREAKER_OPEN},   {HEAD("503") "\r\n", FETCH_BREAKER_OPEN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct asking a;
        house_open(rows[i].bytes, PEER_CLOSE);
        tap_case(rows[i].bytes);
        for (int n = 0; n < CAP_BREAKER_LEAST; n++) {
            fill(&a, CALENDAR_BOOK);
            run_ask(&a);
            calendar_ask_finish(&a.ask);
        }
        CHECK_INT(open_hosts(), rows[i].breaker == FETCH_BREAKER_OPEN);
        CHECK_INT(used_hosts(), 1);
        house_close();
    }
}

/* One business's broken address shuts nobody else out. */
static void an_address_of_its_own(void)
{
    struct asking a;
    char with_version[80];
    house_open(MADE, PEER_CLOSE);
    snprintf(with_version, sizeof(with_version), "%s/v2/", house.url);
    for (int i = 0; i < CAP_BREAKER_LEAST; i++) {
        fill(&a, CALENDAR_BOOK);
        a.ask.account.api_url = STR("http://127.0.0.1:1/v2");
        run_ask(&a);
        CHECK_INT((int)a.ask.verdict, CALENDAR_UNREACHABLE);
    }
    fill(&a, CALENDAR_BOOK);
    a.ask.account.api_url = STR("http://127.0.0.1:1");
    CHECK_INT(house.calcom.port.submit(&house.calcom.port, &a.ask), ERR_BREAKER_OPEN);
    fill(&a, CALENDAR_BOOK);
    a.ask.account.api_url = STR("http://127.0.0.2:1"); /* another business's */
    run_ask(&a);
    CHECK_INT((int)a.ask.verdict, CALENDAR_UNREACHABLE);
    CHECK_INT(open_hosts(), 1);
    fill(&a, CALENDAR_BOOK);
    a.ask.account.api_url = str_of(with_version); /* the common one, written in another way */
    run_ask(&a);
    CHECK_INT((int)a.ask.verdict, CALENDAR_DONE);
    CHECK(str_starts(str_of(house.rig.peer.request), STR("POST /v2/bookings HTTP/1.1\r\n")));
    CHECK_INT(used_hosts(), 3);
    calendar_ask_finish(&a.ask);
    house_close();
}

static void what_cannot_be_asked(void)
{
    static const struct {
        const char *key, *url, *date;
        int code;
    } rows[] = {
        {"cal_live\r\nX-Other: 1", NULL, "2026-12-01", ERR_BAD_SETTING},
        {"cal_live\nx", NULL, "2026-12-01", ERR_BAD_SETTING},
        {KEY, "ftp://larkspur.example", "2026-12-01", ERR_BAD_SETTING},
        {KEY, "no address", "2026-12-01", ERR_BAD_SETTING},
        {KEY, "http://larkspur.example\r\n", "2026-12-01", ERR_BAD_SETTING},
        {KEY, NULL, "someday", ERR_BAD_REQUEST},
    };
    house_open(MADE, PEER_CLOSE);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct asking a;
        fill(&a, CALENDAR_SLOTS);
        a.ask.account.key = str_of(rows[i].key);
        a.ask.account.api_url = str_of(rows[i].url);
        a.ask.from_date = str_of(rows[i].date);
        a.ask.verdict = CALENDAR_DONE;
        tap_case(rows[i].key);
        CHECK_INT(submit_ask(&a), rows[i].code);
        CHECK_INT((int)a.ask.verdict, CALENDAR_UNREACHABLE);
        rig_run_ms(&house.rig, 5);
        CHECK_INT(a.fired, 0);
    }
    CHECK_INT(house.rig.peer.requests, 0);
    house_close();
}

static void whoever_lets_go_hears_nothing(void)
{
    struct asking before, after;
    house_open("", PEER_HANG);
    fill(&before, CALENDAR_BOOK);
    fill(&after, CALENDAR_BOOK);
    before.ask.deadline_ms = after.ask.deadline_ms = SHORT_MS;
    CHECK_INT(submit_ask(&before), 0);
    abandon_ask(&before); /* not sent yet: never is */
    abandon_ask(&before);
    CHECK_INT(submit_ask(&after), 0);
    for (int i = 0; i < 1000 && house.rig.peer.requests == 0; i++) {
        rig_run_ms(&house.rig, 2);
    }
    abandon_ask(&after);
    abandon_ask(&after);
    rig_run_ms(&house.rig, SHORT_MS + 100);
    CHECK_INT(before.fired + after.fired, 0);
    CHECK_INT(house.rig.peer.requests, 1);
    house_close();
    house_open(MADE, PEER_CLOSE);
    fill(&after, CALENDAR_BOOK);
    run_ask(&after);
    abandon_ask(&after); /* it has ended */
    CHECK_INT((int)after.ask.verdict, CALENDAR_DONE);
    calendar_ask_finish(&after.ask);
    house_close();
}

/* What was under way when the room closed fires no more; what is asked later is refused. */
static void a_room_that_closes(void)
{
    struct asking a, late;
    house_open("", PEER_HANG);
    fill(&a, CALENDAR_BOOK);
    CHECK_INT(submit_ask(&a), 0);
    rig_run_ms(&house.rig, 20);
    abandon_ask(&a);
    fetch_room_close(&house.rig.room, rig_on_closed);
    fill(&late, CALENDAR_SLOTS);
    CHECK_INT(submit_ask(&late), ERR_STOPPING);
    CHECK_INT((int)late.ask.verdict, CALENDAR_UNREACHABLE);
    house_close();
    CHECK_INT(a.fired + late.fired, 0);
}

/* Whatever happens: neither the key nor who calls is in a log line or in the words. */
static void the_key_stays_here(void)
{
    static char logged[65536];
    struct asking a;
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    CHECK(file && dup2(fileno(file), STDERR_FILENO) >= 0);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        house_open(ends[i].bytes, ends[i].then);
        log_setup(LOG_DEBUG, LOG_FORMAT_TEXT);
        fill(&a, CALENDAR_BOOK);
        a.ask.deadline_ms = ends[i].then == PEER_HANG ? SHORT_MS : 5000;
        run_ask(&a);
        CHECK(!strstr(a.ask.words, KEY));
        calendar_ask_finish(&a.ask);
        house_close();
    }
    house_open(REFUSED("401", "The key " KEY " is expired"));
    fill(&a, CALENDAR_ACCOUNT);
    run_ask(&a);
    CHECK_INT((int)a.ask.verdict, CALENDAR_CREDENTIALS);
    CHECK_STR(str_of(a.ask.words), "");
    calendar_ask_finish(&a.ask);
    house_close();
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    logged[fread(logged, 1, sizeof(logged) - 1, file)] = '\0';
    CHECK(strstr(logged, "fetch_failed") != NULL);
    CHECK(!strstr(logged, KEY) && !strstr(logged, "Ana Ruiz") && !strstr(logged, "5550100"));
    fclose(file);
}

TAP_MAIN(TEST(what_is_asked), TEST(good_answers), TEST(each_end), TEST(answers_are_capped),
         TEST(drops_do_not_move_the_deadline), TEST(a_block_has_an_end), TEST(nobody_there),
         TEST(what_counts_against_the_host), TEST(an_address_of_its_own), TEST(what_cannot_be_asked),
         TEST(whoever_lets_go_hears_nothing), TEST(a_room_that_closes), TEST(the_key_stays_here))
