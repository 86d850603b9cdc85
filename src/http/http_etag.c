#include "http_etag.h"
#include "crypto.h"
#include "http_list.h"

#define TAG_DIGEST_BYTES 16
#define DIGITS (2 * TAG_DIGEST_BYTES)

struct str http_etag_make(struct arena *a, struct str body, bool gzipped)
{
    struct digest d = crypto_sha256(body);
    struct str digits = crypto_hex(a, str_cut(digest_str(&d), TAG_DIGEST_BYTES));
    return arena_printf(a, "\"%.*s%s\"", (int)digits.n, digits.p, gzipped ? "-gz" : "");
}

static struct str other_form(struct arena *a, struct str tag)
{
    bool gzipped = str_ends(tag, STR("-gz\""));
    return arena_printf(a, "%.*s%s\"", DIGITS + 1, tag.p, gzipped ? "" : "-gz");
}

bool http_etag_known(const struct http_parse *p, struct arena *a, struct str *tag)
{
    struct http_list list = http_list_of(p, STR("if-none-match"));
    struct str member, other = other_form(a, *tag);
    bool has_other = false;
    while (http_list_next(&list, &member)) {
        member = str_starts(member, STR("W/")) ? str_skip(member, 2) : member;
        if (str_eq(member, STR("*")) || str_eq(member, *tag)) {
            return true;
        }
        has_other = has_other || str_eq(member, other);
    }
    *tag = has_other ? other : *tag;
    return has_other;
}
