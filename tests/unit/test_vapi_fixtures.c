/* Every recorded message: what is kept of it is JSON without prompt and credentials, and says the same when the members of
 * all its objects come in the opposite order. */
#include "strict_json.h"
#include "vapi_rig.h"
#include <ctype.h>
#include <math.h>

static struct arena arena;

static struct str reversed_value(struct strict_json *j);

/* The members of the object, or elements of the array, that begins at the cursor; as text, without what stands between. */
static size_t members(struct strict_json *j, struct str *parts, bool map)
{
    size_t n = 0;
    char close = map ? '}' : ']';
    j->p++;
    if (strict_json_take(j, close)) {
        return 0;
    }
    do {
        struct str key = {NULL, 0};
        strict_json_blank(j);
        if (map) {
            CHECK(strict_json_string(j, &key) && strict_json_take(j, ':'));
        }
        struct str value = reversed_value(j);
        parts[n++] = map ? arena_printf(&arena, "\"%.*s\":%.*s", (int)key.n, key.p, (int)value.n, value.p) : value;
    } while (strict_json_take(j, ','));
    CHECK(strict_json_take(j, close));
    return n;
}

static struct str reversed_value(struct strict_json *j)
{
    static struct str parts[64][1000];
    strict_json_blank(j);
    const char *start = j->p;
    if (*start != '{' && *start != '[') {
        CHECK(strict_json_value(j));
        return (struct str){start, (size_t)(j->p - start)};
    }
    bool map = *start == '{';
    struct str *mine = parts[j->depth++];
    size_t n = members(j, mine, map);
    struct buf out = buf_make(CAP_VAPI_BYTES);
    for (size_t i = 0; i < n; i++) {
        CHECK_INT(buf_append(&out, i ? STR(",") : STR("")), 0);
        CHECK_INT(buf_append(&out, mine[map ? n - 1 - i : i]), 0);
    }
    struct str text = arena_printf(&arena, map ? "{%.*s}" : "[%.*s]", (int)out.len, out.len ? out.data : "");
    buf_free(&out);
    j->depth--;
    return text;
}

static void check_key(void *context, struct str key)
{
    static const char *const doors[] = {"authtoken", "apikey",        "apisecret",  "secret",
                                        "password",  "controlurl",    "listenurl",  "calltoken",
                                        "headers",   "authorization", "credential", "presigned"};
    char lower[100];
    (void)context;
    size_t n = key.n < sizeof(lower) - 1 ? key.n : sizeof(lower) - 1;
    for (size_t i = 0; i < n; i++) {
        lower[i] = (char)tolower((unsigned char)key.p[i]);
    }
    for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
        bool leaks = str_has((struct str){lower, n}, str_of(doors[i]));
        CHECK(!leaks);
        if (leaks) {
            tap_print("key", key);
        }
    }
}

static void check_kept(struct str kept, bool is_report)
{
    static const char *const never[] = {"0123456789abcdef0123456789abcdef", "larkspur-webhook-secret",
                                        "phone-call-websocket"};
    CHECK(strict_json_valid(kept, check_key, NULL));
    CHECK(utf8_valid(kept));
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        CHECK(!str_has(kept, str_of(never[i])));
    }
    CHECK(is_report || !str_has(kept, STR("You are the virtual receptionist")));
}

static bool same_text(struct str a, struct str b)
{
    return (a.p == NULL) == (b.p == NULL) && str_eq(a, b);
}

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void check_same_facts(const struct call_event *a, const struct call_event *b)
{
    CHECK(same_text(a->type, b->type));
    CHECK(same_text(a->provider_call_id, b->provider_call_id));
    CHECK(same_text(a->twilio_call_sid, b->twilio_call_sid));
    CHECK(same_text(a->caller_claim, b->caller_claim));
    CHECK(same_text(a->called_claim, b->called_claim));
    CHECK(same_text(a->ended_claim, b->ended_claim));
    CHECK(same_text(a->recording_claim, b->recording_claim));
    CHECK(same_text(a->summary, b->summary));
    CHECK_INT(a->analysis.p != NULL, b->analysis.p != NULL);
    CHECK_INT(a->status, b->status);
    CHECK_INT(a->started_us, b->started_us);
    CHECK_INT(a->reported_ended_us, b->reported_ended_us);
    CHECK_INT(a->seen_ended_us, b->seen_ended_us);
    CHECK_INT(a->occurred_us, b->occurred_us);
    CHECK(same_number(a->reported_seconds, b->reported_seconds) && same_number(a->cost, b->cost));
    CHECK_INT(a->caller_spoke, b->caller_spoke);
    CHECK_INT(a->has_report, b->has_report);
    CHECK_INT((long long)a->utterance_count, (long long)b->utterance_count);
    for (size_t i = 0; i < a->utterance_count && i < b->utterance_count; i++) {
        const struct call_utterance *x = &a->utterances[i], *y = &b->utterances[i];
        CHECK(x->role == y->role && x->said_us == y->said_us && same_text(x->text, y->text));
    }
}

