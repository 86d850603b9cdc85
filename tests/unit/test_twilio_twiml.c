/* TwiML: well-formed XML 1.0 whatever a business is called. */
#include "buf.h"
#include "tap.h"
#include "twiml.h"
#include "utf8.h"
#include <ctype.h>

struct xml {
    const char *p, *end;
};

static bool take(struct xml *x, const char *word)
{
    bool there = str_starts((struct str){x->p, (size_t)(x->end - x->p)}, str_of(word));
    x->p += there ? strlen(word) : 0;
    return there;
}

static struct str name(struct xml *x)
{
    const char *start = x->p;
    while (x->p < x->end && isalnum((unsigned char)*x->p)) {
        x->p++;
    }
    return (struct str){start, (size_t)(x->p - start)};
}

/* Text or an attribute's value, up to `stop`: characters that XML 1.0 has, and no mark-up but the named entities. */
static bool text(struct xml *x, char stop)
{
    while (x->p < x->end && *x->p != stop) {
        unsigned char c = (unsigned char)*x->p;
        bool entity = take(x, "&amp;") || take(x, "&lt;") || take(x, "&gt;") || take(x, "&quot;");
        if (entity) {
            continue;
        }
        if (c == '&' || c == '<' || c == '"' || (c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
            take(x, "\xef\xbf\xbe") || take(x, "\xef\xbf\xbf")) {
            return false;
        }
        x->p++;
    }
    return x->p < x->end;
}

static bool attributes(struct xml *x)
{
    while (take(x, " ")) {
        if (!name(x).n || !take(x, "=\"") || !text(x, '"') || !take(x, "\"")) {
            return false;
        }
    }
    return true;
}

static bool element(struct xml *x)
{
    struct str opened = take(x, "<") ? name(x) : (struct str){NULL, 0};
    if (!opened.n || !attributes(x)) {
        return false;
    }
    if (take(x, "/>")) {
        return true;
    }
    if (!take(x, ">")) {
        return false;
    }
    while (text(x, '<') && !take(x, "</")) {
        if (!element(x)) {
            return false;
        }
    }
    return str_eq(name(x), opened) && take(x, ">");
}

static bool is_well_formed(struct str document)
{
    struct xml x = {document.p, document.p + document.n};
    return utf8_valid(document) && take(&x, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>") && element(&x) &&
           x.p == x.end;
}

static void the_check_can_fail(void)
{
#define X "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
    CHECK(is_well_formed(STR(X "<a><b c=\"d &amp;\">x &lt; y</b><e/></a>")));
    CHECK(!is_well_formed(STR(X "<a>")));
    CHECK(!is_well_formed(STR(X "<a></b>")));
    CHECK(!is_well_formed(STR(X "<a>&</a>")));
    CHECK(!is_well_formed(STR(X "<a b=\"<\"/>")));
    CHECK(!is_well_formed(STR(X "<a b=\"x\"y\"/>")));
    CHECK(!is_well_formed(STR(X "<a>\x01</a>")));
    CHECK(!is_well_formed(STR(X "<a/>x")));
    CHECK(!is_well_formed(STR("<a/>")));
}

static const struct str hostile[] = {
    STR("Larkspur Dental Studio"),
    STR("Smith & Sons <Dental> \"24h\" 'open'"),
    STR("</Say><Hangup/><Say>"),
    STR("\"/><Dial>+12125550119</Dial><Record action=\""),
    STR("]]><!-- -->"),
    STR("&amp;&#0;&#x1b;&bogus;"),
    STR("\x01\x02\x08\x0b\x0c\x0e\x1f bell \x07"),
    STR("zero\0byte"),
    STR("tab\tnewline\r\n"),
    STR("caf\xc3\xa9 \xf0\x9f\x98\x80"),
    STR("bad \xff\xc3 \xed\xa0\x80"),
    STR("not a character \xef\xbf\xbe\xef\xbf\xbf, but this is \xef\xbf\xbd"),
    STR("%s%n%d %1000000d"),
    STR(""),
};

static void hostile_names(void)
{
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]) * 4; i++) {
        struct arena a = {0};
        struct str evil = hostile[i / 4];
        struct twiml_fallback f = {
            .public_url = i % 4 == 0 ? evil : STR("https://missedcall.example.com"),
            .business_name = i % 4 == 1 ? evil : STR("Larkspur"),
            .greeting = i % 4 == 2 ? evil : (struct str){NULL, 0},
            .forward_to = i % 4 == 3 ? evil : STR("+12125550119"),
        };
        tap_case(evil.p);
        CHECK(is_well_formed(twiml_forward_or_record(&a, &f)));
        CHECK(is_well_formed(twiml_record(&a, &f)));
        arena_free(&a);
    }
}

