/* Mails by SMTP, with servers that break off, lie or fall silent at every stage. What counts: a mail that may have been taken
 * is never sent again, one that was not is, and the loop never stands. */
#include "caps.h"
#include "fetch_mail.h"
#include "smtp.h"
#include "smtp_peer.h"
#include "tls_peer.h"

#define KEY "digest/8f14e45f-ceea-467f-a0e6-1d2b3c4d5e6f/2026-11-21"
#define SILENCE_MS 300

struct house {
    struct loop loop;
    struct fetch_room room;
    struct config config;
    struct smtp smtp;
    struct smtp_peer peer;
    struct mail_send send;
    struct buf bytes;
    char url[200];
    int fired, closed;
    bool submitting;
};

static void on_done(struct mail_send *m)
{
    struct house *h = container_of(m, struct house, send);
    CHECK(!h->submitting);
    h->fired++;
}

static void make_mails(struct house *h, size_t count)
{
    static const char *const to[] = {"ada@example.org", "Bea <bea@example.org>", "cleo@example.org"};
    struct mail mails[3];
    for (size_t i = 0; i < count; i++) {
        mails[i] = (struct mail){.from = STR("Ringback <digest@example.com>"),
                                 .to = str_of(to[i]),
                                 .subject = STR("Saturday: 3 calls"),
                                 .html = STR("<p>Three</p>\n.\n..dots\n"),
                                 .text = STR("Three\n.\nQUIT\n..dots"),
                                 .unsubscribe_url = STR("https://calls.example.com/unsubscribe/abc"),
                                 .business_id = STR("8f14e45f-ceea-467f-a0e6-1d2b3c4d5e6f"),
                                 .local_date = STR("2026-11-21")};
    }
    h->bytes = buf_make(CAP_MAIL_BYTES);
    CHECK_INT(mail_write(&h->bytes, mails, count), 0);
}

/* `place` is the URL up to its port. */
static void house_open(struct house *h, const struct smtp_row *script, const char *place, size_t mails)
{
    *h = (struct house){.smtp.mail_ms = 5000, .smtp.attempt_ms = 20000};
    signal(SIGPIPE, SIG_IGN);
    metric_free();
    metric_init(NULL, 0);
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    loop_init(&h->loop);
    CHECK_INT(fetch_room_open(&h->room, &h->loop), 0);
    smtp_peer_open(&h->peer, script);
    snprintf(h->url, sizeof(h->url), "%s:%d", place, h->peer.port);
    h->config.smtp_url = str_of(h->url);
    h->config.resend_from = STR("Ringback <digest@example.com>");
    CHECK_INT(smtp_start(&h->smtp, &h->config, &h->room), 0);
    make_mails(h, mails);
    h->send = (struct mail_send){.key = STR(KEY), .bytes = buf_str(&h->bytes), .on_done = on_done};
}

static void on_closed(struct fetch_room *room)
{
    struct house *h = container_of(room, struct house, room);
    h->closed++;
    loop_stop(&h->loop);
}

static void house_close(struct house *h)
{
    h->smtp.port.abandon(&h->smtp.port, &h->send);
    fetch_room_close(&h->room, on_closed);
    loop_run(&h->loop);
    CHECK_INT(h->closed, 1);
    CHECK_INT(loop_close(&h->loop), 0);
    smtp_peer_close(&h->peer);
    buf_free(&h->bytes);
    metric_free();
}

static void submit(struct house *h)
{
    h->submitting = true;
    CHECK_INT(h->smtp.port.submit(&h->smtp.port, &h->send), 0);
    h->submitting = false;
}

static void wait_done(struct house *h)
{
    while (!h->fired && uv_run(&h->loop.uv, UV_RUN_ONCE)) {
    }
    CHECK_INT(h->fired, 1);
}

static void run(struct house *h)
{
    submit(h);
    wait_done(h);
}

