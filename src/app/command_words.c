#include "command_words.h"
#include "command_pg.h"
#include <stdio.h>
#include <string.h>

int command_refuse(const char *command, const char *what, const char *why)
{
    fprintf(stderr, "ringback %s: %s%s; ringback %s --help tells more\n", command, what, why, command);
    return 2;
}

static const struct command_option *find_option(const struct command_words *w, const char *word)
{
    size_t i = 0;
    while (i < w->count && strcmp(w->options[i].flag, word) != 0) {
        i++;
    }
    return i < w->count ? &w->options[i] : NULL;
}

int command_words_read(const struct command_words *w, int argc, char **argv, void *out)
{
    for (int i = 0; i < argc; i++) {
        const struct command_option *o = find_option(w, argv[i]);
        if (strcmp(argv[i], "--help") == 0) {
            return 0;
        }
        if (!o) {
            return command_refuse(w->command, argv[i], ": there is no such option");
        }
        if (o->value && i + 1 == argc) {
            return command_refuse(w->command, argv[i], " needs a value");
        }
        char *member = (char *)out + o->offset;
        if (o->value) {
            *(const char **)(void *)member = argv[++i];
        } else {
            *(bool *)(void *)member = true;
        }
    }
    return -1;
}

void command_words_print(const struct command_words *w)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct command_option *o = &w->options[i];
        printf("  %-12s %-10s %s\n", o->flag, o->value ? o->value : "", o->help);
    }
}

void command_print_column(const char *text, size_t letters)
{
    const char *shown = command_shown(text, letters);
    size_t count = 0;
    for (const char *p = shown; *p; p++) {
        count += ((unsigned char)*p & 0xc0) != 0x80;
    }
    printf("%s%*s  ", shown, (int)(letters - count), "");
}
