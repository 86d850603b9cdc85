#pragma once
/* A batch on its way to Postgres: events as arrays, one per column of the statement. Private to ingest*.c. */
#include "caps.h"
#include "db_param.h"
#include "db_unit.h"
#include "ingest.h"

#define BATCH_COLUMNS 25
#define BATCH_SAID_COLUMNS 6

struct ingest_batch {
    struct ingest_core *core;
    struct db_unit unit;
    struct db_array columns[BATCH_COLUMNS], said[BATCH_SAID_COLUMNS];
    struct db_param params[BATCH_COLUMNS], said_params[BATCH_SAID_COLUMNS];
    struct list events;
    size_t bytes, lane;
    bool alone; /* one event, sent outside the lanes */
    uint64_t sent_ms;
};

struct ingest_batch *ingest_batch_new(struct ingest_core *core);
void ingest_batch_free(struct ingest_batch *b);
/* Empty again, for the next events; keeps its memory, unless that has grown large. */
void ingest_batch_reset(struct ingest_batch *b);
/* Takes the event onto the batch's list; it is encoded by ingest_batch_seal. */
void ingest_batch_add(struct ingest_batch *b, struct ingest_event *e);
/* Encodes everything and fills the unit. ERR_TOO_LARGE when an array passes its cap. */
int ingest_batch_seal(struct ingest_batch *b) must_check;
