#include "digest_preview.h"
#include "digest_mail.h"
#include <errno.h>
#include <stdio.h>

#define NAME_BYTES 4096

static int write_file(const char *name, struct str text)
{
    FILE *f = fopen(name, "we");
    bool good = f && fwrite(text.p, 1, text.n, f) == text.n;
    good = f && fclose(f) == 0 && good;
    if (!good) {
        fprintf(stderr, "ringback digest: %s: %s\n", name, strerror(errno));
        return 1;
    }
    printf("%s\n", name);
    return 0;
}

static int write_files(const struct digest_command *o, struct str html, struct str text)
{
    char name[NAME_BYTES];
    int n = snprintf(name, sizeof(name), "%.*s.txt", (int)strlen(o->preview) - 5, o->preview);
    if (n < 0 || (size_t)n >= sizeof(name)) {
        fprintf(stderr, "ringback digest: --preview: the file's name is too long\n");
        return 2;
    }
    int code = write_file(o->preview, html);
    return code ? code : write_file(name, text);
}

static struct str cell(const PGresult *r, int column)
{
    return (struct str){PQgetvalue(r, 0, column), (size_t)PQgetlength(r, 0, column)};
}

static struct str without_end(struct str url)
{
    while (url.n && url.p[url.n - 1] == '/') {
        url.n--;
    }
    return url;
}

/* The first who gets it; whoever stands first, if nobody does. */
static size_t recipient_of(const struct digest_facts *f)
{
    for (size_t i = 0; i < f->recipients.count; i++) {
        if (!DIGEST_ITEM(f->recipients, digest_recipient, i)->paused.n) {
            return i;
        }
    }
    return 0;
}

static int write_made(const struct digest_command *o, const struct config *c, struct str json)
{
    struct arena arena = {0};
    struct digest_facts facts;
    struct mail mail;
    struct digest_links links = {without_end(str_or(c->dashboard_url, c->public_url)),
                                 without_end(str_or(c->public_url, c->dashboard_url)), c->resend_from};
    int rc = digest_facts_read(&arena, json, &facts), code = 1;
    if (rc == 0 && facts.recipients.count == 0) {
        fprintf(stderr, "ringback digest: nobody gets this mail: no recipient is set, and no owner has an address\n");
        rc = -1;
    } else if (rc == 0) {
        rc = digest_mail_compose(&arena, &facts, &links, recipient_of(&facts), &mail);
    }
    if (rc == 0) {
        printf("As it would be made now: %.*s\n", (int)mail.subject.n, mail.subject.p);
        code = write_files(o, mail.html, mail.text);
    } else if (facts.recipients.count) {
        fprintf(stderr, "ringback digest: the mail cannot be made: %s\n", err_info(rc)->code);
    }
    arena_free(&arena);
    return code;
}

static int make(struct command_pg *pg, const struct digest_command *o, const struct config *config)
{
    const char *values[] = {o->business, o->date, NULL};
    PGresult *facts = command_pg_ask(pg, STMT_DIGEST_FACTS, 3, values);
    int code = facts && PQntuples(facts) == 1 ? write_made(o, config, cell(facts, 0)) : 1;
    PQclear(facts);
    return code;
}

int digest_preview_write(struct command_pg *pg, const struct digest_command *o, const struct config *config)
{
    const char *values[] = {o->date, o->business};
    PGresult *kept = command_pg_ask(pg, STMT_DIGEST_COMMAND_KEPT, 2, values);
    int code = 1;
    if (kept && PQntuples(kept) == 1) {
        printf("As it was kept: %s\n", PQgetvalue(kept, 0, 0));
        code = write_files(o, cell(kept, 1), cell(kept, 2));
    } else if (kept) {
        code = make(pg, o, config);
    }
    PQclear(kept);
    return code;
}
