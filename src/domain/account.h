#pragma once
/* Accounts of the server's own sign-in: passwords, sessions, refresh tokens, signing keys; for an installation without
 * Supabase (schema auth as sql/local makes it). Knows the database and not the wire.
 *
 * A session has one chain of refresh tokens. Each refresh makes the next one; only SHA-256 digests are stored. The newest
 * token's parent brings the newest again, and so does any that was used within CAP_REFRESH_REUSE_S, so that two tabs, a lost
 * answer or a restart cost nobody his session. Whatever is older ends the session: it, or its successor, was stolen.
 *
 * Every question is a struct account_op, embedded in the caller's object. A function that returns 0 will call on_done exactly
 * once, in a later turn. Negative: it never fires. on_done's code is 0, and then `verdict` says what was found, or a code of
 * err.h, and then nothing is known. Passwords are copied, and wiped after use; what other texts point at must live until then. */
#include "arena.h"
#include "err.h"
#include <stdint.h>

struct account_core; /* private to the room */
struct account_work;
struct db_pool;
struct loop;

/* Embedded in its owner. */
struct accounts {
    struct account_core *core;
    void (*on_stopped)(struct accounts *);
};

enum account_verdict {
    ACCOUNT_OK,
    ACCOUNT_WRONG, /* no such account, no password, or a wrong one: not told apart */
    ACCOUNT_UNCONFIRMED,
    ACCOUNT_BANNED,
    ACCOUNT_NO_USER,
    ACCOUNT_NO_SESSION,
    ACCOUNT_TOKEN_UNKNOWN,
    ACCOUNT_TOKEN_USED, /* the session is ended */
    ACCOUNT_EXPIRED,    /* the session's time is over */
    ACCOUNT_SAME_PASSWORD,
    ACCOUNT_DATA_TOO_LARGE
};

struct account {
    struct str user_id, session_id;         /* session_id absent: no live one */
    int64_t signed_in_s;                    /* when the session began, since 1970 */
    struct str email, phone;                /* phone "" when there is none */
    struct str app_metadata, user_metadata; /* JSON objects */
    struct str profile;                     /* the user object as GoTrue shows it */
    struct str password_hash;
    bool banned, confirmed;
};

struct account_client {
    struct str address, user_agent; /* as of the request; what is no address is left out */
};

enum account_scope { ACCOUNT_GLOBAL, ACCOUNT_LOCAL, ACCOUNT_OTHERS };

struct account_change {
    struct str user_id, session_id;
    struct str password;         /* absent: stays */
    struct str current_password; /* if present it must be right */
    struct str data;             /* JSON object to be merged into user_metadata, null removes a key; absent: stays */
};

struct account_key {
    struct str private_jwk;
    bool in_use; /* else standing by, or used before */
};

struct account_op {
    struct arena *arena;          /* for what is copied and for the outcome's texts */
    struct account_client client; /* of a sign-in or a refresh */
    void (*on_done)(struct account_op *, int code);

    /* The outcome, valid from on_done until the arena goes. */
    enum account_verdict verdict;
    struct account account;
    struct str refresh_token; /* of a sign-in or a refresh */
    struct account_key *keys; /* of account_keys */
    size_t key_count;

    struct account_work *work; /* private to the room; in the arena */
};

void accounts_start(struct accounts *a, struct loop *loop, struct db_pool *pool);
/* After everybody who asks has stopped. on_stopped fires once, later. */
void accounts_stop(struct accounts *a, void (*on_stopped)(struct accounts *));

/* Opens a session: OK, WRONG, UNCONFIRMED, BANNED. The mail address must be in small letters. ERR_RATE_LIMITED: too many
 * attempts, and `retry_ms_out` says when to come again. ERR_BUSY, also as on_done's code: too many passwords in line. */
int account_sign_in(struct accounts *a, struct account_op *op, struct str email, struct str password,
                    uint64_t *retry_ms_out) must_check;
/* OK, TOKEN_UNKNOWN, TOKEN_USED, BANNED, EXPIRED. */
int account_refresh(struct accounts *a, struct account_op *op, struct str refresh_token) must_check;
/* OK, NO_USER, BANNED, NO_SESSION. */
int account_read(struct accounts *a, struct account_op *op, struct str user_id, struct str session_id) must_check;
/* OK, NO_USER, BANNED, NO_SESSION, WRONG, SAME_PASSWORD, DATA_TOO_LARGE. The password must be one that password_hash takes. A new
 * password ends the account's other sessions. ERR_BUSY as above; ERR_BAD_DATA: Postgres does not take the data. */
int account_write(struct accounts *a, struct account_op *op, const struct account_change *change) must_check;
/* Ends sessions: this one, all of the user's, or all but this one. OK, NO_USER, NO_SESSION. */
int account_sign_out(struct accounts *a, struct account_op *op, struct str user_id, struct str session_id,
                     enum account_scope scope) must_check;
/* What is in auth.signing_keys, the one in use first. */
int account_keys(struct accounts *a, struct account_op *op) must_check;
/* Adds the key in use, unless another server was faster: ask for the keys again. */
int account_add_key(struct accounts *a, struct account_op *op, struct str kid, struct str private_jwk) must_check;
/* Cuts the wait and wipes; harmless when nothing is under way. */
void account_abandon(struct account_op *op);
