#include "smtp.h"
#include "caps.h"
#include "fetch_mail.h"
#include "smtp_message.h"
#include "timestamp.h"
#include <stdio.h>
#include <stdlib.h>

/* A mail_send under way; mail_send.port_op. */
struct smtp_send {
    struct smtp *smtp;
    struct mail_send *send;
    struct loop_task start;
    struct fetch_mail fetch;
    struct arena arena;
    struct mail mails[CAP_MAIL_RECIPIENTS];
    size_t count, first; /* the first that this attempt is about */
    size_t refused;      /* recipients that the server will never take */
    uint64_t started_ms;
};

struct outcome {
    enum mail_verdict verdict;
    enum metric_mail_reason reason;
    const char *words;
};

static void send_free(struct smtp_send *s)
{
    loop_defer_cancel(s->smtp->fetch_room->loop, &s->start);
    fetch_mail_abandon(&s->fetch);
    s->send->port_op = NULL;
    arena_free(&s->arena);
    free(s);
}

/* on_done may do anything: it is the last to be called. `status` is a server's answer, 0: none to be told. */
static void end(struct smtp_send *s, struct outcome o, int status)
{
    struct mail_send *m = s->send;
    m->verdict = o.verdict;
    m->doubt = o.verdict == MAIL_UNKNOWN;
    m->reason = o.reason;
    if (status) {
        snprintf(m->words, sizeof(m->words), "%s (%d).", o.words, status);
    } else {
        snprintf(m->words, sizeof(m->words), "%s%s", o.words, *o.words ? "." : "");
    }
    send_free(s);
    m->on_done(m);
}

static struct outcome judge_refusal(enum fetch_mail_stage stage, int status)
{
    static const char *const words[] = {
        [FETCH_MAIL_SESSION] = "The mail server takes no mails at the moment",
        [FETCH_MAIL_TLS] = "",
        [FETCH_MAIL_SIGN_IN] = "The mail server refused the user or the password",
        [FETCH_MAIL_SENDER] = "The mail server refused the sender",
        [FETCH_MAIL_RECIPIENT] = "The mail server refused the recipient",
        [FETCH_MAIL_DATA] = "The mail server refused the mail",
        [FETCH_MAIL_END] = "The mail server refused the mail",
    };
    bool credentials = stage == FETCH_MAIL_SIGN_IN || status == 530 || status == 534 || status == 535 || status == 538;
    if (status / 100 == 4 || stage == FETCH_MAIL_SESSION) {
        return (struct outcome){MAIL_LATER, MAIL_REASON_PROVIDER_ERROR, words[stage]};
    }
    return (struct outcome){MAIL_REFUSED, credentials ? MAIL_REASON_CREDENTIALS : MAIL_REASON_REFUSED, words[stage]};
}

static struct outcome judge_silence(const struct fetch_mail *f, int code)
{
    enum metric_mail_reason reason = code == ERR_TIMEOUT   ? MAIL_REASON_TIMEOUT
                                     : code == ERR_CONNECT ? MAIL_REASON_CONNECT
                                                           : MAIL_REASON_BAD_REPLY;
    if (f->whole) {
        return (struct outcome){MAIL_UNKNOWN, reason, "The mail server did not say whether it took the mail"};
    }
    if (f->stage == FETCH_MAIL_TLS) {
        return (struct outcome){MAIL_LATER, reason,
                                "The mail server offers no encryption, or its certificate is not good"};
    }
    return (struct outcome){MAIL_LATER, reason,
                            code == ERR_TIMEOUT   ? "The mail server did not answer in time"
                            : code == ERR_CONNECT ? "The mail server could not be reached"
                                                  : "The connection to the mail server was lost"};
}

static struct outcome judge_own(int code)
{
    switch (code) {
    case ERR_BREAKER_OPEN:
        return (struct outcome){MAIL_LATER, MAIL_REASON_BREAKER, "The mail server failed too often a moment ago"};
    case ERR_BAD_REQUEST:
    case ERR_TOO_LARGE:
    case ERR_BAD_SETTING:
        return (struct outcome){MAIL_REFUSED, MAIL_REASON_REFUSED, "The mail has no usable address or is too large"};
    case ERR_STOPPING:
        return (struct outcome){MAIL_LATER, MAIL_REASON_INTERRUPTED, ""};
    default:
        return (struct outcome){MAIL_LATER, MAIL_REASON_INTERNAL, ""};
    }
}

static void start_next(struct smtp_send *s);

