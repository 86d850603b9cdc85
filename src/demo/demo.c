#include "demo.h"
#include "config.h"
#include "crypto.h"
#include "demo_load.h"
#include "sql_migrations.h"
#include <stdio.h>
#include <stdlib.h>

#define PASSWORD_BYTES 64
#define SIGNAL_EXIT 128
#define DAY_US 86400000000

static int refuse(const char *why)
{
    fprintf(stderr, "ringback demo: %s\n", why);
    return ERR_BAD_SETTING;
}

static bool is_true(const PGresult *r, int column)
{
    return strcmp(PQgetvalue(r, 0, column), "t") == 0;
}

static const char *newest_migration(void)
{
    const char *version = NULL;
    for (const struct sql_migration *m = sql_migrations; m->version; m++) {
        version = m->version;
    }
    return version;
}

/* Only a database that is ours to fill. */
static int look(struct demo_pg *d)
{
    PGresult *r = demo_pg_ask(d, STMT_DEMO_LOOK, 0, NULL);
    if (!r) {
        return ERR_BAD_DATA;
    }
    const char *why = is_true(r, 1)    ? "this is Supabase's database; made-up history goes into a local one only"
                      : !is_true(r, 0) ? "the schema is missing: run `ringback migrate --local`"
                      : !is_true(r, 2) ? "the accounts' tables are missing: run `ringback migrate --local`"
                      : !is_true(r, 3)
                          ? "this login is bound by row-level security, which COPY cannot pass: take a superuser"
                          : NULL;
    PQclear(r);
    if (why) {
        return refuse(why);
    }
    const char *version[] = {newest_migration()};
    r = demo_pg_ask(d, STMT_DEMO_VERSION, 1, version);
    bool current = r && PQntuples(r) == 1;
    PQclear(r);
    return !r ? ERR_BAD_DATA : current ? 0 : refuse("the schema is not this version's: run `ringback migrate --local`");
}

static long long number_at(const PGresult *r, int row, int column)
{
    return strtoll(PQgetvalue(r, row, column), NULL, 10);
}

/* When the hours of all zones begin, as Postgres has it. */
static int read_hours(struct demo_pg *d, struct demo_calendar *c, const char *zones)
{
    char first[32], end[32];
    snprintf(first, sizeof(first), "%lld", (long long)c->first_day);
    snprintf(end, sizeof(end), "%lld", (long long)c->first_day + (long long)c->days);
    const char *params[] = {zones, first, end};
    PGresult *r = demo_pg_ask(d, STMT_DEMO_HOURS, 3, params);
    size_t of_zone = c->days * DEMO_HOURS + 1;
    int rc = r && (size_t)PQntuples(r) == DEMO_ZONES * of_zone ? 0 : ERR_BAD_DATA;
    for (int i = 0; rc == 0 && i < PQntuples(r); i++) {
        c->hours[number_at(r, i, 0)][(size_t)i % of_zone] = number_at(r, i, 1);
    }
    PQclear(r);
    return rc;
}

static int read_calendar(struct demo_pg *d, const struct demo_options *o, struct demo_calendar *c, struct buf *zones)
{
    demo_array_begin(zones);
    for (size_t i = 0; i < DEMO_ZONES; i++) {
        demo_array_add(zones, demo_zones[i]);
    }
    const char *params[] = {demo_array_end(zones)};
    PGresult *r = demo_pg_ask(d, STMT_DEMO_NOW, 1, params);
    if (!r) {
        return ERR_BAD_DATA;
    }
    int64_t now_us = number_at(r, 0, 0), today = number_at(r, 0, 1);
    PQclear(r);
    if (o->until_day > today) {
        return refuse("--until lies in the future");
    }
    int64_t last = o->until_day < 0 ? today : o->until_day;
    demo_calendar_init(c, last - o->days + 1, o->days);
    c->now_us = now_us;
    return read_hours(d, c, zones->data);
}

