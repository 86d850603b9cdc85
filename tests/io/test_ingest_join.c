/* The call's row is a join of its events: whatever their order, repetition, batches and instances. */
#include "ingest_rig.h"

#define SID "CA00000000000000000000000000000001"
#define OTHER_SID "CA00000000000000000000000000000002"
#define PID "0f0f0f0f-0000-4000-8000-000000000001"
#define OTHER_PID "0f0f0f0f-0000-4000-8000-000000000002"
#define LARKSPUR "00000000-0000-4000-8000-00000000000a"
#define NEIGHBOUR "00000000-0000-4000-8000-00000000000b"

#define CALL_COLUMNS                                                                                                    \
    "id, business_id, provider_call_id, twilio_call_sid, caller_number, called_number, status, outcome, ended_reason, " \
    "started_at, ended_at, duration_seconds, summary, analysis, recording_url, cost, caller_spoke, has_report, "        \
    "provider_claim, caller_claim, called_claim, ended_claim, reported_ended_at, seen_ended_at, reported_seconds, "     \
    "carrier_seconds, recording_claim, said_reported"

static void open_town(struct loop *loop)
{
    town_open(loop);
    rig_sql("insert into businesses (id, name) values ('" LARKSPUR "', 'Larkspur Dental Studio'), ('" NEIGHBOUR
            "', 'Next door')");
    rig_sql("insert into business_phones values ('+15550100', '" LARKSPUR "'), ('+15550101', '" NEIGHBOUR "')");
}

/* Everything that may not depend on order. */
static const char *dump(void)
{
    return rig_sql(
        "select (select json_agg(to_json(x) order by x.twilio_call_sid, x.provider_call_id) from (select " CALL_COLUMNS
        " from calls) x)::text || (select json_agg(y order by y::text) from (select v.event_key, c.twilio_call_sid, "
        "c.provider_call_id, v.payload from call_events v left join calls c on c.id = v.call_id) y)::text || "
        "coalesce((select json_agg(z order by z::text) from (select u.utterance_key, u.text, u.source, "
        "c.twilio_call_sid from call_utterances u join calls c on c.id = u.call_id) z)::text, '')");
}

static void clear(void)
{
    rig_sql("delete from call_utterances; delete from call_events; delete from calls; delete from dead_letters");
}

/* Both orders, one after the other, and both in one batch. */
static void same_either_way(const struct says *first, const struct says *second)
{
    struct loop loop;
    struct office o;
    char seen[4][8192];
    open_town(&loop);
    office_open(&o, &loop, 0);
    for (int round = 0; round < 4; round++) {
        struct guest guests[2] = {0};
        const struct says *order[] = {round % 2 ? second : first, round % 2 ? first : second};
        clear();
        for (int i = 0; i < 2; i++) {
            CHECK_INT(guest_submit(&guests[i], &o, order[i]), 0);
            if (round < 2) {
                CHECK_INT(guest_wait(&guests[i], &o), 0);
            }
        }
        CHECK(RIG_WAIT(&loop, guests[0].fired && guests[1].fired && town_is_quiet(&o)));
        rig_pause(&loop, 5);
        snprintf(seen[round], sizeof(seen[round]), "%s", dump());
        CHECK_STR(str_of(seen[round]), seen[0]);
    }
    office_close(&o);
    town_close(&loop);
}