static bool heard(const struct house *h, const char *text)
{
    return memmem(h->peer.heard, h->peer.n, text, strlen(text));
}

#define PLAIN "smtp://127.0.0.1"
#define SIGNED "smtp://al%40example.com:p%3A%40ss@127.0.0.1"
#define FOREIGN "smtp://al:hush@[::ffff:127.0.0.1]" /* does not look like this machine */

static void a_good_server_takes_all(void)
{
    static struct house h;
    house_open(&h, NULL, SIGNED, 3);
    CHECK_STR(str_of(h.smtp.port.name), "smtp");
    run(&h);
    CHECK_INT(h.send.verdict, MAIL_ACCEPTED);
    CHECK_INT(h.send.done, 3);
    CHECK_INT(h.send.reason, MAIL_REASON_NONE);
    CHECK(!h.send.doubt);
    CHECK_STR(str_of(h.send.words), "");
    house_close(&h);
    CHECK_INT(h.peer.messages, 3);
    CHECK(heard(&h, "AGFsQGV4YW1wbGUuY29tAHA6QHNz")); /* \0al@example.com\0p:@ss */
    CHECK(heard(&h, "MAIL FROM:<digest@example.com>") && heard(&h, "RCPT TO:<bea@example.org>"));
    CHECK(heard(&h, "RCPT TO:<ada@example.org>") && heard(&h, "RCPT TO:<cleo@example.org>"));
    CHECK(heard(&h, "\r\nMessage-ID: <digest.8f14e45f-ceea-467f-a0e6-1d2b3c4d5e6f.2026-11-21.2@example.com>\r\n"));
    CHECK(heard(&h, "\r\nList-Unsubscribe: <https://calls.example.com/unsubscribe/abc>\r\n"));
    CHECK(heard(&h, "Three\r\n..\r\nQUIT\r\n...dots\r\n")); /* a dot more in front of each */
    CHECK(heard(&h, "\r\n--=_ringback--\r\n.\r\nQUIT\r\n"));
}

static void only_the_rest_is_sent(void)
{
    static struct house h;
    house_open(&h, NULL, PLAIN, 3);
    h.send.done = 2;
    run(&h);
    CHECK_INT(h.send.verdict, MAIL_ACCEPTED);
    CHECK_INT(h.send.done, 3);
    house_close(&h);
    CHECK_INT(h.peer.messages, 1);
    CHECK(heard(&h, "RCPT TO:<cleo@example.org>") && !heard(&h, "AUTH"));
}

struct bad_row {
    const char *what, *url;
    struct smtp_row script[3];
    enum mail_verdict verdict;
    enum metric_mail_reason reason;
    const char *words;
    int messages;
};

#define REFUSED(what) "The mail server refused the " what
#define LOST "The connection to the mail server was lost."
#define NOT_KNOWN "The mail server did not say whether it took the mail."
#define SLOW "The mail server did not answer in time."
#define NOT_NOW "The mail server takes no mails at the moment"
#define NO_TLS "The mail server offers no encryption, or its certificate is not good."
#define SIGN_IN REFUSED("user or the password")

