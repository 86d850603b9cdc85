#include "app.h"
#include "calcom_command.h"
#include "demo.h"
#include "digest_command.h"
#include "doctor.h"
#include "migrate.h"
#include <stdio.h>

#define MOST_OPTIONS 3

/* A command's options are flags; each fills one slot of `given`. */
struct command {
    const char *name, *help;
    struct {
        const char *flag, *help;
    } options[MOST_OPTIONS + 1];
    int (*run)(const bool *given);
    void (*print_more)(void);
    int (*run_words)(int argc, char **argv); /* instead: reads its words, --help too, by itself */
};

static int run_serve(const bool *given)
{
    return app_serve(given[0]);
}

static int run_migrate(const bool *given)
{
    struct migrate_options options = {.local = given[0], .status = given[1], .dry_run = given[2]};
    return migrate_run(&options);
}

static int run_version(const bool *given)
{
    (void)given;
    printf("ringback %s\n", RINGBACK_VERSION);
    return 0;
}

static int run_demo(int argc, char **argv)
{
    struct demo_options options;
    int code = demo_options_read(argc, argv, &options);
    return code >= 0 ? code : demo_run(&options);
}

static void print_settings(void)
{
    printf("\nSettings, from the environment:\n");
    config_print_help();
}

static const struct command commands[] = {
    {"serve",
     "the server",
     {{"--insecure-dev", "believe webhooks while no secret is configured; never in production"}},
     run_serve,
     print_settings,
     NULL},
    {"migrate",
     "bring the database's schema up to date",
     {{"--local", "first make what Supabase would bring (schema auth, roles); never on Supabase"},
      {"--status", "only list what is applied and what is not"},
      {"--dry-run", "only list what would be applied"}},
     run_migrate,
     NULL,
     NULL},
    {"demo", "fill a local database with made-up calls", {{NULL, NULL}}, NULL, NULL, run_demo},
    {"digest", "the daily mails of a date: list, preview, send", {{NULL, NULL}}, NULL, NULL, digest_command_run},
    {"calcom",
     "booking through Cal.com: connect a business, switch it on and off",
     {{NULL, NULL}},
     NULL,
     NULL,
     calcom_command_run},
    {"doctor", "look at settings, database and mail, and say what helps", {{NULL, NULL}}, NULL, NULL, doctor_run},
    {"version", "print the version", {{NULL, NULL}}, run_version, NULL, NULL},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *out)
{
    fprintf(out, "usage: ringback COMMAND [OPTION ...]\n\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    }
    fprintf(out, "\nringback COMMAND --help tells more.\n");
}

static void print_command(const struct command *c)
{
    printf("usage: ringback %s%s\n\n%s\n", c->name, c->options[0].flag ? " [OPTION ...]" : "", c->help);
    for (size_t i = 0; c->options[i].flag; i++) {
        printf("%s  %-16s %s\n", i ? "" : "\n", c->options[i].flag, c->options[i].help);
    }
    if (c->print_more) {
        c->print_more();
    }
}

static int run_command(const struct command *c, int argc, char **argv)
{
    bool given[MOST_OPTIONS] = {false};
    if (c->run_words) {
        return c->run_words(argc, argv);
    }
    for (int i = 0; i < argc; i++) {
        size_t option = 0;
        if (strcmp(argv[i], "--help") == 0) {
            print_command(c);
            return 0;
        }
        while (c->options[option].flag && strcmp(c->options[option].flag, argv[i]) != 0) {
            option++;
        }
        if (!c->options[option].flag) {
            fprintf(stderr, "ringback %s: no option %s; ringback %s --help lists them\n", c->name, argv[i], c->name);
            return 2;
        }
        given[option] = true;
    }
    return c->run(given);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return run_command(&commands[i], argc - 2, argv + 2);
        }
    }
    bool asked = strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0;
    print_usage(asked ? stdout : stderr);
    return asked ? 0 : 2;
}
