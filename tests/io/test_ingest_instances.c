/* Random orders, repetitions, batches and pauses, over two instances that write the same call at once: the rows are the same
 * every time, everybody is told that the event is stored, and nothing lands among the dead letters. */
#include "ingest_rig.h"

#define ROUNDS 200
#define REPEATS 6
#define SID "CA00000000000000000000000000000001"
#define PID "0f0f0f0f-0000-4000-8000-000000000001"
#define GHOST "0f0f0f0f-0000-4000-8000-00000000000f"
#define LARKSPUR "00000000-0000-4000-8000-00000000000b"
#define US INT64_C(1795014245000000)

/* One call as its two providers tell it: some messages name the CallSid, some only Vapi's id, and a second AI call for the
 * same CallSid came to nothing. */
static const struct says story[] = {
    {.name = "voice",
     .sid = SID,
     .called = "3+15550100",
     .caller = "3+15550111",
     .status = CALL_RINGING,
     .started_us = US},
    {.name = "link", .sid = SID, .pid = PID, .pid_rank = RANK_LINKED},
    {.name = "queued", .pid = PID, .source = CALL_VAPI, .status = CALL_QUEUED, .started_us = US + 400000},
    {.name = "ringing", .pid = PID, .sid = SID, .source = CALL_VAPI, .status = CALL_RINGING, .called = "2+15550199"},
    {.name = "started", .pid = PID, .source = CALL_VAPI, .status = CALL_IN_PROGRESS, .caller = "2+15550111"},
    {.name = "hello", .pid = PID, .source = CALL_VAPI, .utterance = "Hello?", .spoke = true},
    {.name = "closed",
     .pid = PID,
     .sid = SID,
     .source = CALL_VAPI,
     .utterance = "Are you open on Sunday?",
     .spoke = true},
    {.name = "speech", .pid = PID, .source = CALL_VAPI},
    {.name = "ended",
     .pid = PID,
     .source = CALL_VAPI,
     .status = CALL_ENDED,
     .ended = "4customer-ended-call",
     .seen_ended_us = US + 61000000},
    {.name = "report",
     .pid = PID,
     .sid = SID,
     .source = CALL_VAPI,
     .status = CALL_ENDED,
     .ended = "5customer-ended-call",
     .report = true,
     .utterance = "Hello? Are you open on Sunday?",
     .summary = "Asked for Sunday.",
     .analysis = "{\"ok\":true}",
     .reported_ended_us = US + 60500000,
     .reported_seconds = 60.5,
     .cost = 0.25,
     .recording = "2https://one.example/r"},
    {.name = "ghost",
     .pid = GHOST,
     .sid = SID,
     .source = CALL_VAPI,
     .status = CALL_ENDED,
     .ended = "0phone-call-provider-bypass-enabled-but-no-call-received",
     .seen_ended_us = US + 62000000},
    {.name = "ghost report",
     .pid = GHOST,
     .sid = SID,
     .source = CALL_VAPI,
     .ended = "0phone-call-provider-bypass-enabled-but-no-"
              "call-received",
     .analysis = "{}",
     .reported_seconds = 1},
    {.name = "completed", .sid = SID, .status = CALL_ENDED, .carrier_seconds = 62, .seen_ended_us = US + 62000000},
    {.name = "recorded", .sid = SID, .recording = "1https://two.example/r"},
    {.name = "nobody's"},
};
enum { EVENTS = sizeof(story) / sizeof(story[0]), ALL = EVENTS + REPEATS };

static struct loop loop;
static struct office offices[2];
static uint32_t seed;

static uint32_t dice(uint32_t sides)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % sides;
}

static const char *dump(void)
{
    rig_sql("update private.call_words_due set due_at = now()");
    rig_sql("select private.index_due_calls(1000)");
    return rig_sql(
        "select (select json_agg(to_jsonb(c) - 'updated_at' - 'created_at') from calls c)::text || "
        "(select json_agg(json_build_array(event_key, call_id, type, payload) order by event_key) from call_events)"
        "::text || (select json_agg(to_json(u) order by u.utterance_key) from call_utterances u)::text || "
        "(select json_agg(to_json(w) order by w.call_id) from private.call_words w)::text");
}

static void shuffle(size_t order[ALL])
{
    for (size_t i = 0; i < ALL; i++) {
        order[i] = i < EVENTS ? i : dice(EVENTS);
    }
    for (size_t i = ALL - 1; i > 0; i--) {
        size_t k = dice((uint32_t)i + 1), kept = order[i];
        order[i] = order[k];
        order[k] = kept;
    }
}

/* Where the disk stands still for longer than an event waits, it is told again, as senders do. */
static int wait_for(struct guest *g, const struct says *s)
{
    int code = guest_wait(g, &offices[0]);
    for (int again = 0; again < 3 && code == ERR_WRITE_UNCERTAIN; again++) {
        *g = (struct guest){0};
        CHECK_INT(guest_submit(g, &offices[again % 2], s), 0);
        code = guest_wait(g, &offices[0]);
    }
    return code;
}

static void tell_story(void)
{
    static struct guest guests[ALL];
    size_t order[ALL];
    uint32_t pauses = 1 + dice(6);
    memset(guests, 0, sizeof(guests));
    shuffle(order);
    for (size_t i = 0; i < ALL; i++) {
        CHECK_INT(guest_submit(&guests[i], &offices[dice(2)], &story[order[i]]), 0);
        for (uint32_t turns = dice(pauses); turns > 0; turns--) {
            rig_turn(&loop);
        }
    }
    for (size_t i = 0; i < ALL; i++) {
        CHECK_INT(wait_for(&guests[i], &story[order[i]]), 0);
    }
    CHECK(RIG_WAIT(&loop, town_is_quiet(&offices[0]) && town_is_quiet(&offices[1])));
}

static void always_the_same_rows(void)
{
    static char first[8192];
    town_open(&loop);
    rig_sql("insert into businesses (id, name) values ('" LARKSPUR "', 'Larkspur Dental Studio')");
    rig_sql("insert into business_phones values ('+15550100', '" LARKSPUR "')");
    office_open(&offices[0], &loop, 0);
    office_open(&offices[1], &loop, 0);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        char row[32];
        snprintf(row, sizeof(row), "seed %u", round);
        tap_case(row);
        seed = round;
        rig_sql("delete from call_utterances; delete from call_events; delete from calls");
        tell_story();
        if (round == 0) {
            snprintf(first, sizeof(first), "%s", dump());
        }
        CHECK_STR(str_of(dump()), first);
    }
    tap_case(NULL);
    CHECK_INT(rig_count("select count(*) from calls"), 1);
    CHECK_STR(
        str_of(rig_sql(
            "select concat_ws(' ', status, outcome, duration_seconds, provider_call_id, business_id) from calls")),
        "ended handled 60.500 " PID " " LARKSPUR);
    CHECK_INT(rig_count("select count(*) from dead_letters"), 0);
    office_close(&offices[0]);
    office_close(&offices[1]);
    town_close(&loop);
}

TAP_MAIN(TEST(always_the_same_rows))