static const struct bad_row bad_rows[] = {
    {"no greeting", PLAIN, {{"greeting", NULL, SMTP_MUTE, 0}}, MAIL_LATER, MAIL_REASON_TIMEOUT, SLOW, 0},
    {"closed at once",
     PLAIN,
     {{"greeting", NULL, SMTP_CLOSE, 0}},
     MAIL_LATER,
     MAIL_REASON_CONNECT,
     "The mail server could not be reached.",
     0},
    {"greeting 421",
     PLAIN,
     {{"greeting", "421 busy\r\n", SMTP_CLOSE, 0}},
     MAIL_LATER,
     MAIL_REASON_PROVIDER_ERROR,
     NOT_NOW " (421).",
     0},
    {"greeting 421, open",
     PLAIN,
     {{"greeting", "421 busy\r\n", SMTP_MUTE, 0}},
     MAIL_LATER,
     MAIL_REASON_PROVIDER_ERROR,
     NOT_NOW " (421).",
     0},
    {"greeting 554",
     PLAIN,
     {{"greeting", "554 no\r\n", SMTP_CLOSE, 0}},
     MAIL_LATER,
     MAIL_REASON_PROVIDER_ERROR,
     NOT_NOW " (554).",
     0},
    {"greeting of HTTP",
     PLAIN,
     {{"greeting", "HTTP/1.1 400 Bad Request\r\n\r\n", SMTP_CLOSE, 0}},
     MAIL_LATER,
     MAIL_REASON_CONNECT,
     "The mail server could not be reached.",
     0},
    {"EHLO unanswered", PLAIN, {{"EHLO", NULL, SMTP_MUTE, 0}}, MAIL_LATER, MAIL_REASON_TIMEOUT, SLOW, 0},
    {"EHLO cut off", PLAIN, {{"EHLO", "250-mail.exa", SMTP_CLOSE, 0}}, MAIL_LATER, MAIL_REASON_BAD_REPLY, LOST, 0},
    {"EHLO and HELO refused",
     PLAIN,
     {{"EHLO", "502 no\r\n", 0, 0}, {"HELO", "550 no\r\n", SMTP_MUTE, 0}},
     MAIL_LATER,
     MAIL_REASON_PROVIDER_ERROR,
     NOT_NOW " (550).",
     0},
    {"no STARTTLS", FOREIGN, {{NULL, NULL, 0, 0}}, MAIL_LATER, MAIL_REASON_CONNECT, NO_TLS, 0},
    {"STARTTLS refused",
     FOREIGN,
     {{"EHLO", "250-x\r\n250 STARTTLS\r\n", 0, 0}, {"STARTTLS", "454 no\r\n", 0, 0}},
     MAIL_LATER,
     MAIL_REASON_CONNECT,
     NO_TLS,
     0},
    {"STARTTLS, then silence",
     FOREIGN,
     {{"EHLO", "250-x\r\n250 STARTTLS\r\n", 0, 0}, {"STARTTLS", "220 go\r\n", SMTP_MUTE, 0}},
     MAIL_LATER,
     MAIL_REASON_TIMEOUT,
     SLOW,
     0},
    {"STARTTLS, then closed",
     FOREIGN,
     {{"EHLO", "250-x\r\n250 STARTTLS\r\n", 0, 0}, {"STARTTLS", "220 go\r\n", SMTP_CLOSE, 0}},
     MAIL_LATER,
     MAIL_REASON_CONNECT,
     NO_TLS,
     0},
    {"STARTTLS, then no TLS",
     FOREIGN,
     {{"EHLO", "250-x\r\n250 STARTTLS\r\n", 0, 0}, {"STARTTLS", "220 go\r\n220 nonsense\r\n", SMTP_CLOSE, 0}},
     MAIL_LATER,
     MAIL_REASON_BAD_REPLY,
     LOST,
     0},
    {"AUTH 535",
     SIGNED,
     {{"AGFs", "535 5.7.8 no\r\n", 0, 0}},
     MAIL_REFUSED,
     MAIL_REASON_CREDENTIALS,
     SIGN_IN " (535).",
     0},
    {"AUTH 535, then silence",
     SIGNED,
     {{"AGFs", "535 5.7.8 no\r\n", SMTP_MUTE, 0}},
     MAIL_REFUSED,
     MAIL_REASON_CREDENTIALS,
     SIGN_IN " (535).",
     0},
    {"AUTH 454",
     SIGNED,
     {{"AGFs", "454 4.7.0 no\r\n", 0, 0}},
     MAIL_LATER,
     MAIL_REASON_PROVIDER_ERROR,
     SIGN_IN " (454).",
     0},
    {"AUTH closed", SIGNED, {{"AGFs", NULL, SMTP_CLOSE, 0}}, MAIL_LATER, MAIL_REASON_BAD_REPLY, LOST, 0},
    {"no way to sign in",
     SIGNED,
     {{"EHLO", "250-x\r\n250 AUTH CRAM-MD5\r\n", 0, 0}},
     MAIL_REFUSED,
     MAIL_REASON_CREDENTIALS,
     SIGN_IN ".",
     0},
    {"sender 530",
     PLAIN,
     {{"MAIL", "530 5.7.0 no\r\n", 0, 0}},
     MAIL_REFUSED,
     MAIL_REASON_CREDENTIALS,
     REFUSED("sender (530)."),
     0},
    {"sender 550, then silence",
     PLAIN,
     {{"MAIL", "550 no\r\n", SMTP_MUTE, 0}},
     MAIL_REFUSED,
     MAIL_REASON_REFUSED,
     REFUSED("sender (550)."),
     0},
    {"sender 451",
     PLAIN,
     {{"MAIL", "451 no\r\n", 0, 0}},
     MAIL_LATER,
     MAIL_REASON_PROVIDER_ERROR,
     REFUSED("sender (451)."),
     0},
    {"sender unanswered", PLAIN, {{"MAIL", NULL, SMTP_MUTE, 0}}, MAIL_LATER, MAIL_REASON_TIMEOUT, SLOW, 0},
    {"recipient 450",
     PLAIN,
     {{"RCPT", "450 4.2.0 grey\r\n", 0, 0}},
     MAIL_LATER,
     MAIL_REASON_PROVIDER_ERROR,
     REFUSED("recipient (450)."),
     0},
    {"recipient 550",
     PLAIN,
     {{"RCPT", "550-no\r\n550 5.1.1 ada@example.org\r\n", 0, 0}},
     MAIL_REFUSED,
     MAIL_REASON_REFUSED,
     REFUSED("recipient (550)."),
     0},
    {"recipient closed", PLAIN, {{"RCPT", NULL, SMTP_CLOSE, 0}}, MAIL_LATER, MAIL_REASON_BAD_REPLY, LOST, 0},
    {"recipient reset", PLAIN, {{"RCPT", NULL, SMTP_RESET, 0}}, MAIL_LATER, MAIL_REASON_BAD_REPLY, LOST, 0},
    {"recipient garbage", PLAIN, {{"RCPT", "yes?\r\n", SMTP_CLOSE, 0}}, MAIL_LATER, MAIL_REASON_BAD_REPLY, LOST, 0},
    {"data 554", PLAIN, {{"DATA", "554 no\r\n", 0, 0}}, MAIL_REFUSED, MAIL_REASON_REFUSED, REFUSED("mail (554)."), 0},
    {"data 451",
     PLAIN,
     {{"DATA", "451 no\r\n", 0, 0}},
     MAIL_LATER,
     MAIL_REASON_PROVIDER_ERROR,
     REFUSED("mail (451)."),
     0},
    {"data 250", PLAIN, {{"DATA", "250 ok\r\n", SMTP_MUTE, 0}}, MAIL_LATER, MAIL_REASON_BAD_REPLY, LOST, 0},
    {"data unanswered", PLAIN, {{"DATA", NULL, SMTP_MUTE, 0}}, MAIL_LATER, MAIL_REASON_TIMEOUT, SLOW, 0},
    {"message 354, then silence",
     PLAIN,
     {{"DATA", "354 go\r\n", SMTP_MUTE, 0}},
     MAIL_UNKNOWN,
     MAIL_REASON_TIMEOUT,
     NOT_KNOWN,
     0},
    {"end unanswered", PLAIN, {{".", NULL, SMTP_MUTE, 0}}, MAIL_UNKNOWN, MAIL_REASON_TIMEOUT, NOT_KNOWN, 1},
    {"end unanswered, QUIT answered", PLAIN, {{".", "", 0, 0}}, MAIL_UNKNOWN, MAIL_REASON_TIMEOUT, NOT_KNOWN, 1},
    {"end unanswered, QUIT 250",
     PLAIN,
     {{".", "", 0, 0}, {"QUIT", "250 ok\r\n", 0, 0}},
     MAIL_UNKNOWN,
     MAIL_REASON_TIMEOUT,
     NOT_KNOWN,
     1},
    {"end unanswered, QUIT 421",
     PLAIN,
     {{".", "", 0, 0}, {"QUIT", "421 slow\r\n", 0, 0}},
     MAIL_UNKNOWN,
     MAIL_REASON_TIMEOUT,
     NOT_KNOWN,
     1},
    {"recipient unanswered, QUIT 550",
     PLAIN,
     {{"RCPT", "", 0, 0}, {"QUIT", "550 no\r\n", 0, 0}},
     MAIL_LATER,
     MAIL_REASON_TIMEOUT,
     SLOW,
     0},
    {"end closed", PLAIN, {{".", NULL, SMTP_CLOSE, 0}}, MAIL_UNKNOWN, MAIL_REASON_BAD_REPLY, NOT_KNOWN, 1},
    {"end reset", PLAIN, {{".", NULL, SMTP_RESET, 0}}, MAIL_UNKNOWN, MAIL_REASON_BAD_REPLY, NOT_KNOWN, 1},
    {"end cut off", PLAIN, {{".", "250", SMTP_CLOSE, 0}}, MAIL_UNKNOWN, MAIL_REASON_BAD_REPLY, NOT_KNOWN, 1},
    {"end garbage", PLAIN, {{".", "fine\r\n", SMTP_CLOSE, 0}}, MAIL_UNKNOWN, MAIL_REASON_BAD_REPLY, NOT_KNOWN, 1},
    {"end half", PLAIN, {{".", "250-fine\r\n", SMTP_CLOSE, 0}}, MAIL_UNKNOWN, MAIL_REASON_BAD_REPLY, NOT_KNOWN, 1},
    {"end 354", PLAIN, {{".", "354 more\r\n", SMTP_MUTE, 0}}, MAIL_UNKNOWN, MAIL_REASON_BAD_REPLY, NOT_KNOWN, 1},
    {"end 999", PLAIN, {{".", "999 what\r\n", SMTP_MUTE, 0}}, MAIL_UNKNOWN, MAIL_REASON_BAD_REPLY, NOT_KNOWN, 1},
    {"end 451",
     PLAIN,
     {{".", "451 no\r\n", SMTP_CLOSE, 0}},
     MAIL_LATER,
     MAIL_REASON_PROVIDER_ERROR,
     REFUSED("mail (451)."),
     1},
    {"end 554, then silence",
     PLAIN,
     {{".", "554 no\r\n", SMTP_MUTE, 0}},
     MAIL_REFUSED,
     MAIL_REASON_REFUSED,
     REFUSED("mail (554)."),
     1},
    {"end 250, then closed", PLAIN, {{".", "250 ok\r\n", SMTP_CLOSE, 0}}, MAIL_ACCEPTED, MAIL_REASON_NONE, "", 1},
    {"end 250, then reset",
     PLAIN,
     {{".", "250 ok\r\n", SMTP_GO_ON, 0}, {"QUIT", NULL, SMTP_RESET, 0}},
     MAIL_ACCEPTED,
     MAIL_REASON_NONE,
     "",
     1},
    {"end 250, then silence", PLAIN, {{".", "250 ok\r\n", SMTP_MUTE, 0}}, MAIL_ACCEPTED, MAIL_REASON_NONE, "", 1},
    {"end 252", PLAIN, {{".", "252 perhaps\r\n", SMTP_MUTE, 0}}, MAIL_UNKNOWN, MAIL_REASON_BAD_REPLY, NOT_KNOWN, 1},
};

