#include "credentials.h"
#include "crypto.h"

static struct str about(struct arena *a, struct str business_id, struct str api_url)
{
    return arena_printf(a, "calcom %.*s %.*s", (int)business_id.n, business_id.p, (int)api_url.n,
                        api_url.p ? api_url.p : "");
}

struct str credentials_seal(struct arena *a, struct str secrets_key, struct str business_id, struct str api_url,
                            struct str key)
{
    return crypto_seal(a, secrets_key, about(a, business_id, api_url), key);
}

struct str credentials_open(struct arena *a, struct str secrets_key, struct str business_id, struct str api_url,
                            struct str sealed_hex)
{
    struct str sealed =
        str_starts(sealed_hex, STR("\\x")) ? crypto_hex_decode(a, str_skip(sealed_hex, 2)) : (struct str){NULL, 0};
    return crypto_open(a, secrets_key, about(a, business_id, api_url), sealed);
}
