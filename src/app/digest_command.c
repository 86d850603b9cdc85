#include "digest_command.h"
#include "command_words.h"
#include "digest_preview.h"
#include "digest_send.h"
#include "uuid.h"
#include <stdio.h>
#include <time.h>

#define NAME_LETTERS 32
#define ERROR_LETTERS 120

#define OPTION(flag, value, member, help) COMMAND_OPTION(struct digest_command, flag, value, member, help)
static const struct command_option options[] = {
    OPTION("--date", "DATE", date, "the local day that they are about, as in 2026-11-18"),
    OPTION("--business", "ID", business, "of this business alone"),
    OPTION("--preview", "FILE.html", preview,
           "write the mail as it was kept, or as it would be made now; and FILE.txt beside it"),
    OPTION("--send", NULL, send, "send what has not gone out; digests that are missing are made"),
    OPTION("--again", NULL, again, "with --send: also what is failed, kept, skipped or unknown"),
};
static const struct command_words words = {"digest", options, sizeof(options) / sizeof(options[0])};

static int print_help(void)
{
    printf("usage: ringback digest --date DATE [OPTION ...]\n\n"
           "The daily mails of one date: what became of them, how one looks, or sending them now.\n\n");
    command_words_print(&words);
    printf(
        "\n"
        "A mail that was sent is never sent a second time, whatever is asked for.\n"
        "With --again, digests that failed, were kept or were skipped are made anew, from what is known now.\n"
        "One that is unknown may have gone out: no clear answer came, and asking again was not safe. Look into Resend's\n"
        "log first (or your mail server's), for its recipient and day. If the mail is there, leave it. With --again the\n"
        "same bytes go out under the same key. Resend knows the key for 24 hours after the first try and does not send\n"
        "twice; after that, or by SMTP, a mail that did go out goes out again.\n\n"
        "Exit status: 0; 1 when something did not go out; 2 when that cannot be asked for.\n");
    return 0;
}

static int refuse(const char *what, const char *why)
{
    return command_refuse(words.command, what, why);
}

/* A date that there is, written as we write them. */
static bool is_date(const char *text)
{
    struct tm day = {0}, again;
    char written[16], end;
    bool read = strlen(text) == 10 && sscanf(text, "%4d-%2d-%2d%c", &day.tm_year, &day.tm_mon, &day.tm_mday, &end) == 3;
    day.tm_year -= 1900;
    day.tm_mon -= 1;
    time_t at = read ? timegm(&day) : 0;
    return read && gmtime_r(&at, &again) && strftime(written, sizeof(written), "%Y-%m-%d", &again) > 0 &&
           strcmp(written, text) == 0;
}

static int check(const struct digest_command *o)
{
    struct uuid id;
    if (!o->date) {
        return refuse("--date", " is needed");
    }
    if (!is_date(o->date)) {
        return refuse("--date", ": not a date, as in 2026-11-18");
    }
    if (o->business && !uuid_read(str_of(o->business), &id)) {
        return refuse("--business", ": not an id, as ringback digest --date DATE lists them");
    }
    if (o->preview && (!str_ends(str_of(o->preview), STR(".html")) || strlen(o->preview) == 5)) {
        return refuse("--preview", ": the file's name must end with .html");
    }
    if (o->preview && o->send) {
        return refuse("--preview", " and --send: one at a time");
    }
    return o->again && !o->send ? refuse("--again", " is for --send") : -1;
}

/* -1: go on. Else the exit code. */
static int read_words(int argc, char **argv, struct digest_command *out)
{
    int code = command_words_read(&words, argc, argv, out);
    return code == 0 ? print_help() : code > 0 ? code : check(out);
}

static const char *or_dash(const char *text)
{
    return text && *text ? text : "-";
}

static const char *status_of(const PGresult *rows, int i)
{
    const char *day = PQgetvalue(rows, i, ROW_DAY), *status = command_pg_cell(rows, i, ROW_STATUS);
    return status                        ? status
           : strcmp(day, "running") == 0 ? "not over"
           : strcmp(day, "none") == 0    ? "no day"
           : strcmp(day, "lost") == 0    ? "no zone"
                                         : "none";
}

static void print_rows(const PGresult *rows)
{
    printf("%-36s  %-32s  %-8s  %-17s  %-5s  %-16s  %s\n", "BUSINESS", "NAME", "STATUS", "DUE", "TRIES", "DELIVERY",
           "WHY");
    for (int i = 0; i < PQntuples(rows); i++) {
        command_print_column(PQgetvalue(rows, i, ROW_ID), 36);
        command_print_column(PQgetvalue(rows, i, ROW_NAME), NAME_LETTERS);
        command_print_column(status_of(rows, i), 8);
        command_print_column(or_dash(PQgetvalue(rows, i, ROW_DUE)), 17);
        command_print_column(or_dash(PQgetvalue(rows, i, ROW_ATTEMPTS)), 5);
        command_print_column(or_dash(PQgetvalue(rows, i, ROW_DELIVERY)), 16);
        const char *reason = PQgetvalue(rows, i, ROW_REASON), *waits = command_pg_cell(rows, i, ROW_WAITS);
        printf("%s", or_dash(strcmp(reason, "none") == 0 ? "" : reason));
        const char *error = command_shown(PQgetvalue(rows, i, ROW_ERROR), ERROR_LETTERS);
        printf("%s%s%s%s\n", *error ? ": " : "", error, waits ? "; again at " : "", waits ? waits : "");
    }
}