static struct demo_business *find_business(struct demo_plan *p, const char *id)
{
    for (size_t i = 0; i <= p->count; i++) {
        if (strcmp(p->businesses[i].id, id) == 0) {
            return &p->businesses[i];
        }
    }
    return NULL;
}

/* What earlier runs left; how many calls. -1: unknown. */
static long long find_earlier(struct demo_pg *d, struct demo_plan *p)
{
    PGresult *here = demo_pg_ask(d, STMT_DEMO_HERE, 0, NULL), *mailed = demo_pg_ask(d, STMT_DEMO_MAILED, 0, NULL);
    long long calls = here && mailed ? 0 : -1;
    for (int i = 0; calls >= 0 && i < PQntuples(here); i++) {
        struct demo_business *b = find_business(p, PQgetvalue(here, i, 0));
        calls += number_at(here, i, 1);
        if (b) {
            b->done_us = number_at(here, i, 2);
        }
    }
    for (int i = 0; calls >= 0 && i < PQntuples(mailed); i++) {
        struct demo_business *b = find_business(p, PQgetvalue(mailed, i, 0));
        if (b) {
            b->digested_day = number_at(mailed, i, 1);
        }
    }
    PQclear(here);
    PQclear(mailed);
    return calls;
}

/* Four short words and three digits: 2^33 of them, for a database without real calls. */
static void make_password(char out[PASSWORD_BYTES])
{
    static const char *const words[] = {
        "amber", "basil",   "birch", "breeze", "canoe",   "cedar",  "cliff",  "cloud", "coral", "crane", "delta",
        "ember", "falcon",  "fern",  "flint",  "frost",   "garnet", "grove",  "heron", "hazel", "iris",  "ivory",
        "jade",  "juniper", "kelp",  "lagoon", "larch",   "lemon",  "lilac",  "linen", "lotus", "lunar", "maple",
        "marsh", "meadow",  "mint",  "moss",   "nectar",  "oak",    "olive",  "onyx",  "opal",  "orbit", "otter",
        "pearl", "pine",    "plum",  "poppy",  "prairie", "quartz", "raven",  "reef",  "ridge", "river", "robin",
        "sage",  "sienna",  "slate", "spruce", "thyme",   "tulip",  "willow", "wren",  "yarrow"};
    size_t n = 0;
    for (int i = 0; i < 4; i++) {
        const char *word = words[crypto_random_below(sizeof(words) / sizeof(words[0]))];
        n += (size_t)snprintf(out + n, PASSWORD_BYTES - n, "%s-", word);
    }
    snprintf(out + n, PASSWORD_BYTES - n, "%u", 100 + crypto_random_below(900));
}

/* `password` is NULL when the accounts keep the one they have. */
static void print_login(const struct demo_options *o, const char *password)
{
    printf("Sign in as %s%s%s.\n", o->owner_email, password ? ", password " : "", password ? password : "");
    printf("Staff, who may change no settings: staff@larkspur.example.%s\n",
           o->businesses > 1 ? " Other businesses: owner2@demo.example and so on." : "");
    if (!password) {
        printf("The password is that of an earlier run; --password sets another.\n");
    }
}

static int tell_what_is_here(struct demo_pg *d, struct demo_plan *p, long long calls)
{
    printf("There are %lld made-up calls here already; --more goes on where they end.\n", calls);
    int rc = p->options->password ? demo_load_password(d, p) : 0;
    if (rc == 0) {
        print_login(p->options, p->options->password);
    }
    return rc;
}

