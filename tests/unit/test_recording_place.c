/* Where a recording is fetched, where a redirect may lead, and what of the two sides' headers is believed. */
#include "recording_place.h"
#include "tap.h"

#define AC "AC0123456789abcdef0123456789abcdef"
#define RE "REfedcba9876543210fedcba9876543210"
#define VOICEMAIL "https://api.twilio.com/2010-04-01/Accounts/" AC "/Recordings/" RE
#define ID "019a97f2-6d40-7b3c-9f51-2c8e4a1d7b06"
#define STORED "https://storage.vapi.ai/019a97f2-mono.wav"

struct where_case {
    const char *call_id, *url;
    enum recording_place place;
    const char *first; /* asked first */
};

static const struct where_case wheres[] = {
    {ID, STORED, RECORDING_VAPI, "https://api.vapi.ai/call/" ID "/mono-recording"},
    {ID, NULL, RECORDING_VAPI, "https://api.vapi.ai/call/" ID "/mono-recording"},
    {ID, "", RECORDING_VAPI, "https://api.vapi.ai/call/" ID "/mono-recording"},
    {"call_1", "http://127.0.0.1/x.wav", RECORDING_VAPI, "https://api.vapi.ai/call/call_1/mono-recording"},
    {ID, VOICEMAIL, RECORDING_TWILIO, VOICEMAIL ".mp3"},
    {NULL, VOICEMAIL, RECORDING_TWILIO, VOICEMAIL ".mp3"},
    {NULL, "http://api.twilio.com/2010-04-01/Accounts/" AC "/Recordings/" RE, RECORDING_TWILIO, VOICEMAIL ".mp3"},
    /* nothing known, or no clean segment of a path */
    {NULL, NULL, RECORDING_NOWHERE, NULL},
    {"", "", RECORDING_NOWHERE, NULL},
    {NULL, STORED, RECORDING_NOWHERE, NULL},
    {"../call", STORED, RECORDING_NOWHERE, NULL},
    {"a/b", STORED, RECORDING_NOWHERE, NULL},
    {"a?b=c", STORED, RECORDING_NOWHERE, NULL},
    {"a b", STORED, RECORDING_NOWHERE, NULL},
    {"a%2fb", STORED, RECORDING_NOWHERE, NULL},
    {"a.b", STORED, RECORDING_NOWHERE, NULL},
    {"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789a", NULL,
     RECORDING_NOWHERE, NULL},
    /* Twilio's host, but no recording there */
    {ID, "https://api.twilio.com/", RECORDING_NOWHERE, NULL},
    {ID, "https://api.twilio.com/2010-04-01/Accounts/" AC "/Recordings/" RE ".json", RECORDING_NOWHERE, NULL},
    {ID, "https://api.twilio.com/2010-04-01/Accounts/" AC "/Recordings/" RE "/", RECORDING_NOWHERE, NULL},
    {ID, "https://api.twilio.com/2010-04-01/Accounts/" AC "/Recordings/../Calls.json", RECORDING_NOWHERE, NULL},
    {ID, "https://api.twilio.com/2010-04-01/Accounts/../Recordings/" RE, RECORDING_NOWHERE, NULL},
    {ID, "https://api.twilio.com/2008-08-01/Accounts/" AC "/Recordings/" RE, RECORDING_NOWHERE, NULL},
    {ID, "https://api.twilio.com/2010-04-01/Accounts/AC0123456789ABCDEF0123456789abcdef/Recordings/" RE,
     RECORDING_NOWHERE, NULL},
    {ID, "https://api.twilio.com/2010-04-01/Accounts/" RE "/Recordings/" AC, RECORDING_NOWHERE, NULL},
    /* not Twilio's host: its credentials stay at home */
    {NULL, "https://api.twilio.com.evil.test/2010-04-01/Accounts/" AC "/Recordings/" RE, RECORDING_NOWHERE, NULL},
    {NULL, "https://api.twilio.com@evil.test/2010-04-01/Accounts/" AC "/Recordings/" RE, RECORDING_NOWHERE, NULL},
    {NULL, "https://api.twilio.com:444/2010-04-01/Accounts/" AC "/Recordings/" RE, RECORDING_NOWHERE, NULL},
    {NULL, "https://api.twilio.com\\/2010-04-01/Accounts/" AC "/Recordings/" RE, RECORDING_NOWHERE, NULL},
    {NULL, "https://evil.test/https://api.twilio.com/2010-04-01/Accounts/" AC "/Recordings/" RE, RECORDING_NOWHERE,
     NULL},
    {NULL, "https://user@api.twilio.com/2010-04-01/Accounts/" AC "/Recordings/" RE, RECORDING_NOWHERE, NULL},
    {NULL, "ftp://api.twilio.com/2010-04-01/Accounts/" AC "/Recordings/" RE, RECORDING_NOWHERE, NULL},
};

