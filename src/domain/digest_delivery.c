#include "digest_delivery.h"
#include "caps.h"
#include "db_pool.h"
#include "db_row.h"
#include "timestamp.h"
#include <stdlib.h>

#define PARAMS 9

/* One word on its way. */
struct digest_delivery_unit {
    struct db_unit unit;
    struct digest_delivery *owner;
    struct db_param params[PARAMS];
    char at[TIMESTAMP_TEXT_BYTES];
};

static bool is_true(const struct db_unit *u, size_t column)
{
    return str_eq(db_cell(u, 0, 0, column), STR("t"));
}

static void on_stored(struct db_unit *u, int code)
{
    struct digest_delivery_unit *w = container_of(u, struct digest_delivery_unit, unit);
    struct digest_delivery *d = w->owner;
    d->of->open--;
    if (code == 0 && db_rows(u, 0) == 1) {
        d->is_new = is_true(u, 0);
        d->is_ours = is_true(u, 1);
        d->is_paused = is_true(u, 2);
    }
    d->unit = NULL;
    free(w);
    d->on_done(d, code);
}

static struct db_param text_or_null(struct str s)
{
    return s.n ? db_text(s) : (struct db_param){NULL, 0};
}

static struct digest_delivery_unit *make_unit(struct digest_delivery *d)
{
    struct digest_delivery_unit *w = mem_alloc(sizeof(*w));
    const struct db_param params[PARAMS] = {
        db_text(d->event_id),         db_text(str_of(metric_label(LABELS_DELIVERY, d->state))),
        text_or_null(d->business_id), text_or_null(d->local_date),
        text_or_null(d->mail_id),     text_or_null(d->address),
        text_or_null(d->why),         text_or_null(d->happened_us ? timestamp_format(d->happened_us, w->at) : STR("")),
        text_or_null(d->pauses),
    };
    memcpy(w->params, params, sizeof(params));
    w->owner = d;
    w->unit = (struct db_unit){.role = "ringback_digest", .on_done = on_stored};
    db_unit_add(&w->unit, STMT_DIGEST_DELIVERY_APPLY, w->params, PARAMS);
    if (d->of->taken % CAP_RESEND_EVENTS_TIDY == 0) {
        db_unit_add(&w->unit, STMT_DIGEST_DELIVERY_TIDY, NULL, 0);
    }
    return w;
}

int digest_delivery_submit(struct digest_delivery *d)
{
    struct digest_deliveries *of = d->of;
    if (of->open >= CAP_RESEND_EVENTS_OPEN) {
        return ERR_BUSY;
    }
    struct digest_delivery_unit *w = make_unit(d);
    int rc = db_submit(of->pool, &w->unit);
    if (rc < 0) {
        free(w);
        return rc;
    }
    of->open++;
    of->taken++;
    d->unit = w;
    return 0;
}

void digest_delivery_abandon(struct digest_delivery *d)
{
    if (d->unit) {
        d->of->open--;
        db_abandon(&d->unit->unit);
        free(d->unit);
        d->unit = NULL;
    }
}
