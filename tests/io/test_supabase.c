/* The keys in use: fetched once for all, kept while the service is away, never fetched because a stranger says so. */
#include "supabase_rig.h"

static void a_check_waits_for_the_first_keys(void)
{
    house_open();
    struct visit v[5];
    for (size_t i = 0; i < 5; i++) {
        CHECK_INT(visit_submit(&v[i], es_token("es-1")), 0);
    }
    UNTIL(v[4].fired);
    for (size_t i = 0; i < 5; i++) {
        CHECK_INT(v[i].fired, 1);
        CHECK_INT(v[i].code, 0);
        CHECK_STR(v[i].check.tenant.user_id, RIG_USER);
        arena_free(&v[i].arena);
    }
    CHECK_INT(requests(), 1);
    CHECK(strncmp(house.rig.peer.request, "GET /auth/v1/.well-known/jwks.json HTTP/1.1\r\n", 44) == 0);
    CHECK(!strcasestr(house.rig.peer.request, "authorization:"));
    CHECK_STR(supabase_issuer(&house.supabase), house.issuer.p);
    CHECK(!supabase_is_local(&house.supabase));
    CHECK(metric_value(METRIC_JWKS_TIME, 0, 0) > 1.7e9);
    house_close();
}

static void verdicts_come_in_a_later_turn(void)
{
    house_open_ready();
    CHECK_INT(visit(es_token("es-1")), 0);
    CHECK_INT(visit(STR("nonsense")), ERR_UNAUTHORIZED);
    CHECK_INT(visit(hs_token()), ERR_UNAUTHORIZED); /* no secret is configured */
    CHECK_INT(requests(), 1);
    CHECK_INT((int)metric_value(METRIC_TOKEN_CHECKS, TOKEN_ACCEPTED, 0), 1);
    CHECK_INT((int)metric_value(METRIC_TOKEN_CHECKS, TOKEN_SHAPE, 0), 1);
    CHECK_INT((int)metric_value(METRIC_TOKEN_CHECKS, TOKEN_ALGORITHM, 0), 1);
    house_close();
}

/* Whoever makes up names of keys causes one fetch, not one for each. */
static void a_flood_of_names_is_one_fetch(void)
{
    static struct visit flood[CAP_TOKEN_WAITING];
    house_open_ready();
    struct str good = es_token("es-1");
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < CAP_TOKEN_WAITING; i++) {
            char header[128];
            snprintf(header, sizeof(header), RIG_HEADER("ES256", "made-up-%d-%zu"), round, i);
            struct str input = rig_input(str_of(header), STR("{}"));
            CHECK_INT(visit_submit(&flood[i], rig_join(input, STR("x"))), 0);
        }
        CHECK_INT(visit(good), 0); /* nobody else waits for it */
        for (size_t i = 0; i < CAP_TOKEN_WAITING; i++) {
            UNTIL(flood[i].fired);
            CHECK_INT(flood[i].code, ERR_UNAUTHORIZED);
            arena_free(&flood[i].arena);
        }
        CHECK_INT(requests(), 2);
    }
    CHECK_INT((int)metric_value(METRIC_TOKEN_CHECKS, TOKEN_UNKNOWN_KEY, 0), 3 * CAP_TOKEN_WAITING);
    house_close();
}

static void after_the_pause_there_is_another(void)
{
    house_prepare();
    house.supabase.limits.refetch_ms = 30;
    CHECK_INT(supabase_start(&house.supabase), 0);
    UNTIL(fetches(JWKS_GOOD) == 1);
    struct str unknown = es_token("es-9");
    for (int i = 2; i < 5; i++) {
        UNTIL((CHECK_INT(visit(unknown), ERR_UNAUTHORIZED), requests() == i));
    }
    house_close();
}

static void a_new_key_is_found(void)
{
    house_open_ready();
    struct str before = es_token("es-1");
    service_has("es-2");
    CHECK_INT(visit(es_token("es-2")), 0);
    CHECK_INT(requests(), 2);
    CHECK_INT(visit(before), ERR_UNAUTHORIZED); /* its key is gone from the set */
    CHECK_INT(requests(), 2);
    service_has("es-3");
    CHECK_INT(visit(es_token("es-3")), ERR_UNAUTHORIZED); /* too early to ask again */
    CHECK_INT(requests(), 2);
    house_close();
}