static void the_place_follows_from_the_row(void)
{
    for (size_t i = 0; i < sizeof(wheres) / sizeof(wheres[0]); i++) {
        const struct where_case *c = &wheres[i];
        struct recording_source source = {str_of(c->call_id), str_of(c->url)};
        struct arena a = {0};
        tap_case(c->url ? c->url : c->call_id);
        struct recording_where w = recording_where_of(&source);
        CHECK_INT(w.place, c->place);
        if (c->first) {
            CHECK_STR(recording_first_url(&a, w, STR("https://api.vapi.ai")), c->first);
        }
        arena_free(&a);
    }
}

static void a_place_needs_its_key(void)
{
    static const struct recording_where vapi = {.place = RECORDING_VAPI}, twilio = {.place = RECORDING_TWILIO},
                                        nowhere = {.place = RECORDING_NOWHERE};
    struct config c = {0};
    CHECK_INT(recording_check(&c, vapi), ERR_RECORDING_UNAVAILABLE);
    CHECK_INT(recording_check(&c, twilio), ERR_RECORDING_UNAVAILABLE);
    CHECK_INT(recording_check(&c, nowhere), ERR_NOT_FOUND);
    c.twilio_auth_token = STR("token");
    CHECK_INT(recording_check(&c, twilio), ERR_RECORDING_UNAVAILABLE);
    c.twilio_account_sid = STR(AC);
    CHECK_INT(recording_check(&c, twilio), 0);
    CHECK_INT(recording_check(&c, vapi), ERR_RECORDING_UNAVAILABLE);
    c.vapi_api_key = STR("key");
    CHECK_INT(recording_check(&c, vapi), 0);
    CHECK_INT(recording_check(&c, nowhere), ERR_NOT_FOUND);
}

struct hop_case {
    const char *from, *location;
    enum recording_hop hop;
    const char *url;
};

#define VAPI "https://api.vapi.ai/call/" ID "/mono-recording"
#define HERE "http://127.0.0.1:8099/call/" ID "/mono-recording"