static void fixed_documents(void)
{
    CHECK(is_well_formed(twiml_thanks()) && str_has(twiml_thanks(), STR("<Hangup/>")));
    CHECK(is_well_formed(twiml_hangup()) && str_has(twiml_hangup(), STR("<Response><Hangup/></Response>")));
    CHECK(is_well_formed(twiml_nothing()) && str_has(twiml_nothing(), STR("<Response></Response>")));
}

#define BASE "https://missedcall.example.com"

static void what_they_say(void)
{
    struct arena a = {0};
    struct twiml_fallback f = {
        .public_url = STR(BASE), .business_name = STR("Smith & Sons"), .forward_to = STR("+12125550119")};
    struct str dial = twiml_forward_or_record(&a, &f);
    CHECK(str_has(dial, STR(">+12125550119</Number></Dial></Response>")));
    CHECK(str_has(dial, STR("<Dial action=\"" BASE "/api/twilio/dialed\"")));
    CHECK(str_has(dial, STR("statusCallback=\"" BASE "/api/twilio/status\"")));
    CHECK(!str_has(dial, STR("<Record")));
    struct str record = twiml_record(&a, &f);
    CHECK(str_has(record, STR("<Say>Thank you for calling Smith &amp; Sons. ")));
    CHECK(str_has(record, STR("<Record action=\"" BASE "/api/twilio/recorded\"")));
    CHECK(str_has(record, STR("recordingStatusCallback=\"" BASE "/api/twilio/recording-status\"")));
    f.forward_to = (struct str){NULL, 0};
    CHECK(str_eq(twiml_forward_or_record(&a, &f), record));
    f.business_name = (struct str){NULL, 0};
    CHECK(str_has(twiml_record(&a, &f), STR("<Say>Thank you for calling. ")));
    f.greeting = STR("We are <closed>.");
    CHECK(str_has(twiml_record(&a, &f), STR("<Say>We are &lt;closed&gt;.</Say>")));
    f.public_url = (struct str){NULL, 0};
    CHECK(str_has(twiml_record(&a, &f), STR("action=\"/api/twilio/recorded\"")));
    arena_free(&a);
}

/* Twilio's basic voices take 4096 characters. */
static void a_long_greeting_is_cut_between_characters(void)
{
    for (size_t lead = 0; lead < 4; lead++) {
        struct arena a = {0};
        struct buf text = buf_make(10000);
        CHECK_INT(buf_append(&text, str_cut(STR("xxx"), lead)), 0);
        for (int i = 0; i < 1000; i++) {
            CHECK_INT(buf_append(&text, STR("\xf0\x9f\x98\x80")), 0);
        }
        struct twiml_fallback f = {.greeting = buf_str(&text)};
        struct str document = twiml_record(&a, &f);
        CHECK(is_well_formed(document));
        CHECK(!str_has(document, STR("\xef\xbf\xbd")));
        CHECK(document.n > 1000 && document.n < 4000);
        buf_free(&text);
        arena_free(&a);
    }
}

static void escapes(void)
{
    struct arena a = {0};
    CHECK_STR(twiml_escape(&a, STR("a&b<c>d\"e'f")), "a&amp;b&lt;c&gt;d&quot;e'f");
    CHECK_STR(twiml_escape(&a, STR("\x01\t\n\r\x1f\x7f")), "\t\n\r\x7f");
    CHECK_STR(twiml_escape(&a, STR("\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd\xef\xbe\xbf")), "\xef\xbf\xbd\xef\xbe\xbf");
    CHECK_STR(twiml_escape(&a, STR("")), "");
    CHECK_STR(twiml_escape(&a, (struct str){NULL, 0}), "");
    arena_free(&a);
}

TAP_MAIN(TEST(the_check_can_fail), TEST(hostile_names), TEST(fixed_documents), TEST(what_they_say),
         TEST(a_long_greeting_is_cut_between_characters), TEST(escapes))
