/* Guesses at passwords, with a clock of our own. */
#include "domain/account_throttle.c"
#include "caps.h"
#include "tap.h"

#define START_MS 1000000
#define HOUR_MS 3600000u

/* Places are secret; here they are the same in each run. */
static struct account_throttle *throttle(void)
{
    struct account_throttle *t = account_throttle_new();
    memset(t->secret, 7, sizeof(t->secret));
    return t;
}

static struct str address_of(unsigned n)
{
    static char text[32];
    snprintf(text, sizeof(text), "127.%u.%u.%u", 1 + (n >> 16), n >> 8 & 255, n & 255);
    return str_of(text);
}

static struct str email_of(unsigned n)
{
    static char text[48];
    snprintf(text, sizeof(text), "guess%u@larkspur.example", n);
    return str_of(text);
}

/* One guess from an address that nobody used before. */
static uint64_t guess(struct account_throttle *t, struct str email, uint64_t now_ms)
{
    static unsigned address;
    struct throttle_ticket ticket;
    uint64_t wait_ms = account_throttle_enter(t, email, address_of(address++), now_ms, &ticket);
    if (wait_ms == 0) {
        account_throttle_end(t, &ticket, THROTTLE_WRONG);
    }
    return wait_ms;
}

static void the_delay_doubles_and_ends(void)
{
    struct account_throttle *t = throttle();
    uint64_t now_ms = START_MS;
    for (int i = 0; i < CAP_SIGN_IN_FREE; i++) {
        CHECK_INT(guess(t, STR("a@larkspur.example"), now_ms), 0);
    }
    uint64_t want_ms = CAP_SIGN_IN_DELAY_MS;
    for (int i = 0; i < 20; i++) {
        CHECK_INT(guess(t, STR("a@larkspur.example"), now_ms), want_ms);
        CHECK_INT(guess(t, STR("a@larkspur.example"), now_ms + want_ms - 1), 1);
        now_ms += want_ms;
        CHECK_INT(guess(t, STR("a@larkspur.example"), now_ms), 0);
        want_ms = want_ms * 2 < CAP_SIGN_IN_DELAY_MOST_MS ? want_ms * 2 : CAP_SIGN_IN_DELAY_MOST_MS;
    }
    CHECK_INT(want_ms, 900000);
    CHECK_INT(guess(t, STR("b@larkspur.example"), now_ms), 0);
    account_throttle_free(t);
}

static void a_success_resets(void)
{
    struct account_throttle *t = throttle();
    struct throttle_ticket ticket;
    for (int i = 0; i < CAP_SIGN_IN_FREE; i++) {
        CHECK_INT(guess(t, STR("a@larkspur.example"), START_MS), 0);
    }
    CHECK(guess(t, STR("a@larkspur.example"), START_MS) > 0);
    CHECK_INT(account_throttle_enter(t, STR("a@larkspur.example"), STR("192.0.2.1"), START_MS + 1000, &ticket), 0);
    account_throttle_end(t, &ticket, THROTTLE_RIGHT);
    for (int i = 0; i < CAP_SIGN_IN_FREE; i++) {
        CHECK_INT(guess(t, STR("a@larkspur.example"), START_MS + 1000), 0);
    }
    CHECK(guess(t, STR("a@larkspur.example"), START_MS + 1000) > 0);
    account_throttle_free(t);
}

static void what_was_never_found_out_does_not_count(void)
{
    struct account_throttle *t = throttle();
    struct throttle_ticket ticket;
    for (unsigned i = 0; i < 40; i++) {
        CHECK_INT(account_throttle_enter(t, STR("a@larkspur.example"), address_of(i), START_MS, &ticket), 0);
        account_throttle_end(t, &ticket, THROTTLE_UNKNOWN);
    }
    account_throttle_free(t);
}

/* An attempt that is not decided yet is no invitation for the next hundred. */
static void many_at_once_gain_nothing(void)
{
    struct account_throttle *t = throttle();
    struct throttle_ticket ticket;
    int let_in = 0;
    for (unsigned i = 0; i < 100; i++) {
        let_in += account_throttle_enter(t, STR("a@larkspur.example"), address_of(i), START_MS, &ticket) == 0;
    }
    CHECK_INT(let_in, CAP_SIGN_IN_FREE);
    account_throttle_free(t);
}

static void ten_thousand_guesses_in_an_hour(void)
{
    struct account_throttle *t = throttle();
    int checked = 0;
    for (unsigned i = 0; i < 10000; i++) {
        struct throttle_ticket ticket;
        uint64_t now_ms = START_MS + (uint64_t)i * HOUR_MS / 10000;
        if (account_throttle_enter(t, STR("owner@larkspur.example"), address_of(i % 1000), now_ms, &ticket) == 0) {
            account_throttle_end(t, &ticket, THROTTLE_WRONG);
            checked++;
        }
    }
    CHECK(checked >= CAP_SIGN_IN_FREE);
    CHECK(checked <= 30);
    account_throttle_free(t);
}