static void each_column_joins(void)
{
    static const struct {
        const char *name;
        struct says a, b;
    } rows[] = {
        {"status", {.status = CALL_ENDED}, {.status = CALL_RINGING}},
        {"called number: the better source decides, and the business with it",
         {.called = "2+15550101"},
         {.called = "3+15550100"}},
        {"called number: the better source is nobody's", {.called = "2+15550101"}, {.called = "3+15550199"}},
        {"called number: the worse source is nobody's", {.called = "2+15550199"}, {.called = "3+15550100"}},
        {"called number: one of the two", {.called = "2+15550100"}, {.sid = SID}},
        {"caller", {.caller = "2+15550111"}, {.caller = "3+15550112"}},
        {"reason",
         {.ended = "5customer-ended-call", .status = CALL_ENDED},
         {.ended = "4assistant-error", .status = CALL_ENDED}},
        {"reason, same rank", {.ended = "5customer-ended-call"}, {.ended = "5assistant-ended-call"}},
        {"times",
         {.started_us = 1795014245280000, .seen_ended_us = 1795014345280000, .reported_ended_us = 1795014445280000},
         {.started_us = 1795014245180000, .seen_ended_us = 1795014345380000, .reported_ended_us = 1795014445180000}},
        {"seconds and cost",
         {.reported_seconds = 12.5, .carrier_seconds = 11, .cost = 0.1234},
         {.reported_seconds = 12.25, .carrier_seconds = 13, .cost = 0.2}},
        {"summary", {.summary = "zz"}, {.summary = "Zz"}},
        {"analysis", {.analysis = "{\"a\":1}"}, {.analysis = "{\"b\":[2]}"}},
        {"recording", {.recording = "1https://one.example/r"}, {.recording = "2https://another.example/r"}},
        {"caller spoke, report", {.spoke = true}, {.report = true}},
        {"the provider's id, two of them",
         {.pid = PID, .pid_rank = RANK_SEEN},
         {.pid = OTHER_PID, .pid_rank = RANK_LINKED}},
        {"transcript and report", {.utterance = "as heard"}, {.utterance = "as reported", .report = true}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct says a = rows[i].a, b = rows[i].b;
        tap_case(rows[i].name);
        a.name = "a";
        b.name = "b";
        a.sid = b.sid = SID;
        same_either_way(&a, &b);
    }
    tap_case(NULL);
}

/* The same event twice, with another time in it: what it says counts, whether the two share a batch or not. */
static void a_repeated_event_says_what_it_says(void)
{
    struct says a = {.name = "same", .sid = SID, .started_us = 1795014245280000, .status = CALL_RINGING};
    struct says b = {.name = "same", .sid = SID, .started_us = 1795014240000000, .status = CALL_RINGING};
    same_either_way(&a, &b);
}

/* A message that names one call's CallSid and another call's id: the two are not one for that. */
static void two_calls_with_callsids_are_never_merged(void)
{
    struct loop loop;
    struct office o;
    open_town(&loop);
    office_open(&o, &loop, 0);
    tell(&o, &(struct says){.name = "one", .sid = SID, .pid = PID, .called = "3+15550100"});
    tell(&o, &(struct says){.name = "two", .sid = OTHER_SID, .pid = OTHER_PID, .called = "3+15550101"});
    tell(&o, &(struct says){.name = "both", .sid = SID, .pid = OTHER_PID});
    CHECK(RIG_WAIT(&loop, town_is_quiet(&o)));
    rig_pause(&loop, 30);
    CHECK_INT(rig_count("select count(*) from calls"), 2);
    CHECK_STR(str_of(rig_sql("select business_id from calls where twilio_call_sid = '" SID "'")), LARKSPUR);
    CHECK_STR(str_of(rig_sql("select business_id from calls where twilio_call_sid = '" OTHER_SID "'")), NEIGHBOUR);
    CHECK_INT(
        rig_count("select count(*) from call_events v join calls c on c.id = v.call_id and twilio_call_sid = '" SID
                  "'"),
        2);
    office_close(&o);
    town_close(&loop);
}

/* A late event of an old call, after its number went to another business: no business sees another's calls. */
static void a_call_stays_with_its_business(void)
{
    struct loop loop;
    struct office o;
    open_town(&loop);
    office_open(&o, &loop, 0);
    for (int i = 0; i < 2; i++) {
        const char *owner = i ? NEIGHBOUR : LARKSPUR, *heir = i ? LARKSPUR : NEIGHBOUR;
        rig_sql("update business_phones set business_id = '%s' where phone = '+15550100'", owner);
        clear();
        tell(&o, &(struct says){.name = "first", .sid = SID, .called = "3+15550100"});
        rig_sql("update business_phones set business_id = '%s' where phone = '+15550100'", heir);
        tell(&o,
             &(struct says){.name = "late", .sid = SID, .called = "3+15550100", .recording = "1https://one.example/r"});
        CHECK_STR(str_of(rig_sql("select business_id from calls")), owner);
    }
    office_close(&o);
    town_close(&loop);
}

/* Known by the id alone and by the CallSid alone; the message that names both comes last, or first. */
static void two_rows_become_one(void)
{
    static const struct says events[] = {
        {.name = "id", .pid = PID, .status = CALL_RINGING, .utterance = "early", .called = "2+15550101"},
        {.name = "sid", .sid = SID, .status = CALL_IN_PROGRESS, .called = "3+15550100", .started_us = 1795014245280000},
        {.name = "both",
         .sid = SID,
         .pid = PID,
         .status = CALL_ENDED,
         .ended = "5customer-ended-call",
         .report = true,
         .utterance = "in the end"},
    };
    static const int orders[][3] = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1}, {2, 0, 1}, {2, 1, 0}, {1, 2, 0}};
    struct loop loop;
    struct office o;
    char first[8192] = "";
    open_town(&loop);
    office_open(&o, &loop, 0);
    for (size_t i = 0; i < 6; i++) {
        clear();
        for (size_t k = 0; k < 3; k++) {
            tell(&o, &events[orders[i][k]]);
        }
        CHECK(RIG_WAIT(&loop, town_is_quiet(&o)));
        CHECK_INT(rig_count("select count(*) from calls"), 1);
        CHECK_INT(rig_count("select count(*) from call_events where call_id = (select id from calls)"), 3);
        CHECK_STR(str_of(rig_sql("select string_agg(text, ',') from call_utterances")), "in the end");
        CHECK_STR(str_of(rig_sql("select business_id from calls")), LARKSPUR);
        if (i == 0) {
            snprintf(first, sizeof(first), "%s", dump());
        }
        CHECK_STR(str_of(dump()), first);
    }
    office_close(&o);
    town_close(&loop);
}

TAP_MAIN(TEST(each_column_joins), TEST(a_repeated_event_says_what_it_says),
         TEST(two_calls_with_callsids_are_never_merged), TEST(a_call_stays_with_its_business),
         TEST(two_rows_become_one))
