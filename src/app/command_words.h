#pragma once
/* The words behind a command's name, and its columns: what commands that read their words by themselves share. */
#include <stddef.h>

/* One option: it fills the text, or the flag if it has no value, at `offset` of what the command reads into. */
struct command_option {
    const char *flag, *value, *help;
    size_t offset;
};

#define COMMAND_OPTION(type, flag, value, member, help) {flag, value, help, offsetof(type, member)}

struct command_words {
    const char *command;
    const struct command_option *options;
    size_t count;
};

/* -1: go on. 0: --help is among them. 2: complained on standard error. */
int command_words_read(const struct command_words *w, int argc, char **argv, void *out);
/* A line for each option. */
void command_words_print(const struct command_words *w);
/* Complains on standard error: `what` and `why` in one line. Returns 2. */
int command_refuse(const char *command, const char *what, const char *why);
/* What somebody wrote, cut at so many letters; blanks up to them and two more. */
void command_print_column(const char *text, size_t letters);