/* The patient guesser: as early as he may, for a day. */
static void never_more_than_thirty_an_hour(void)
{
    struct account_throttle *t = throttle();
    uint64_t at[200], now_ms = START_MS;
    int n = 0;
    while (now_ms < START_MS + 24ull * HOUR_MS && n < 200) {
        uint64_t wait_ms = guess(t, STR("owner@larkspur.example"), now_ms);
        if (wait_ms == 0) {
            at[n++] = now_ms;
        }
        now_ms += wait_ms;
    }
    CHECK(n < 200);
    for (int i = 30; i < n; i++) {
        CHECK(at[i] - at[i - 30] > HOUR_MS);
    }
    account_throttle_free(t);
}

static void failures_are_forgotten(void)
{
    struct account_throttle *t = throttle();
    for (int i = 0; i < CAP_SIGN_IN_FREE; i++) {
        CHECK_INT(guess(t, STR("a@larkspur.example"), START_MS), 0);
    }
    uint64_t later_ms = START_MS + CAP_SIGN_IN_DELAY_MS + CAP_SIGN_IN_FORGET_MS + 1;
    for (int i = 0; i < CAP_SIGN_IN_FREE; i++) {
        CHECK_INT(guess(t, STR("a@larkspur.example"), later_ms), 0);
    }
    CHECK(guess(t, STR("a@larkspur.example"), later_ms) > 0);
    account_throttle_free(t);
}

static int burst_from(struct account_throttle *t, const char *address, uint64_t now_ms)
{
    static unsigned account;
    struct throttle_ticket ticket;
    int let_in = 0;
    for (int i = 0; i < 40; i++) {
        let_in += account_throttle_enter(t, email_of(account++), str_of(address), now_ms, &ticket) == 0;
    }
    return let_in;
}

static void an_address_has_twenty_a_minute(void)
{
    struct account_throttle *t = throttle();
    CHECK_INT(burst_from(t, "192.0.2.7", START_MS), CAP_SIGN_INS_PER_ADDRESS);
    CHECK_INT(burst_from(t, "192.0.2.7", START_MS + 3000), 1);
    CHECK_INT(burst_from(t, "192.0.2.8", START_MS + 3000), CAP_SIGN_INS_PER_ADDRESS);
    CHECK_INT(burst_from(t, "192.0.2.7", START_MS + 63000), CAP_SIGN_INS_PER_ADDRESS);
    account_throttle_free(t);
}

static void an_ipv6_network_is_one_address(void)
{
    struct account_throttle *t = throttle();
    CHECK_INT(burst_from(t, "2001:db8:0:7::1", START_MS), CAP_SIGN_INS_PER_ADDRESS);
    CHECK_INT(burst_from(t, "2001:db8:0:7:ffff::2", START_MS), 0);
    CHECK_INT(burst_from(t, "2001:db8:0:8::1", START_MS), CAP_SIGN_INS_PER_ADDRESS);
    account_throttle_free(t);
}

static void the_server_has_fifty_a_second(void)
{
    struct account_throttle *t = throttle();
    int let_in = 0;
    for (unsigned i = 0; i < 3000; i++) {
        let_in += guess(t, email_of(i), START_MS + i) == 0;
    }
    CHECK(let_in >= 3 * CAP_SIGN_INS_PER_SECOND);
    CHECK(let_in <= 4 * CAP_SIGN_INS_PER_SECOND);
    account_throttle_free(t);
}

/* Refused attempts of one account take nothing from the others. */
static void a_flood_on_one_account_leaves_room(void)
{
    struct account_throttle *t = throttle();
    for (int i = 0; i < 5000; i++) {
        uint64_t wait_ms = guess(t, STR("owner@larkspur.example"), START_MS);
        CHECK(i < CAP_SIGN_IN_FREE || wait_ms > 0);
    }
    CHECK_INT(guess(t, STR("staff@larkspur.example"), START_MS), 0);
    account_throttle_free(t);
}

/* Twice as many other accounts as there are places, as if the whole server had no limit: the delay still stands. */
static void other_accounts_do_not_displace_a_delay(void)
{
    struct account_throttle *t = throttle();
    uint64_t now_ms = START_MS, wait_ms = 0;
    for (int failures = 0; failures < 15; failures += wait_ms == 0) {
        wait_ms = guess(t, STR("owner@larkspur.example"), now_ms);
        now_ms += wait_ms;
    }
    for (uint32_t i = 0; i < 2 * CAP_SIGN_IN_ACCOUNTS; i++) {
        unsigned char id[16] = "";
        uint32_t scattered = i * 2654435761u;
        memcpy(id, &scattered, sizeof(scattered));
        count_failure(make_room(t, id, now_ms), now_ms);
    }
    CHECK_INT(guess(t, STR("owner@larkspur.example"), now_ms), CAP_SIGN_IN_DELAY_MOST_MS);
    account_throttle_free(t);
}

TAP_MAIN(TEST(the_delay_doubles_and_ends), TEST(a_success_resets), TEST(what_was_never_found_out_does_not_count),
         TEST(many_at_once_gain_nothing), TEST(ten_thousand_guesses_in_an_hour), TEST(never_more_than_thirty_an_hour),
         TEST(failures_are_forgotten), TEST(an_address_has_twenty_a_minute), TEST(an_ipv6_network_is_one_address),
         TEST(the_server_has_fifty_a_second), TEST(a_flood_on_one_account_leaves_room),
         TEST(other_accounts_do_not_displace_a_delay))