static int fill(struct demo_pg *d, struct demo_plan *p, const char *password)
{
    int rc = demo_load(d, p);
    if (rc < 0) {
        return rc;
    }
    printf("%llu calls, %llu utterances, %llu events and %llu digests of %zu business%s.\n",
           (unsigned long long)p->rows.call_count, (unsigned long long)p->rows.utterance_count,
           (unsigned long long)p->rows.event_count, (unsigned long long)p->rows.digest_count, p->count,
           p->count == 1 ? "" : "es");
    bool all_new = p->people_made == p->count + 1;
    print_login(p->options, all_new || p->options->password ? password : NULL);
    if (p->people_made > 0 && !all_new && !p->options->password) {
        printf("The %zu new accounts have the password %s.\n", p->people_made, password);
    }
    fflush(stdout);
    demo_progress_stage(&p->progress, "vacuum", 0);
    rc = demo_pg_do(d, STMT_DEMO_VACUUM, 0, NULL);
    if (rc == 0) {
        demo_progress_end(&p->progress);
    }
    return 0; /* the history is there */
}

/* About how many calls are missing. */
static uint64_t expect(const struct demo_plan *p)
{
    uint64_t days = 0;
    for (size_t i = 0; i < p->count; i++) {
        uint64_t since = (uint64_t)(p->calendar.now_us - p->businesses[i].done_us) / DAY_US + 1;
        days += since < p->calendar.days ? since : p->calendar.days;
    }
    return days * p->options->calls_per_day;
}

static int run_with(struct demo_pg *d, const struct demo_options *o, struct demo_plan *p, struct buf *scratch)
{
    char made[PASSWORD_BYTES];
    make_password(made);
    const char *password = o->password ? o->password : made;
    int rc = look(d);
    rc = rc < 0 ? rc : password_hash(str_of(password), p->password_hash);
    rc = rc < 0 ? rc : read_calendar(d, o, &p->calendar, scratch);
    if (rc < 0) {
        return rc;
    }
    p->options = o;
    p->count = o->businesses;
    p->businesses = mem_alloc((p->count + 1) * sizeof(*p->businesses));
    for (size_t i = 0; i < p->count; i++) {
        demo_business_init(&p->businesses[i], o->seed ^ (uint64_t)o->calls_per_day << 32, (uint32_t)i);
    }
    demo_business_init(&p->businesses[p->count], o->seed, DEMO_UNASSIGNED);
    long long earlier = find_earlier(d, p);
    if (earlier < 0) {
        return ERR_BAD_DATA;
    }
    p->earlier = (uint64_t)earlier;
    p->expected = expect(p);
    return earlier > 0 && !o->more ? tell_what_is_here(d, p, earlier) : fill(d, p, password);
}

int demo_run(const struct demo_options *options)
{
    struct config c;
    struct str why;
    int rc = config_read(&c, &why);
    struct str url = str_or(c.migrate_database_url, c.database_url);
    if (rc < 0 || !url.n) {
        fprintf(stderr, "ringback demo: %s\n", rc < 0 ? why.p : "MIGRATE_DATABASE_URL or DATABASE_URL: needed");
        config_free(&c);
        return 1;
    }
    struct demo_pg d = {NULL};
    struct demo_plan p = {0};
    struct buf scratch = buf_make(4096);
    p.links = (struct digest_links){str_or(c.dashboard_url, c.public_url), str_or(c.public_url, c.dashboard_url),
                                    str_or(c.resend_from, STR("Ringback <digest@demo.example>"))};
    demo_progress_init(&p.progress, options->quiet);
    demo_rows_init(&p.rows, (struct demo_shape){.lines = options->utterances, .events = options->events});
    rc = demo_pg_open(&d, url.p);
    rc = rc < 0 ? rc : run_with(&d, options, &p, &scratch);
    if (rc < 0 && demo_pg_stopped()) {
        fprintf(stderr, "\nringback demo: stopped, nothing was kept\n");
    }
    demo_pg_close(&d);
    demo_calendar_free(&p.calendar);
    demo_rows_free(&p.rows);
    buf_free(&scratch);
    free(p.businesses);
    config_free(&c);
    return rc == 0 ? 0 : demo_pg_stopped() ? SIGNAL_EXIT + demo_pg_stopped() : 1;
}
