/* Sentences from templates, and that no template of ours has what COPY or JSON would take for something else. */
#include "arena.h"
#include "demo_reasons.h"
#include "demo_search.h"
#include "demo_talk.h"
#include "tap.h"

static const struct demo_slots slots = {.of = {[SLOT_NAME] = {"Maya", 4},
                                               [SLOT_BUSINESS] = {"Larkspur Dental Studio", 22},
                                               [SLOT_STAFF] = {"the front desk", 14},
                                               [SLOT_DAY] = {"Tuesday", 7},
                                               [SLOT_PART] = {"after lunch", 11},
                                               [SLOT_WHEN] = {"yesterday", 9},
                                               [SLOT_SINCE] = {"since yesterday", 15},
                                               [SLOT_STREET] = {"Mill Road", 9},
                                               [SLOT_PRICE] = {"$45", 3},
                                               [SLOT_TAIL] = {"0187", 4},
                                               [SLOT_REASON] = {"toothache", 9}}};

static struct str expand(struct buf *out, const char *template, uint64_t seed)
{
    struct demo_random r = demo_random_make(seed, 0, 0);
    out->len = 0;
    demo_put_text(out, template, &slots, &r);
    return buf_str(out);
}

static void slots_are_filled(void)
{
    struct buf out = buf_make(4096);
    CHECK_STR(expand(&out, "{name} called {business} {when}.", 1), "Maya called Larkspur Dental Studio yesterday.");
    CHECK_STR(expand(&out, "plain", 1), "plain");
    CHECK_INT(expand(&out, "", 1).n, 0);
    buf_free(&out);
}

static void choices_are_taken_in_turn_by_chance(void)
{
    struct buf out = buf_make(4096);
    int one = 0, two = 0, three = 0, none = 0;
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct str got = expand(&out, "<{one|{name} and {day}||three}>", seed);
        one += str_eq(got, STR("<one>"));
        two += str_eq(got, STR("<Maya and Tuesday>"));
        none += str_eq(got, STR("<>"));
        three += str_eq(got, STR("<three>"));
    }
    CHECK_INT(one + two + three + none, 400);
    CHECK(one > 60 && two > 60 && three > 60 && none > 60);
    buf_free(&out);
}

static void times_as_postgres_reads_them(void)
{
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {
        {1, "1970-01-01 00:00:00.000+00"},
        {1795014249120000, "2026-11-18 15:04:09.120+00"},
        {951827696999000, "2000-02-29 12:34:56.999+00"},
        {1767225599999999, "2025-12-31 23:59:59.999+00"},
        {1767225600000000, "2026-01-01 00:00:00.000+00"},
        {1709164800000000, "2024-02-29 00:00:00.000+00"},
    };
    struct buf out = buf_make(64);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        out.len = 0;
        demo_put_time(&out, rows[i].us);
        CHECK_STR(buf_str(&out), rows[i].text);
    }
    buf_free(&out);
}

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < ' ' || s.p[i] > '~' || strchr("\"\\{}|", s.p[i])) {
            return false;
        }
    }
    return s.n > 0;
}

static void check_template(struct buf *out, const char *template)
{
    tap_case(template);
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct str got = expand(out, template, seed);
        CHECK(is_plain(got));
        CHECK(got.n > 0 && got.p[0] != ' ' && got.p[got.n - 1] != ' ' && !str_has(got, STR("  ")));
    }
}

static void every_reason_makes_plain_text(void)
{
    struct buf out = buf_make(65536);
    for (size_t t = 0; t < DEMO_TRADES; t++) {
        for (size_t i = 0; i < demo_reason_count(&demo_trades[t]); i++) {
            const struct demo_reason *r = demo_reason(&demo_trades[t], i);
            CHECK(is_plain(str_of(r->reason)) && r->weight > 0);
            check_template(&out, r->opening);
            check_template(&out, r->question);
            check_template(&out, r->answer);
            check_template(&out, r->wish);
        }
    }
    buf_free(&out);
}

static void check_talk(const struct demo_words *w, const struct demo_end *end)
{
    CHECK(w->count <= DEMO_LINES);
    for (size_t i = 0; i < w->count; i++) {
        struct str line = {w->text.data + w->lines[i].from, w->lines[i].n};
        CHECK(is_plain(line) && !(line.p[0] >= 'a' && line.p[0] <= 'z'));
        CHECK(strchr(".?!", line.p[line.n - 1]) != NULL);
    }
    CHECK(w->summary.len == 0 || is_plain(buf_str(&w->summary)));
    CHECK((w->analysis.len > 0) == demo_end_has_report(end));
}

/* Each trade, each end, each length. */
static void every_talk_is_plain_and_bounded(void)
{
    struct demo_words w;
    struct demo_business b;
    demo_words_init(&w);
    for (uint32_t n = 0; n < DEMO_TRADES * DEMO_ENDS * 11; n++) {
        demo_business_init(&b, 5, n % DEMO_TRADES);
        struct demo_call call = {.seed = n, .business = &b, .caller = n, .end = (uint8_t)(n / DEMO_TRADES % DEMO_ENDS)};
        struct demo_scene s = {.call = &call, .caller_phone = n % 7 ? "+12125550187" : ""};
        struct demo_random r = demo_random_make(n, 1, 1);
        call.reason = (uint8_t)(n % demo_reason_count(b.trade));
        s.weekday = (int)n % 7;
        s.lines = 4 + n / (DEMO_TRADES * DEMO_ENDS);
        demo_talk(&s, &r, &w);
        check_talk(&w, &demo_ends[call.end]);
    }
    demo_words_free(&w);
}

static void words_are_folded_and_told_once(void)
{
    struct buf out = buf_make(4096);
    struct demo_seen *seen = mem_alloc(sizeof(*seen));
    demo_seen_begin(seen);
    demo_put_words(&out, seen, STR("k1"), STR("Maya's X-ray, maya: $45.50"));
    CHECK_STR(buf_str(&out), " k1maya k1s k1x k1ray k145 k150");
    out.len = 0;
    demo_put_words(&out, seen, STR("k1"), STR("RAY ray new"));
    CHECK_STR(buf_str(&out), " k1new");
    out.len = 0;
    demo_seen_begin(seen);
    demo_put_words(&out, seen, STR("k1"), STR("ray"));
    CHECK_STR(buf_str(&out), " k1ray");
    out.len = 0;
    demo_put_words(&out, seen, STR("k1"), (struct str){NULL, 0});
    demo_put_words(&out, seen, STR("k1"), STR(" .,;'"));
    CHECK_INT(out.len, 0);
    free(seen);
    buf_free(&out);
}

TAP_MAIN(TEST(slots_are_filled), TEST(choices_are_taken_in_turn_by_chance), TEST(times_as_postgres_reads_them),
         TEST(every_reason_makes_plain_text), TEST(every_talk_is_plain_and_bounded),
         TEST(words_are_folded_and_told_once))
