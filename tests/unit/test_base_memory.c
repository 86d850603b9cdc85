/* Arena, buf, str and list. */
#include "arena.h"
#include "buf.h"
#include "list.h"
#include "tap.h"
#include <stdint.h>

static void arena_gives_zeroed_aligned_pieces(void)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 100, 2047, 2048, 2049, 4095, 4096, 4097, 100000};
    struct arena a = {0};
    char *pieces[200];
    size_t lengths[200];
    for (size_t i = 0; i < 200; i++) {
        lengths[i] = sizes[i * 7 % 13];
        pieces[i] = arena_alloc(&a, lengths[i]);
        CHECK_INT((long long)((uintptr_t)pieces[i] % 16), 0);
        bool zero = true;
        for (size_t k = 0; k < lengths[i]; k++) {
            zero &= pieces[i][k] == 0;
        }
        CHECK(zero);
        memset(pieces[i], (int)i, lengths[i]);
    }
    for (size_t i = 0; i < 200; i++) {
        bool kept = true;
        for (size_t k = 0; k < lengths[i]; k++) {
            kept &= pieces[i][k] == (char)i;
        }
        CHECK(kept);
    }
    arena_free(&a);
    CHECK(a.chunks == NULL);
    CHECK(arena_alloc(&a, 10) != NULL);
    arena_free(&a);
    arena_free(&a);
}

static void arena_copies_end_with_a_zero(void)
{
    struct arena a = {0};
    struct str copy = arena_copy(&a, (struct str){"abcdef", 3});
    CHECK_STR(copy, "abc");
    CHECK_INT(copy.p[3], 0);
    CHECK_STR(arena_copy(&a, STR("")), "");
    CHECK_STR(arena_copy(&a, (struct str){NULL, 0}), "");
    CHECK(str_eq(arena_copy(&a, STR("a\0b")), STR("a\0b")));
    CHECK_STR(arena_printf(&a, "%s-%d", "x", 5), "x-5");
    CHECK_STR(arena_printf(&a, "%s", ""), "");
    struct str padded = arena_printf(&a, "%5000d", 7);
    CHECK_INT((long long)padded.n, 5000);
    CHECK_INT(padded.p[4999], '7');
    CHECK_INT(padded.p[5000], 0);
    arena_free(&a);
}

static void buf_stops_at_its_cap(void)
{
    struct buf b = buf_make(5);
    CHECK_STR(buf_str(&b), "");
    CHECK_INT(buf_append(&b, STR("abc")), 0);
    CHECK_INT(buf_append(&b, STR("def")), ERR_TOO_LARGE);
    CHECK_STR(buf_str(&b), "abc");
    CHECK_INT(buf_append(&b, STR("de")), 0);
    CHECK_INT(buf_append(&b, STR("")), 0);
    CHECK_INT(buf_append(&b, STR("f")), ERR_TOO_LARGE);
    CHECK_INT(buf_reserve(&b, SIZE_MAX), ERR_TOO_LARGE);
    CHECK_STR(buf_str(&b), "abcde");
    buf_free(&b);
    CHECK_INT((long long)b.cap, 5);
    CHECK_INT(buf_append(&b, STR("abcde")), 0);
    buf_free(&b);
    struct buf none = buf_make(0);
    CHECK_INT(buf_append(&none, STR("a")), ERR_TOO_LARGE);
    CHECK_INT(buf_append(&none, STR("")), 0);
    buf_free(&none);
}

static void buf_takes_printed_text(void)
{
    struct buf b = buf_make(8);
    CHECK_INT(buf_printf(&b, "%d", 1234), 0);
    CHECK_INT(buf_printf(&b, "%s", "56789"), ERR_TOO_LARGE);
    CHECK_STR(buf_str(&b), "1234");
    CHECK_INT(buf_printf(&b, "%s", "567"), 0);
    CHECK_STR(buf_str(&b), "1234567");
    buf_free(&b);
}

static void buf_grows_and_shrinks(void)
{
    struct buf b = buf_make(1 << 20);
    for (int i = 0; i < 3000; i++) {
        CHECK_INT(buf_append(&b, STR("0123456789")), 0);
    }
    CHECK_INT((long long)b.len, 30000);
    CHECK(memcmp(b.data + 29990, "0123456789", 10) == 0);
    buf_consume(&b, 29995);
    CHECK_STR(buf_str(&b), "56789");
    buf_consume(&b, 0);
    CHECK_STR(buf_str(&b), "56789");
    buf_consume(&b, 2);
    CHECK_STR(buf_str(&b), "789");
    buf_consume(&b, 100);
    CHECK_STR(buf_str(&b), "");
    buf_free(&b);
}

