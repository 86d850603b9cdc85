/* One answer for one CallSid, whichever instance is asked and however often. */
#include "ingest_rig.h"
#include "voice.h"

#define SIDS 60

/* One server. */
struct shop {
    struct loop *loop;
    struct db_pool pool;
    struct voice voice;
    bool stopped;
};

struct asked {
    struct voice_ticket ticket;
    int fired;
    enum voice_claim_result result;
    char twiml[64];
    bool submitting;
};

static void on_stopped(struct db_pool *p)
{
    struct shop *s = container_of(p, struct shop, pool);
    voice_stop(&s->voice);
    s->stopped = true;
}

static void open_shop(struct shop *s, struct loop *loop, int port)
{
    struct db_pool_options options = rig_options(3, port);
    *s = (struct shop){.loop = loop};
    CHECK_INT(db_pool_start(&s->pool, loop, &options), 0);
    voice_start(&s->voice, loop, &s->pool);
    CHECK(port || RIG_WAIT(loop, db_pool_ready(&s->pool) == 3));
}

static void close_shop(struct shop *s)
{
    db_pool_stop(&s->pool, on_stopped);
    CHECK(RIG_WAIT(s->loop, s->stopped));
}

static void on_answer(struct voice_ticket *t, enum voice_claim_result result, struct str twiml)
{
    struct asked *a = container_of(t, struct asked, ticket);
    CHECK(!a->submitting);
    a->fired++;
    a->result = result;
    snprintf(a->twiml, sizeof(a->twiml), "%.*s", (int)twiml.n, twiml.n ? twiml.p : "");
}

static void ask(struct asked *a, struct shop *s, const char *sid)
{
    *a = (struct asked){.ticket.on_done = on_answer, .submitting = true};
    CHECK_INT(voice_claim(&s->voice, &a->ticket, str_of(sid)), 0);
    a->submitting = false;
}

static enum voice_claim_result answer(struct asked *a, struct shop *s)
{
    CHECK(RIG_WAIT(s->loop, a->fired));
    CHECK_INT(a->fired, 1);
    return a->result;
}

static void exactly_one_of_two_instances_answers(void)
{
    struct loop loop;
    struct shop shops[2];
    static struct asked asked[SIDS][2];
    char sids[SIDS][16];
    town_open(&loop);
    open_shop(&shops[0], &loop, 0);
    open_shop(&shops[1], &loop, 0);
    for (size_t i = 0; i < SIDS; i++) {
        snprintf(sids[i], sizeof(sids[i]), "CA%zu", i);
        ask(&asked[i][0], &shops[i % 2], sids[i]);
        ask(&asked[i][1], &shops[(i + 1) % 2], sids[i]);
        if (i % 3 == 0) {
            rig_turn(&loop);
        }
    }
    for (size_t i = 0; i < SIDS; i++) {
        int mine = (answer(&asked[i][0], &shops[0]) == VOICE_MINE) + (answer(&asked[i][1], &shops[0]) == VOICE_MINE);
        int taken = (asked[i][0].result == VOICE_TAKEN) + (asked[i][1].result == VOICE_TAKEN);
        CHECK_INT(mine, 1);
        CHECK_INT(taken, 1);
    }
    close_shop(&shops[0]);
    close_shop(&shops[1]);
    town_close(&loop);
}

static void everybody_gets_the_first_answer(void)
{
    struct loop loop;
    struct shop shops[2];
    struct asked a;
    town_open(&loop);
    open_shop(&shops[0], &loop, 0);
    open_shop(&shops[1], &loop, 0);
    ask(&a, &shops[0], "CA1");
    CHECK_INT(answer(&a, &shops[0]), VOICE_MINE);
    voice_answered(&shops[0].voice, STR("CA1"), STR("<Response>first</Response>"));
    CHECK_STR(voice_remembered(&shops[0].voice, STR("CA1")), "<Response>first</Response>");
    CHECK_STR(voice_remembered(&shops[1].voice, STR("CA1")), NULL);
    CHECK(RIG_WAIT(&loop, *rig_sql("select twiml from private.voice_answers")));
    voice_answered(&shops[1].voice, STR("CA1"), STR("<Response>second</Response>"));
    for (int i = 0; i < 2; i++) {
        ask(&a, &shops[i], "CA1");
        CHECK_INT(answer(&a, &shops[i]), VOICE_ANSWERED);
        CHECK_STR(str_of(a.twiml), "<Response>first</Response>");
    }
    close_shop(&shops[0]);
    close_shop(&shops[1]);
    town_close(&loop);
}