/* One recipient holds up no other; where it leaves nobody who got the mail, the refusal is the outcome. */
static void on_refused(struct smtp_send *s, int status)
{
    struct mail_send *m = s->send;
    struct outcome o = judge_refusal(s->fetch.stage, status);
    bool others = m->done + 1 < s->count || m->done > s->refused;
    bool recipient = s->fetch.stage == FETCH_MAIL_RECIPIENT && o.reason == MAIL_REASON_REFUSED;
    if (recipient && others) {
        m->done++;
        s->refused++;
        start_next(s);
        return;
    }
    if (recipient) {
        m->done = 0;
    }
    end(s, o, status >= 400 ? status : 0);
}

static void on_sent(struct fetch_mail *f, int code)
{
    struct smtp_send *s = container_of(f, struct smtp_send, fetch);
    if (code < 0) {
        end(s, judge_silence(f, code), 0);
    } else if (f->stage == FETCH_MAIL_TAKEN) {
        s->send->done++;
        start_next(s);
    } else {
        on_refused(s, f->status);
    }
}

static int submit_mail(struct smtp_send *s, size_t index)
{
    struct smtp *smtp = s->smtp;
    const struct mail *mail = &s->mails[index];
    struct buf message = buf_make(CAP_SMTP_MESSAGE_BYTES);
    int rc = smtp_message_write(&message, mail, (struct smtp_message_id){s->send->key, index}, timestamp_wall_us());
    s->fetch = (struct fetch_mail){.host = &smtp->host,
                                   .url = smtp->config->smtp_url,
                                   .from = smtp_address(mail->from),
                                   .to = smtp_address(mail->to),
                                   .message = buf_str(&message),
                                   .deadline_ms = smtp->mail_ms,
                                   .on_done = on_sent};
    rc = rc ? rc : fetch_mail_submit(smtp->fetch_room, &s->fetch);
    s->fetch.message = (struct str){NULL, 0};
    buf_free(&message);
    return rc;
}

static void start_next(struct smtp_send *s)
{
    static const struct outcome all = {MAIL_ACCEPTED, MAIL_REASON_NONE, ""};
    static const struct outcome some = {MAIL_ACCEPTED, MAIL_REASON_NONE,
                                        "The mail server refused some of the recipients"};
    static const struct outcome late = {MAIL_LATER, MAIL_REASON_TIMEOUT, "There was no time left for all recipients"};
    size_t index = s->send->done;
    uint64_t spent_ms = loop_now_ms(s->smtp->fetch_room->loop) - s->started_ms;
    if (index >= s->count) {
        end(s, s->refused ? some : all, 0);
    } else if (index > s->first && spent_ms + s->smtp->mail_ms > s->smtp->attempt_ms) {
        end(s, late, 0);
    } else {
        int rc = submit_mail(s, index);
        if (rc < 0) {
            end(s, judge_own(rc), 0);
        }
    }
}

static void on_start(struct loop_task *t)
{
    start_next(container_of(t, struct smtp_send, start));
}

static int on_submit(struct mail_port *port, struct mail_send *m)
{
    struct smtp *smtp = container_of(port, struct smtp, port);
    struct smtp_send *s = mem_alloc(sizeof(*s));
    int rc = mail_read(&s->arena, m->bytes, s->mails, &s->count);
    if (rc < 0) {
        arena_free(&s->arena);
        free(s);
        return rc;
    }
    s->smtp = smtp;
    s->send = m;
    s->first = m->done;
    s->started_ms = loop_now_ms(smtp->fetch_room->loop);
    s->start.run = on_start;
    m->port_op = s;
    m->doubt = false;
    m->words[0] = m->id[0] = 0; /* servers name mails each in their own way, or not at all */
    m->retry_ms = m->pause_ms = 0;
    m->per_second = 0;
    loop_defer(smtp->fetch_room->loop, &s->start);
    return 0;
}

static void on_abandon(struct mail_port *port, struct mail_send *m)
{
    (void)port;
    if (m->port_op) {
        send_free(m->port_op);
    }
}

int smtp_start(struct smtp *s, const struct config *config, struct fetch_room *fetch_room)
{
    if (!fetch_mail_url_is_usable(config->smtp_url) || !smtp_address(config->resend_from).n) {
        log_event(LOG_ERROR, "smtp_not_usable", LOG_CSTR("cause", "SMTP_URL or the address in RESEND_FROM"));
        return ERR_BAD_SETTING;
    }
    s->port = (struct mail_port){.name = "smtp", .submit = on_submit, .abandon = on_abandon};
    s->mail_ms = s->mail_ms ? s->mail_ms : CAP_SMTP_MAIL_MS;
    s->attempt_ms = s->attempt_ms ? s->attempt_ms : CAP_MAIL_ATTEMPT_MS;
    s->config = config;
    s->fetch_room = fetch_room;
    fetch_host_init(&s->host, UPSTREAM_SMTP);
    return 0;
}