static void each_end_has_its_verdict(void)
{
    for (size_t i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++) {
        const struct bad_row *row = &bad_rows[i];
        static struct house h;
        tap_case(row->what);
        house_open(&h, row->script, row->url, 1);
        bool waits = row->reason == MAIL_REASON_TIMEOUT;
        h.smtp.mail_ms = waits ? SILENCE_MS : 10000;
        uint64_t from_ns = uv_hrtime();
        run(&h);
        CHECK((uv_hrtime() - from_ns) / 1000000 < 5000); /* nobody waited for the deadline, nor for QUIT's answer */
        CHECK_INT(h.send.verdict, row->verdict);
        CHECK_INT(h.send.reason, row->reason);
        CHECK_STR(str_of(h.send.words), row->words);
        CHECK_INT(h.send.doubt, row->verdict == MAIL_UNKNOWN);
        CHECK_INT(h.send.done, row->verdict == MAIL_ACCEPTED);
        house_close(&h);
        CHECK_INT(h.peer.messages, row->messages);
        CHECK_INT(h.peer.sessions, 1);
        CHECK(!heard(&h, "hush") && !heard(&h, "AGFsAGh1c2g="));
    }
}

/* libcurl itself waits for the answer to a message's end; the loop must not. */
static void count_turn(uv_timer_t *t)
{
    (*(int *)t->data)++;
}

