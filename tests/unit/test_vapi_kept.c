/* What is stored of a message, row by row: what it adds, and neither what every message repeats nor what opens doors. */
#include "strict_json.h"
#include "vapi_rig.h"

struct row {
    const char *message, *kept;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[4000], want[4000];
        snprintf(text, sizeof(text), "{\"message\":%s}", rows[i].message);
        snprintf(want, sizeof(want), "{\"message\":%s}", rows[i].kept);
        tap_case(rows[i].message);
        struct ingest_event *e = rig_event(text);
        CHECK_STR(buf_str(&e->kept), want);
        CHECK_STR(e->call.payload, want);
        CHECK(strict_json_valid(buf_str(&e->kept), NULL, NULL));
        ingest_event_free(e);
    }
    rig_stop();
}

#define ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void what_every_message_repeats(void)
{
    static const struct row rows[] = {
        {"{\"type\":\"hang\",\"assistant\":{\"model\":{\"messages\":[\"prompt\"]}},\"x\":1}",
         "{\"type\":\"hang\",\"x\":1}"},
        {"{\"assistant\":{},\"newAssistant\":{},\"conversation\":[],\"messagesOpenAIFormatted\":[],\"type\":\"hang\"}",
         "{\"type\":\"hang\"}"},
        {"{\"artifact\":{\"messages\":[1],\"transcript\":\"x\"},\"messages\":[2],\"type\":\"hang\"}",
         "{\"type\":\"hang\"}"},
        {"{\"type\":\"hang\",\"messages\":[2],\"artifact\":{\"messages\":[1]}}", "{\"type\":\"hang\"}"},
        {"{\"type\":\"hang\",\"call\":{\"id\":\"c\",\"assistant\":{\"x\":1},\"assistantOverrides\":{\"metadata\":{}},"
         "\"monitor\":{\"listenUrl\":\"l\"},\"phoneNumber\":{\"twilioAuthToken\":\"t\"}}}",
         "{\"type\":\"hang\",\"call\":{\"id\":\"c\"}}"},
        {"{\"type\":\"hang\",\"phoneNumber\":{\"number\":\"+1\",\"twilioAuthToken\":\"t\"},\"customer\":{\"number\":\"+2\"}}",
         "{\"type\":\"hang\"}"},
        {"{\"call\":{\"createdAt\":\"x\",\"name\":\"n\",\"customer\":{\"number\":\"+2\"},\"endedReason\":\"r\"},\"type\":\"hang\"}",
         "{\"call\":{\"endedReason\":\"r\"},\"type\":\"hang\"}"},
        {"{\"type\":\"hang\",\"call\":{\"squad\":{},\"squadOverrides\":{\"x\":1},\"workflow\":{},\"workflowOverrides\":{\"x\":1}}}",
         "{\"type\":\"hang\",\"call\":{}}"},
        {"{\"type\":\"chat.created\",\"chat\":{\"id\":\"h\",\"assistant\":{\"x\":1},\"assistantOverrides\":{\"x\":1},\"squad\":{}}}",
         "{\"type\":\"chat.created\",\"chat\":{\"id\":\"h\"}}"},
        {"{\"type\":\"session.created\",\"session\":{\"id\":\"s\",\"assistant\":{\"x\":1},\"assistantOverrides\":{\"x\":1},"
         "\"squad\":{}}}",
         "{\"type\":\"session.created\",\"session\":{\"id\":\"s\"}}"},
        {"{\"type\":\"transfer-update\",\"destination\":{\"assistant\":{\"x\":1},\"assistantName\":\"n\"}}",
         "{\"type\":\"transfer-update\",\"destination\":{\"assistantName\":\"n\"}}"},
        {"{\"type\":\"transfer-update\",\"toAssistant\":{\"name\":\"n\",\"model\":{},\"voice\":{},\"transcriber\":{}}}",
         "{\"type\":\"transfer-update\",\"toAssistant\":{\"name\":\"n\"}}"},
    };
    ROWS(rows);
}

static void the_report_keeps_its_artifact(void)
{
    static const struct row rows[] = {
        {"{\"type\":\"end-of-call-report\",\"artifact\":{\"messages\":[{\"role\":\"bot\",\"message\":\"m\",\"metadata\":{\"w\":[1]}}],"
         "\"messagesOpenAIFormatted\":[1],\"presignedMonoUrl\":\"p\",\"recordingUrl\":\"r\"}}",
         "{\"type\":\"end-of-call-report\",\"artifact\":{\"messages\":[{\"role\":\"bot\",\"message\":\"m\"}],"
         "\"recordingUrl\":\"r\"}}"},
        {"{\"artifact\":{\"recordingUrl\":\"r\"},\"type\":\"end-of-call-report\"}",
         "{\"artifact\":{\"recordingUrl\":\"r\"},\"type\":\"end-of-call-report\"}"},
        {"{\"type\":\"end-of-call-report\",\"artifact\":{\"messages\":[{\"role\":\"bot\"}]},\"messages\":[{\"role\":\"bot\"}]}",
         "{\"type\":\"end-of-call-report\",\"artifact\":{\"messages\":[{\"role\":\"bot\"}]}}"},
        {"{\"type\":\"end-of-call-report\",\"messages\":[{\"role\":\"bot\"}]}",
         "{\"type\":\"end-of-call-report\",\"messages\":[{\"role\":\"bot\"}]}"},
        {"{\"type\":\"end-of-call-report\",\"call\":{\"name\":\"n\",\"assistant\":{},\"customer\":{\"number\":\"+2\"}}}",
         "{\"type\":\"end-of-call-report\",\"call\":{\"name\":\"n\",\"customer\":{\"number\":\"+2\"}}}"},
    };
    ROWS(rows);
}

