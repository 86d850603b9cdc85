#include "calcom_command.h"
#include "calcom_command_private.h"
#include "credentials.h"
#include "uuid.h"
#include <stdio.h>

#define NAME_LETTERS 28
#define ACCOUNT_LETTERS 24
#define EVENT_LETTERS 36
#define WHY_LETTERS 160

#define OPTION(flag, value, member, help) COMMAND_OPTION(struct calcom_command, flag, value, member, help)
static const struct command_option options[] = {
    OPTION("--business", "ID", business, "the business, as ringback calcom lists it"),
    OPTION("--event-type", "N", event_type, "what is booked: the number in the address of its page at Cal.com"),
    OPTION("--api-url", "URL", api_url, "where its account is, if not at CALCOM_API_URL"),
    OPTION("--key-file", "FILE", key_file, "a file that holds the API key; else it is asked for, or read from a pipe"),
    OPTION("--on", NULL, on, "also switch booking on"),
};

static int list(struct calcom_command *c);
static int switch_on(struct calcom_command *c);
static int switch_off(struct calcom_command *c);
static int remove_key(struct calcom_command *c);

/* A verb takes the first `options` of the above; `named`: the first is needed. */
static const struct verb {
    const char *name, *usage, *help;
    size_t options;
    bool named;
    int (*run)(struct calcom_command *);
} verbs[] = {
    {"list", "", "who has booking switched on, and how it is with the keys", 0, false, list},
    {"set", "--business ID --event-type N [--api-url URL] [--key-file FILE] [--on]",
     "ask Cal.com whether key and event type are good, and store them", 5, true, calcom_set},
    {"on", "--business ID", "switch booking on, with credentials that are good", 1, true, switch_on},
    {"off", "--business ID", "switch booking off; the key stays", 1, true, switch_off},
    {"check", "[--business ID]", "ask Cal.com again about what is stored", 1, false, calcom_check},
    {"remove", "--business ID", "forget the key", 1, true, remove_key},
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static struct command_words words_of(const struct verb *v)
{
    return (struct command_words){"calcom", options, v ? v->options : sizeof(options) / sizeof(options[0])};
}

static int print_help(void)
{
    struct command_words all = words_of(NULL);
    printf(
        "usage: ringback calcom [VERB] [OPTION ...]\n\n"
        "Booking through Cal.com: assistants find free times and book them, for businesses that have it switched on.\n\n");
    for (size_t i = 0; i < VERBS; i++) {
        printf("  %s %s\n         %s\n", verbs[i].name, verbs[i].usage, verbs[i].help);
    }
    printf("\n");
    command_words_print(&all);
    printf(
        "\n"
        "A key never stands on the command line, where others could read it: `set` asks for it in a terminal, or reads\n"
        "it from a pipe or a file. It is stored sealed with SECRETS_KEY; the servers need the same SECRETS_KEY to use\n"
        "it. `set` alone does not switch booking on.\n\n"
        "Exit status: 0; 1 when something is not good or did not work; 2 when that cannot be asked for.\n");
    return 0;
}

int calcom_refuse(const char *what, const char *why)
{
    return command_refuse("calcom", what, why);
}

int calcom_fail(const char *what, const char *remedy)
{
    fprintf(stderr, "ringback calcom: %s -> %s\n", what, remedy);
    return 1;
}

PGresult *calcom_rows(struct calcom_command *c)
{
    const char *values[] = {c->business, c->config.secrets_key_id.p};
    return command_pg_ask(&c->pg, STMT_CALCOM_COMMAND_ROWS, 2, values);
}

PGresult *calcom_row(struct calcom_command *c, int *code_out)
{
    PGresult *rows = calcom_rows(c);
    *code_out = rows ? 0 : 1;
    if (rows && PQntuples(rows) == 0) {
        *code_out = calcom_refuse(c->business, ": there is no such business");
        PQclear(rows);
        rows = NULL;
    }
    return rows;
}

struct str calcom_open_key(struct calcom_command *c, const PGresult *rows, int i)
{
    return credentials_open(&c->arena, c->config.secrets_key_bytes, str_of(PQgetvalue(rows, i, COL_ID)),
                            str_of(command_pg_cell(rows, i, COL_API_URL)), str_of(PQgetvalue(rows, i, COL_SEALED)));
}

const char *calcom_state(struct calcom_command *c, const PGresult *rows, int i)
{
    const char *state = PQgetvalue(rows, i, COL_STATE);
    bool opens = strcmp(state, "none") == 0 || strcmp(state, "unreadable") == 0 || calcom_open_key(c, rows, i).n;
    return opens ? state : "unreadable";
}

static bool is_on(const PGresult *rows, int i)
{
    return PQgetvalue(rows, i, COL_ENABLED)[0] == 't';
}

static void print_state(struct calcom_command *c, const PGresult *rows, int i)
{
    const char *state = calcom_state(c, rows, i);
    if (strcmp(state, "none") == 0) {
        printf("not connected\n");
    } else if (strcmp(state, "unreadable") == 0) {
        printf("%s\n",
               c->config.secrets_key_id.n ? "sealed with another SECRETS_KEY" : "sealed; SECRETS_KEY is not set");
    } else if (strcmp(state, "refused") == 0) {
        const char *why = command_shown(PQgetvalue(rows, i, COL_WHY), WHY_LETTERS);
        printf("refused since %s%s%s\n", PQgetvalue(rows, i, COL_SINCE), *why ? ": " : "", why);
    } else if (strcmp(state, "blocked") == 0) {
        printf("ok; Cal.com wants no requests until %s\n", PQgetvalue(rows, i, COL_BLOCKED));
    } else {
        printf("ok\n");
    }
}

static const char *asks_of(const PGresult *rows, int i)
{
    bool email = PQgetvalue(rows, i, COL_EMAIL)[0] == 't', phone = PQgetvalue(rows, i, COL_PHONE)[0] == 't';
    return email && phone ? "e-mail, telephone" : email ? "e-mail" : phone ? "telephone" : "either";
}

static void print_connection(struct calcom_command *c, const PGresult *rows, int i)
{
    const char *api_url = command_pg_cell(rows, i, COL_API_URL);
    struct str account = arena_printf(&c->arena, "%s%s%s", PQgetvalue(rows, i, COL_ACCOUNT), api_url ? " at " : "",
                                      api_url ? api_url : "");
    struct str event = arena_printf(&c->arena, "%s, %s min, %s", PQgetvalue(rows, i, COL_EVENT_TYPE),
                                    PQgetvalue(rows, i, COL_MINUTES), PQgetvalue(rows, i, COL_TITLE));
    bool connected = !PQgetisnull(rows, i, COL_EVENT_TYPE);
    command_print_column(account.n ? account.p : "-", ACCOUNT_LETTERS);
    command_print_column(connected ? event.p : "-", EVENT_LETTERS);
    command_print_column(connected ? asks_of(rows, i) : "-", 17);
}

static int list(struct calcom_command *c)
{
    PGresult *rows = calcom_rows(c);
    if (!rows) {
        return 1;
    }
    printf("%-36s  %-28s  %-7s  %-24s  %-36s  %-17s  %s\n", "BUSINESS", "NAME", "BOOKING", "ACCOUNT", "EVENT TYPE",
           "ASKS FOR", "KEY");
    for (int i = 0; i < PQntuples(rows); i++) {
        command_print_column(PQgetvalue(rows, i, COL_ID), 36);
        command_print_column(PQgetvalue(rows, i, COL_NAME), NAME_LETTERS);
        command_print_column(is_on(rows, i) ? "on" : "off", 7);
        print_connection(c, rows, i);
        print_state(c, rows, i);
    }
    PQclear(rows);
    return 0;
}

int calcom_switch(struct calcom_command *c, bool on)
{
    const char *values[] = {c->business, on ? "true" : "false"};
    PGresult *r = command_pg_ask(&c->pg, STMT_CALCOM_COMMAND_SWITCH, 2, values);
    if (!r) {
        return 1;
    }
    printf("booking is %s%s.\n", PQntuples(r) ? "now " : "", on ? "on" : "off");
    PQclear(r);
    return 0;
}

/* Whoever books without a key that is good says so to each caller. */
static int refuse_on(struct calcom_command *c, const PGresult *row, const char *state)
{
    static const char set[] = "ringback calcom set --business ID --event-type N";
    if (strcmp(state, "none") == 0) {
        return calcom_fail("no calendar is connected", set);
    }
    if (strcmp(state, "refused") == 0) {
        struct str what = arena_printf(&c->arena, "Cal.com refuses the key since %s: %s", PQgetvalue(row, 0, COL_SINCE),
                                       command_shown(PQgetvalue(row, 0, COL_WHY), WHY_LETTERS));
        return calcom_fail(what.p, "ringback calcom check --business ID asks again; else set another key");
    }
    return c->config.secrets_key_id.n
               ? calcom_fail("the key is sealed with another SECRETS_KEY, or was changed",
                             "start with the SECRETS_KEY that sealed it, or set the key again by ringback calcom set")
               : calcom_fail("SECRETS_KEY is not set here, so the key cannot be opened", "set it as for the server");
}

static int switch_on(struct calcom_command *c)
{
    int code;
    PGresult *row = calcom_row(c, &code);
    if (!row) {
        return code;
    }
    const char *state = calcom_state(c, row, 0);
    bool good = strcmp(state, "ok") == 0 || strcmp(state, "blocked") == 0;
    code = good ? calcom_switch(c, true) : refuse_on(c, row, state);
    if (!good) {
        printf("booking is %s.\n", is_on(row, 0) ? "on, and does not work" : "off");
    }
    PQclear(row);
    return code;
}

static int switch_off(struct calcom_command *c)
{
    int code;
    PGresult *row = calcom_row(c, &code);
    PQclear(row);
    return row ? calcom_switch(c, false) : code;
}

static int remove_key(struct calcom_command *c)
{
    int code;
    const char *values[] = {c->business};
    PGresult *row = calcom_row(c, &code);
    PGresult *r = row ? command_pg_ask(&c->pg, STMT_CALCOM_COMMAND_REMOVE, 1, values) : NULL;
    if (r) {
        printf("%s", PQntuples(r) ? "the key is removed. " : "no calendar was connected. ");
        printf("Nobody can book until ringback calcom set connects one%s.\n",
               is_on(row, 0) ? "; booking is still switched on" : "");
    }
    code = row && !r ? 1 : code;
    PQclear(r);
    PQclear(row);
    return code;
}

static const struct verb *find_verb(const char *word)
{
    size_t i = 0;
    while (i < VERBS && strcmp(verbs[i].name, word) != 0) {
        i++;
    }
    return i < VERBS ? &verbs[i] : NULL;
}

static int check_words(const struct verb *v, const struct calcom_command *c)
{
    struct uuid id;
    if (v->named && !c->business) {
        return calcom_refuse("--business", " is needed");
    }
    return c->business && !uuid_read(str_of(c->business), &id)
               ? calcom_refuse("--business", ": not an id, as ringback calcom lists them")
               : -1;
}

int calcom_command_run(int argc, char **argv)
{
    struct calcom_command c = {.pg = {.command = "calcom"}};
    bool plain = argc == 0 || strcmp(argv[0], "--help") == 0;
    const struct verb *v = find_verb(plain ? "list" : argv[0]);
    if (!v) {
        return calcom_refuse(argv[0], ": there is no such verb");
    }
    struct command_words words = words_of(v);
    int code = command_words_read(&words, plain ? argc : argc - 1, plain ? argv : argv + 1, &c);
    code = code == 0 ? print_help() : code < 0 ? check_words(v, &c) : code;
    if (code >= 0) {
        return code;
    }
    code = command_pg_open(&c.pg, &c.config) < 0 ? 1 : v->run(&c);
    command_pg_close(&c.pg);
    config_free(&c.config);
    arena_free(&c.arena);
    return code;
}
