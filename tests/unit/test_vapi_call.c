/* POST /call: what we ask, and which answers count as TwiML. */
#include "adapters/vapi_call.c"
#include "files.h"
#include "strict_json.h"
#include "tap.h"

struct reply_row {
    int status;
    const char *answer;
    const char *twiml; /* NULL: not handed over */
    const char *cause;
};

#define TWIML(text) "{\"id\":\"c1\",\"phoneCallProviderDetails\":{\"twiml\":\"" text "\"}}"
#define BAD "ringback.vapi-bad-reply"

static const struct reply_row replies[] = {
    {201, TWIML("<Response/>"), "<Response/>", NULL},
    {200, TWIML("<Response/>"), "<Response/>", NULL},
    {201, TWIML("<?xml version=\\\"1.0\\\"?><Response><Say>caf\\u00e9</Say></Response>"),
     "<?xml version=\"1.0\"?><Response><Say>caf\xc3\xa9</Say></Response>", NULL},
    {201, TWIML(" \\r\\n\\t<Response></Response>"), " \r\n\t<Response></Response>", NULL},
    {201, "{\"phoneCallProviderDetails\":{\"twiml\":\"<Response/>\",\"x\":1},\"id\":\"c1\"}", "<Response/>", NULL},
    {400, TWIML("<Response/>"), NULL, "ringback.vapi-4xx"},
    {429, "", NULL, "ringback.vapi-4xx"},
    {500, TWIML("<Response/>"), NULL, "ringback.vapi-5xx"},
    {301, TWIML("<Response/>"), NULL, BAD},
    {100, TWIML("<Response/>"), NULL, BAD},
    {201, "", NULL, BAD},
    {201, "<Response/>", NULL, BAD},
    {201, "{\"id\":\"c1\"}", NULL, BAD},
    {201, "{\"id\":\"c1\",\"phoneCallProviderDetails\":null}", NULL, BAD},
    {201, "{\"id\":\"c1\",\"phoneCallProviderDetails\":{\"twiml\":null}}", NULL, BAD},
    {201, "{\"id\":\"c1\",\"phoneCallProviderDetails\":{\"twiml\":[\"<Response/>\"]}}", NULL, BAD},
    {201, "{\"id\":\"\",\"phoneCallProviderDetails\":{\"twiml\":\"<Response/>\"}}", NULL, BAD},
    {201, "{\"phoneCallProviderDetails\":{\"twiml\":\"<Response/>\"}}", NULL, BAD},
    {201, TWIML(""), NULL, BAD},
    {201, TWIML("  "), NULL, BAD},
    {201, TWIML("Response"), NULL, BAD},
    {201, TWIML("x<Response/>"), NULL, BAD},
    {201, TWIML("<html></html>"), NULL, BAD},
    {201, TWIML("<Response>\\u0000</Response>"), NULL, BAD},
    {201, TWIML("<Response>\\ud800</Response>"), NULL, BAD},
    {201, TWIML("<Response>\xff</Response>"), NULL, BAD},
    {201, TWIML("<Response/>") "x", NULL, BAD},
};

static struct vapi vapi;

static void check_reply(const char *name, int status, struct str answer, const struct reply_row *want)
{
    struct vapi_handoff h = {.vapi = &vapi, .fetch.status = status, .fetch.answer = buf_make(CAP_FETCH_BODY_BYTES)};
    tap_case(name);
    CHECK_INT(buf_append(&h.fetch.answer, answer), 0);
    CHECK_STR(str_of(read_reply(&h)), want->cause);
    CHECK_STR(h.twiml, want->twiml);
    CHECK_INT(h.call_id.n > 0, want->twiml != NULL);
    buf_free(&h.fetch.answer);
    arena_free(&h.arena);
}

static void answers(void)
{
    vapi.reply_shape = vapi_reply_shape();
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        check_reply(replies[i].answer, replies[i].status, str_of(replies[i].answer), &replies[i]);
    }
    json_shape_free(vapi.reply_shape);
}

static void twiml_is_capped(void)
{
    static char text[CAP_TWIML_BYTES + 1];
    struct buf answer = buf_make(CAP_FETCH_BODY_BYTES);
    vapi.reply_shape = vapi_reply_shape();
    memset(text, 'x', sizeof(text));
    memcpy(text, "<Response>", 10);
    for (size_t n = CAP_TWIML_BYTES; n <= CAP_TWIML_BYTES + 1; n++) {
        answer.len = 0;
        CHECK_INT(buf_printf(&answer, TWIML("%.*s"), (int)n, text), 0);
        struct vapi_handoff h = {.vapi = &vapi, .fetch.status = 201, .fetch.answer = answer};
        CHECK_INT(read_reply(&h) == NULL, n == CAP_TWIML_BYTES);
        CHECK_INT((long long)h.twiml.n, n == CAP_TWIML_BYTES ? (long long)n : 0);
        arena_free(&h.arena);
    }
    json_shape_free(vapi.reply_shape);
    buf_free(&answer);
}

