#pragma once
/* What the tests of the keys in use share: a sign-in service that may be rude, and checks that note how they end. The
 * clock of tokens is the real one; how long keys live is set by each test. */
#include "fetch_rig.h"
#include "supabase.h"
#include "timestamp.h"
#include "token_rig.h"

#define FOR_EVER_MS 3600000 /* longer than any test */

struct house {
    struct rig rig; /* the loop, the fetch room and the service */
    struct supabase supabase;
    struct config config;
    struct peer_rule rules[2]; /* what the service answers */
    char url[64];
    struct str issuer;
};

static struct house house;

/* One check that notes how it ended. */
struct visit {
    struct token_check check;
    struct arena arena;
    int fired, code;
    bool submitting;
};

static inline void visit_on_done(struct token_check *c, int code)
{
    struct visit *v = container_of(c, struct visit, check);
    CHECK(!v->submitting);
    v->fired++;
    v->code = code;
}

static inline int visit_submit(struct visit *v, struct str token)
{
    *v = (struct visit){.check = {.token = token, .arena = &v->arena, .on_done = visit_on_done}, .submitting = true};
    int rc = token_check_submit(&house.supabase, &v->check);
    v->submitting = false;
    return rc;
}

static inline void turn(void)
{
    uv_run(&house.rig.loop.uv, UV_RUN_NOWAIT);
    usleep(200);
}

/* Turns the loop until it holds, for at most 10 s. */
#define UNTIL(cond)                                                                                                    \
    do {                                                                                                               \
        for (uint64_t end_ns = uv_hrtime() + 10000000000; !(cond) && uv_hrtime() < end_ns;) {                          \
            turn();                                                                                                    \
        }                                                                                                              \
        CHECK(cond);                                                                                                   \
    } while (0)

/* Checks one token to its end: what its owner is told. */
static inline int visit(struct str token)
{
    struct visit v;
    CHECK_INT(visit_submit(&v, token), 0);
    CHECK_INT(v.fired, 0);
    UNTIL(v.fired);
    if (v.code == 0) {
        CHECK_STR(v.check.tenant.user_id, RIG_USER);
    }
    arena_free(&v.arena);
    return v.code;
}

static inline struct str payload_now(void)
{
    return arena_printf(&rig.arena, "{\"iss\":\"%s\"," RIG_SUB RIG_AUD RIG_ROLE "\"exp\":%lld}", house.issuer.p,
                        (long long)(timestamp_wall_us() / 1000000) + 3600);
}

/* Good tokens, if the service knows their keys. */
static inline struct str es_token(const char *kid)
{
    return rig_es_token(arena_printf(&rig.arena, RIG_HEADER("ES256", "%s"), kid), payload_now());
}

static inline struct str hs_token(void)
{
    return rig_hs_token(STR(RIG_SECRET), STR(RIG_HS_HEADER), payload_now());
}

/* From now on the service says this. */
static inline void service_says(const char *bytes, size_t filler, enum peer_then then)
{
    house.rules[0] = (struct peer_rule){"/auth/v1/.well-known/jwks.json", bytes, filler, then};
}

static inline void service_answers(int status, const char *body)
{
    service_says(arena_printf(&rig.arena, "HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", status,
                              strlen(body), body)
                     .p,
                 0, PEER_CLOSE);
}

/* The service has the rig's EC key, by this name. */
static inline void service_has(const char *kid)
{
    service_answers(200, arena_printf(&rig.arena, "{\"keys\":[%s]}", rig_jwk_es(rig.es, kid).p).p);
}

static inline int requests(void)
{
    return house.rig.peer.requests;
}

static inline double fetches(enum metric_jwks result)
{
    return metric_value(METRIC_JWKS_FETCHES, result, 0);
}

/* Everything but supabase_start. */
static inline void house_prepare(void)
{
    rig_start();
    house = (struct house){.config = {.arena = {0}}};
    rig_open(&house.rig, house.rules);
    service_has("es-1");
    snprintf(house.url, sizeof(house.url), "http://127.0.0.1:%d", house.rig.peer.port);
    house.issuer = arena_printf(&rig.arena, "%s/auth/v1", house.url);
    house.config.supabase_url = str_of(house.url);
    house.supabase = (struct supabase){
        .config = &house.config,
        .loop = &house.rig.loop,
        .fetch_room = &house.rig.room,
        .limits = {FOR_EVER_MS, FOR_EVER_MS, FOR_EVER_MS, FOR_EVER_MS, 5000},
    };
}

static inline void house_open(void)
{
    house_prepare();
    CHECK_INT(supabase_start(&house.supabase), 0);
}

/* With the first keys. */
static inline void house_open_ready(void)
{
    house_open();
    UNTIL(fetches(JWKS_GOOD) == 1);
}

static inline void house_close(void)
{
    supabase_stop(&house.supabase);
    rig_close(&house.rig);
    rig_stop();
}
