/* Who a mail server must be before it hears a password: certificates, and the ways in which they are not good. */
#include "fetch_mail.c"
#include "smtp_peer.h"
#include "tls_peer.h"

#define HOUR 3600
#define HERE "127.0.0.1"
#define ELSEWHERE "[::ffff:127.0.0.1]" /* does not look like this machine */
#define NAMES "IP:127.0.0.1,IP:::ffff:127.0.0.1"
#define PASSWORD "AGFsAGh1c2g=" /* \0al\0hush */

struct tls_row {
    const char *what, *scheme, *host, *names;
    bool trusted;
    enum fetch_mail_stage stage;
    int code;
};

static const struct tls_row rows[] = {
    {"STARTTLS", "smtp", ELSEWHERE, NAMES, true, FETCH_MAIL_TAKEN, 0},
    {"STARTTLS, unknown authority", "smtp", ELSEWHERE, NAMES, false, FETCH_MAIL_TLS, ERR_CONNECT},
    {"STARTTLS, another name", "smtp", ELSEWHERE, "DNS:mail.example", true, FETCH_MAIL_TLS, ERR_CONNECT},
    {"smtps", "smtps", HERE, NAMES, true, FETCH_MAIL_TAKEN, 0},
    {"smtps, unknown authority", "smtps", HERE, NAMES, false, FETCH_MAIL_TLS, ERR_CONNECT},
    {"smtps, another name", "smtps", HERE, "DNS:mail.example", true, FETCH_MAIL_TLS, ERR_CONNECT},
};

struct house {
    struct loop loop;
    struct fetch_room room;
    struct fetch_host host;
    struct tls_peer tls;
    struct smtp_peer peer;
    struct fetch_mail mail;
    char url[128];
    int fired, code, closed;
};

static void on_done(struct fetch_mail *m, int code)
{
    struct house *h = container_of(m, struct house, mail);
    h->fired++;
    h->code = code;
}

static void on_closed(struct fetch_room *room)
{
    struct house *h = container_of(room, struct house, room);
    h->closed++;
    loop_stop(&h->loop);
}

static void house_open(struct house *h, const struct tls_row *row)
{
    static const struct smtp_row plain[] = {{"EHLO", "250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n", 0, 0},
                                            {NULL, NULL, 0, 0}};
    const struct tls_wish wish = {row->names, -HOUR, HOUR, false, 0};
    *h = (struct house){0};
    signal(SIGPIPE, SIG_IGN);
    metric_init(NULL, 0);
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    loop_init(&h->loop);
    CHECK_INT(fetch_room_open(&h->room, &h->loop), 0);
    fetch_host_init(&h->host, UPSTREAM_SMTP);
    tls_make_context(&h->tls, &wish);
    h->peer.context = h->tls.context;
    h->peer.wrapped = strcmp(row->scheme, "smtps") == 0;
    smtp_peer_open(&h->peer, plain);
    snprintf(h->url, sizeof(h->url), "%s://al:hush@%s:%d", row->scheme, row->host, h->peer.port);
    h->mail = (struct fetch_mail){.host = &h->host,
                                  .url = str_of(h->url),
                                  .from = STR("digest@example.com"),
                                  .to = STR("ada@example.org"),
                                  .message = STR("From: digest@example.com\r\n\r\nThree\r\n"),
                                  .deadline_ms = 10000,
                                  .on_done = on_done};
}

static void house_close(struct house *h)
{
    fetch_room_close(&h->room, on_closed);
    loop_run(&h->loop);
    CHECK_INT(h->closed, 1);
    CHECK_INT(loop_close(&h->loop), 0);
    smtp_peer_close(&h->peer);
    SSL_CTX_free(h->tls.context);
    unlink(h->tls.authority);
    metric_free();
}

static void only_the_right_one_hears_the_password(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static struct house h;
        tap_case(rows[i].what);
        house_open(&h, &rows[i]);
        CHECK_INT(fetch_mail_submit(&h.room, &h.mail), 0);
        if (rows[i].trusted) { /* the test's own authority, which no policy of ours trusts */
            CHECK_INT(curl_easy_setopt(h.mail.call->curl, CURLOPT_CAINFO, h.tls.authority), CURLE_OK);
        }
        while (!h.fired && uv_run(&h.loop.uv, UV_RUN_ONCE)) {
        }
        CHECK_INT(h.fired, 1);
        CHECK_INT(h.code, rows[i].code);
        CHECK_INT(h.mail.stage, rows[i].stage);
        CHECK_INT(h.mail.whole, rows[i].code == 0);
        house_close(&h);
        bool heard = memmem(h.peer.heard, h.peer.n, PASSWORD, strlen(PASSWORD));
        CHECK_INT(heard, rows[i].code == 0);
        CHECK_INT(h.peer.messages, rows[i].code == 0);
    }
}

TAP_MAIN(TEST(only_the_right_one_hears_the_password))