static const struct hop_case hops[] = {
    {VAPI, "https://bucket.example.com/a.wav?sig=1", RECORDING_HOP_PUBLIC, "https://bucket.example.com/a.wav?sig=1"},
    {VAPI, "HTTPS://bucket.example.com/a.wav", RECORDING_HOP_PUBLIC, "HTTPS://bucket.example.com/a.wav"},
    {VAPI, "https://169.254.169.254/latest", RECORDING_HOP_PUBLIC,
     "https://169.254.169.254/latest"}, /* fetch refuses */
    {VAPI, "/files/a.wav", RECORDING_HOP_SAME, "https://api.vapi.ai/files/a.wav"},
    {VAPI, "https://api.vapi.ai/files/a.wav", RECORDING_HOP_SAME, "https://api.vapi.ai/files/a.wav"},
    {VAPI, "https://api.vapi.ai.evil.test/a", RECORDING_HOP_PUBLIC, "https://api.vapi.ai.evil.test/a"},
    {VAPI, "https://api.vapi.ai@evil.test/a", RECORDING_HOP_PUBLIC,
     "https://api.vapi.ai@evil.test/a"}, /* refused too */
    {VAPI, "http://bucket.example.com/a.wav", RECORDING_HOP_REFUSED, NULL},
    {VAPI, "http://api.vapi.ai/files/a.wav", RECORDING_HOP_REFUSED, NULL},
    {VAPI, "http://169.254.169.254/latest", RECORDING_HOP_REFUSED, NULL},
    {VAPI, "//bucket.example.com/a.wav", RECORDING_HOP_REFUSED, NULL},
    {VAPI, "/\\bucket.example.com/a.wav", RECORDING_HOP_REFUSED, NULL},
    {VAPI, "a.wav", RECORDING_HOP_REFUSED, NULL},
    {VAPI, "?again", RECORDING_HOP_REFUSED, NULL},
    {VAPI, "", RECORDING_HOP_REFUSED, NULL},
    {VAPI, "file:///etc/hostname", RECORDING_HOP_REFUSED, NULL},
    {VAPI, "ftp://bucket.example.com/a.wav", RECORDING_HOP_REFUSED, NULL},
    {VAPI, "javascript:0", RECORDING_HOP_REFUSED, NULL},
    {VAPI, "https:/bucket.example.com", RECORDING_HOP_REFUSED, NULL},
    {HERE, "http://127.0.0.1:8099/files/a.wav", RECORDING_HOP_SAME, "http://127.0.0.1:8099/files/a.wav"},
    {HERE, "/files/a.wav", RECORDING_HOP_SAME, "http://127.0.0.1:8099/files/a.wav"},
    {HERE, "http://127.0.0.1:80990/a", RECORDING_HOP_REFUSED, NULL},
    {HERE, "http://127.0.0.1:8098/a", RECORDING_HOP_REFUSED, NULL},
    {HERE, "http://127.0.0.1:8099@evil.test/a", RECORDING_HOP_REFUSED, NULL},
    {HERE, "http://127.0.0.1:8099", RECORDING_HOP_REFUSED, NULL},
    {HERE, "https://127.0.0.1:8099/a", RECORDING_HOP_PUBLIC, "https://127.0.0.1:8099/a"},
};

static void a_redirect_leads_outside_or_home(void)
{
    for (size_t i = 0; i < sizeof(hops) / sizeof(hops[0]); i++) {
        struct arena a = {0};
        struct str url;
        tap_case(hops[i].location);
        CHECK_INT(recording_next_url(&a, str_of(hops[i].location), str_of(hops[i].from), &url), hops[i].hop);
        if (hops[i].url) {
            CHECK_STR(url, hops[i].url);
        }
        arena_free(&a);
    }
}

struct range_case {
    const char *text;
    bool good;
    long long first, last;
};

static const struct range_case ranges[] = {
    {"bytes=0-0", true, 0, 0},
    {"bytes=0-", true, 0, -1},
    {"bytes=5-9", true, 5, 9},
    {"bytes=-500", true, -1, 500},
    {"bytes=000-009", true, 0, 9},
    {"bytes=999999999999999-", true, 999999999999999, -1},
    {NULL, false, 0, 0},
    {"", false, 0, 0},
    {"bytes=", false, 0, 0},
    {"bytes=-", false, 0, 0},
    {"bytes=5", false, 0, 0},
    {"bytes=9-5", false, 0, 0},
    {"bytes=0-1,3-4", false, 0, 0},
    {"bytes=0-1, 3-", false, 0, 0},
    {"bytes= 0-1", false, 0, 0},
    {"bytes=0 -1", false, 0, 0},
    {"bytes=a-b", false, 0, 0},
    {"bytes=0-1x", false, 0, 0},
    {"bytes=--1", false, 0, 0},
    {"bytes=+1-2", false, 0, 0},
    {"bytes=1-2\r\nX-Evil: 1", false, 0, 0},
    {"bytes=9999999999999999-", false, 0, 0},
    {"seconds=0-1", false, 0, 0},
    {"0-1", false, 0, 0},
};

static void one_range_of_bytes_is_passed_on(void)
{
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        struct recording_range r;
        tap_case(ranges[i].text);
        bool good = recording_read_range(str_of(ranges[i].text), &r);
        CHECK_INT(good, ranges[i].good);
        CHECK(!good || (r.first == ranges[i].first && r.last == ranges[i].last));
    }
}

struct fit_case {
    const char *asked, *answer;
    long long length;
    bool fits;
};