/* Whoever claimed it is gone: after six seconds one other may take over, and only one. */
static void a_claim_that_came_to_nothing(void)
{
    struct loop loop;
    struct shop shops[2];
    struct asked a[2];
    town_open(&loop);
    open_shop(&shops[0], &loop, 0);
    open_shop(&shops[1], &loop, 0);
    ask(&a[0], &shops[0], "CA1");
    CHECK_INT(answer(&a[0], &shops[0]), VOICE_MINE);
    rig_sql("update private.voice_answers set claimed_at = now() - interval '7 seconds'");
    ask(&a[0], &shops[0], "CA1");
    ask(&a[1], &shops[1], "CA1");
    CHECK_INT((answer(&a[0], &shops[0]) == VOICE_MINE) + (answer(&a[1], &shops[1]) == VOICE_MINE), 1);
    CHECK_INT((a[0].result == VOICE_TAKEN) + (a[1].result == VOICE_TAKEN), 1);
    close_shop(&shops[0]);
    close_shop(&shops[1]);
    town_close(&loop);
}

static void the_caller_does_not_wait_for_the_database(void)
{
    struct loop loop;
    struct shop s;
    struct asked a;
    town_open(&loop);
    open_shop(&s, &loop, 1);
    uint64_t began_ms = rig_now_ms();
    ask(&a, &s, "CA1");
    CHECK_INT(answer(&a, &s), VOICE_MINE);
    CHECK(rig_now_ms() - began_ms <= CAP_VOICE_STORE_MS + 150);
    close_shop(&s);
    town_close(&loop);
}

static void who_hangs_up_frees_at_once(void)
{
    struct loop loop;
    struct shop s;
    town_open(&loop);
    open_shop(&s, &loop, 0);
    for (int turns = 0; turns < 4; turns++) {
        struct asked *a = malloc(sizeof(*a));
        ask(a, &s, "CA1");
        for (int i = 0; i < turns && !a->fired; i++) {
            rig_turn(&loop);
        }
        voice_abandon(&a->ticket);
        voice_abandon(&a->ticket);
        memset(a, 0xa5, sizeof(*a));
        free(a);
    }
    rig_pause(&loop, 30);
    CHECK_INT(rig_count("select count(*) from private.voice_answers"), 1);
    close_shop(&s);
    town_close(&loop);
}

/* More answers than are remembered: the oldest go, the newest stay. */
static void the_memory_is_a_ring(void)
{
    struct loop loop;
    struct shop s;
    char sid[16];
    town_open(&loop);
    open_shop(&s, &loop, 1);
    for (int i = 0; i < CAP_VOICE_ANSWERS + 10; i++) {
        snprintf(sid, sizeof(sid), "CA%d", i);
        voice_answered(&s.voice, str_of(sid), STR("<Response/>"));
    }
    CHECK_STR(voice_remembered(&s.voice, STR("CA9")), NULL);
    CHECK_STR(voice_remembered(&s.voice, STR("CA10")), "<Response/>");
    CHECK_STR(voice_remembered(&s.voice, str_of(sid)), "<Response/>");
    close_shop(&s);
    town_close(&loop);
}

static void old_answers_are_swept(void)
{
    struct loop loop;
    struct shop s;
    town_open(&loop);
    open_shop(&s, &loop, 0);
    rig_sql("insert into private.voice_answers values ('CAold', '<Response/>', now() - interval '2 days')");
    voice_answered(&s.voice, STR("CAnew"), STR("<Response/>"));
    CHECK(
        RIG_WAIT(&loop, rig_count("select count(*) from private.voice_answers where twilio_call_sid = 'CAnew'") == 1));
    CHECK(
        RIG_WAIT(&loop, rig_count("select count(*) from private.voice_answers where twilio_call_sid = 'CAold'") == 0));
    close_shop(&s);
    town_close(&loop);
}

TAP_MAIN(TEST(exactly_one_of_two_instances_answers), TEST(everybody_gets_the_first_answer),
         TEST(a_claim_that_came_to_nothing), TEST(the_caller_does_not_wait_for_the_database),
         TEST(who_hangs_up_frees_at_once), TEST(the_memory_is_a_ring), TEST(old_answers_are_swept))