static void recorded_answers(void)
{
    static const struct {
        const char *file;
        int status;
        bool good;
    } rows[] = {
        {"vapi-create-call-response-201.json", 201, true},
        {"vapi-create-call-response-201-outbound-typed.json", 201, true},
        {"vapi-create-call-response-201-no-twiml.json", 201, false},
        {"vapi-error-400.json", 201, false},
        {"vapi-error-502.html", 200, false},
    };
    vapi.reply_shape = vapi_reply_shape();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct vapi_handoff h = {
            .vapi = &vapi, .fetch.status = rows[i].status, .fetch.answer = file_read(FIXTURES, rows[i].file)};
        tap_case(rows[i].file);
        CHECK_INT(read_reply(&h) == NULL, rows[i].good);
        CHECK_INT(str_has(h.twiml, STR("<Stream url=\"wss://")), rows[i].good);
        buf_free(&h.fetch.answer);
        arena_free(&h.arena);
    }
    json_shape_free(vapi.reply_shape);
}

static void customer_numbers(void)
{
    static const char *const rows[][2] = {
        {"+16465550187", "+16465550187"},
        {"16465550187", "16465550187"},
        {"anonymous", "anonymous"},
        {"Restricted", "Restricted"},
        {"", "anonymous"},
        {"sip:a@example.com", "anonymous"},
        {"+1 646 555", "anonymous"},
        {"1+2", "anonymous"},
        {"\"x\"", "anonymous"},
        {"caf\xc3\xa9", "anonymous"},
        {"@", "anonymous"},
        {"[", "anonymous"},
        {"`", "anonymous"},
        {"{", "anonymous"},
        {"0123456789012345678901234567890123456789", "0123456789012345678901234567890123456789"},
        {"01234567890123456789012345678901234567890", "anonymous"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_case(rows[i][0]);
        CHECK_STR(customer_number(str_of(rows[i][0])), rows[i][1]);
    }
}

/* Whatever a business and a caller are called, the request is JSON, and optional parts are left out. */
static void requests(void)
{
    static const struct str names[] = {STR("Larkspur"), STR("\"},\"x\":{\"y\":\""), STR("a\nb\\"), STR("caf\xc3\xa9"),
                                       STR("")};
    struct config config = {.public_url = STR("https://missedcall.example.com"),
                            .vapi_phone_number_id = STR("p1"),
                            .vapi_assistant_id = STR("a1"),
                            .vapi_webhook_secret = STR("s\"1")};
    vapi.config = &config;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) * 2; i++) {
        struct arena a = {0};
        struct call_request q;
        struct business b = {.name = names[i / 2], .id = STR("b1"), .timezone = STR("America/New_York")};
        struct vapi_caller caller = {
            .call_sid = STR("CA1"), .from = names[i / 2], .to = STR("bad \xff"), .business = i % 2 ? &b : NULL};
        struct buf out = buf_make(CAP_REPLY_BYTES);
        fill_request(&vapi, &caller, &a, &q);
        CHECK_INT(json_write(&out, request_fields, FIELD_COUNT(request_fields), &q), 0);
        tap_case(names[i / 2].p);
        CHECK(strict_json_valid(buf_str(&out), NULL, NULL));
        CHECK(utf8_valid(buf_str(&out)));
        CHECK(str_starts(buf_str(&out),
                         STR("{\"phoneCallProviderBypassEnabled\":true,\"name\":\"CA1\",\"phoneNumberId\":\"p1\","
                             "\"assistantId\":\"a1\",\"customer\":{\"number\":\"")));
        CHECK(str_has(buf_str(&out), STR("\"x-vapi-secret\":\"s\\\"1\"")));
        CHECK(str_ends(buf_str(&out),
                       STR(",\"metadata\":{\"twilioCallSid\":\"CA1\",\"twilioNumber\":\"bad \xef\xbf\xbd\"}}")));
        CHECK_INT(str_has(buf_str(&out), STR("business_name")), i % 2);
        buf_free(&out);
        arena_free(&a);
    }
}

/* What the next call to Vapi says of tools, and where. */
static void tools_while_the_business_books(void)
{
    static const bool books[] = {false, true, false};
    struct config config = {.public_url = STR("https://missedcall.example.com"), .vapi_assistant_id = STR("a1")};
    vapi.config = &config;
    for (size_t i = 0; i < 4; i++) {
        struct arena a = {0};
        struct call_request q;
        struct business b = {.name = STR("Larkspur"), .id = STR("b1"), .books = i < 3 && books[i]};
        struct vapi_caller caller = {.call_sid = STR("CA1"), .from = STR("+1"), .business = i < 3 ? &b : NULL};
        struct buf out = buf_make(CAP_REPLY_BYTES);
        fill_request(&vapi, &caller, &a, &q);
        CHECK_INT(json_write(&out, request_fields, FIELD_COUNT(request_fields), &q), 0);
        CHECK(strict_json_valid(buf_str(&out), NULL, NULL));
        CHECK_INT(str_has(buf_str(&out), STR("\"tools")), b.books);
        CHECK_INT(str_has(buf_str(&out), STR("}},\"tools:append\":[{\"type\":\"function\",")), b.books);
        CHECK_INT(str_has(buf_str(&out), STR("\"blocking\":false}]}]},\"metadata\":{\"twilioCallSid\":\"CA1\"")),
                  b.books);
        buf_free(&out);
        arena_free(&a);
    }
}

TAP_MAIN(TEST(answers), TEST(twiml_is_capped), TEST(recorded_answers), TEST(customer_numbers), TEST(requests),
         TEST(tools_while_the_business_books))