static void the_loop_turns_meanwhile(void)
{
    static const struct smtp_row script[] = {{".", NULL, SMTP_MUTE, 0}, {NULL, NULL, 0, 0}};
    static struct house h;
    uv_timer_t timer;
    int turns = 0;
    house_open(&h, script, PLAIN, 1);
    h.smtp.mail_ms = 1000;
    timer.data = &turns;
    uv_timer_init(&h.loop.uv, &timer);
    uv_timer_start(&timer, count_turn, 10, 10);
    submit(&h);
    while (atomic_load(&h.peer.messages) == 0 && uv_run(&h.loop.uv, UV_RUN_ONCE)) {
    }
    turns = 0;
    wait_done(&h);
    CHECK(turns > 5);
    CHECK_INT(h.send.verdict, MAIL_UNKNOWN);
    uv_close((uv_handle_t *)&timer, NULL);
    house_close(&h);
}

struct row_of_three {
    const char *what;
    struct smtp_row script[2];
    unsigned mail_ms, attempt_ms;
    enum mail_verdict verdict;
    size_t done;
    int sessions;
};

static void what_was_taken_stays_counted(void)
{
    static const struct row_of_three rows[] = {
        {"second refused", {{"RCPT", "550 no\r\n", 0, 2}}, 5000, 20000, MAIL_ACCEPTED, 3, 3},
        {"all refused", {{"RCPT", "550 no\r\n", 0, 0}}, 5000, 20000, MAIL_REFUSED, 0, 3},
        {"second put off", {{"RCPT", "450 no\r\n", 0, 2}}, 5000, 20000, MAIL_LATER, 1, 2},
        {"third in doubt", {{".", NULL, SMTP_CLOSE, 3}}, 5000, 20000, MAIL_UNKNOWN, 2, 3},
        {"no time for the second", {{NULL, NULL, 0, 0}}, 5000, 4999, MAIL_LATER, 1, 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static struct house h;
        tap_case(rows[i].what);
        house_open(&h, rows[i].script, PLAIN, 3);
        h.smtp.mail_ms = rows[i].mail_ms;
        h.smtp.attempt_ms = rows[i].attempt_ms;
        run(&h);
        CHECK_INT(h.send.verdict, rows[i].verdict);
        CHECK_INT(h.send.doubt, rows[i].verdict == MAIL_UNKNOWN);
        CHECK_INT(h.send.done, rows[i].done);
        house_close(&h);
        CHECK_INT(h.peer.sessions, rows[i].sessions);
    }
}

/* Never started, at each stage, and with the room. */
static void abandoned(void)
{
    static const char *const stages[] = {NULL, "greeting", "AUTH", "RCPT", "data", "."};
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]) * 2; i++) {
        const char *stage = stages[i / 2];
        const struct smtp_row script[] = {{stage, NULL, SMTP_MUTE, 0}, {NULL, NULL, 0, 0}};
        static struct house h;
        tap_case(stage);
        house_open(&h, script, SIGNED, 1);
        submit(&h);
        uint64_t end_ns = uv_hrtime() + 150 * 1000000ull;
        while (stage && uv_hrtime() < end_ns) {
            uv_run(&h.loop.uv, UV_RUN_NOWAIT);
            usleep(1000);
        }
        uint64_t from_ns = uv_hrtime();
        if (i % 2) {
            h.smtp.port.abandon(&h.smtp.port, &h.send);
            h.smtp.port.abandon(&h.smtp.port, &h.send);
        }
        house_close(&h);
        CHECK((uv_hrtime() - from_ns) / 1000000 < 4000); /* not the deadline, 5000 */
        CHECK_INT(h.fired, 0);
        CHECK_INT(h.peer.sessions, stage != NULL);
    }
}

