#pragma once
/* Who is asking: access tokens checked with the keys in use. Two modes, by SUPABASE_URL:
 *   set    keys by JWKS from SUPABASE_URL/auth/v1/.well-known/jwks.json, issuer SUPABASE_URL/auth/v1; HS256 only with
 *          SUPABASE_JWT_SECRET. Fetched at the start, again before they are CAP_JWKS_FRESH_MS old, and for a key that is not
 *          known at most once in CAP_JWKS_REFETCH_MS, whoever asks. When fetches fail the last good keys serve for
 *          CAP_JWKS_KEEP_MS, then none. An answer without a usable key never replaces keys.
 *   unset  local: the keys that supabase_use_local was given last.
 *
 * Verdicts are not kept: a check costs some 50 microseconds, nine tenths of it in OpenSSL.
 *
 * While there are no keys, checks end with ERR_UNAVAILABLE: nobody is told that a good token is bad. */
#include "access_token.h"
#include "config.h"
#include "fetch.h"
#include "http.h"

/* For tests; 0: the cap of that name. */
struct supabase_limits {
    uint64_t fresh_ms, keep_ms, refetch_ms, retry_first_ms;
    unsigned fetch_ms;
};

/* Embedded in its owner, zeroed. What the first members point at is the owner's and outlives it. */
struct supabase {
    const struct config *config;
    struct loop *loop;
    struct fetch_room *fetch_room;
    struct supabase_limits limits;

    /* Private. */
    bool local, stopping, fetching;
    bool failed; /* the newest fetch brought nothing, or there was none yet */
    struct str issuer, keys_url;
    struct token_keys keys;
    uint64_t good_ms;    /* when the keys in use came */
    uint64_t unknown_ms; /* when an unknown key made us fetch; 0: never */
    uint64_t retry_ms;   /* the pause after the next failure */
    struct list waiting; /* checks that wait for the fetch under way */
    struct fetch fetch;
    struct fetch_host host;
    uv_timer_t timer;
    struct arena arena;
};

/* ERR_BAD_SETTING (logged): SUPABASE_URL is neither https nor http on loopback, or the secret is too short. */
int supabase_start(struct supabase *s) must_check;
/* Closes what is open; may be called after the fetch room was closed. Checks that still wait are abandoned: the HTTP server,
 * which stops first, has let go of its own. */
void supabase_stop(struct supabase *s);

/* Is the server its own sign-in? */
bool supabase_is_local(const struct supabase *s);
/* The issuer that tokens must name; until the next supabase_use_local. */
struct str supabase_issuer(const struct supabase *s);
/* Local mode: from now on these keys and this issuer, both copied. Call it again when keys come or go. */
void supabase_use_local(struct supabase *s, const struct token_keys *keys, struct str issuer);
/* Embedded in the caller's object, zeroed and filled by it. */
struct token_check {
    struct str token;    /* lives until the end of the check */
    struct arena *arena; /* for the tenant's texts */
    void (*on_done)(struct token_check *, int code);

    /* The outcome, when the code is 0. */
    struct tenant tenant;

    /* Private. */
    struct supabase *supabase;
    struct list_node node;
    struct loop_task task;
    int code;
};

/* 0: on_done fires exactly once, in a later turn, with 0, ERR_UNAUTHORIZED, ERR_TOKEN_EXPIRED or ERR_UNAVAILABLE.
 * Negative, and it never fires: ERR_BUSY (CAP_TOKEN_WAITING checks wait already), ERR_STOPPING. */
int token_check_submit(struct supabase *s, struct token_check *c) must_check;
/* Cuts the wait; harmless when nothing is under way. */
void token_check_abandon(struct token_check *c);

/* The token of "Authorization: Bearer …"; absent when there is no such header or more than one. */
struct str bearer_of(const struct http_request *r);
