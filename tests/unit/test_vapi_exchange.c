/* One post of Vapi's between its arrival and its answer: stored first, then the calendar, and no answer to a client that
 * went away. The queue of events and the HTTP server are stand-ins. */
#define ingest_submit fake_submit
#define ingest_dead_letter fake_dead_letter
#define ingest_abandon fake_abandon
#define http_reply fake_reply
#define http_reply_error fake_reply_error
#include "adapters/vapi.c"
#include "strict_json.h"
#include "vapi_desk.h"

static struct {
    int code; /* what the queue returns */
    unsigned patience_ms;
    struct ingest_waiter *waiter;
    int abandoned, dead, replies, status, error;
    char answer[2000];
} post;

int fake_submit(struct ingest *in, struct ingest_event *e, struct ingest_waiter *w)
{
    (void)in;
    post.patience_ms = w->patience_ms;
    post.waiter = post.code < 0 ? NULL : w;
    ingest_event_free(e); /* gone before anybody is asked */
    return post.code;
}

int fake_dead_letter(struct ingest *in, struct ingest_event *e, enum metric_dead reason, struct ingest_waiter *w)
{
    (void)reason;
    post.dead++;
    return fake_submit(in, e, w);
}

void fake_abandon(struct ingest_waiter *w)
{
    (void)w;
    post.abandoned++;
    post.waiter = NULL;
}

void fake_reply(struct http_request *r, int status, const char *content_type, struct str body)
{
    (void)r;
    post.replies++;
    post.status = status;
    CHECK_STR(str_of(content_type), "application/json");
    CHECK(strict_json_valid(body, NULL, NULL));
    snprintf(post.answer, sizeof(post.answer), "%.*s", (int)body.n, body.p);
}

void fake_reply_error(struct http_request *r, int code)
{
    (void)r;
    post.replies++;
    post.error = code;
}

static struct config config;
static struct loop loop;
static struct vapi vapi = {.config = &config, .loop = &loop, .bookings = &desk_room};
static struct http_request request;

static void arrive(const char *message, int code)
{
    desk_reset();
    memset(&post, 0, sizeof(post));
    post.code = code;
    tap_case(message);
    vapi_start(&vapi);
    request = (struct http_request){.body = buf_make(CAP_VAPI_BYTES)};
    CHECK_INT(buf_append(&request.body, str_of(message)), 0);
    vapi_on_message(&vapi, &request);
}

static void stored(int code)
{
    struct ingest_waiter *w = post.waiter;
    CHECK(w != NULL);
    post.waiter = NULL;
    if (w) {
        w->on_done(w, code);
    }
}

static void leave(void)
{
    request.waiter->on_gone(request.waiter, &request);
}

static void end(void)
{
    vapi_stop(&vapi);
    arena_free(&request.arena);
    buf_free(&request.body);
    desk_reset();
}

#define AROUND(rest) "{\"message\":{" rest ",\"call\":{\"id\":\"c1\"},\"phoneNumber\":{\"number\":\"+12125550142\"}}}"
#define CHECK_CALL AROUND("\"type\":\"tool-calls\",\"toolCallList\":[{\"id\":\"t1\",\"name\":\"check_availability\"}]")
#define OTHER_CALL AROUND("\"type\":\"tool-calls\",\"toolCallList\":[{\"id\":\"t1\",\"name\":\"other\"}]")
#define FREE "{\"results\":[{\"name\":\"check_availability\",\"toolCallId\":\"t1\",\"result\":\"Free.\"}]}"

/* Durable, too late, refused: the calendar is asked all the same, and only then. */
static void the_calendar_is_asked_once_the_event_is_stored(void)
{
    static const int codes[] = {0, ERR_TIMEOUT, ERR_UNAVAILABLE};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        arrive(CHECK_CALL, 0);
        CHECK_INT(post.patience_ms, CAP_BOOKING_STORE_MS);
        CHECK_INT((long long)desk.count, 0);
        stored(codes[i]);
        CHECK_INT((long long)desk.count, 1);
        CHECK_INT(post.replies, 0);
        desk_answer(0, true, "Free.");
        CHECK_INT(post.replies, 1);
        CHECK_INT(post.status, 200);
        CHECK_STR(str_of(post.answer), FREE);
        end();
    }
}

static void a_queue_that_is_full(void)
{
    arrive(CHECK_CALL, ERR_BUSY);
    CHECK_INT((long long)desk.count, 1);
    desk_answer(0, true, "Free.");
    CHECK_INT(post.replies, 1);
    CHECK_STR(str_of(post.answer), FREE);
    end();
}

static void a_room_that_is_full(void)
{
    arrive(CHECK_CALL, 0);
    desk.code = ERR_BUSY;
    stored(0);
    CHECK_INT(post.replies, 1);
    CHECK_INT(post.status, 200);
    CHECK(strstr(post.answer, "\"error\":\"I could not reach the calendar.") != NULL);
    end();
}

static void a_client_that_went_away(void)
{
    arrive(CHECK_CALL, 0);
    leave();
    CHECK_INT(post.abandoned, 1);
    CHECK_INT((long long)(desk.count + desk.abandoned), 0);
    CHECK_INT(post.replies, 0);
    end();
    arrive(CHECK_CALL, 0);
    stored(0);
    leave();
    CHECK_INT((long long)desk.abandoned, 1);
    CHECK(desk.asks[0] == NULL);
    CHECK_INT(post.replies, 0);
    end();
}

/* Nothing is asked for them, and they wait no longer than before. */
static void what_is_not_ours(void)
{
    static const struct {
        const char *message;
        unsigned patience_ms;
        const char *answer;
    } rows[] = {
        {OTHER_CALL, CAP_CONTROL_STORE_MS, "{\"results\":[{\"name\":\"other\",\"toolCallId\":\"t1\",\"error\":\"I can"},
        {AROUND("\"type\":\"function-call\",\"functionCall\":{\"name\":\"no\"}"), CAP_CONTROL_STORE_MS,
         "{\"result\":\"I can"},
        {AROUND("\"type\":\"hang\""), 0, "{}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        arrive(rows[i].message, 0);
        CHECK_INT(post.patience_ms, rows[i].patience_ms);
        stored(0);
        CHECK_INT((long long)desk.count, 0);
        CHECK_INT(post.status, 200);
        CHECK(str_starts(str_of(post.answer), str_of(rows[i].answer)));
        end();
        arrive(rows[i].message, ERR_BUSY);
        CHECK_INT(post.error, rows[i].patience_ms ? 0 : ERR_BUSY);
        CHECK_INT(post.replies, 1);
        end();
    }
}

static void what_is_no_message(void)
{
    static const char *const messages[] = {"{\"message\":{\"toolCallList\":[{\"name\":\"book_appointment\"", "[]"};
    for (size_t i = 0; i < 2; i++) {
        arrive(messages[i], 0);
        stored(0);
        CHECK_INT(post.dead, 1);
        CHECK_INT((long long)desk.count, 0);
        CHECK_STR(str_of(post.answer), "{}");
        end();
    }
}

TAP_MAIN(TEST(the_calendar_is_asked_once_the_event_is_stored), TEST(a_queue_that_is_full), TEST(a_room_that_is_full),
         TEST(a_client_that_went_away), TEST(what_is_not_ours), TEST(what_is_no_message))
