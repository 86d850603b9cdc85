/* Any bytes as a message of Vapi: repaired, read, described. What is kept must be JSON, and reading it again must change
 * nothing. The reader takes exactly what the strict one takes. */
#include "adapters/vapi_message.c"
#include "fuzz.h"
#include "strict_json.h"
#include "utf8.h"

static struct json_shape *shape;

static int read_doc(struct str doc, char *scratch, struct arena *a, struct buf *kept)
{
    struct vapi_message m;
    *kept = buf_make(doc.n + 64);
    struct json_pass pass = {shape, doc,  scratch,       &m,      sizeof(m),           reset,
                             a,     kept, keep_repeated, secrets, FIELD_COUNT(secrets)};
    return json_read(&pass);
}

static void check_event(struct buf *doc)
{
    struct vapi_message m;
    struct ingest_event *e = ingest_event_new(CALL_VAPI);
    if (vapi_message_read(shape, e, doc, &m) == 0) {
        vapi_message_describe(e, &m, 1795014400000000);
        const struct call_event *c = &e->call;
        const struct str texts[] = {
            c->type,    c->caller_claim,     c->called_claim,    c->ended_claim, c->recording_claim,
            c->summary, c->provider_call_id, c->twilio_call_sid, c->payload};
        for (size_t i = 0; i < FIELD_COUNT(texts); i++) {
            HOLD(utf8_valid(texts[i]) && (!texts[i].n || !memchr(texts[i].p, 0, texts[i].n)));
        }
        for (size_t i = 0; i < c->utterance_count; i++) {
            HOLD(utf8_valid(c->utterances[i].text) && c->utterances[i].said_us >= 0);
        }
        HOLD(!c->analysis.p || strict_json_valid(c->analysis, NULL, NULL));
        HOLD(strict_json_valid(c->payload, NULL, NULL));
    }
    ingest_event_free(e);
}

static void check_doc(struct buf *doc)
{
    struct arena a = {0};
    struct buf kept, blanked, again;
    struct strict_json strict = {.p = doc->data, .end = doc->data + doc->len};
    bool valid = strict_json_document(&strict) && strict.deepest <= CAP_JSON_DEPTH;
    int rc = read_doc(buf_str(doc), NULL, &a, &kept);
    HOLD((rc == 0) == valid);
    struct str copy = arena_copy(&a, buf_str(doc));
    int lax = read_doc(copy, (char *)copy.p, &a, &blanked);
    HOLD(rc != 0 || lax == 0);
    HOLD(rc != 0 || str_eq(buf_str(&kept), buf_str(&blanked)));
    if (lax == 0) {
        HOLD(strict_json_valid(buf_str(&blanked), NULL, NULL));
        HOLD(read_doc(buf_str(&blanked), NULL, &a, &again) == 0);
        HOLD(str_eq(buf_str(&again), buf_str(&blanked)));
        buf_free(&again);
    }
    buf_free(&kept);
    buf_free(&blanked);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf doc = buf_make(3 * size + 1);
    shape = shape ? shape : vapi_message_shape();
    HOLD(buf_append(&doc, (struct str){(const char *)data, size}) == 0);
    HOLD(utf8_repair_json(&doc) >= 0 && utf8_valid(buf_str(&doc)) && utf8_repair_json(&doc) == 0);
    if (doc.len) {
        check_doc(&doc);
        check_event(&doc);
    }
    buf_free(&doc);
    return 0;
}
