#pragma once
/* What the parts of `ringback calcom` share. */
#include "calcom_command_ask.h"
#include "command_pg.h"
#include "command_words.h"

struct calcom_command {
    const char *business, *event_type, *api_url, *key_file; /* the words; NULL: not given */
    bool on;
    struct command_pg pg;
    struct config config;
    struct arena arena;
};

/* Columns of STMT_CALCOM_COMMAND_ROWS. */
enum calcom_column {
    COL_ID,
    COL_NAME,
    COL_ENABLED,
    COL_STATE,
    COL_ACCOUNT,
    COL_API_URL,
    COL_EVENT_TYPE,
    COL_TITLE,
    COL_MINUTES,
    COL_EMAIL,
    COL_PHONE,
    COL_SINCE,
    COL_WHY,
    COL_BLOCKED,
    COL_SEALED
};

/* Complains; returns 2. */
int calcom_refuse(const char *what, const char *why);
/* Complains of what did not work, and says what helps; returns 1. */
int calcom_fail(const char *what, const char *remedy);
/* The businesses asked for; NULL: said on standard error. PQclear them. */
PGresult *calcom_rows(struct calcom_command *c);
/* The same of the one that must be named. Code 2 when there is no such business. */
PGresult *calcom_row(struct calcom_command *c, int *code_out);
/* How it is with a row's key: none, ok, refused, blocked, unreadable. */
const char *calcom_state(struct calcom_command *c, const PGresult *rows, int i);
/* The key of a row; absent: there is none, or it cannot be opened. In the command's arena. */
struct str calcom_open_key(struct calcom_command *c, const PGresult *rows, int i);
/* Switches booking of the business named on or off, and says so. The exit code. */
int calcom_switch(struct calcom_command *c, bool on);

/* calcom_command_key.c: from --key-file, a terminal or standard input. 0, or 2: complained. In the command's arena. */
int calcom_key_read(struct calcom_command *c, const char *name, struct str *key_out);
/* calcom_command_set.c: the verbs that ask Cal.com. */
int calcom_set(struct calcom_command *c);
int calcom_check(struct calcom_command *c);