/* Those whose key is their meaning keep it, whatever the order of their bytes. */
static bool has_meaning(const struct call_event *c, const struct vapi_message *m)
{
    enum vapi_type type = vapi_message_type(m);
    return c->provider_call_id.n && (type == VAPI_REPORT || type == VAPI_STATUS_UPDATE || type == VAPI_TOOL_CALLS ||
                                     (type == VAPI_TRANSCRIPT && !str_eq(m->transcript_type, STR("partial"))));
}

static int meaningful;

static void check_message(struct str text)
{
    struct vapi_message m, again, back;
    struct ingest_event *e = rig_read(text, &m);
    CHECK(e != NULL);
    if (!e) {
        return;
    }
    check_kept(buf_str(&e->kept), vapi_message_type(&m) == VAPI_REPORT);
    struct ingest_event *twice = rig_read(buf_str(&e->kept), &again);
    CHECK(twice && str_eq(buf_str(&twice->kept), buf_str(&e->kept)));

    struct strict_json j = {.p = text.p, .end = text.p + text.n};
    struct ingest_event *reversed = rig_read(reversed_value(&j), &back);
    CHECK(reversed != NULL);
    check_kept(buf_str(&reversed->kept), vapi_message_type(&m) == VAPI_REPORT);
    check_same_facts(&e->call, &reversed->call);
    bool same_key = memcmp(e->call.key, reversed->call.key, 16) == 0;
    CHECK(same_key || !has_meaning(&e->call, &m));
    meaningful += has_meaning(&e->call, &m);
    ingest_event_free(e);
    ingest_event_free(twice);
    ingest_event_free(reversed);
    arena_free(&arena);
}

static void check_file(const char *name)
{
    struct buf text = file_read(FIXTURES, name);
    tap_case(name);
    if (!strstr(name, "vectors")) {
        /* Recorded text may hold what only repair makes readable for the second opinion. */
        CHECK(utf8_repair_json(&text) >= 0);
        check_message(buf_str(&text));
    }
    buf_free(&text);
}

static void check_lines(const char *name)
{
    struct buf text = file_read(FIXTURES, name);
    struct str rest = buf_str(&text);
    tap_case(name);
    while (rest.n) {
        struct str line = str_cut(rest, str_find(rest, '\n'));
        check_message(line);
        rest = str_skip(rest, line.n + 1);
    }
    buf_free(&text);
}

static void every_file(void)
{
    rig_start();
    CHECK(file_each(".json", check_file) > 50);
    CHECK(meaningful > 20);
    rig_stop();
}

static void every_line_of_a_call(void)
{
    rig_start();
    meaningful = 0;
    CHECK(file_each(".ndjson", check_lines) == 2);
    CHECK(meaningful > 40);
    rig_stop();
}

/* Cut anywhere, a message is refused; a short file at every byte, a long one at some. */
static void check_cuts(const char *name)
{
    struct buf text = file_read(FIXTURES, name);
    struct vapi_message m;
    tap_case(name);
    CHECK(utf8_repair_json(&text) >= 0);
    size_t end = text.len;
    while (end > 0 && isspace((unsigned char)text.data[end - 1])) {
        end--;
    }
    for (size_t n = 0; n < end; n += end / 300 + 1) {
        struct ingest_event *e = rig_read((struct str){text.data, n}, &m);
        CHECK(e == NULL);
        ingest_event_free(e ? e : ingest_event_new(CALL_VAPI));
    }
    buf_free(&text);
}

static void cut_messages_are_refused(void)
{
    rig_start();
    CHECK(file_each(".json", check_cuts) > 50);
    rig_stop();
}

TAP_MAIN(TEST(every_file), TEST(every_line_of_a_call), TEST(cut_messages_are_refused))