static void a_name_that_is_taken_by_another_kind_asks_nobody(void)
{
    house_open_ready();
    CHECK_INT(visit(rig_hs_token(STR("x"), STR(RIG_HEADER("HS256", "made-up")), payload_now())), ERR_UNAUTHORIZED);
    CHECK_INT(visit(rig_es_token(STR(RIG_HEADER("none", "made-up")), payload_now())), ERR_UNAUTHORIZED);
    CHECK_INT(visit(rig_es_token(STR("{\"alg\":\"ES256\"}"), payload_now())), ERR_UNAUTHORIZED);
    CHECK_INT(visit(rig_es_token(STR(RIG_HEADER("ES256", "../../x")), payload_now())), ERR_UNAUTHORIZED);
    CHECK_INT(requests(), 1);
    house_close();
}

static void keys_are_fetched_before_they_are_old(void)
{
    house_prepare();
    house.supabase.limits.fresh_ms = 40;
    CHECK_INT(supabase_start(&house.supabase), 0);
    UNTIL(fetches(JWKS_GOOD) >= 4); /* nobody asked */
    service_has("es-2");
    UNTIL(visit(es_token("es-2")) == 0);
    house_close();
}

static void waiting_checks_are_bounded(void)
{
    static struct visit many[CAP_TOKEN_WAITING];
    struct visit more;
    house_open_ready();
    service_says("", 0, PEER_HANG);
    struct str token = es_token("es-2");
    for (size_t i = 0; i < CAP_TOKEN_WAITING; i++) {
        CHECK_INT(visit_submit(&many[i], token), 0);
    }
    CHECK_INT(visit_submit(&more, token), ERR_BUSY);
    CHECK_INT(visit(es_token("es-1")), 0);
    token_check_abandon(&many[0].check);
    CHECK_INT(visit_submit(&more, token), 0);
    token_check_abandon(&more.check);
    for (size_t i = 1; i < CAP_TOKEN_WAITING; i++) {
        CHECK_INT(many[i].fired, 0);
        token_check_abandon(&many[i].check);
    }
    CHECK_INT(more.fired, 0);
    house_close();
}

static void who_leaves_is_not_told(void)
{
    house_open_ready();
    struct visit waiting, judged, never = {.fired = 0};
    CHECK_INT(visit_submit(&waiting, es_token("es-2")), 0);
    CHECK_INT(visit_submit(&judged, es_token("es-1")), 0);
    token_check_abandon(&waiting.check);
    token_check_abandon(&judged.check);
    token_check_abandon(&judged.check);
    token_check_abandon(&never.check);
    UNTIL(requests() == 2 && fetches(JWKS_GOOD) == 2);
    CHECK_INT(visit(es_token("es-1")), 0);
    CHECK_INT(waiting.fired + judged.fired, 0);
    arena_free(&judged.arena);
    house_close();
}

static void a_stop_while_fetching(void)
{
    house_open_ready();
    service_says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", 0, PEER_HANG);
    struct visit v;
    CHECK_INT(visit_submit(&v, es_token("es-2")), 0);
    UNTIL(requests() == 2);
    supabase_stop(&house.supabase);
    CHECK_INT(token_check_submit(&house.supabase, &v.check), ERR_STOPPING);
    while (house.rig.peer.clients.count) {
        peer_drop(container_of(list_first(&house.rig.peer.clients), struct peer_client, node), false);
    }
    rig_run_ms(&house.rig, 20); /* the fetch ends now, and nobody is told */
    CHECK_INT((int)fetches(JWKS_UNREACHABLE), 0);
    CHECK_INT(v.fired, 0);
    rig_close(&house.rig);
    rig_stop();
}

static void on_room_closed(struct fetch_room *room)
{
    (void)room;
    house.rig.closed++;
}

/* As the program does it: the fetch room first. */
static void a_stop_after_the_fetch_room(void)
{
    house_open_ready();
    service_says("", 0, PEER_HANG);
    struct visit v;
    CHECK_INT(visit_submit(&v, es_token("es-2")), 0);
    UNTIL(requests() == 2);
    fetch_room_close(&house.rig.room, on_room_closed);
    UNTIL(house.rig.closed == 1);
    CHECK_INT(visit(es_token("es-1")), 0);
    supabase_stop(&house.supabase);
    CHECK_INT(v.fired, 0);
    loop_stop(&house.rig.loop);
    rig_close(&house.rig);
    rig_stop();
}

static void a_stop_before_the_first_turn(void)
{
    house_open();
    house_close();
}

TAP_MAIN(TEST(a_check_waits_for_the_first_keys), TEST(verdicts_come_in_a_later_turn),
         TEST(a_flood_of_names_is_one_fetch), TEST(after_the_pause_there_is_another), TEST(a_new_key_is_found),
         TEST(a_name_that_is_taken_by_another_kind_asks_nobody), TEST(keys_are_fetched_before_they_are_old),
         TEST(waiting_checks_are_bounded), TEST(who_leaves_is_not_told), TEST(a_stop_while_fetching),
         TEST(a_stop_after_the_fetch_room), TEST(a_stop_before_the_first_turn))
