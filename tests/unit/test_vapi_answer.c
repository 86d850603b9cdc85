/* What Vapi's live questions are answered. The directory is a stand-in that knows one number. */
#include "strict_json.h"
#include "vapi_answer.h"
#include "vapi_rig.h"

static struct business larkspur;

const struct business *directory_find(const struct directory *d, struct str phone)
{
    (void)d;
    return str_eq(phone, STR("+12125550142")) ? &larkspur : NULL;
}

static struct config config;
static const struct vapi vapi = {.config = &config};

#define SERVER                                                                                                         \
    "\"server\":{\"url\":\"https://x/api/vapi-webhook\",\"timeoutSeconds\":20,\"headers\":{\"x-vapi-secret\":\"s\"},"

static void start(void)
{
    config = (struct config){
        .public_url = STR("https://x"), .vapi_webhook_secret = STR("s"), .vapi_assistant_id = STR("a0")};
    larkspur = (struct business){.phone = STR("+12125550142"),
                                 .id = STR("b1"),
                                 .name = STR("Larkspur"),
                                 .timezone = STR("America/New_York"),
                                 .vapi_assistant_id = STR("a1"),
                                 .forward_to = STR("+12125550119")};
}

/* The answer to a message, or absent when it is no question. */
static struct str ask(struct arena *a, const char *message)
{
    char text[8000];
    struct vapi_message m;
    struct str answer = {NULL, 0};
    snprintf(text, sizeof(text), "{\"message\":%s}", message);
    rig_start();
    struct ingest_event *e = rig_read(str_of(text), &m);
    CHECK(e != NULL);
    bool live = vapi_answer(&vapi, &m, a, &answer);
    CHECK_INT(live, answer.p != NULL);
    CHECK(!live || (strict_json_valid(answer, NULL, NULL) && utf8_valid(answer)));
    ingest_event_free(e);
    rig_stop();
    return answer;
}

#define CALLED(number) ",\"phoneNumber\":{\"number\":\"" number "\"},\"customer\":{\"number\":\"+16465550187\"}"

static void assistant_requests(void)
{
    struct arena a = {0};
    start();
    struct str known = ask(&a, "{\"type\":\"assistant-request\"" CALLED("+12125550142") "}");
    CHECK(str_starts(
        known, STR("{\"assistantId\":\"a1\",\"assistantOverrides\":{\"metadata\":{\"twilioNumber\":"
                   "\"+12125550142\",\"businessId\":\"b1\"},\"variableValues\":{\"business_name\":\"Larkspur\","
                   "\"caller_number\":\"+16465550187\",\"timezone\":\"America/New_York\"},\"serverMessages\":[")));
    CHECK(str_has(known, STR(SERVER)));
    struct str unmapped = ask(&a, "{\"type\":\"assistant-request\"" CALLED("+12125550199") "}");
    CHECK(str_starts(unmapped, STR("{\"assistantId\":\"a0\",")) && !str_has(unmapped, STR("businessId")));
    config.vapi_assistant_id = (struct str){NULL, 0};
    struct str closed = ask(&a, "{\"type\":\"assistant-request\"" CALLED("+12125550199") "}");
    CHECK(str_starts(closed, STR("{\"error\":\"Sorry, ")) && !str_has(closed, STR("assistant")));
    config.public_url = (struct str){NULL, 0};
    CHECK(!str_has(ask(&a, "{\"type\":\"assistant-request\"" CALLED("+12125550142") "}"), STR("\"server\"")));
    arena_free(&a);
}

/* For the next call only: what an assistant got for one call it keeps. */
static void tools_while_the_business_books(void)
{
    static const bool books[] = {false, true, false};
    for (size_t i = 0; i < 3; i++) {
        struct arena a = {0};
        start();
        larkspur.books = books[i];
        struct str answer = ask(&a, "{\"type\":\"assistant-request\"" CALLED("+12125550142") "}");
        CHECK_INT(str_has(answer, STR("\"tools")), books[i]);
        CHECK_INT(str_has(answer, STR("}},\"tools:append\":[{\"type\":\"function\",")), books[i]);
        CHECK_INT(str_ends(answer, STR("\"blocking\":false}]}]}}")), books[i]);
        struct str other = ask(&a, "{\"type\":\"assistant-request\"" CALLED("+12125550199") "}");
        CHECK(other.n && !str_has(other, STR("\"tools")));
        config.public_url = (struct str){NULL, 0};
        struct str bare = ask(&a, "{\"type\":\"assistant-request\"" CALLED("+12125550142") "}");
        CHECK_INT(str_has(bare, STR("],\"tools:append\":[{\"type\":\"function\",")), books[i]);
        arena_free(&a);
    }
}

static void hostile_names(void)
{
    static const struct str names[] = {STR("\"},\"x\":{\"y\":\""), STR("a\nb\\c\x01"), STR("caf\xc3\xa9"), STR("")};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct arena a = {0};
        start();
        larkspur.name = larkspur.timezone = larkspur.forward_to = larkspur.vapi_assistant_id = names[i];
        tap_case(names[i].p);
        CHECK(ask(&a, "{\"type\":\"assistant-request\"" CALLED("+12125550142") "}").n > 0);
        CHECK(ask(&a, "{\"type\":\"transfer-destination-request\"" CALLED("+12125550142") "}").n > 0);
        arena_free(&a);
    }
}

struct row {
    const char *message, *result;
};

