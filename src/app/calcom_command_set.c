#include "calcom_command_private.h"
#include "calcom_request.h"
#include "caps.h"
#include "credentials.h"
#include "crypto.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_LETTERS 80

/* "127.0.0.1:8080/x", "[::1]", "localhost": this machine, by its own name. */
static bool is_loopback(struct str place)
{
    char host[64];
    struct in_addr address;
    bool is_v6 = str_starts(place, STR("[::1]"));
    struct str rest = str_skip(place, is_v6 ? 5 : strcspn(place.p, ":/"));
    snprintf(host, sizeof(host), "%.*s", (int)(place.n - rest.n), place.p);
    bool is_v4 = inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
    return (is_v6 || is_v4 || strcmp(host, "localhost") == 0) && (!rest.n || *rest.p == ':' || *rest.p == '/');
}

/* The key goes there: over the net only where nobody can read along. */
static bool is_safe_address(struct str url)
{
    bool secure = str_starts(url, STR("https://")) && url.n > 8;
    bool local = str_starts(url, STR("http://")) && is_loopback(str_skip(url, 7));
    bool plain = url.n <= CAP_CALCOM_URL_BYTES;
    for (size_t i = 0; i < url.n && plain; i++) {
        plain = url.p[i] > ' ' && url.p[i] < 0x7f && !strchr("@?#\\\"", url.p[i]);
    }
    return (secure || local) && plain;
}

/* Of the words: what is stored. */
static int check_words(struct calcom_command *c, struct calendar_account *account)
{
    char *end = NULL;
    account->event_type_id = c->event_type ? strtoll(c->event_type, &end, 10) : 0;
    if (!c->event_type) {
        return calcom_refuse("--event-type", " is needed");
    }
    if (account->event_type_id <= 0 || *end || *c->event_type < '1' || *c->event_type > '9' ||
        strlen(c->event_type) > 15) {
        return calcom_refuse("--event-type",
                             ": not a number, as in https://app.cal.com/event-types/123456, the address of its page");
    }
    if (!c->config.secrets_key_bytes.n) {
        return calcom_refuse("SECRETS_KEY",
                             " is not set, and keys are stored sealed with it: set it to what `openssl rand "
                             "-hex 32` prints, here and for the servers, and keep a copy");
    }
    if (!is_safe_address(c->api_url ? str_of(c->api_url) : c->config.calcom_api_url)) {
        return calcom_refuse(c->api_url ? "--api-url" : "CALCOM_API_URL",
                             ": must begin with https:// (http:// only on this machine), and be an address alone");
    }
    if (c->api_url) {
        account->api_url = arena_copy(&c->arena, calcom_request_base(str_of(c->api_url)));
    }
    return 0;
}

/* What is wrong with an event type, and what helps; NULL: nothing. */
static const char *find_fault(struct arena *a, const struct calendar_event_type *t, const char **remedy_out)
{
    *remedy_out = "choose another event type";
    if (t->repeats) {
        return arena_printf(a, "\"%s\" is booked as a series, which cannot be done in a call", t->title.p).p;
    }
    if (t->seats) {
        return arena_printf(a, "\"%s\" has seats for several people, which cannot be booked in a call", t->title.p).p;
    }
    if (t->cannot_fill.n) {
        *remedy_out = "make that question optional at Cal.com, or choose another event type";
        return arena_printf(a, "the form of \"%s\" requires an answer to \"%s\", which callers are not asked",
                            t->title.p, t->cannot_fill.p)
            .p;
    }
    return NULL;
}

/* Why key and event type cannot be used, and what helps; NULL: they can. `lasting_out`: so it stays, until somebody does
 * something. */
static const char *judge(struct arena *a, const struct calcom_finding *f, const char **remedy_out, bool *lasting_out)
{
    const char *sep = f->words.n ? ": " : "", *words = f->words.p;
    *lasting_out = f->verdict == CALENDAR_CREDENTIALS || f->verdict == CALENDAR_DONE;
    if (f->verdict == CALENDAR_DONE) {
        return find_fault(a, &f->event_type, remedy_out);
    }
    if (f->verdict == CALENDAR_CREDENTIALS && f->what == CALENDAR_ACCOUNT) {
        *remedy_out =
            "make a new one at Cal.com, Settings, API keys; an account elsewhere (cal.eu, your own server) needs "
            "--api-url";
        return arena_printf(a, "Cal.com refuses the key%s%s", sep, words).p;
    }
    if (f->verdict == CALENDAR_CREDENTIALS) {
        *remedy_out = "take the number from the address of the event type's page, in the account that the key is of";
        return arena_printf(a, "Cal.com knows no such event type of this account%s%s", sep, words).p;
    }
    if (f->verdict == CALENDAR_BLOCKED) {
        *remedy_out = "wait as long, then try again";
        return arena_printf(a, "Cal.com wants no requests for %u seconds", (f->block_ms + 999) / 1000).p;
    }
    *remedy_out = "check the address and this machine's way out, then try again";
    return arena_printf(a, "no usable answer came from Cal.com%s%s", sep, words).p;
}

