/* What an event says of a call: numbers, claims, states, keys. */
#include "call.h"
#include "tap.h"
#include "utf8.h"
#include <math.h>

struct number_row {
    const char *number;
    const char *claim; /* as given by Twilio */
};

static const struct number_row numbers[] = {
    {"+12125550142", "3+12125550142"},
    {"+123456", "3+123456"},
    {"+12345", "1+12345"},
    {"+1234567", "3+1234567"},
    {"+123456789012345", "3+123456789012345"},
    {"+1234567890123456", "1+1234567890123456"},
    {"+0123456789", "1+0123456789"},
    {"12125550142", "112125550142"},
    {"+1 212 555 0142", "1+1 212 555 0142"},
    {"+1212555014x", "1+1212555014x"},
    {"++12125550142", "1++12125550142"},
    {"+", "1+"},
    {"anonymous", "1anonymous"},
    {"+266696687", "1anonymous"},
    {"+86282452253", "1anonymous"},
    {"sip:a@example.com", "1sip:a@example.com"},
    {"", NULL},
};

static void numbers_and_words(void)
{
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        tap_case(numbers[i].number);
        CHECK_STR(call_number_claim(&a, RANK_DIRECT, str_of(numbers[i].number)), numbers[i].claim);
        CHECK_INT(call_number_is_e164(str_of(numbers[i].number)), numbers[i].claim && numbers[i].claim[0] == '3');
    }
    CHECK_STR(call_number_claim(&a, RANK_DIRECT, (struct str){NULL, 0}), NULL);
    CHECK(!call_number_is_e164((struct str){NULL, 0}));
    arena_free(&a);
}

/* The better source wins by plain text order, whatever the values are. */
static void claims_sort_by_rank(void)
{
    struct arena a = {0};
    static const enum call_rank ranks[] = {RANK_GHOST, RANK_HANDOFF, RANK_DIALLED, RANK_STATUS, RANK_REPORT};
    for (size_t i = 1; i < sizeof(ranks) / sizeof(ranks[0]); i++) {
        struct str worse = call_claim(&a, ranks[i - 1], STR("zzz")), better = call_claim(&a, ranks[i], STR("a"));
        CHECK(strcmp(worse.p, better.p) < 0);
    }
    struct str word = call_number_claim(&a, RANK_DIRECT, STR("anonymous"));
    struct str echoed = call_number_claim(&a, RANK_ECHOED, STR("+12125550142"));
    struct str direct = call_number_claim(&a, RANK_DIRECT, STR("+12125550142"));
    CHECK(strcmp(word.p, echoed.p) < 0 && strcmp(echoed.p, direct.p) < 0);
    CHECK_STR(call_claim(&a, RANK_STATUS, STR("")), NULL);
    CHECK_STR(call_claim(&a, RANK_STATUS, STR("x")), "4x");
    arena_free(&a);
}

static void long_words_are_cut_between_characters(void)
{
    struct arena a = {0};
    char text[300];
    for (size_t lead = 0; lead < 4; lead++) {
        memset(text, 'x', sizeof(text));
        for (size_t i = lead; i + 4 <= sizeof(text); i += 4) {
            memcpy(text + i, "\xf0\x9f\x98\x80", 4);
        }
        struct str claim = call_number_claim(&a, RANK_DIRECT, (struct str){text, lead + 280});
        CHECK(claim.n > 195 && claim.n <= 201);
        CHECK(utf8_valid(claim));
    }
    arena_free(&a);
}

static void states(void)
{
    static const struct {
        const char *word;
        enum call_status vapi, twilio;
    } rows[] = {
        {"scheduled", CALL_SCHEDULED, CALL_UNKNOWN},
        {"queued", CALL_QUEUED, CALL_QUEUED},
        {"initiated", CALL_UNKNOWN, CALL_QUEUED},
        {"ringing", CALL_RINGING, CALL_RINGING},
        {"in-progress", CALL_IN_PROGRESS, CALL_IN_PROGRESS},
        {"forwarding", CALL_FORWARDING, CALL_UNKNOWN},
        {"ended", CALL_ENDED, CALL_UNKNOWN},
        {"completed", CALL_UNKNOWN, CALL_ENDED},
        {"busy", CALL_UNKNOWN, CALL_ENDED},
        {"no-answer", CALL_UNKNOWN, CALL_ENDED},
        {"failed", CALL_UNKNOWN, CALL_ENDED},
        {"canceled", CALL_UNKNOWN, CALL_ENDED},
        {"not-found", CALL_UNKNOWN, CALL_UNKNOWN},
        {"Ended", CALL_UNKNOWN, CALL_UNKNOWN},
        {"", CALL_UNKNOWN, CALL_UNKNOWN},
        {NULL, CALL_UNKNOWN, CALL_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_case(rows[i].word ? rows[i].word : "(absent)");
        CHECK_INT(call_status_of_vapi(str_of(rows[i].word)), rows[i].vapi);
        CHECK_INT(call_status_of_twilio(str_of(rows[i].word)), rows[i].twilio);
    }
    CHECK(CALL_UNKNOWN < CALL_SCHEDULED && CALL_SCHEDULED < CALL_QUEUED && CALL_QUEUED < CALL_RINGING);
    CHECK(CALL_RINGING < CALL_IN_PROGRESS && CALL_IN_PROGRESS < CALL_FORWARDING && CALL_FORWARDING < CALL_ENDED);
}

static void a_new_event_says_nothing(void)
{
    struct call_event e = call_event_make(CALL_VAPI);
    CHECK_INT(e.source, CALL_VAPI);
    CHECK_INT(e.status, CALL_UNKNOWN);
    CHECK_INT(e.provider_rank, RANK_SEEN);
    CHECK(isnan(e.reported_seconds) && isnan(e.carrier_seconds) && isnan(e.cost));
    CHECK(!e.caller_claim.p && !e.summary.p && !e.analysis.p && e.started_us == 0 && e.utterance_count == 0);
}

static void keys_depend_on_every_part(void)
{
    static const struct str parts[] = {STR("vapi"), STR("call"), {NULL, 0}, STR("x")};
    static const struct str moved[] = {STR("vapi"), STR("call"), STR("x"), {NULL, 0}};
    unsigned char a[16], b[16];
    call_event_set_key(a, parts, 4);
    call_event_set_key(b, parts, 4);
    CHECK(memcmp(a, b, 16) == 0);
    call_event_set_key(b, moved, 4);
    CHECK(memcmp(a, b, 16) != 0);
    call_event_set_key(b, parts, 3);
    CHECK(memcmp(a, b, 16) != 0);
}

TAP_MAIN(TEST(numbers_and_words), TEST(claims_sort_by_rank), TEST(long_words_are_cut_between_characters), TEST(states),
         TEST(a_new_event_says_nothing), TEST(keys_depend_on_every_part))