#define TOOLS(rest) "{\"type\":\"tool-calls\"," rest "}"
#define RESULT(name, id) "{\"name\":" name ",\"toolCallId\":" id ",\"error\":\"I can not book"

static const struct row tools[] = {
    {TOOLS("\"toolCallList\":[{\"id\":\"t1\",\"function\":{\"name\":\"book\",\"arguments\":\"{}\"}}]"),
     RESULT("\"book\"", "\"t1\"")},
    {TOOLS("\"toolCallList\":[{\"id\":\"t1\",\"function\":{\"name\":\"book\",\"arguments\":{}}}]"),
     RESULT("\"book\"", "\"t1\"")},
    {TOOLS("\"toolCallList\":[{\"id\":\"t1\",\"name\":\"book\",\"arguments\":{}}]"), RESULT("\"book\"", "\"t1\"")},
    {TOOLS("\"toolCallList\":[{\"id\":\"t1\",\"name\":\"book\",\"parameters\":{}}]"), RESULT("\"book\"", "\"t1\"")},
    {TOOLS("\"toolCalls\":[{\"id\":\"t1\",\"name\":\"book\"}]"), RESULT("\"book\"", "\"t1\"")},
    {TOOLS(
         "\"toolWithToolCallList\":[{\"name\":\"no\",\"toolCall\":{\"id\":\"t1\",\"function\":{\"name\":\"book\"}}}]"),
     RESULT("\"book\"", "\"t1\"")},
    {"{\"toolCallList\":[{\"id\":\"t1\",\"name\":\"book\"}]}", RESULT("\"book\"", "\"t1\"")},
    {TOOLS("\"toolCallList\":[{\"id\":\"t\\\"1\",\"name\":\"b\\n\\u0000\"}]"),
     RESULT("\"b\\u000a\xef\xbf\xbd\"", "\"t\\\"1\"")},
    {TOOLS("\"toolCallList\":[{}]"), RESULT("null", "null")},
};

static void tool_calls(void)
{
    for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
        struct arena a = {0};
        start();
        tap_case(tools[i].message);
        struct str answer = ask(&a, tools[i].message);
        CHECK(str_starts(answer, STR("{\"results\":[{")));
        CHECK(str_has(answer, str_of(tools[i].result)));
        CHECK(!str_has(answer, STR("\\n")));
        arena_free(&a);
    }
}

/* One result for each call, in their order. */
static void many_tool_calls(void)
{
    enum { MANY = 200 };
    struct arena a = {0};
    struct buf message = buf_make(8000);
    start();
    CHECK_INT(buf_append(&message, STR("{\"type\":\"tool-calls\",\"toolCallList\":[")), 0);
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(buf_printf(&message, "%s{\"id\":\"t%d\",\"name\":\"n\"}", i ? "," : "", i), 0);
    }
    CHECK_INT(buf_append(&message, STR("]}\0")), 0);
    struct str answer = ask(&a, message.data);
    for (int i = 0; i < MANY; i++) {
        char id[32];
        snprintf(id, sizeof(id), "\"toolCallId\":\"t%d\"", i);
        const char *at = memmem(answer.p, answer.n, id, strlen(id));
        CHECK(at != NULL);
        answer = at ? str_skip(answer, (size_t)(at - answer.p)) : answer;
    }
    CHECK_STR(ask(&a, "{\"type\":\"tool-calls\",\"toolCallList\":[]}"), "{\"results\":[]}");
    CHECK_STR(ask(&a, "{\"type\":\"tool-calls\"}"), "{\"results\":[]}");
    buf_free(&message);
    arena_free(&a);
}

static void destinations(void)
{
    static const char *const kinds[] = {"transfer-destination-request", "handoff-destination-request"};
    for (size_t i = 0; i < 2; i++) {
        struct arena a = {0};
        char known[300], unmapped[300];
        start();
        snprintf(known, sizeof(known), "{\"type\":\"%s\"" CALLED("+12125550142") "}", kinds[i]);
        snprintf(unmapped, sizeof(unmapped), "{\"type\":\"%s\"}", kinds[i]);
        CHECK_STR(ask(&a, known), "{\"destination\":{\"type\":\"number\",\"number\":\"+12125550119\",\"message\":"
                                  "\"Connecting you now.\"}}");
        CHECK(str_starts(ask(&a, unmapped), STR("{\"error\":\"Nobody")));
        larkspur.forward_to = (struct str){NULL, 0};
        CHECK(str_starts(ask(&a, known), STR("{\"error\":\"Nobody")));
        arena_free(&a);
    }
}

static void no_questions(void)
{
    static const char *const messages[] = {
        "{}",
        "{\"type\":\"hang\"}",
        "{\"type\":\"status-update\",\"status\":\"ended\"}",
        "{\"type\":\"end-of-call-report\"}",
        "{\"type\":\"transcript\",\"transcript\":\"x\"}",
        "{\"type\":\"assistant-request-2\"}",
        "{\"type\":\"hang\",\"toolCallList\":[{}]}",
    };
    struct arena a = {0};
    start();
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        tap_case(messages[i]);
        CHECK_STR(ask(&a, messages[i]), NULL);
    }
    tap_case(NULL);
    CHECK(str_starts(ask(&a, "{\"type\":\"function-call\",\"functionCall\":{\"name\":\"x\"}}"), STR("{\"result\":\"")));
    arena_free(&a);
}

TAP_MAIN(TEST(assistant_requests), TEST(tools_while_the_business_books), TEST(hostile_names), TEST(tool_calls),
         TEST(many_tool_calls), TEST(destinations), TEST(no_questions))