static void views(void)
{
    CHECK(str_eq(STR(""), (struct str){NULL, 0}));
    CHECK(!str_eq(STR("a"), STR("b")) && !str_eq(STR("a"), STR("ab")));
    CHECK(str_eq_nocase(STR("Bearer"), STR("bEARER")) && !str_eq_nocase(STR("a"), STR("ab")));
    CHECK(str_starts(STR("abc"), STR("ab")) && str_starts(STR("abc"), STR("")) && !str_starts(STR("a"), STR("ab")));
    CHECK(str_ends(STR("abc"), STR("bc")) && str_ends(STR("abc"), STR("abc")) && !str_ends(STR("c"), STR("bc")));
    CHECK(str_has(STR("abc"), STR("b")) && !str_has(STR("abc"), STR("ac")) &&
          !str_has((struct str){NULL, 0}, STR("a")));
    CHECK_STR(str_skip(STR("abc"), 1), "bc");
    CHECK_STR(str_skip(STR("abc"), 9), "");
    CHECK_STR(str_cut(STR("abc"), 2), "ab");
    CHECK_STR(str_cut(STR("abc"), 9), "abc");
    CHECK_STR(str_or(STR(""), STR("b")), "b");
    CHECK_STR(str_or(STR("a"), STR("b")), "a");
    CHECK_STR(str_trim(STR(" \t a b \t")), "a b");
    CHECK_STR(str_trim(STR(" \t ")), "");
    CHECK_INT((long long)str_find(STR("abc"), 'c'), 2);
    CHECK_INT((long long)str_find(STR("abc"), 'd'), 3);
    CHECK_STR(str_of(NULL), NULL);
}

struct thing {
    char name;
    struct list_node node;
};

static void spell(const struct list *l, char *out)
{
    for (struct list_node *n = list_first(l); n; n = list_next(l, n)) {
        *out++ = container_of(n, struct thing, node)->name;
    }
    *out = 0;
}

static void check_list(const struct list *l, const char *want)
{
    char got[10];
    spell(l, got);
    CHECK_STR(str_of(got), want);
    CHECK_INT((long long)l->count, (long long)strlen(want));
}

static void list_knows_its_order_and_count(void)
{
    struct list l, other;
    struct thing a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'};
    list_init(&l);
    list_init(&other);
    check_list(&l, "");
    CHECK(list_pop(&l) == NULL && list_first(&l) == NULL);
    list_push(&l, &a.node);
    list_push(&l, &b.node);
    list_push(&l, &c.node);
    check_list(&l, "abc");
    list_remove(&l, &b.node);
    check_list(&l, "ac");
    CHECK(!list_linked(&b.node) && list_linked(&a.node));
    list_push(&l, &b.node);
    check_list(&l, "acb");
    CHECK(list_pop(&l) == &a.node);
    list_push(&other, &a.node);
    list_push(&other, list_pop(&l));
    list_push(&other, list_pop(&l));
    check_list(&other, "acb");
    check_list(&l, "");
    list_remove(&other, &a.node);
    list_remove(&other, &b.node);
    list_remove(&other, &c.node);
    check_list(&other, "");
}

static void every_error_has_a_row(void)
{
    for (int code = 0; code > -ERR_COUNT; code--) {
        const struct err_info *e = err_info(code);
        CHECK(e->code && *e->code && e->text && *e->text && e->status >= 200 && e->status < 600);
        for (int other = 0; other > code; other--) {
            CHECK(strcmp(err_info(other)->code, e->code) != 0);
        }
    }
    CHECK_STR(str_of(err_info(1)->code), "internal");
    CHECK_STR(str_of(err_info(-ERR_COUNT)->code), "internal");
    CHECK_STR(str_of(err_info(INT32_MIN + 1)->code), "internal");
    CHECK_INT(err_info(ERR_TOO_LARGE)->status, 413);
}

TAP_MAIN(TEST(arena_gives_zeroed_aligned_pieces), TEST(arena_copies_end_with_a_zero), TEST(buf_stops_at_its_cap),
         TEST(buf_takes_printed_text), TEST(buf_grows_and_shrinks), TEST(views), TEST(list_knows_its_order_and_count),
         TEST(every_error_has_a_row))
