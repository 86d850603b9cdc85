#include "demo_mail.h"
#include "caps.h"
#include <stdio.h>

/* Nothing when nobody would get it. */
static int compose(struct arena *a, struct str facts_json, const struct digest_links *links, struct buf *out)
{
    struct mail mails[CAP_MAIL_RECIPIENTS];
    struct digest_facts facts;
    size_t count = 0;
    int rc = digest_facts_read(a, facts_json, &facts);
    for (size_t i = 0; rc == 0 && i < facts.recipients.count && count < CAP_MAIL_RECIPIENTS; i++) {
        if (!DIGEST_ITEM(facts.recipients, digest_recipient, i)->paused.n) {
            rc = digest_mail_compose(a, &facts, links, i, &mails[count++]);
        }
    }
    rc = rc < 0 || count == 0 ? rc : mail_write(out, mails, count);
    return rc < 0 ? rc : buf_append(out, (struct str){"", 1}); /* for libpq */
}

/* `digest` is business, date and moment. */
static int write_one(struct demo_pg *d, const char *const digest[3], const struct digest_links *links)
{
    struct arena arena = {0};
    struct buf mail = buf_make(CAP_MAIL_BYTES);
    PGresult *facts = demo_pg_ask_again(d, STMT_DIGEST_FACTS, 3, digest), *kept = NULL;
    int rc = facts ? compose(&arena, str_of(PQgetvalue(facts, 0, 0)), links, &mail) : ERR_BAD_DATA;
    if (rc == 0 && *mail.data) {
        const char *params[] = {digest[0], digest[1], mail.data};
        kept = demo_pg_ask_again(d, STMT_DEMO_MAIL, 3, params);
        rc = kept ? 0 : ERR_BAD_DATA;
    } else if (rc < 0 && facts) {
        fprintf(stderr, "ringback demo: the digest of %s could not be written\n", digest[1]);
    }
    PQclear(facts);
    PQclear(kept);
    buf_free(&mail);
    arena_free(&arena);
    return rc;
}

static int write_all(struct demo_pg *d, struct demo_progress *progress, const struct digest_links *links,
                     const char *first_business)
{
    char most[16];
    snprintf(most, sizeof(most), "%d", CAP_DEMO_MAILS);
    const char *params[] = {most, first_business};
    PGresult *missing = demo_pg_ask(d, STMT_DEMO_MAILS_MISSING, 2, params);
    int rc = missing ? 0 : ERR_BAD_DATA, count = missing ? PQntuples(missing) : 0;
    demo_progress_stage(progress, "mails of digests", (uint64_t)count);
    for (int i = 0; i < count && rc == 0; i++) {
        const char *digest[] = {PQgetvalue(missing, i, 0), PQgetvalue(missing, i, 1), PQgetvalue(missing, i, 2)};
        rc = write_one(d, digest, links);
        demo_progress_at(progress, (uint64_t)i + 1, (uint64_t)i + 1);
    }
    if (rc == 0 && count > 0) {
        demo_progress_end(progress);
    }
    PQclear(missing);
    return rc;
}

int demo_mails_write(struct demo_pg *d, struct demo_progress *progress, const struct digest_links *links,
                     const char *first_business)
{
    int rc = demo_pg_do(d, STMT_DEMO_ANALYZE, 0, NULL);
    rc = rc < 0 ? rc : demo_pg_prepare(d, STMT_DIGEST_FACTS);
    rc = rc < 0 ? rc : demo_pg_prepare(d, STMT_DEMO_MAIL);
    rc = rc < 0 ? rc : write_all(d, progress, links, first_business);
    return rc < 0 ? rc : demo_pg_do(d, STMT_DEMO_DELIVERIES, 0, NULL);
}