static const struct fit_case fits[] = {
    {"bytes=5-9", "bytes 5-9/100", 5, true},
    {"bytes=5-9", "bytes 5-9/100", -1, true},
    {"bytes=5-9", "bytes 5-9/*", 5, true},
    {"bytes=5-9", "bytes 5-7/8", 3, true}, /* the end of it */
    {"bytes=5-", "bytes 5-99/100", 95, true},
    {"bytes=-10", "bytes 90-99/100", 10, true},
    {"bytes=5-9", "bytes 5-9/100", 6, false},
    {"bytes=5-9", "bytes 4-9/100", 6, false},
    {"bytes=5-9", "bytes 5-10/100", 6, false},
    {"bytes=5-9", "bytes 0-99/100", 100, false},
    {"bytes=5-9", "bytes 5-9/9", 5, false},
    {"bytes=5-9", "bytes 9-5/100", 5, false},
    {"bytes=5-9", "bytes */100", 5, false},
    {"bytes=5-9", "bytes 5-9", 5, false},
    {"bytes=5-9", "bytes=5-9/100", 5, false},
    {"bytes=5-9", "5-9/100", 5, false},
    {"bytes=5-9", "bytes 5-9/x", 5, false},
    {"bytes=5-9", "bytes -9/100", 5, false},
    {"bytes=5-9", "", 5, false},
    {"bytes=5-9", NULL, 5, false},
};

static void a_part_is_the_part_that_was_asked_for(void)
{
    for (size_t i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
        struct recording_range asked;
        tap_case(fits[i].answer);
        CHECK(recording_read_range(str_of(fits[i].asked), &asked));
        CHECK_INT(recording_range_fits(str_of(fits[i].answer), asked, fits[i].length), fits[i].fits);
    }
    CHECK(recording_is_unsatisfied(STR("bytes */0")));
    CHECK(recording_is_unsatisfied(STR("bytes */12345")));
    CHECK(!recording_is_unsatisfied(STR("bytes */*")));
    CHECK(!recording_is_unsatisfied(STR("bytes 0-1/2")));
    CHECK(!recording_is_unsatisfied(str_of(NULL)));
}

static void lengths_are_digits(void)
{
    CHECK_INT(recording_read_length(STR("0")), 0);
    CHECK_INT(recording_read_length(STR("123456789012345")), 123456789012345);
    CHECK_INT(recording_read_length(STR("1234567890123456")), -1);
    CHECK_INT(recording_read_length(STR("")), -1);
    CHECK_INT(recording_read_length(str_of(NULL)), -1);
    CHECK_INT(recording_read_length(STR("-1")), -1);
    CHECK_INT(recording_read_length(STR("1, 1")), -1);
}

struct type_case {
    const char *sent, *type, *file_name;
};

static const struct type_case types[] = {
    {"audio/mpeg", "audio/mpeg", "recording.mp3"},
    {"Audio/MPEG", "audio/mpeg", "recording.mp3"},
    {"audio/wav; codecs=1", "audio/wav", "recording.wav"},
    {" audio/x-wav ", "audio/x-wav", "recording.wav"},
    {"audio/ogg", "audio/ogg", "recording"},
    {"audio/vnd.x-1.2+y", "audio/vnd.x-1.2+y", "recording"},
    {"audio/", "application/octet-stream", "recording"},
    {"audio/a b", "application/octet-stream", "recording"},
    {"audio/a,text/html", "application/octet-stream", "recording"},
    {"audio", "application/octet-stream", "recording"},
    {"text/html; charset=utf-8", "application/octet-stream", "recording"},
    {"image/svg+xml", "application/octet-stream", "recording"},
    {"application/json", "application/octet-stream", "recording"},
    {"x-audio/wav", "application/octet-stream", "recording"},
    {"", "application/octet-stream", "recording"},
    {NULL, "application/octet-stream", "recording"},
};

static void audio_or_just_bytes(void)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct arena a = {0};
        tap_case(types[i].sent);
        struct recording_type t = recording_type_of(&a, str_of(types[i].sent));
        CHECK_STR(str_of(t.type), types[i].type);
        CHECK_STR(str_of(t.file_name), types[i].file_name);
        arena_free(&a);
    }
}

TAP_MAIN(TEST(the_place_follows_from_the_row), TEST(a_place_needs_its_key), TEST(a_redirect_leads_outside_or_home),
         TEST(one_range_of_bytes_is_passed_on), TEST(a_part_is_the_part_that_was_asked_for), TEST(lengths_are_digits),
         TEST(audio_or_just_bytes))