/* What was found, in lines. */
static void print_finding(const struct calcom_finding *f, int64_t event_type_id)
{
    const struct calendar_event_type *t = &f->event_type;
    if (f->what == CALENDAR_EVENT_TYPE) {
        printf("  key         good, of %s\n", command_shown(f->account_name.p, TEXT_LETTERS));
    }
    if (f->verdict == CALENDAR_DONE) {
        printf("  event type  %lld %s, %lld minutes\n", (long long)event_type_id,
               command_shown(t->title.p, TEXT_LETTERS), (long long)t->minutes);
        printf("  asks for    a name%s%s%s\n", t->asks_email ? ", an e-mail address" : "",
               t->asks_phone ? ", a telephone number" : "",
               t->asks_email || t->asks_phone ? "" : ", and an e-mail address or the caller's number");
    }
}

static int look(struct calcom_command *c, const struct calendar_account *account, struct calcom_finding *out)
{
    struct calcom_asking asking;
    if (calcom_asking_open(&asking, &c->config) < 0) {
        return calcom_fail("no requests can be made", "see that libcurl works here");
    }
    calcom_asking_look(&asking, account, &c->arena, out);
    calcom_asking_close(&asking);
    return 0;
}

static const char *true_or_false(bool b)
{
    return b ? "true" : "false";
}

static int store(struct calcom_command *c, const struct calendar_account *account, const struct calcom_finding *f)
{
    const struct calendar_event_type *t = &f->event_type;
    struct arena *a = &c->arena;
    struct str sealed =
        credentials_seal(a, c->config.secrets_key_bytes, str_of(c->business), account->api_url, account->key);
    struct str hex = crypto_hex(a, sealed);
    const char *values[] = {c->business,
                            account->api_url.p,
                            arena_printf(a, "\\x%.*s", (int)hex.n, hex.p).p,
                            arena_copy(a, c->config.secrets_key_id).p,
                            f->account_name.p,
                            arena_printf(a, "%lld", (long long)account->event_type_id).p,
                            t->title.p,
                            arena_printf(a, "%lld", (long long)t->minutes).p,
                            true_or_false(t->asks_email),
                            true_or_false(t->asks_phone)};
    PGresult *r = command_pg_ask(&c->pg, STMT_CALCOM_COMMAND_STORE, sizeof(values) / sizeof(values[0]), values);
    PQclear(r);
    return r ? 0 : 1;
}

static int finish_set(struct calcom_command *c, bool was_on)
{
    printf("stored, sealed with SECRETS_KEY.\n");
    if (c->on) {
        return calcom_switch(c, true);
    }
    if (was_on) {
        printf("booking is on.\n");
    } else {
        printf("booking is off. To switch it on: ringback calcom on --business %s\n", c->business);
    }
    return 0;
}

static int set_row(struct calcom_command *c, const PGresult *row, struct calendar_account *account)
{
    struct calcom_finding f = {0};
    const char *remedy;
    bool lasting;
    c->business = PQgetvalue(row, 0, COL_ID); /* as the database writes it: it is sealed along */
    int code = calcom_key_read(c, PQgetvalue(row, 0, COL_NAME), &account->key);
    code = code ? code : look(c, account, &f);
    if (code) {
        return code;
    }
    const char *fault = judge(&c->arena, &f, &remedy, &lasting);
    printf("%s\n", command_shown(PQgetvalue(row, 0, COL_NAME), TEXT_LETTERS));
    print_finding(&f, account->event_type_id);
    fflush(stdout);
    if (fault) {
        printf("nothing was stored.\n");
        return calcom_fail(command_shown(fault, 400), remedy);
    }
    code = store(c, account, &f);
    return code ? code : finish_set(c, PQgetvalue(row, 0, COL_ENABLED)[0] == 't');
}

