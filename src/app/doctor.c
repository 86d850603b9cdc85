#include "doctor.h"
#include "caps.h"
#include "command_pg.h"
#include "err.h"
#include "sql_migrations.h"
#include <stdio.h>
#include <stdlib.h>

#define WHAT_LETTERS 300

enum level { LEVEL_OK, LEVEL_WARN, LEVEL_FATAL, LEVELS };

struct doctor {
    struct config config;
    struct command_pg pg;
    int count[LEVELS];
};

static void say(struct doctor *d, enum level level, const char *what, const char *remedy)
{
    static const char *const words[] = {"ok", "warn", "fatal"};
    d->count[level]++;
    printf("%-5s  %s%s%s\n", words[level], what, remedy ? " -> " : "", remedy ? remedy : "");
}

/* Lists of what is amiss: what there is when it is empty, how a line of it begins, and what helps. */
static const struct list {
    enum sql_statement_id statement;
    const char *good, *title, *remedy;
} lists[] = {
    {STMT_DOCTOR_PAST_DUE, "no digest is past due", "digest past due",
     "see that a server runs, and what its log says of it; it is tried again by itself"},
    {STMT_DOCTOR_UNKNOWN, "no digest waits for a decision", "digest that may have gone out or not", NULL},
    {STMT_DOCTOR_FAILED, "no digest failed in the last 7 days", "digests failed in the last 7 days, ",
     "ringback digest --date DATE says why; with --send --again they are made anew"},
    {STMT_DOCTOR_PAUSED, "no recipient is paused", "recipient paused",
     "mend or change the address, then let it have mail again in the settings of the business"},
    {STMT_DOCTOR_WITHOUT_RECIPIENT, "every digest has a recipient", "nobody gets the digest",
     "set who gets it in the settings of the business, or give its owner an address"},
    {STMT_DOCTOR_WITHOUT_NUMBER, "every business has a number", "no number leads to a business",
     "add it to business_phones, and point it at this server"},
    {STMT_DOCTOR_WITHOUT_ZONE, "every time zone is known", "time zone not known to this Postgres, so no digest",
     "choose another in the settings of the business, or update Postgres' time zones"},
    {STMT_DOCTOR_SECRETS_KEY, "SECRETS_KEY is there, or nobody books", "SECRETS_KEY is not set, so nobody can book",
     "set the one that sealed their keys; or a new one, by openssl rand -hex 32, then ringback calcom set for each"},
    {STMT_DOCTOR_BOOKING_NOT_CONNECTED, "whoever has booking switched on has a calendar",
     "booking is switched on without a calendar", "ringback calcom set, or ringback calcom off, with --business ID"},
    {STMT_DOCTOR_BOOKING_REFUSED, "no key to a calendar is refused", "booking does not work: Cal.com refuses the key",
     "ringback calcom check --business ID asks again; else make a new key at Cal.com, then ringback calcom set"},
    {STMT_DOCTOR_BOOKING_UNREADABLE, "every key to a calendar is sealed with this SECRETS_KEY",
     "booking does not work: the key is sealed with another SECRETS_KEY",
     "start with the SECRETS_KEY that sealed it, or set the key again by ringback calcom set"},
    {STMT_DOCTOR_BOOKING_UNKNOWN, "no booking is in doubt for long", "booking that may have been made or not",
     "see that a server runs with SECRETS_KEY and reaches Cal.com, and look into the calendar; it is looked up by itself"},
};

static void show_list(struct doctor *d, const struct list *list, const PGresult *r)
{
    char line[CAP_LOG_LINE_BYTES];
    int shown = PQntuples(r);
    for (int i = 0; i < shown; i++) {
        const char *remedy = command_pg_cell(r, i, 1);
        snprintf(line, sizeof(line), "%s: %s", list->title, command_shown(PQgetvalue(r, i, 0), WHAT_LETTERS));
        say(d, LEVEL_WARN, line, remedy ? remedy : list->remedy);
    }
    long left = shown ? strtol(PQgetvalue(r, 0, 2), NULL, 10) - shown : 0;
    if (left > 0) {
        printf("       and %ld more\n", left);
    }
    if (shown == 0) {
        say(d, LEVEL_OK, list->good, NULL);
    }
}

static int params_of(enum sql_statement_id id)
{
    return id == STMT_DOCTOR_SECRETS_KEY || id == STMT_DOCTOR_BOOKING_UNREADABLE ? 2 : 1;
}

static void check_lists(struct doctor *d)
{
    char most[8];
    const char *values[] = {most, d->config.secrets_key_id.p};
    snprintf(most, sizeof(most), "%d", CAP_DOCTOR_ROWS);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        PGresult *r = command_pg_ask(&d->pg, lists[i].statement, params_of(lists[i].statement), values);
        if (r) {
            show_list(d, &lists[i], r);
        } else {
            say(d, LEVEL_FATAL, "the database refused a question", "see the line above");
        }
        PQclear(r);
    }
}

