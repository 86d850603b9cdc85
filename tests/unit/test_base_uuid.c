/* UUIDs in and out. */
#include "tap.h"
#include "uuid.h"

static void reads_what_it_writes(void)
{
    static const struct str good[] = {STR("00000000-0000-0000-0000-000000000000"),
                                      STR("0123abcd-4567-89ab-cdef-fedcba987654"),
                                      STR("ffffffff-ffff-ffff-ffff-ffffffffffff")};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct uuid u;
        char text[UUID_TEXT];
        CHECK(uuid_read(good[i], &u));
        uuid_write(&u, text);
        CHECK(str_eq((struct str){text, UUID_TEXT}, good[i]));
    }
    struct uuid lower, upper;
    CHECK(uuid_read(good[1], &lower) && uuid_read(STR("0123ABCD-4567-89AB-CDEF-FEDCBA987654"), &upper));
    CHECK(uuid_eq(&lower, &upper));
    CHECK_INT(lower.bytes[0], 0x01);
    CHECK_INT(lower.bytes[15], 0x54);
    CHECK(uuid_read(good[2], &upper) && !uuid_eq(&lower, &upper));
}

static void refuses_what_is_none(void)
{
    static const struct str bad[] = {
        {NULL, 0},
        STR(""),
        STR("*"),
        STR("0123abcd-4567-89ab-cdef-fedcba98765"),
        STR("0123abcd-4567-89ab-cdef-fedcba9876543"),
        STR("0123abcd-4567-89ab-cdef-fedcba98765g"),
        STR("0123abcd04567-89ab-cdef-fedcba987654"),
        STR("0123abc-d4567-89ab-cdef-fedcba987654"),
        STR("0123abcd-4567-89ab-cdef\0fedcba987654"),
        STR("{123abcd-4567-89ab-cdef-fedcba98765}"),
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct uuid u;
        tap_case(bad[i].p);
        CHECK(!uuid_read(bad[i], &u));
    }
}

TAP_MAIN(TEST(reads_what_it_writes), TEST(refuses_what_is_none))
