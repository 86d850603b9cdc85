#include "caps.h"
#include "demo.h"
#include "demo_place.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define EMAIL_BYTES 254

/* One option; its word is read by `read`, or it stands alone. */
struct option {
    const char *flag, *value, *help;
    /* NULL, or what is wrong with the word. */
    const char *(*read)(const char *word, struct demo_options *o);
};

static bool read_number(const char *word, uint64_t least, uint64_t most, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(word, &end, 10);
    *out = n;
    return isdigit((unsigned char)*word) && *end == '\0' && errno == 0 && n >= least && n <= most;
}

static const char *read_days(const char *word, struct demo_options *o)
{
    uint64_t n;
    bool good = read_number(word, 1, CAP_DEMO_DAYS, &n);
    o->days = (uint32_t)n;
    return good ? NULL : "a number from 1 to 1000";
}

static const char *read_calls(const char *word, struct demo_options *o)
{
    uint64_t n;
    bool good = read_number(word, 1, CAP_DEMO_CALLS_PER_DAY, &n);
    o->calls_per_day = (uint32_t)n;
    return good ? NULL : "a number from 1 to 2000";
}

static const char *read_businesses(const char *word, struct demo_options *o)
{
    uint64_t n;
    bool good = read_number(word, 1, DEMO_BUSINESSES, &n);
    o->businesses = (uint32_t)n;
    return good ? NULL : "a number from 1 to 10000";
}

static const char *read_seed(const char *word, struct demo_options *o)
{
    return read_number(word, 0, UINT64_MAX, &o->seed) ? NULL : "a number";
}

static const char *read_utterances(const char *word, struct demo_options *o)
{
    uint64_t n;
    bool good = read_number(word, 4, 14, &n);
    o->utterances = (uint32_t)n;
    return good ? NULL : "a number from 4 to 14";
}

static const char *read_no_transcripts(const char *word, struct demo_options *o)
{
    (void)word;
    o->utterances = 0;
    return NULL;
}

static const char *read_events(const char *word, struct demo_options *o)
{
    o->events = strcmp(word, "few") == 0;
    return o->events || strcmp(word, "none") == 0 ? NULL : "none or few";
}

static const char *read_email(const char *word, struct demo_options *o)
{
    size_t n = strlen(word), at = str_find(str_of(word), '@');
    bool good = n <= EMAIL_BYTES && at > 0 && at + 1 < n;
    for (size_t i = 0; i < n && good; i++) {
        good = (isalnum((unsigned char)word[i]) && !isupper((unsigned char)word[i])) || strchr("@.+-_", word[i]);
    }
    o->owner_email = word;
    return good ? NULL : "an address in small letters";
}

static const char *read_password(const char *word, struct demo_options *o)
{
    o->password = word;
    return strlen(word) >= CAP_PASSWORD_LEAST_BYTES && strlen(word) <= CAP_PASSWORD_BYTES ? NULL : "8 to 72 bytes";
}

static const char *read_until(const char *word, struct demo_options *o)
{
    unsigned year, month, day;
    char end;
    static const unsigned before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool good = strlen(word) == 10 && sscanf(word, "%4u-%2u-%2u%c", &year, &month, &day, &end) == 3 && year >= 2000 &&
                year < 2100 && month >= 1 && month <= 12 && day >= 1;
    if (good) {
        unsigned leaps = (year - 1969) / 4 + (year % 4 == 0 && month > 2); /* 2000 was one, 2100 is out of reach */
        o->until_day = (int64_t)(year - 1970) * 365 + leaps + before[month - 1] + day - 1;
        struct buf again = buf_make(64);
        demo_put_date(&again, o->until_day);
        good = str_eq(buf_str(&again), str_of(word)); /* a date that there is */
        buf_free(&again);
    }
    return good ? NULL : "a date, as in 2026-11-18";
}

static const char *read_more(const char *word, struct demo_options *o)
{
    (void)word;
    o->more = true;
    return NULL;
}

static const char *read_quiet(const char *word, struct demo_options *o)
{
    (void)word;
    o->quiet = true;
    return NULL;
}

static const struct option options[] = {
    {"--days", "N", "how far it reaches back, today included (30)", read_days},
    {"--calls-per-day", "N", "of one business, on average (25)", read_calls},
    {"--businesses", "N", "the first is Larkspur Dental Studio (1)", read_businesses},
    {"--until", "DATE", "the last day, as in 2026-11-18; today, up to now, if not given", read_until},
    {"--seed", "N", "another history (1)", read_seed},
    {"--utterances", "N", "sentences said in a call on average, 4 to 14 (9)", read_utterances},
    {"--no-transcripts", NULL, "calls without what was said", read_no_transcripts},
    {"--events", "none|few", "the messages that told of each call (few)", read_events},
    {"--owner-email", "MAIL", "who owns the first business (owner@larkspur.example)", read_email},
    {"--password", "TEXT", "of all accounts; if not given, one is made up and printed", read_password},
    {"--more", NULL, "go on where an earlier run ended: later days, more businesses", read_more},
    {"--quiet", NULL, "no progress", read_quiet},
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

static int print_help(void)
{
    printf(
        "usage: ringback demo [OPTION ...]\n\n"
        "Fills the database of MIGRATE_DATABASE_URL with made-up businesses, people who may sign in, and calls. Not for\n"
        "a database with real ones, and never on Supabase.\n\n");
    for (size_t i = 0; i < OPTIONS; i++) {
        char left[32];
        snprintf(left, sizeof(left), "%s %s", options[i].flag, options[i].value ? options[i].value : "");
        printf("  %-24s %s\n", left, options[i].help);
    }
    return 0;
}

static int complain(const char *word, const char *what)
{
    fprintf(stderr, "ringback demo: %s%s; ringback demo --help tells more\n", word, what);
    return 2;
}

static const struct option *find_option(const char *word)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strcmp(options[i].flag, word) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

int demo_options_read(int argc, char **argv, struct demo_options *out)
{
    *out = (struct demo_options){.seed = 1,
                                 .businesses = 1,
                                 .days = 30,
                                 .calls_per_day = 25,
                                 .utterances = 9,
                                 .events = true,
                                 .owner_email = "owner@larkspur.example",
                                 .until_day = -1};
    for (int i = 0; i < argc; i++) {
        const struct option *o = find_option(argv[i]);
        if (strcmp(argv[i], "--help") == 0) {
            return print_help();
        }
        if (!o) {
            return complain(argv[i], ": there is no such option");
        }
        if (o->value && i + 1 == argc) {
            return complain(argv[i], " needs a value");
        }
        const char *wrong = o->read(o->value ? argv[++i] : NULL, out);
        if (wrong) {
            fprintf(stderr, "ringback demo: %s: ", o->flag);
            return complain(wrong, " is wanted");
        }
    }
    if ((uint64_t)out->businesses * out->calls_per_day > CAP_DEMO_CALLS_OF_DAY) {
        return complain("", "more than 1,000,000 calls a day in all");
    }
    return -1;
}