static void nobody_there(void)
{
    static struct house h;
    house_open(&h, NULL, PLAIN, 1);
    smtp_peer_close(&h.peer);
    run(&h);
    CHECK_INT(h.send.verdict, MAIL_LATER);
    CHECK_INT(h.send.reason, MAIL_REASON_CONNECT);
    for (int i = 0; i < CAP_BREAKER_LEAST; i++) {
        h.fired = 0;
        run(&h);
    }
    CHECK_INT(h.send.verdict, MAIL_LATER);
    CHECK_INT(h.send.reason, MAIL_REASON_BREAKER);
    smtp_peer_open(&h.peer, NULL);
    house_close(&h);
}

static void a_refused_mail_leaves_the_breaker_alone(void)
{
    static const struct smtp_row script[] = {{"RCPT", "550 no\r\n", 0, 0}, {NULL, NULL, 0, 0}};
    static struct house h;
    house_open(&h, script, PLAIN, 1);
    for (int i = 0; i < CAP_BREAKER_LEAST + 2; i++) {
        h.fired = 0;
        run(&h);
        CHECK_INT(h.send.reason, MAIL_REASON_REFUSED);
    }
    house_close(&h);
}

static void unusable_settings(void)
{
    static const char *const urls[] = {"",
                                       "http://mail.example.com",
                                       "https://mail.example.com",
                                       "smtp://",
                                       "smtp://u@mail.example.com",
                                       "mail.example.com:587",
                                       "ftp://mail.example.com"};
    struct fetch_room room = {0};
    struct smtp s = {0};
    log_setup(LOG_ERROR + 1, LOG_FORMAT_TEXT);
    struct config c = {.resend_from = STR("digest@example.com"), .smtp_url = STR("smtp://u:p@mail.example.com")};
    CHECK_INT(smtp_start(&s, &c, &room), 0);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        tap_case(urls[i]);
        c.smtp_url = str_of(urls[i]);
        CHECK_INT(smtp_start(&s, &c, &room), ERR_BAD_SETTING);
    }
    c.smtp_url = STR("smtp://mail.example.com");
    c.resend_from = STR("Larkspur Dental Studio");
    CHECK_INT(smtp_start(&s, &c, &room), ERR_BAD_SETTING);
}

TAP_MAIN(TEST(a_good_server_takes_all), TEST(only_the_rest_is_sent), TEST(each_end_has_its_verdict),
         TEST(the_loop_turns_meanwhile), TEST(what_was_taken_stays_counted), TEST(abandoned), TEST(nobody_there),
         TEST(a_refused_mail_leaves_the_breaker_alone), TEST(unusable_settings))
