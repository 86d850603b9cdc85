/* Refresh tokens and the chain that is sealed from parent to child. */
#include "account_token.h"
#include "tap.h"

static struct str text_of(const struct account_token *t, struct arena *a)
{
    struct str text = account_token_text(t, a);
    CHECK_INT(text.n, 43);
    struct digest d = crypto_sha256(text);
    CHECK(str_eq(digest_str(&d), digest_str(&t->hash)));
    return text;
}

static struct str sealed_of(const struct account_token *t, struct arena *a)
{
    return crypto_base64(a, (struct str){(const char *)t->sealed, sizeof(t->sealed)});
}

static void a_chain_leads_to_its_end(void)
{
    struct arena a = {0};
    struct account_token tokens[5];
    struct str texts[5], chain = STR("");
    for (size_t i = 0; i < 5; i++) {
        account_token_make(&tokens[i], i ? texts[i - 1] : (struct str){NULL, 0});
        texts[i] = text_of(&tokens[i], &a);
        for (size_t k = 0; k < i; k++) {
            CHECK(!str_eq(texts[i], texts[k]));
        }
    }
    for (size_t from = 4; from-- > 0;) {
        struct str link = sealed_of(&tokens[from + 1], &a);
        chain = arena_printf(&a, "%.*s%.*s", (int)link.n, link.p, (int)chain.n, chain.p);
        CHECK_STR(account_token_follow(texts[from], chain, &a), texts[4].p);
    }
    arena_free(&a);
}

/* Whoever reads the database, without a token, has nothing. */
static void the_wrong_parent_leads_nowhere(void)
{
    struct arena a = {0};
    struct account_token parent, child, other;
    account_token_make(&parent, (struct str){NULL, 0});
    account_token_make(&other, (struct str){NULL, 0});
    account_token_make(&child, text_of(&parent, &a));
    struct str found = account_token_follow(text_of(&other, &a), sealed_of(&child, &a), &a);
    CHECK_INT(found.n, 43);
    CHECK(!str_eq(found, text_of(&child, &a)));
    CHECK(memcmp(child.sealed, child.raw, sizeof(child.raw)) != 0);
    arena_free(&a);
}

static void what_is_no_chain(void)
{
    static const char *const chains[] = {"", "short", "AAAA",
                                         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* 33 bytes */
                                         "!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==="};
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
        tap_case(chains[i]);
        CHECK(account_token_follow(STR("token"), str_of(chains[i]), &a).p == NULL);
    }
    tap_case(NULL);
    arena_free(&a);
}

TAP_MAIN(TEST(a_chain_leads_to_its_end), TEST(the_wrong_parent_leads_nowhere), TEST(what_is_no_chain))
