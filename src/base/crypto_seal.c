#include "crypto.h"
#include <assert.h>
#include <openssl/evp.h>

#define NONCE_BYTES ((size_t)12)
#define TAG_BYTES ((size_t)16)

static const unsigned char *bytes_of(struct str s)
{
    return (const unsigned char *)s.p;
}

struct str crypto_seal(struct arena *a, struct str key, struct str about, struct str text)
{
    unsigned char *out = arena_alloc(a, NONCE_BYTES + TAG_BYTES + text.n);
    unsigned char *tag = out + NONCE_BYTES, *body = tag + TAG_BYTES;
    int n = 0;
    assert(key.n == CRYPTO_KEY_BYTES);
    crypto_random(out, NONCE_BYTES);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int ok = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, bytes_of(key), out) &&
             EVP_EncryptUpdate(ctx, NULL, &n, bytes_of(about), (int)about.n) &&
             EVP_EncryptUpdate(ctx, body, &n, bytes_of(text), (int)text.n) && EVP_EncryptFinal_ex(ctx, body + n, &n) &&
             EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, (int)TAG_BYTES, tag);
    assert(ok);
    EVP_CIPHER_CTX_free(ctx);
    return (struct str){(char *)out, NONCE_BYTES + TAG_BYTES + text.n};
}

struct str crypto_open(struct arena *a, struct str key, struct str about, struct str sealed)
{
    if (key.n != CRYPTO_KEY_BYTES || sealed.n < NONCE_BYTES + TAG_BYTES) {
        return (struct str){NULL, 0};
    }
    struct str nonce = str_cut(sealed, NONCE_BYTES), tag = str_cut(str_skip(sealed, NONCE_BYTES), TAG_BYTES);
    struct str body = str_skip(sealed, NONCE_BYTES + TAG_BYTES);
    unsigned char *out = arena_alloc(a, body.n + 1);
    int n = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, bytes_of(key), bytes_of(nonce)) &&
              EVP_DecryptUpdate(ctx, NULL, &n, bytes_of(about), (int)about.n) &&
              EVP_DecryptUpdate(ctx, out, &n, bytes_of(body), (int)body.n) &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, (int)TAG_BYTES, (void *)(uintptr_t)tag.p) &&
              EVP_DecryptFinal_ex(ctx, out + n, &n) > 0;
    EVP_CIPHER_CTX_free(ctx);
    return ok ? (struct str){(char *)out, body.n} : (struct str){NULL, 0};
}
