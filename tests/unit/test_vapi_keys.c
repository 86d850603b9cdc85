/* Which messages are the same message. Each row is two messages; `same` says what the keys must be. */
#include "vapi_rig.h"

struct row {
    bool same;
    const char *a, *b;
};

static void key_of(const char *message, unsigned char key[16])
{
    char text[4000];
    snprintf(text, sizeof(text), "{\"message\":%s}", message);
    struct ingest_event *e = rig_event(text);
    memcpy(key, e->call.key, 16);
    ingest_event_free(e);
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char a[16], b[16];
        key_of(rows[i].a, a);
        key_of(rows[i].b, b);
        tap_case(rows[i].b);
        CHECK_INT(memcmp(a, b, 16) == 0, rows[i].same);
    }
    rig_stop();
}

#define ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))
#define SID "CA7c1e5a90d3b84f26a1c07e9b5d2f4a83"
#define REPORT "{\"type\":\"end-of-call-report\",\"timestamp\":1,\"call\":{\"id\":\"c1\"}"

static void reports(void)
{
    static const struct row rows[] = {
        {true, REPORT "}", REPORT "}"},
        {true, REPORT "}", "{\"call\":{\"id\":\"c1\"},\"timestamp\":1,\"type\":\"end-of-call-report\"}"},
        {true, REPORT ",\"artifact\":{\"presignedMonoUrl\":\"x\"}}",
         REPORT ",\"artifact\":{\"presignedMonoUrl\":\"y\"}}"},
        {true, REPORT ",\"summary\":\"x\"}", REPORT ",\"summary\":\"y\"}"},
        {true, REPORT ",\"status\":\"x\"}", REPORT "}"},
        {true, REPORT "}", "{\"type\":\"end-of-call-report\",\"timestamp\":2,\"call\":{\"id\":\"c1\"}}"},
        {false, REPORT "}", "{\"type\":\"end-of-call-report\",\"timestamp\":1,\"call\":{\"id\":\"c2\"}}"},
        {false, REPORT "}", "{\"type\":\"status-update\",\"timestamp\":1,\"call\":{\"id\":\"c1\"}}"},
        {false, "{\"type\":\"end-of-call-report\",\"summary\":\"x\"}",
         "{\"type\":\"end-of-call-report\",\"summary\":\"y\"}"},
        {true, "{\"type\":\"end-of-call-report\",\"summary\":\"x\"}",
         "{\"type\":\"end-of-call-report\",\"summary\":\"x\"}"},
    };
    ROWS(rows);
}

#define STATUS(rest) "{\"type\":\"status-update\",\"call\":{\"id\":\"c1\"}" rest "}"

static void status_updates(void)
{
    static const struct row rows[] = {
        {true, STATUS(",\"status\":\"ended\""), STATUS(",\"status\":\"ended\",\"timestamp\":2")},
        {true, STATUS(",\"status\":\"ended\",\"endedReason\":\"x\""),
         STATUS(",\"endedReason\":\"x\",\"status\":\"ended\"")},
        {false, STATUS(",\"status\":\"ended\""), STATUS(",\"status\":\"ringing\"")},
        {false, STATUS(",\"status\":\"ended\""), STATUS("")},
        {false, STATUS(",\"status\":\"ended\""),
         "{\"type\":\"status-update\",\"call\":{\"id\":\"c2\"},\"status\":\"ended\"}"},
        {false, "{\"type\":\"status-update\",\"status\":\"ended\",\"timestamp\":1}",
         "{\"type\":\"status-update\",\"status\":\"ended\",\"timestamp\":2}"},
        {true, "{\"type\":\"status-update\",\"status\":\"ended\",\"timestamp\":1,\"call\":{\"name\":\"" SID "\"}}",
         "{\"type\":\"status-update\",\"status\":\"ended\",\"timestamp\":2,\"call\":{\"transport\":{\"callSid\":\"" SID
         "\"}}}"},
    };
    ROWS(rows);
}

#define SAID(role, time, text)                                                                                         \
    "{\"type\":\"transcript\",\"transcriptType\":\"final\",\"call\":{\"id\":\"c1\"},\"role\":\"" role                  \
    "\",\"timestamp\":" time ",\"transcript\":\"" text "\"}"

static void transcripts(void)
{
    static const struct row rows[] = {
        {true, SAID("user", "5000", "Yes"), SAID("user", "5000", "Yes")},
        {true, SAID("user", "5000", "Yes"), SAID("user", "5e3", "\\u0059es")},
        {true, SAID("user", "5000", "Yes"),
         "{\"transcript\":\"Yes\",\"timestamp\":5000,\"role\":\"user\",\"call\":{\"updatedAt\":\"x\",\"id\":\"c1\"},"
         "\"artifact\":{},\"type\":\"transcript[transcriptType=\\\"final\\\"]\"}"},
        {false, SAID("user", "5000", "Yes"), SAID("user", "5001", "Yes")},
        {false, SAID("user", "5000", "Yes"), SAID("assistant", "5000", "Yes")},
        {false, SAID("user", "5000", "Yes"), SAID("user", "5000", "Yes.")},
        {false, SAID("user", "5000", "Yes"),
         "{\"type\":\"transcript\",\"transcriptType\":\"partial\",\"call\":{\"id\":\"c1\"},\"role\":\"user\",\"timestamp\":5000,"
         "\"transcript\":\"Yes\"}"},
    };
    ROWS(rows);
}

#define TOOLS(rest) "{\"type\":\"tool-calls\",\"call\":{\"id\":\"c1\"}" rest "}"

