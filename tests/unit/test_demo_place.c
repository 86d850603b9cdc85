/* Businesses, numbers and names: all different, and nobody's. */
#include "arena.h"
#include "demo_day.h"
#include "tap.h"

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* A number of the range that is kept for fiction. */
static bool is_fictional(const char *phone)
{
    return strlen(phone) == 12 && strncmp(phone, "+1", 2) == 0 && phone[2] >= '2' &&
           strncmp(phone + 5, "55501", 5) == 0 && strspn(phone + 1, "0123456789") == 11;
}

static size_t count_doubles(char *rows, size_t width)
{
    size_t doubles = 0;
    qsort(rows, DEMO_BUSINESSES, width, compare);
    for (size_t i = 1; i < DEMO_BUSINESSES; i++) {
        doubles += strcmp(rows + (i - 1) * width, rows + i * width) == 0;
    }
    return doubles;
}

static void every_business_has_its_own(void)
{
    char *names = mem_alloc(DEMO_BUSINESSES * DEMO_NAME_BYTES), *phones = mem_alloc(DEMO_BUSINESSES * DEMO_PHONE_BYTES);
    char *ids = mem_alloc(DEMO_BUSINESSES * DEMO_UUID_BYTES), unmapped[DEMO_PHONE_BYTES];
    size_t zones[DEMO_ZONES] = {0}, bad = 0, taken = 0, itself = 0;
    demo_place_unmapped(unmapped);
    for (uint32_t i = 0; i < DEMO_BUSINESSES; i++) {
        struct demo_business b;
        demo_business_init(&b, 1, i);
        zones[b.zone]++;
        bad += !is_fictional(b.phone) || (b.forward[0] && !is_fictional(b.forward));
        itself += strcmp(b.phone, b.forward) == 0;
        taken += strcmp(b.phone, unmapped) == 0;
        memcpy(names + i * DEMO_NAME_BYTES, b.name, DEMO_NAME_BYTES);
        memcpy(phones + i * DEMO_PHONE_BYTES, b.phone, DEMO_PHONE_BYTES);
        memcpy(ids + i * DEMO_UUID_BYTES, b.id, DEMO_UUID_BYTES);
    }
    CHECK_INT(bad + taken + itself, 0);
    CHECK_INT(count_doubles(names, DEMO_NAME_BYTES), 0);
    CHECK_INT(count_doubles(phones, DEMO_PHONE_BYTES), 0);
    CHECK_INT(count_doubles(ids, DEMO_UUID_BYTES), 0);
    for (size_t i = 0; i < DEMO_ZONES; i++) {
        CHECK(zones[i] > 0);
    }
    free(names);
    free(phones);
    free(ids);
}

static void the_first_is_larkspur(void)
{
    struct demo_business b, other;
    demo_business_init(&b, 1, 0);
    CHECK_STR(str_of(b.name), "Larkspur Dental Studio");
    CHECK_STR(str_of(b.phone), "+12125550142");
    CHECK_STR(str_of(b.id), "3b1f0c52-7d8e-4a6b-9c21-5e4f8a90d7b3");
    CHECK_STR(str_of(demo_zones[b.zone]), "America/New_York");
    CHECK_STR(str_of(b.forward), "");
    demo_business_init(&b, 1, 4);
    demo_business_init(&other, 2, 4);
    CHECK_STR(str_of(b.id), other.id); /* who they are does not depend on the seed */
    CHECK_STR(str_of(b.name), other.name);
    CHECK(b.seed != other.seed);
    demo_business_init(&b, 1, DEMO_UNASSIGNED);
    CHECK_STR(str_of(b.id), "");
    CHECK(is_fictional(b.phone));
}

static void callers_are_nearby_and_never_the_business(void)
{
    for (uint32_t i = 0; i < 600; i++) {
        char own[DEMO_PHONE_BYTES], first[DEMO_PHONE_BYTES] = "", phone[DEMO_PHONE_BYTES];
        size_t different = 0;
        demo_place_phone(i, own);
        for (uint32_t caller = 0; caller < DEMO_CALLERS; caller += 7) {
            demo_place_caller(i, caller, phone);
            CHECK(is_fictional(phone) && strcmp(phone, own) != 0);
            different += strcmp(first, phone) != 0;
            memcpy(first, phone, sizeof(first));
        }
        CHECK(different > 130);
    }
}

TAP_MAIN(TEST(every_business_has_its_own), TEST(the_first_is_larkspur), TEST(callers_are_nearby_and_never_the_business))
