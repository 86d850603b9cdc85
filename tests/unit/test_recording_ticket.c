/* Tickets: good for one call, for a while, from anybody with our credentials, and from nobody else. */
#include "recording_ticket.c"
#include "tap.h"

#define CALL "0f8fad5b-d9cb-469f-a165-70867728950e"
#define OTHER_CALL "7c9e6679-7425-40de-944b-e07fc1f90ae7"
#define AC "AC0123456789abcdef0123456789abcdef"
#define RE "REfedcba9876543210fedcba9876543210"
#define VOICEMAIL "https://api.twilio.com/2010-04-01/Accounts/" AC "/Recordings/" RE
#define ID "019a97f2-6d40-7b3c-9f51-2c8e4a1d7b06"

struct desk {
    struct config config;
    struct recording_relays relays;
    struct arena arena;
};

static void desk_open(struct desk *d, const char *vapi_key, const char *twilio_token)
{
    *d = (struct desk){0};
    d->config.vapi_api_key = str_of(vapi_key);
    d->config.twilio_auth_token = str_of(twilio_token);
    d->relays.config = &d->config;
    recording_start(&d->relays);
}

static int64_t now_s(void)
{
    return timestamp_wall_us() / 1000000;
}

static struct str ticket_of(struct desk *d, const char *call_id, const char *vapi_id, const char *url, int64_t until_s)
{
    struct recording_source s = {str_of(vapi_id), str_of(url)};
    return make_ticket(&d->relays, &d->arena, str_of(call_id), recording_where_of(&s), until_s);
}

static int check(struct desk *d, const char *call_id, struct str ticket)
{
    struct recording_source source;
    return recording_ticket_check(&d->relays, str_of(call_id), ticket, &source, &d->arena);
}

static void a_ticket_brings_its_source_back(void)
{
    struct desk d;
    struct recording_source s;
    desk_open(&d, "key", "token");
    struct str vapi = ticket_of(&d, CALL, ID, "https://storage.vapi.ai/x.wav", now_s() + 60);
    CHECK_INT(recording_ticket_check(&d.relays, STR(CALL), vapi, &s, &d.arena), 0);
    CHECK_STR(s.provider_call_id, ID);
    CHECK_STR(s.recording_url, NULL);
    struct str twilio = ticket_of(&d, CALL, ID, VOICEMAIL, now_s() + 60);
    CHECK_INT(recording_ticket_check(&d.relays, STR(CALL), twilio, &s, &d.arena), 0);
    CHECK_STR(s.provider_call_id, NULL);
    CHECK_STR(s.recording_url, VOICEMAIL);
    CHECK(vapi.n <= CAP_TICKET_BYTES && twilio.n <= CAP_TICKET_BYTES);
    arena_free(&d.arena);
}

static void the_longest_id_fits(void)
{
    char id[101] = "";
    struct desk d;
    desk_open(&d, "key", NULL);
    memset(id, 'a', 100);
    struct str ticket = ticket_of(&d, CALL, id, NULL, now_s() + 60);
    CHECK(ticket.n <= CAP_TICKET_BYTES);
    CHECK_INT(check(&d, CALL, ticket), 0);
    arena_free(&d.arena);
}

static void it_ends_and_is_for_one_call(void)
{
    struct desk d;
    desk_open(&d, "key", NULL);
    CHECK_INT(check(&d, CALL, ticket_of(&d, CALL, ID, NULL, now_s() + 60)), 0);
    CHECK_INT(check(&d, CALL, ticket_of(&d, CALL, ID, NULL, now_s() - 1)), ERR_UNAUTHORIZED);
    CHECK_INT(check(&d, CALL, ticket_of(&d, CALL, ID, NULL, 0)), ERR_UNAUTHORIZED);
    CHECK_INT(check(&d, CALL, ticket_of(&d, CALL, ID, NULL, -1)), ERR_UNAUTHORIZED);
    CHECK_INT(check(&d, OTHER_CALL, ticket_of(&d, CALL, ID, NULL, now_s() + 60)), ERR_UNAUTHORIZED);
    CHECK_INT(check(&d, "", ticket_of(&d, CALL, ID, NULL, now_s() + 60)), ERR_UNAUTHORIZED);
    arena_free(&d.arena);
}

/* Each bit counts, and so does each character of the text. */
static void no_bit_may_change(void)
{
    struct desk d;
    desk_open(&d, "key", "token");
    struct str good = ticket_of(&d, CALL, ID, NULL, now_s() + 60);
    struct str bytes = crypto_base64url_decode(&d.arena, good);
    for (size_t bit = 0; bit < bytes.n * 8; bit++) {
        char changed[CAP_TICKET_BYTES];
        memcpy(changed, bytes.p, bytes.n);
        changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
        struct str text = crypto_base64url(&d.arena, (struct str){changed, bytes.n});
        CHECK_INT(check(&d, CALL, text), ERR_UNAUTHORIZED);
    }
    for (size_t n = 0; n < good.n; n++) {
        CHECK_INT(check(&d, CALL, str_cut(good, n)), ERR_UNAUTHORIZED);
    }
    arena_free(&d.arena);
}

static void what_is_no_ticket_is_refused(void)
{
    static const char *const texts[] = {NULL, "", "A", "AAAA", "....", "=", "AAAA AAAA", "%41", "null"};
    struct desk d;
    desk_open(&d, "key", NULL);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        tap_case(texts[i]);
        CHECK_INT(check(&d, CALL, str_of(texts[i])), ERR_UNAUTHORIZED);
    }
    tap_case("a long one");
    char *text = arena_alloc(&d.arena, 100001);
    memset(text, 'A', 100000);
    CHECK_INT(check(&d, CALL, str_of(text)), ERR_UNAUTHORIZED);
    struct str good = ticket_of(&d, CALL, ID, NULL, now_s() + 60);
    CHECK_INT(check(&d, CALL, arena_printf(&d.arena, "%s=", good.p)), ERR_UNAUTHORIZED);
    CHECK_INT(check(&d, CALL, arena_printf(&d.arena, "%sA", good.p)), ERR_UNAUTHORIZED);
    arena_free(&d.arena);
}

/* Instances with the same credentials believe each other; with others, or with none, they do not. */
static void the_key_is_in_the_credentials(void)
{
    static const char *const keys[][2] = {
        {"key", "token"}, {"key", NULL}, {NULL, "token"}, {"keyt", "oken"}, {NULL, NULL}};
    size_t count = sizeof(keys) / sizeof(keys[0]);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            struct desk issuer, checker;
            desk_open(&issuer, keys[i][0], keys[i][1]);
            desk_open(&checker, keys[k][0], keys[k][1]);
            struct str ticket = ticket_of(&issuer, CALL, ID, NULL, now_s() + 60);
            CHECK_INT(check(&checker, CALL, ticket), i == k && i + 1 < count ? 0 : ERR_UNAUTHORIZED);
            arena_free(&issuer.arena);
            arena_free(&checker.arena);
        }
    }
}

TAP_MAIN(TEST(a_ticket_brings_its_source_back), TEST(the_longest_id_fits), TEST(it_ends_and_is_for_one_call),
         TEST(no_bit_may_change), TEST(what_is_no_ticket_is_refused), TEST(the_key_is_in_the_credentials))
