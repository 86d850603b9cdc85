/* What a stream that comes back has missed. */
#include "live_ring.h"
#include "tap.h"

static const struct uuid larkspur = {{1}}, annex = {{2}};
static struct live_ring ring;

static struct uuid call(unsigned number)
{
    struct uuid u = {{9, (unsigned char)(number >> 8), (unsigned char)number}};
    return u;
}

static void add(uint64_t now_us, const struct uuid *business, unsigned number)
{
    struct uuid c = call(number);
    live_ring_add(&ring, now_us, business, &c);
}

/* The calls behind a place, as numbers: "3 4"; "many". */
static const char *behind(uint64_t place_us, const struct uuid *business)
{
    static char text[256];
    struct uuid found[4];
    size_t at = 0, n = live_ring_behind(&ring, place_us, business, found, 4);
    text[0] = 0;
    for (size_t i = 0; i < n && n <= 4; i++) {
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%d", i ? " " : "",
                               found[i].bytes[1] << 8 | found[i].bytes[2]);
    }
    return n > 4 ? "many" : text;
}

#define CHECK_BEHIND(place, business, want) CHECK_STR(str_of(behind(place, &(business))), want)

static void places_come_one_after_the_other(void)
{
    ring = (struct live_ring){0};
    uint64_t first = live_ring_place(&ring, 100);
    CHECK_INT(first, 100);
    CHECK_INT(live_ring_place(&ring, 100), 100);
    add(100, &larkspur, 1); /* in the same microsecond: behind it all the same */
    CHECK_BEHIND(first, larkspur, "1");
    uint64_t second = live_ring_place(&ring, 100);
    CHECK_BEHIND(second, larkspur, "");
    add(90, &larkspur, 2); /* a clock that is late */
    CHECK_BEHIND(second, larkspur, "2");
    CHECK_BEHIND(first, larkspur, "1 2");
    CHECK_INT(live_ring_place(&ring, 5000), 5000);
}

static void each_call_once_and_of_one_business(void)
{
    ring = (struct live_ring){0};
    add(10, &larkspur, 1);
    add(20, &annex, 2);
    add(30, &larkspur, 3);
    add(40, &larkspur, 1);
    CHECK_BEHIND(0, larkspur, "1 3");
    CHECK_BEHIND(10, larkspur, "3 1");
    CHECK_BEHIND(0, annex, "2");
    CHECK_BEHIND(40, larkspur, "");
    add(50, &larkspur, 4);
    add(60, &larkspur, 5);
    CHECK_BEHIND(0, larkspur, "1 3 4 5");
    add(70, &larkspur, 3);
    CHECK_BEHIND(0, larkspur, "1 3 4 5");
    add(80, &larkspur, 6);
    CHECK_BEHIND(0, larkspur, "many");
}

static void nobody_goes_on_over_a_gap(void)
{
    ring = (struct live_ring){0};
    CHECK(live_ring_knows(&ring, 0));
    add(10, &larkspur, 1);
    uint64_t before = live_ring_place(&ring, 20);
    CHECK(live_ring_knows(&ring, before) && live_ring_knows(&ring, 10));
    CHECK(!live_ring_knows(&ring, before + 1)); /* nobody was ever there */
    live_ring_gap(&ring, 20);
    CHECK(!live_ring_knows(&ring, before) && !live_ring_knows(&ring, 0));
    uint64_t after = live_ring_place(&ring, 20);
    CHECK(live_ring_knows(&ring, after));
    CHECK_BEHIND(0, larkspur, "");
    add(20, &larkspur, 2);
    CHECK_BEHIND(after, larkspur, "2");
}

static void what_was_pushed_out_is_known_no_more(void)
{
    ring = (struct live_ring){0};
    for (unsigned i = 0; i < CAP_LIVE_RING; i++) {
        add(1000 + i, i % 2 ? &larkspur : &annex, i);
    }
    CHECK(live_ring_knows(&ring, 0));
    add(100000, &larkspur, 9999);
    CHECK(!live_ring_knows(&ring, 0) && !live_ring_knows(&ring, 999));
    CHECK(live_ring_knows(&ring, 1000)); /* that one had been seen there */
    for (unsigned i = 0; i < CAP_LIVE_RING * 5 / 2; i++) {
        add(200000 + i, &larkspur, i);
    }
    CHECK(!live_ring_knows(&ring, 100000));
    CHECK_BEHIND(200000 + CAP_LIVE_RING * 5 / 2 - 3, larkspur, "10238 10239");
    CHECK_BEHIND(0, annex, "");
}

TAP_MAIN(TEST(places_come_one_after_the_other), TEST(each_call_once_and_of_one_business),
         TEST(nobody_goes_on_over_a_gap), TEST(what_was_pushed_out_is_known_no_more))