static void tool_calls_are_kept_once(void)
{
    static const struct row rows[] = {
        {"{\"type\":\"tool-calls\",\"toolCallList\":[{\"id\":\"a\"}],\"toolCalls\":[{\"id\":\"a\"}]}",
         "{\"type\":\"tool-calls\",\"toolCallList\":[{\"id\":\"a\"}]}"},
        {"{\"type\":\"tool-calls\",\"toolWithToolCallList\":[{\"function\":{\"description\":\"d\"},\"messages\":[1],"
         "\"server\":{\"secret\":\"s\"},\"toolCall\":{\"id\":\"a\",\"function\":{\"arguments\":\"{}\"}}}]}",
         "{\"type\":\"tool-calls\",\"toolWithToolCallList\":[{\"toolCall\":{\"id\":\"a\",\"function\":{\"arguments\":\"{}\"}}}]}"},
        {"{\"type\":\"tool-calls\",\"toolCallList\":[{\"id\":\"a\",\"function\":{\"name\":\"n\",\"arguments\":\"{ \\\"date\\\": 1}\"},"
         "\"arguments\": {\"date\" : [1, 2] },\"parameters\":7}]}",
         "{\"type\":\"tool-calls\",\"toolCallList\":[{\"id\":\"a\",\"function\":{\"name\":\"n\",\"arguments\":\"{ \\\"date\\\": 1}\"},"
         "\"arguments\": {\"date\" : [1, 2] },\"parameters\":7}]}"},
        {"{\"type\":\"tool-calls\",\"toolCallList\":[{\"arguments\":{\"password\":\"x\",\"date\":\"d\"}}],"
         "\"toolCalls\":[{\"arguments\":{\"date\":\"d\"}}]}",
         "{\"type\":\"tool-calls\",\"toolCallList\":[{\"arguments\":{\"date\":\"d\"}}]}"},
        {"{\"type\":\"function-call\",\"functionCall\":{\"name\":\"n\",\"parameters\":{\"date\" : \"d\"}}}",
         "{\"type\":\"function-call\",\"functionCall\":{\"name\":\"n\",\"parameters\":{\"date\" : \"d\"}}}"},
        {"{\"type\":\"tool-calls\",\"toolCallList\":[],\"toolCalls\":[{\"id\":\"a\"}]}",
         "{\"type\":\"tool-calls\",\"toolCallList\":[],\"toolCalls\":[{\"id\":\"a\"}]}"},
    };
    ROWS(rows);
}

static void what_opens_doors(void)
{
    static const struct row rows[] = {
        {"{\"type\":\"new\",\"a\":[{\"server\":{\"url\":\"u\",\"secret\":\"s\",\"headers\":{\"x\":\"y\"}}}]}",
         "{\"type\":\"new\",\"a\":[{\"server\":{\"url\":\"u\"}}]}"},
        {"{\"type\":\"new\",\"twilioAuthToken\":1,\"serverUrlSecret\":2,\"apiKey\":3,\"credentials\":[{\"x\":1}],\"ok\":4}",
         "{\"type\":\"new\",\"ok\":4}"},
        {"{\"type\":\"new\",\"x\":{\"monitor\":{\"listenUrl\":\"wss://x\",\"controlUrl\":\"https://x\"}}}",
         "{\"type\":\"new\",\"x\":{\"monitor\":{}}}"},
        {"{\"type\":\"new\",\"call\":{\"transport\":{\"callToken\":\"t\"}}}", "{\"type\":\"new\",\"call\":{}}"},
        {"{\"type\":\"end-of-call-report\",\"call\":{\"transport\":{\"callToken\":\"t\",\"callSid\":\"x\"}}}",
         "{\"type\":\"end-of-call-report\",\"call\":{\"transport\":{\"callSid\":\"x\"}}}"},
        {"{\"type\":\"new\",\"\\u0061piKey\":1}", "{\"type\":\"new\"}"},
    };
    ROWS(rows);
}

static void not_a_message(void)
{
    static const char *const texts[] = {
        "[]", "1", "null", "\"message\"", "{}", "{\"message\":null}", "{\"Message\":{}}"};
    rig_start();
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct vapi_message m;
        tap_case(texts[i]);
        struct ingest_event *e = rig_read(str_of(texts[i]), &m);
        CHECK(e && !m.is_envelope);
        ingest_event_free(e);
    }
    rig_stop();
}

TAP_MAIN(TEST(what_every_message_repeats), TEST(the_report_keeps_its_artifact), TEST(tool_calls_are_kept_once),
         TEST(what_opens_doors), TEST(not_a_message))
