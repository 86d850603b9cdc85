#include "digest_make.h"
#include "caps.h"
#include "metric.h"

/* No call began that day, and nothing is amiss. */
static bool is_empty(const struct digest_facts *f)
{
    return f->calls.value == 0 && !f->has_no_number;
}

static size_t receiving(const struct digest_facts *f)
{
    size_t count = 0;
    for (size_t i = 0; i < f->recipients.count; i++) {
        count += !DIGEST_ITEM(f->recipients, digest_recipient, i)->paused.n;
    }
    return count;
}

static bool has_trouble_with_mail(const struct digest_facts *f)
{
    for (size_t i = 0; i < f->recipients.count; i++) {
        struct str paused = DIGEST_ITEM(f->recipients, digest_recipient, i)->paused;
        if (paused.n && !str_eq(paused, STR("unsubscribed"))) {
            return true;
        }
    }
    return false;
}

static struct digest_made settled(enum digest_end end, enum metric_mail_reason reason, const char *words)
{
    return (struct digest_made){.end = end, .reason = reason, .words = words};
}

/* Is there somebody to send it to, and something to say? */
static bool is_wanted(const struct digest_facts *f, struct digest_made *out)
{
    if (f->recipients.count == 0) {
        *out = settled(DIGEST_FAILED, MAIL_REASON_NO_RECIPIENT,
                       "There is nobody to send it to: no recipient is set, and no owner has an address.");
    } else if (receiving(f) == 0 && has_trouble_with_mail(f)) {
        *out = settled(DIGEST_FAILED, MAIL_REASON_PAUSED, "Every recipient is paused.");
    } else if (receiving(f) == 0) {
        *out = settled(DIGEST_SKIPPED, MAIL_REASON_UNSUBSCRIBED, "Every recipient has unsubscribed.");
    } else if (is_empty(f) && f->skip_empty) {
        *out = settled(DIGEST_SKIPPED, MAIL_REASON_EMPTY, NULL);
    } else {
        return true;
    }
    return false;
}

/* When it comes, as DIGEST_SCHEDULE has it: "7 AM", "7:30 AM" or "13:00 UTC". */
static struct str hour_of(struct arena *a, struct str hour, const struct digest_schedule *schedule)
{
    size_t blank = str_find(hour, ' ');
    if (schedule->utc_minute >= 0) {
        return arena_printf(a, "%02d:%02d UTC", schedule->utc_minute / 60, schedule->utc_minute % 60);
    }
    return schedule->minute == 0 ? hour
                                 : arena_printf(a, "%.*s:%02d%.*s", (int)blank, hour.p, schedule->minute,
                                                (int)(hour.n - blank), hour.p + blank);
}

/* One mail for each who gets it. */
static int compose(struct arena *a, const struct digest_facts *f, const struct digest_links *links, struct buf *out)
{
    struct mail mails[CAP_MAIL_RECIPIENTS];
    size_t count = 0;
    int rc = 0;
    for (size_t i = 0; i < f->recipients.count && count < CAP_MAIL_RECIPIENTS && rc == 0; i++) {
        if (!DIGEST_ITEM(f->recipients, digest_recipient, i)->paused.n) {
            rc = digest_mail_compose(a, f, links, i, &mails[count++]);
        }
    }
    return rc ? rc : mail_write(out, mails, count);
}

int digest_make(struct arena *a, struct str facts_json, const struct digest_options *options, struct digest_made *out)
{
    struct digest_facts facts;
    int rc = digest_facts_read(a, facts_json, &facts);
    if (rc < 0 || !is_wanted(&facts, out)) {
        return rc;
    }
    facts.hour = hour_of(a, facts.hour, &options->schedule);
    *out = options->port ? (struct digest_made){.to_send = true}
                         : settled(DIGEST_KEPT, MAIL_REASON_NO_PROVIDER,
                                   "This installation has no way to send mail yet. The digest is kept here.");
    out->bytes = buf_make(CAP_MAIL_BYTES);
    rc = compose(a, &facts, &options->links, &out->bytes);
    if (rc < 0) {
        buf_free(&out->bytes);
    }
    return rc;
}
