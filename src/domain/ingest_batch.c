#include "ingest_batch.h"
#include "err.h"
#include <stdlib.h>

/* The columns of ingest_batch, in the order of its parameters. */
static const enum db_type column_types[BATCH_COLUMNS] = {
    DB_UUID, DB_TEXT,  DB_TEXT, DB_TEXT,        DB_TEXT,        DB_TIMESTAMPTZ, DB_TIMESTAMPTZ, DB_JSONB,  DB_INT2,
    DB_TEXT, DB_TEXT,  DB_INT2, DB_TIMESTAMPTZ, DB_TIMESTAMPTZ, DB_TIMESTAMPTZ, DB_TEXT,        DB_FLOAT8, DB_FLOAT8,
    DB_TEXT, DB_JSONB, DB_TEXT, DB_FLOAT8,      DB_BOOL,        DB_BOOL,        DB_BOOL,
};
static const enum db_type said_types[BATCH_SAID_COLUMNS] = {DB_UUID,        DB_UUID, DB_TEXT,
                                                            DB_TIMESTAMPTZ, DB_TEXT, DB_BOOL};

struct ingest_batch *ingest_batch_new(struct ingest_core *core)
{
    struct ingest_batch *b = mem_alloc(sizeof(*b));
    b->core = core;
    list_init(&b->events);
    for (size_t i = 0; i < BATCH_COLUMNS; i++) {
        db_array_init(&b->columns[i], column_types[i]);
    }
    for (size_t i = 0; i < BATCH_SAID_COLUMNS; i++) {
        db_array_init(&b->said[i], said_types[i]);
    }
    return b;
}

void ingest_batch_free(struct ingest_batch *b)
{
    for (size_t i = 0; i < BATCH_COLUMNS; i++) {
        db_array_free(&b->columns[i]);
    }
    for (size_t i = 0; i < BATCH_SAID_COLUMNS; i++) {
        db_array_free(&b->said[i]);
    }
    free(b);
}

void ingest_batch_add(struct ingest_batch *b, struct ingest_event *e)
{
    list_push(&b->events, &e->node);
    b->bytes += e->bytes;
}

static void reset_arrays(struct db_array *arrays, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (arrays[i].bytes.size > CAP_BATCH_KEEP_BYTES) {
            db_array_free(&arrays[i]);
        }
        db_array_reset(&arrays[i]);
    }
}

void ingest_batch_reset(struct ingest_batch *b)
{
    reset_arrays(b->columns, BATCH_COLUMNS);
    reset_arrays(b->said, BATCH_SAID_COLUMNS);
    b->unit = (struct db_unit){0};
    b->bytes = 0;
}

/* Messages of one call do not all name its CallSid: what one of the batch knows helps the others find the same row. */
static struct str sid_of(const struct ingest_batch *b, const struct call_event *c)
{
    if (c->twilio_call_sid.n || !c->provider_call_id.n) {
        return c->twilio_call_sid;
    }
    for (struct list_node *n = list_first(&b->events); n; n = list_next(&b->events, n)) {
        const struct call_event *other = &container_of(n, struct ingest_event, node)->call;
        if (other->twilio_call_sid.n && str_eq(other->provider_call_id, c->provider_call_id)) {
            return other->twilio_call_sid;
        }
    }
    return c->twilio_call_sid;
}

static void encode_event(struct ingest_batch *b, const struct call_event *c)
{
    struct db_array *col = b->columns;
    db_array_uuid(col++, c->key);
    db_array_text(col++, c->source == CALL_TWILIO ? STR("twilio") : STR("vapi"));
    db_array_text(col++, c->type);
    db_array_text(col++, c->provider_call_id);
    db_array_text(col++, sid_of(b, c));
    db_array_time(col++, c->occurred_us);
    db_array_time(col++, c->received_us);
    db_array_text(col++, c->payload);
    db_array_int2(col++, c->provider_rank);
    db_array_text(col++, c->caller_claim);
    db_array_text(col++, c->called_claim);
    db_array_int2(col++, c->status == CALL_UNKNOWN ? CALL_SCHEDULED : (int)c->status);
    db_array_time(col++, c->started_us);
    db_array_time(col++, c->reported_ended_us);
    db_array_time(col++, c->seen_ended_us);
    db_array_text(col++, c->ended_claim);
    db_array_num(col++, c->reported_seconds);
    db_array_num(col++, c->carrier_seconds);
    db_array_text(col++, c->summary);
    db_array_text(col++, c->analysis);
    db_array_text(col++, c->recording_claim);
    db_array_num(col++, c->cost);
    db_array_bool(col++, c->caller_spoke);
    db_array_bool(col++, c->has_report);
    db_array_bool(col++, c->utterances_reported);
}

static void encode_utterances(struct ingest_batch *b, const struct call_event *c)
{
    for (size_t i = 0; i < c->utterance_count; i++) {
        const struct call_utterance *u = &c->utterances[i];
        struct db_array *col = b->said;
        db_array_uuid(col++, c->key);
        db_array_uuid(col++, u->key);
        db_array_text(col++, u->role == ROLE_USER ? STR("user") : STR("assistant"));
        db_array_time(col++, u->said_us);
        db_array_text(col++, u->text);
        db_array_bool(col++, c->utterances_reported);
    }
}

static int params_of(struct db_array *arrays, struct db_param *params, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        params[i] = db_array_param(&arrays[i]);
        if (arrays[i].failed) {
            return arrays[i].failed;
        }
    }
    return 0;
}

int ingest_batch_seal(struct ingest_batch *b)
{
    for (struct list_node *n = list_first(&b->events); n; n = list_next(&b->events, n)) {
        struct ingest_event *e = container_of(n, struct ingest_event, node);
        encode_event(b, &e->call);
        encode_utterances(b, &e->call);
    }
    int rc = params_of(b->columns, b->params, BATCH_COLUMNS);
    rc = rc ? rc : params_of(b->said, b->said_params, BATCH_SAID_COLUMNS);
    b->unit.role = "ringback_ingest";
    db_unit_add(&b->unit, STMT_INGEST_BATCH, b->params, BATCH_COLUMNS);
    if (b->said[0].count) {
        db_unit_add(&b->unit, STMT_INGEST_UTTERANCES, b->said_params, BATCH_SAID_COLUMNS);
    }
    return rc;
}
