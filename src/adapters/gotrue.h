#pragma once
/* The server's own sign-in, on the wire: as much of GoTrue as @supabase/supabase-js needs with passwords, so that a page
 * cannot tell it from a Supabase project. Only without SUPABASE_URL. Paths are under /auth/v1:
 *
 *   POST  /token?grant_type=password|refresh_token     GET  /user      PUT /user      POST /logout?scope=global|local|others
 *   POST  /recover (sends nothing)                     GET  /health    GET /settings  GET  /.well-known/jwks.json
 *
 * Access tokens are ES256, signed with the key in use of auth.signing_keys, which the first server makes. Errors have
 * GoTrue's codes, in the form of 2024-01-01 for clients that ask for it. Only bearer tokens, no cookies: nothing that a
 * foreign page could make a browser send. No mail address, password or token is ever logged. */
#include "account.h"
#include "config.h"
#include "flow.h"
#include "http.h"
#include "supabase.h"

struct json_shape;

/* Embedded in its owner, zeroed. What the first members point at is the owner's and outlives it. */
struct gotrue {
    const struct config *config;
    struct loop *loop;
    struct accounts *accounts;
    struct supabase *supabase; /* checks the tokens; is given the keys */

    /* Private. */
    struct token_keys keys;
    struct token_key signer; /* jwk NULL: not there yet */
    struct str issuer;
    struct arena arena, keys_arena;
    struct account_op keys_op;
    struct flow keys_flow;
    uv_timer_t keys_timer;
    bool key_made;
    uint64_t recovery_logged_ms; /* 0: never */
    struct json_shape *grant_shape, *change_shape;
};

/* After supabase_start, which must have found local mode. Asks for the keys at once and then every
 * CAP_SIGNING_KEYS_POLL_MS. */
void gotrue_start(struct gotrue *g);
/* After the HTTP servers and before the accounts. */
void gotrue_stop(struct gotrue *g);
/* Is there a key to sign with? */
bool gotrue_is_ready(const struct gotrue *g);

void gotrue_on_token(struct gotrue *g, struct http_request *r);
void gotrue_on_user(struct gotrue *g, struct http_request *r);
void gotrue_on_user_update(struct gotrue *g, struct http_request *r);
void gotrue_on_logout(struct gotrue *g, struct http_request *r);
void gotrue_on_recover(struct gotrue *g, struct http_request *r);
void gotrue_on_jwks(struct gotrue *g, struct http_request *r);
void gotrue_on_health(struct gotrue *g, struct http_request *r);
void gotrue_on_settings(struct gotrue *g, struct http_request *r);