/* The server's roles are taken by its login, unit by unit; Supabase signs people in where it is used. */
static bool check_login(struct doctor *d)
{
    bool with_sign_in = !d->config.supabase_url.n;
    const char *values[] = {with_sign_in
                                ? "{authenticated,ringback_ingest,ringback_digest,ringback_booking,ringback_auth}"
                                : "{authenticated,ringback_ingest,ringback_digest,ringback_booking}"};
    char line[160];
    PGresult *r = command_pg_ask(&d->pg, STMT_DOCTOR_LOGIN, 1, values);
    int good = 0, count = r ? PQntuples(r) : 0;
    for (int i = 0; i < count; i++) {
        bool missing = strcmp(PQgetvalue(r, i, 1), "missing") == 0;
        if (strcmp(PQgetvalue(r, i, 1), "yes") == 0) {
            good++;
            continue;
        }
        snprintf(line, sizeof(line), missing ? "role %s is not there" : "the login may not take the role %s",
                 PQgetvalue(r, i, 0));
        say(d, LEVEL_FATAL, line, missing ? "ringback migrate" : "grant it to the login of DATABASE_URL");
    }
    if (count > 0 && good == count) {
        say(d, LEVEL_OK, "the login may take the server's roles", NULL);
    }
    if (count > 0 && PQgetvalue(r, 0, 2)[0] == 't') {
        say(d, LEVEL_WARN, "the login of DATABASE_URL sees every row, whatever row-level security says",
            "give the server a login of its own, as ringback_server");
    }
    PQclear(r);
    return count > 0 && good == count;
}

static bool check_schema(struct doctor *d)
{
    const char *newest = "";
    for (const struct sql_migration *m = sql_migrations; m->version; m++) {
        newest = m->version;
    }
    PGresult *r = command_pg_try(&d->pg, STMT_SCHEMA_CHECK, 1, &newest);
    bool asked = r && PQresultStatus(r) == PGRES_TUPLES_OK;
    bool current = asked && PQgetvalue(r, 0, 0)[0] == 't';
    say(d, current ? LEVEL_OK : LEVEL_FATAL,
        current ? "the schema is current" : "the schema is older than this program",
        current ? NULL : "ringback migrate");
    if (asked && strcmp(PQgetvalue(r, 0, 1), "off") == 0) {
        say(d, LEVEL_FATAL, "synchronous_commit is off: what is answered for may be lost",
            "switch it on for this database");
    }
    PQclear(r);
    return current;
}

static void check_mail(struct doctor *d)
{
    const struct config *c = &d->config;
    if (c->resend_api_key.n) {
        say(d, LEVEL_OK, "mail goes through Resend", NULL);
        say(d, c->resend_webhook_secret.n ? LEVEL_OK : LEVEL_WARN,
            c->resend_webhook_secret.n ? "delivery events of Resend are believed when they are signed"
                                       : "delivery events of Resend are refused: bounces stay unseen",
            c->resend_webhook_secret.n
                ? NULL
                : "add a webhook for /api/resend-webhook at Resend and set RESEND_WEBHOOK_SECRET to its whsec_ secret");
    } else if (c->smtp_url.n) {
        say(d, LEVEL_OK, "mail goes through the server of SMTP_URL, which tells nothing about delivery", NULL);
    } else {
        say(d, LEVEL_WARN, "there is no way to send mail: digests are made and kept",
            "set RESEND_API_KEY and RESEND_FROM, or SMTP_URL and RESEND_FROM");
    }
    say(d, LEVEL_OK,
        c->cron_secret.n ? "an outside scheduler may call /api/cron/daily-digest"
                         : "/api/cron/daily-digest is shut (no CRON_SECRET); servers look by themselves",
        NULL);
}

static void check_address(struct doctor *d, const char *name, struct str url, const char *what_for)
{
    char line[200];
    bool secure = str_starts(url, STR("https://"));
    const char *state = !url.n ? "is not set" : secure ? "is there" : "does not begin with https://";
    snprintf(line, sizeof(line), "%s %s", name, state);
    say(d, secure ? LEVEL_OK : LEVEL_WARN, line, secure ? NULL : what_for);
}

static void check_addresses(struct doctor *d)
{
    const struct config *c = &d->config;
    check_address(d, "PUBLIC_URL", c->public_url,
                  "set it to the https address under which Twilio, Vapi, Resend and mail programs reach this server");
    if (c->dashboard_url.n || !c->public_url.n) {
        check_address(d, "DASHBOARD_URL", c->dashboard_url,
                      "set it to the https address of the dashboard, which mails lead to");
    }
}

static void check_all(struct doctor *d)
{
    struct str why;
    if (config_read(&d->config, &why) < 0) {
        say(d, LEVEL_FATAL, why.p, "ringback serve --help lists the settings");
        return;
    }
    say(d, LEVEL_OK, "the settings can be used", NULL);
    check_mail(d);
    check_addresses(d);
    if (!d->config.database_url.n) {
        say(d, LEVEL_FATAL, "DATABASE_URL is not set", "set it to a postgresql:// address with the server's own login");
    } else if (command_pg_connect(&d->pg, &d->config) < 0) {
        say(d, LEVEL_FATAL, "the database cannot be reached",
            "see the line above; check DATABASE_URL and that Postgres runs");
    } else {
        say(d, LEVEL_OK, "the database answers", NULL);
        if (check_login(d) && check_schema(d)) {
            check_lists(d);
        }
    }
}

static int print_help(void)
{
    printf(
        "usage: ringback doctor\n\n"
        "Looks at the settings, the database and the mail, with the server's own login, and says what is amiss and what\n"
        "helps. Changes nothing.\n\n"
        "Exit status: 1 when something is fatal: the server cannot work so. Else 0.\n");
    return 0;
}

int doctor_run(int argc, char **argv)
{
    struct doctor d = {.pg = {.command = "doctor"}};
    if (argc > 0 && strcmp(argv[0], "--help") == 0) {
        return print_help();
    }
    if (argc > 0) {
        fprintf(stderr, "ringback doctor: no option %s; ringback doctor --help tells more\n", argv[0]);
        return 2;
    }
    check_all(&d);
    command_pg_close(&d.pg);
    config_free(&d.config);
    printf("\n%d fatal, %d to look at, %d ok\n", d.count[LEVEL_FATAL], d.count[LEVEL_WARN], d.count[LEVEL_OK]);
    return d.count[LEVEL_FATAL] ? 1 : 0;
}
