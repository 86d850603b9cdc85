#pragma once
/* Vapi's messages for tests: read and described as the server does it. */
#include "caps.h"
#include "files.h"
#include "tap.h"
#include "utf8.h"
#include "vapi_message.h"

#define RIG_NOW_US 1795014400000000

static struct json_shape *rig_shape;

static inline void rig_start(void)
{
    rig_shape = rig_shape ? rig_shape : vapi_message_shape();
}

static inline void rig_stop(void)
{
    json_shape_free(rig_shape);
    rig_shape = NULL;
}

/* The event of a message, or NULL when it is not JSON. */
static inline struct ingest_event *rig_read(struct str text, struct vapi_message *m)
{
    struct ingest_event *e = ingest_event_new(CALL_VAPI);
    struct buf doc = buf_make(CAP_VAPI_BYTES * 3);
    int rc = buf_append(&doc, text);
    rc = rc ? rc : utf8_repair_json(&doc);
    rc = rc < 0 ? rc : vapi_message_read(rig_shape, e, &doc, m);
    /* Nothing may point into the document: it goes before the event. */
    if (doc.data) {
        memset(doc.data, '#', doc.len);
    }
    buf_free(&doc);
    if (rc < 0) {
        ingest_event_free(e);
        return NULL;
    }
    vapi_message_describe(e, m, RIG_NOW_US);
    return e;
}

static inline struct ingest_event *rig_event(const char *text)
{
    struct vapi_message m;
    rig_start();
    struct ingest_event *e = rig_read(str_of(text), &m);
    CHECK(e != NULL);
    return e;
}
