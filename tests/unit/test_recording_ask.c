/* What a provider is asked, and with whose name: the relay's fetch as it would leave, for places that no test can reach. */
#include "recording.c"
#include "tap.h"

#define AC "AC0123456789abcdef0123456789abcdef"
#define RE "REfedcba9876543210fedcba9876543210"

struct desk {
    struct config config;
    struct fetch_room room; /* closed: a submit is refused, after all was filled in */
    struct recording_relays relays;
    struct http_request request;
    struct relay relay;
};

static void desk_open(struct desk *d, enum recording_place place, const char *url)
{
    *d = (struct desk){0};
    d->config.vapi_api_key = STR("vapi-key");
    d->config.twilio_account_sid = STR(AC);
    d->config.twilio_auth_token = STR("token");
    d->relays.config = &d->config;
    d->relays.fetch = &d->room;
    recording_start(&d->relays);
    d->relay = (struct relay){.relays = &d->relays, .request = &d->request, .place = place, .url = str_of(url)};
}

static struct str sent(const struct desk *d, const char *name)
{
    const struct fetch *f = &d->relay.fetch;
    for (size_t i = 0; i < f->header_count; i++) {
        if (strcmp(f->headers[i].name, name) == 0) {
            return f->headers[i].value;
        }
    }
    return (struct str){NULL, 0};
}

static void vapi_gets_the_key(void)
{
    struct desk d;
    desk_open(&d, RECORDING_VAPI, "https://api.vapi.ai/call/1/mono-recording");
    d.relay.range_text = STR("bytes=5-9");
    CHECK_INT(relay_ask(&d.relay, &d.relays.vapi, false), ERR_STOPPING);
    CHECK_STR(sent(&d, "Authorization"), "Bearer vapi-key");
    CHECK_STR(sent(&d, "Range"), "bytes=5-9");
    CHECK_STR(str_of(d.relay.fetch.method), "GET");
    CHECK(!d.relay.fetch.public_only);
    arena_free(&d.request.arena);
}

static void twilio_gets_the_account(void)
{
    struct desk d;
    struct recording_source source = {.recording_url =
                                          STR("https://api.twilio.com/2010-04-01/Accounts/" AC "/Recordings/" RE)};
    struct recording_where w = recording_where_of(&source);
    desk_open(&d, w.place, NULL);
    d.relay.url = recording_first_url(&d.request.arena, w, STR("https://api.vapi.ai"));
    CHECK_INT(relay_ask(&d.relay, &d.relays.twilio, true), ERR_STOPPING);
    CHECK_STR(sent(&d, "Authorization"), "Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjp0b2tlbg==");
    CHECK_STR(d.relay.fetch.url, "https://api.twilio.com/2010-04-01/Accounts/" AC "/Recordings/" RE ".mp3");
    CHECK_STR(sent(&d, "Range"), NULL);
    CHECK(d.relay.fetch.public_only);
    arena_free(&d.request.arena);
}

static void storage_gets_nothing_of_it(void)
{
    static const enum recording_place places[] = {RECORDING_VAPI, RECORDING_TWILIO};
    for (size_t i = 0; i < 2; i++) {
        struct desk d;
        desk_open(&d, places[i], "https://bucket.example.com/a.wav?signature=1");
        d.relay.redirected = true;
        d.relay.range_text = STR("bytes=5-9");
        CHECK_INT(relay_ask(&d.relay, &d.relays.storage, true), ERR_STOPPING);
        CHECK_STR(sent(&d, "Authorization"), NULL);
        CHECK_STR(sent(&d, "Range"), "bytes=5-9");
        CHECK(d.relay.fetch.public_only);
        arena_free(&d.request.arena);
    }
}

TAP_MAIN(TEST(vapi_gets_the_key), TEST(twilio_gets_the_account), TEST(storage_gets_nothing_of_it))
