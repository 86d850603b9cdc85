#pragma once
/* Mail out: one message to one recipient, over libcurl's SMTP.
 *
 * libcurl waits inside itself for the answer to a message's end and for the one to QUIT, also under its multi interface. The
 * loop must never stand so long, so each of these runs in one of libuv's threads, at most CAP_FETCH_MAILS at the same time.
 *
 * struct fetch_mail is embedded in the caller's object, zeroed and filled by it; what it points at is copied by
 * fetch_mail_submit, but for the host, which lives as long as the room. fetch_mail_submit returns 0: on_done fires exactly
 * once, in a later turn, soon after the deadline at the latest. Negative: it never fires.
 *
 * Policy: smtp:// and smtps:// only, TLS 1.2 or newer with peer and host verified, STARTTLS required unless the host is this
 * machine; user and password only by PLAIN or LOGIN, and never in a log. Each message has a connection of its own and is
 * sent at most once. */
#include "fetch.h"

/* Where a delivery ended. */
enum fetch_mail_stage {
    FETCH_MAIL_SESSION,   /* no connection, no greeting, or a bad one */
    FETCH_MAIL_TLS,       /* no encryption to be had, or a certificate that is not good */
    FETCH_MAIL_SIGN_IN,   /* the credentials were refused, or the server takes none of ours */
    FETCH_MAIL_SENDER,    /* from here on: the answer to this was bad or did not come */
    FETCH_MAIL_RECIPIENT, /* (to the recipient) */
    FETCH_MAIL_DATA,      /* (to the wish to send a message) */
    FETCH_MAIL_END,       /* (to the message) */
    FETCH_MAIL_TAKEN      /* the message is the server's */
};

struct fetch_mail {
    struct fetch_host *host;
    struct str url;      /* smtp://user:password@host:587, user and password percent-encoded or absent */
    struct str from, to; /* bare addresses */
    struct str message;  /* RFC 5322, its lines end in CRLF; dots are libcurl's business */
    unsigned deadline_ms;
    void (*on_done)(struct fetch_mail *, int code);

    /* The outcome. */
    enum fetch_mail_stage stage;
    int status; /* the code of the server's last answer, 0: there was none */
    bool whole; /* the message's end may have reached the server */
    double seconds;

    struct fetch_mail_call *call; /* private to the room */
};

/* Can such an address be used at all? */
bool fetch_mail_url_is_usable(struct str url);

/* ERR_BREAKER_OPEN, ERR_BUSY, ERR_BAD_SETTING (no usable URL, an address that is not one line), ERR_STOPPING, or 0.
 * on_done's code: 0, the server answered and `stage` and `status` say what; ERR_CONNECT; ERR_TIMEOUT; ERR_BAD_REPLY, the
 * connection was lost or what came was no answer. */
int fetch_mail_submit(struct fetch_room *room, struct fetch_mail *m) must_check;
/* Cuts the wait: on_done will not fire, the memory is the caller's again at once. What was not sent yet is not; whether what
 * was reaches anybody is not known. Harmless when nothing is under way. */
void fetch_mail_abandon(struct fetch_mail *m);
/* The room closes: abandons all. Each leaves core->mails, with a call of core->on_call_closed, when its thread is done. */
void fetch_mail_close_all(struct fetch_core *core);
