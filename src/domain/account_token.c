#include "account_token.h"

#define SEALED_TEXT_BYTES 44 /* 32 bytes as base64 */

/* XOR with a digest of the parent, which is used for this and never again. */
static void seal(unsigned char *to, const unsigned char *from, struct str parent)
{
    const struct str label[] = {STR("next refresh token")};
    struct digest pad = crypto_hmac(CRYPTO_SHA256, parent, label, 1);
    for (size_t i = 0; i < ACCOUNT_TOKEN_BYTES; i++) {
        to[i] = from[i] ^ pad.bytes[i];
    }
}

static struct str text_of(const unsigned char raw[ACCOUNT_TOKEN_BYTES], struct arena *a)
{
    return crypto_base64url(a, (struct str){(const char *)raw, ACCOUNT_TOKEN_BYTES});
}

void account_token_make(struct account_token *t, struct str parent)
{
    struct arena a = {0};
    crypto_random(t->raw, sizeof(t->raw));
    t->hash = crypto_sha256(text_of(t->raw, &a));
    memset(t->sealed, 0, sizeof(t->sealed));
    if (parent.n) {
        seal(t->sealed, t->raw, parent);
    }
    arena_free(&a);
}

struct str account_token_text(const struct account_token *t, struct arena *a)
{
    return text_of(t->raw, a);
}

struct str account_token_follow(struct str token, struct str chain, struct arena *a)
{
    unsigned char raw[ACCOUNT_TOKEN_BYTES];
    if (chain.n == 0 || chain.n % SEALED_TEXT_BYTES) {
        return (struct str){NULL, 0};
    }
    for (; chain.n; chain = str_skip(chain, SEALED_TEXT_BYTES)) {
        struct str sealed = crypto_base64_decode(a, str_cut(chain, SEALED_TEXT_BYTES));
        if (sealed.n != ACCOUNT_TOKEN_BYTES) {
            return (struct str){NULL, 0};
        }
        seal(raw, (const unsigned char *)sealed.p, token);
        token = text_of(raw, a);
    }
    return token;
}