static void tool_calls(void)
{
    static const struct row rows[] = {
        {true, TOOLS(",\"timestamp\":1,\"toolCallList\":[{\"id\":\"a\"}]"),
         TOOLS(",\"timestamp\":2,\"toolCallList\":[{\"id\":\"a\"}]")},
        {true, TOOLS(",\"toolCallList\":[{\"id\":\"a\"},{\"id\":\"b\"}]"),
         TOOLS(",\"toolCallList\":[{\"id\":\"b\"},{\"id\":\"a\"}]")},
        {true, TOOLS(",\"toolCallList\":[{\"id\":\"a\"}]"), TOOLS(",\"toolCalls\":[{\"id\":\"a\"}]")},
        {true, TOOLS(",\"toolCallList\":[{\"id\":\"a\"}]"),
         TOOLS(",\"toolWithToolCallList\":[{\"toolCall\":{\"id\":\"a\"}}]")},
        {true, TOOLS(",\"toolCallList\":[{\"id\":\"a\"}]"),
         "{\"call\":{\"id\":\"c1\"},\"toolCallList\":[{\"id\":\"a\",\"name\":\"x\"}]}"},
        {true, TOOLS(",\"toolCallList\":[{\"id\":\"a\",\"function\":{\"arguments\":\"{}\"}}]"),
         TOOLS(",\"toolCallList\":[{\"id\":\"a\",\"function\":{\"arguments\":{}}}]")},
        {false, TOOLS(",\"toolCallList\":[{\"id\":\"a\"}]"), TOOLS(",\"toolCallList\":[{\"id\":\"b\"}]")},
        {false, TOOLS(",\"toolCallList\":[{\"id\":\"a\"}]"),
         TOOLS(",\"toolCallList\":[{\"id\":\"a\"},{\"id\":\"a\"}]")},
        {false, TOOLS(",\"toolCallList\":[{\"id\":\"a b\"}]"),
         TOOLS(",\"toolCallList\":[{\"id\":\"a\"},{\"id\":\"b\"}]")},
        {false, TOOLS(",\"toolCallList\":[{\"id\":\"ab\"},{\"id\":\"c\"}]"),
         TOOLS(",\"toolCallList\":[{\"id\":\"a\"},{\"id\":\"bc\"}]")},
        /* Without ids nothing says that two messages are one. */
        {false, TOOLS(",\"timestamp\":1,\"toolCallList\":[{\"name\":\"x\"}]"),
         TOOLS(",\"timestamp\":2,\"toolCallList\":[{\"name\":\"x\"}]")},
        {false, TOOLS(",\"toolCallList\":[{\"name\":\"x\"}]"), TOOLS(",\"toolCallList\":[{\"name\":\"y\"}]")},
        {false, TOOLS(",\"timestamp\":1"), TOOLS(",\"timestamp\":2")},
        {false, TOOLS(",\"toolCallList\":[{\"id\":\"a\"},{\"name\":\"x\"}]"),
         TOOLS(",\"toolCallList\":[{\"id\":\"a\"},{\"name\":\"y\"}]")},
        {true, TOOLS(",\"toolCallList\":[{\"name\":\"x\"}]"), TOOLS(",\"toolCallList\":[{\"name\":\"x\"}]")},
    };
    ROWS(rows);
}

static void everything_else(void)
{
    static const struct row rows[] = {
        {true, "{\"type\":\"hang\",\"timestamp\":1}", "{\"type\":\"hang\",\"timestamp\":1}"},
        {false, "{\"type\":\"hang\",\"timestamp\":1}", "{\"type\":\"hang\",\"timestamp\":2}"},
        {false, "{\"type\":\"hang\",\"timestamp\":1}", "{\"type\":\"user-interrupted\",\"timestamp\":1}"},
        {false, "{\"type\":\"new\",\"x\":1}", "{\"type\":\"new\",\"x\":2}"},
        {false, "{\"type\":\"speech-update\",\"status\":\"started\",\"timestamp\":1}",
         "{\"type\":\"speech-update\",\"status\":\"stopped\",\"timestamp\":1}"},
        {true, "{\"type\":\"hang\",\"timestamp\":1,\"artifact\":{\"messages\":[1]}}",
         "{\"type\":\"hang\",\"timestamp\":1,\"artifact\":{\"messages\":[2]}}"},
        {true, "{\"type\":\"hang\",\"assistant\":{\"x\":1}}", "{\"type\":\"hang\",\"assistant\":{\"x\":2}}"},
        {false, "{\"type\":\"hang\",\"call\":{\"id\":\"c1\"}}", "{\"type\":\"hang\",\"call\":{\"id\":\"c2\"}}"},
    };
    ROWS(rows);
}

/* A report's utterances have keys of their own: the same in each repetition, different among themselves. */
static void utterances(void)
{
    static const char text[] = "{\"message\":{\"type\":\"end-of-call-report\",\"call\":{\"id\":\"c1\"},\"messages\":["
                               "{\"role\":\"user\",\"message\":\"Yes\"},{\"role\":\"user\",\"message\":\"Yes\"},"
                               "{\"role\":\"bot\",\"message\":\"Yes\"}]}}";
    struct ingest_event *a = rig_event(text), *b = rig_event(text);
    CHECK_INT((long long)a->call.utterance_count, 3);
    CHECK(a->call.utterances_reported);
    for (size_t i = 0; i < a->call.utterance_count; i++) {
        CHECK(memcmp(a->call.utterances[i].key, b->call.utterances[i].key, 16) == 0);
        for (size_t k = 0; k < i; k++) {
            CHECK(memcmp(a->call.utterances[i].key, a->call.utterances[k].key, 16) != 0);
        }
    }
    ingest_event_free(a);
    ingest_event_free(b);
    rig_stop();
}

TAP_MAIN(TEST(reports), TEST(status_updates), TEST(transcripts), TEST(tool_calls), TEST(everything_else),
         TEST(utterances))
