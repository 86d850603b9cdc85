#pragma once
/* The keys that access tokens are made and checked with. A key knows its own algorithm; a token never chooses one.
 * A set is bounded and small: it is searched from its start. Keys are shared by reference count (cjose's), so a set may
 * be copied key by key with token_keys_add and each copy is given back on its own. */
#include "arena.h"
#include "buf.h"
#include "caps.h"
#include <cjose/jwk.h>

enum token_alg { ALG_ES256, ALG_RS256, ALG_HS256 };

struct token_key {
    char kid[CAP_TOKEN_KID_BYTES + 1]; /* "": the shared secret, the only key without a name */
    enum token_alg alg;
    cjose_jwk_t *jwk;
};

struct token_keys {
    struct token_key keys[CAP_TOKEN_KEYS];
    size_t count; /* zeroed struct = empty set */
};

/* As it stands in a token's header. */
struct str token_alg_name(enum token_alg alg);
/* 1 to CAP_TOKEN_KID_BYTES of [A-Za-z0-9_-]? */
bool token_kid_valid(struct str kid);

/* 32 bytes that are a number from 1 to below the order of P-256: what r, s and a private key must be. */
bool token_scalar_valid(struct str bytes);

/* Adds the public keys of {"keys":[...]}: EC P-256 for ES256 and RSA of 2048 to 4096 bits for RS256, with a name, for
 * signatures. Keys of another kind, without a name, or with one that is taken are left out, and so are private members.
 * ERR_BAD_JSON: not strict JSON of that form; the set stays as it was. How many were added is in count. */
int token_keys_read_jwks(struct token_keys *keys, struct str json) must_check;
/* Adds the shared secret of HS256. ERR_BAD_SETTING: shorter than a digest (32 bytes), as RFC 7518 demands, or longer than
 * a setting may be; or the set is full. */
int token_keys_add_secret(struct token_keys *keys, struct str secret) must_check;
/* Adds one more reference to a key. ERR_TOO_LARGE when the set is full, ERR_CONFLICT when its name is taken. */
int token_keys_add(struct token_keys *keys, const struct token_key *key) must_check;
/* The key of that name; NULL for none. */
const struct token_key *token_keys_find(const struct token_keys *keys, struct str kid);
/* The shared secret; NULL for none. */
const struct token_key *token_keys_secret(const struct token_keys *keys);
/* Appends {"keys":[...]} with the public halves of the named keys; the secret is never in it. */
int token_keys_write_jwks(const struct token_keys *keys, struct buf *out) must_check;
/* Gives every key back; the set is empty then. */
void token_keys_free(struct token_keys *keys);

/* A new ES256 key; its name is its RFC 7638 thumbprint. */
int token_key_generate(struct token_key *out) must_check;
/* A JWK with the private half, in the arena; for the database alone. */
int token_key_export_private(const struct token_key *key, struct arena *a, struct str *json_out) must_check;
/* The reverse. ERR_BAD_DATA: no ES256 key with all its parts, or parts that do not belong together. */
int token_key_import_private(struct str json, struct token_key *out) must_check;
void token_key_free(struct token_key *key);