static PGresult *ask_rows(struct command_pg *pg, const struct digest_command *o)
{
    const char *values[] = {o->date, o->business};
    return command_pg_ask(pg, STMT_DIGEST_COMMAND_ROWS, 2, values);
}

/* So many rows with this word in this column. */
static int count_of(const PGresult *rows, int column, const char *word)
{
    int count = 0;
    for (int i = 0; i < PQntuples(rows); i++) {
        count += strcmp(PQgetvalue(rows, i, column), word) == 0;
    }
    return count;
}

/* What can be done next about what did not go out. */
static void print_hints(const PGresult *rows)
{
    if (count_of(rows, ROW_STATUS, "unknown")) {
        printf(
            "\nunknown: the mail may have gone out. Look into Resend's log (or your mail server's) for its recipient and "
            "day;\nonly if it is not there: --send --again, which sends the same bytes under the same key.\n");
    }
    if (count_of(rows, ROW_STATUS, "failed")) {
        printf("\nfailed: mend what the last column says; --send --again makes the digest anew.\n");
    }
    if (count_of(rows, ROW_STATUS, "kept")) {
        printf("\nkept: made while there was no way to send mail; --send --again makes the digest anew.\n");
    }
}

static int exit_code(const PGresult *rows)
{
    int good = count_of(rows, ROW_STATUS, "sent") + count_of(rows, ROW_STATUS, "skipped");
    int wanted = 0;
    for (int i = 0; i < PQntuples(rows); i++) {
        wanted += command_pg_cell(rows, i, ROW_STATUS) || strcmp(PQgetvalue(rows, i, ROW_DAY), "over") == 0;
    }
    return good < wanted ? 1 : 0;
}

static int send(struct command_pg *pg, const struct digest_command *o, const struct config *config,
                const PGresult *before)
{
    if (!config->resend_api_key.n && !config->smtp_url.n) {
        return refuse("--send", ": there is no way to send mail; set RESEND_API_KEY and RESEND_FROM, or SMTP_URL");
    }
    int sent = count_of(before, ROW_STATUS, "sent");
    if (sent) {
        printf("%d sent already: a mail that was sent is never sent a second time.\n", sent);
    }
    int code = sent < PQntuples(before) ? digest_send_run(o, before) : 0;
    PGresult *after = ask_rows(pg, o);
    if (!after) {
        return 1;
    }
    printf("\n");
    print_rows(after);
    print_hints(after);
    code = code ? code : exit_code(after);
    PQclear(after);
    return code;
}

/* Days that are over, in places whose clock we know; a whole list is as good as one of them. */
static int check_days(const struct digest_command *o, const PGresult *rows)
{
    int count = PQntuples(rows);
    if (count == 0) {
        return o->business ? refuse(o->business, ": there is no such business")
                           : refuse(o->date, ": no business has a digest");
    }
    if (count_of(rows, ROW_DAY, "running") == count) {
        return refuse(o->date,
                      o->business ? ": that day is not over there yet" : ": that day is not over anywhere yet");
    }
    if (count_of(rows, ROW_DAY, "none") == count) {
        return refuse(o->date, ": the calendar of that place has no such day");
    }
    return count_of(rows, ROW_DAY, "lost") == count ? refuse(o->date, ": this Postgres does not know the time zone")
                                                    : -1;
}

static int act(struct command_pg *pg, const struct digest_command *o, const struct config *config)
{
    PGresult *rows = ask_rows(pg, o);
    int code = rows ? check_days(o, rows) : 1;
    if (code < 0 && o->preview && PQntuples(rows) > 1) {
        print_rows(rows);
        code = refuse("--preview", " is for one; choose it by --business");
    } else if (code < 0 && o->preview) {
        struct digest_command one = *o;
        one.business = PQgetvalue(rows, 0, ROW_ID);
        code = digest_preview_write(pg, &one, config);
    } else if (code < 0 && o->send) {
        code = send(pg, o, config, rows);
    } else if (code < 0) {
        print_rows(rows);
        print_hints(rows);
        code = 0;
    }
    PQclear(rows);
    return code;
}

int digest_command_run(int argc, char **argv)
{
    struct digest_command options_given = {0};
    struct command_pg pg = {.command = "digest"};
    struct config config;
    int code = read_words(argc, argv, &options_given);
    if (code >= 0) {
        return code;
    }
    code = command_pg_open(&pg, &config) < 0 ? 1 : act(&pg, &options_given, &config);
    command_pg_close(&pg);
    config_free(&config);
    return code;
}
