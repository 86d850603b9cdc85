#include "crypto.h"
#include "ingest_core.h"
#include <stdlib.h>

/* In the order of enum metric_dead; the metric's label says the same. */
static const char *const reasons[] = {"bad_json", "not_an_envelope", "rejected_by_database"};

/* A dead letter on its way. */
struct letter {
    struct ingest_core *core;
    struct db_unit unit;
    struct db_param params[4];
    struct digest key;
    struct ingest_event *event;
};

static void on_letter_done(struct db_unit *u, int code)
{
    struct letter *l = container_of(u, struct letter, unit);
    struct ingest_core *in = l->core;
    struct ingest_event *e = l->event;
    free(l);
    in->singles--;
    if (code == 0) {
        metric_count(METRIC_DEAD_LETTERS, e->dead_reason);
        log_event(LOG_WARN, "dead_letter", LOG_CSTR("reason", reasons[e->dead_reason]),
                  LOG_INT("bytes", (int64_t)e->bytes));
    }
    ingest_settle_alone(in, e, code);
}

void ingest_send_letter(struct ingest_core *in, struct ingest_event *e)
{
    struct letter *l = mem_alloc(sizeof(*l));
    l->core = in;
    l->event = e;
    l->params[0] = db_text(e->call.source == CALL_TWILIO ? STR("twilio") : STR("vapi"));
    l->params[1] = db_text(str_of(reasons[e->dead_reason]));
    struct str body = e->body.len ? buf_str(&e->body) : buf_str(&e->kept);
    struct str event_key = {(const char *)e->call.key, sizeof(e->call.key)};
    l->key = crypto_sha256(e->dead_reason == DEAD_REJECTED ? event_key : body);
    l->params[2] = db_bytes(body);
    l->params[3] = db_bytes(digest_str(&l->key));
    l->unit.role = "ringback_ingest";
    l->unit.on_done = on_letter_done;
    db_unit_add(&l->unit, STMT_DEAD_LETTER_INSERT, l->params, 4);
    int rc = db_submit(in->pool, &l->unit);
    if (rc < 0) {
        free(l);
        ingest_settle_alone(in, e, rc);
    } else {
        in->singles++;
    }
}
