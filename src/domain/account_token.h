#pragma once
/* Refresh tokens: 32 random bytes as base64url, 43 characters. What is stored of one is its SHA-256, and the token itself
 * sealed under a key that is made from its parent: who has the parent can be given it again, who has only the database
 * cannot. Each parent seals one token. */
#include "crypto.h"

#define ACCOUNT_TOKEN_BYTES 32

struct account_token {
    unsigned char raw[ACCOUNT_TOKEN_BYTES];
    struct digest hash; /* SHA-256 of the text */
    unsigned char sealed[ACCOUNT_TOKEN_BYTES];
};

/* A new one; without a parent (absent) nothing is sealed. */
void account_token_make(struct account_token *t, struct str parent);
/* The text, in the arena. */
struct str account_token_text(const struct account_token *t, struct arena *a);
/* From a token along a chain of sealed ones to the newest; base64, one after another, each 44 characters. Absent when that
 * is no such chain. */
struct str account_token_follow(struct str token, struct str chain, struct arena *a);