int calcom_set(struct calcom_command *c)
{
    struct calendar_account account = {0};
    int code = check_words(c, &account);
    PGresult *row = code ? NULL : calcom_row(c, &code);
    if (row) {
        code = set_row(c, row, &account);
    }
    PQclear(row);
    return code;
}

/* What the check came to goes into the row, unless it says nothing about the key. */
static int note(struct calcom_command *c, const PGresult *rows, int i, const struct calcom_finding *f,
                const char *fault)
{
    bool done = f->verdict == CALENDAR_DONE;
    const struct calendar_event_type *t = &f->event_type;
    const char *values[] = {PQgetvalue(rows, i, COL_ID),
                            PQgetvalue(rows, i, COL_SEALED),
                            fault,
                            f->account_name.n ? f->account_name.p : NULL,
                            done ? t->title.p : NULL,
                            done ? arena_printf(&c->arena, "%lld", (long long)t->minutes).p : NULL,
                            done ? true_or_false(t->asks_email) : NULL,
                            done ? true_or_false(t->asks_phone) : NULL};
    PGresult *r = command_pg_ask(&c->pg, STMT_CALCOM_COMMAND_CHECKED, sizeof(values) / sizeof(values[0]), values);
    PQclear(r);
    return r ? 0 : 1;
}

static int note_block(struct calcom_command *c, const PGresult *rows, int i, unsigned block_ms)
{
    const char *values[] = {PQgetvalue(rows, i, COL_ID), arena_printf(&c->arena, "%u", block_ms).p,
                            PQgetvalue(rows, i, COL_SEALED)};
    PGresult *r = command_pg_ask(&c->pg, STMT_BOOKING_BLOCKED, 3, values);
    PQclear(r);
    return r ? 0 : 1;
}

/* 0: good. */
static int ask_again(struct calcom_command *c, const PGresult *rows, int i)
{
    struct calcom_finding f = {0};
    const char *remedy;
    bool lasting;
    struct calendar_account account = {.api_url = str_of(command_pg_cell(rows, i, COL_API_URL)),
                                       .key = calcom_open_key(c, rows, i),
                                       .event_type_id = strtoll(PQgetvalue(rows, i, COL_EVENT_TYPE), NULL, 10)};
    int code = look(c, &account, &f);
    if (code) {
        return code;
    }
    const char *fault = judge(&c->arena, &f, &remedy, &lasting);
    print_finding(&f, account.event_type_id);
    code = lasting                         ? note(c, rows, i, &f, fault)
           : f.verdict == CALENDAR_BLOCKED ? note_block(c, rows, i, f.block_ms)
                                           : 0;
    if (fault) {
        printf("  not good    %s -> %s\n", command_shown(fault, 400), remedy);
    }
    return fault ? 1 : code;
}

/* 0: good. */
static int check_one(struct calcom_command *c, const PGresult *rows, int i)
{
    const char *state = calcom_state(c, rows, i);
    bool on = PQgetvalue(rows, i, COL_ENABLED)[0] == 't';
    printf("%s (%s), booking is %s\n", command_shown(PQgetvalue(rows, i, COL_NAME), TEXT_LETTERS),
           PQgetvalue(rows, i, COL_ID), on ? "on" : "off");
    if (strcmp(state, "none") == 0) {
        printf("  not good    no calendar is connected -> ringback calcom set\n");
    } else if (strcmp(state, "unreadable") == 0) {
        printf(
            "  not good    the key cannot be opened -> start with the SECRETS_KEY that sealed it, or set it again\n");
    } else if (strcmp(state, "blocked") == 0) {
        printf("  not asked   Cal.com wants no requests until %s -> try again then\n",
               PQgetvalue(rows, i, COL_BLOCKED));
    } else {
        return ask_again(c, rows, i);
    }
    return 1;
}

int calcom_check(struct calcom_command *c)
{
    int code = 0, checked = 0;
    PGresult *rows = c->business ? calcom_row(c, &code) : calcom_rows(c);
    if (!rows) {
        return c->business ? code : 1;
    }
    code = 0;
    for (int i = 0; i < PQntuples(rows); i++) {
        bool wanted = c->business || PQgetvalue(rows, i, COL_ENABLED)[0] == 't' || !PQgetisnull(rows, i, COL_SEALED);
        checked += wanted;
        code = wanted && check_one(c, rows, i) ? 1 : code;
    }
    if (!checked) {
        printf("no business has a calendar connected.\n");
    }
    PQclear(rows);
    return code;
}
