#pragma once
/* The harness of the C tests: a list of functions, TAP on standard output, exit code 1 when anything failed.
 *
 *     static void adds_up(void)
 *     {
 *         CHECK(1 + 1 == 2);
 *         CHECK_INT(len("ab"), 2);
 *         CHECK_STR(name, "Larkspur");
 *     }
 *     TAP_MAIN(TEST(adds_up), TEST(takes_away))
 *
 * A check that fails is printed and the test goes on; tap_case names the row of a table for those lines. A test that
 * checked nothing has failed. Names given as arguments run those tests only. A program that hangs is killed after
 * TAP_SECONDS. */
#include "str.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TAP_SECONDS 120

struct tap_test {
    const char *name;
    void (*run)(void);
};

struct tap_state {
    int checks, failures; /* of the running test */
    const char *row;
};

static struct tap_state tap;

/* The row of a table that the next checks belong to; NULL for none. */
static inline void tap_case(const char *row)
{
    tap.row = row;
}

/* One text per line, control bytes made visible. */
static inline void tap_print(const char *label, struct str s)
{
    printf("#   %s ", label);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f) {
            printf("\\x%02x", c);
        } else {
            putchar(c);
        }
    }
    printf("%s\n", s.p ? "" : "(absent)");
}

static inline void tap_fail(const char *file, int line, const char *what)
{
    tap.failures++;
    printf("# %s:%d: %s\n", file, line, what);
    if (tap.row) {
        tap_print("in  ", str_of(tap.row));
    }
}

static inline void tap_check(bool ok, const char *file, int line, const char *what)
{
    tap.checks++;
    if (!ok) {
        tap_fail(file, line, what);
    }
}

static inline void tap_check_int(long long got, long long want, const char *file, int line, const char *what)
{
    tap_check(got == want, file, line, what);
    if (got != want) {
        printf("#   got %lld, want %lld\n", got, want);
    }
}

static inline void tap_check_str(struct str got, struct str want, const char *file, int line, const char *what)
{
    bool same = (got.p == NULL) == (want.p == NULL) && str_eq(got, want);
    tap_check(same, file, line, what);
    if (!same) {
        tap_print("got ", got);
        tap_print("want", want);
    }
}

#define CHECK(cond) tap_check((cond), __FILE__, __LINE__, #cond)
#define CHECK_INT(got, want) tap_check_int((got), (want), __FILE__, __LINE__, #got " == " #want)
/* struct str against a C string; NULL stands for absent. */
#define CHECK_STR(got, want) tap_check_str((got), str_of(want), __FILE__, __LINE__, #got " == " #want)

static inline bool tap_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return true;
        }
    }
    return argc < 2;
}

static inline int tap_run(const struct tap_test *tests, size_t count, int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(TAP_SECONDS);
    int run = 0, failed = 0;
    for (size_t i = 0; i < count; i++) {
        if (!tap_wanted(tests[i].name, argc, argv)) {
            continue;
        }
        tap = (struct tap_state){0};
        tests[i].run();
        if (tap.checks == 0) {
            tap_fail(__FILE__, __LINE__, "the test checked nothing");
        }
        printf("%sok %d - %s\n", tap.failures ? "not " : "", ++run, tests[i].name);
        failed += tap.failures > 0;
    }
    printf("1..%d\n", run);
    return failed || run == 0;
}

#define TEST(name) {#name, name}
#define TAP_MAIN(...)                                                                                                  \
    int main(int argc, char **argv)                                                                                    \
    {                                                                                                                  \
        static const struct tap_test tests[] = {__VA_ARGS__};                                                          \
        return tap_run(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);                                           \
    }
