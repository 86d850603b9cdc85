/* Calls are found by the words of what was said and of their summary, however their events come. */
#include "search_index.h"
#include "ingest_rig.h"

#define LARKSPUR "00000000-0000-4000-8000-00000000000a"
#define ANNEX "00000000-0000-4000-8000-00000000000b"

struct town {
    struct loop loop;
    struct office office;
    struct search_index search;
    bool stopped;
};

static struct town town;

static void on_stopped(struct search_index *s)
{
    container_of(s, struct town, search)->stopped = true;
}

static void open_town(void)
{
    town.stopped = false;
    town_open(&town.loop);
    rig_sql("truncate private.call_words, private.call_words_due");
    rig_sql("insert into businesses (id, name) values ('" LARKSPUR "', 'Larkspur Dental Studio'), ('" ANNEX
            "', 'Larkspur Annex')");
    rig_sql("insert into business_phones values ('+12125550142', '" LARKSPUR "')");
    office_open(&town.office, &town.loop, 0);
    search_index_start(&town.search, &town.loop, &town.office.pool);
}

static void close_town(void)
{
    office_close(&town.office);
    search_index_stop(&town.search, on_stopped);
    CHECK(RIG_WAIT(&town.loop, town.stopped));
    town_close(&town.loop);
}

/* What is due later is due now. */
static void hurry(void)
{
    rig_sql("update private.call_words_due set due_at = now()");
    CHECK(RIG_WAIT(&town.loop, rig_count("select count(*) from private.call_words_due") == 0));
}

/* Has exactly one call of this business words that begin so? */
static bool found(const char *business, const char *word)
{
    return rig_count("select count(*) from private.call_words where business_id = '%s' and words @@ "
                     "(private.words_prefix('%s', private.words_time(listed_at)) || '%s:*')::tsquery",
                     business, business, word) == 1;
}

#define CALL .sid = "CA01", .called = "3+12125550142"
#define ENDED .status = CALL_ENDED, .ended = "4customer-ended-call"

static void a_report_is_found_soon(void)
{
    open_town();
    tell(&town.office, &(struct says){.name = "talk", CALL, .status = CALL_IN_PROGRESS, .utterance = "About crowns"});
    tell(&town.office, &(struct says){.name = "end", CALL, ENDED});
    tell(&town.office,
         &(struct says){.name = "report",
                        CALL,
                        ENDED,
                        .report = true,
                        .summary = "Wants the caf\u00e9's address.",
                        .analysis = "{\"structuredData\":{\"reason\":\"directions\",\"callerName\":\"Zo\u00eb\"}}",
                        .utterance = "Where are you?"});
    CHECK(RIG_WAIT(&town.loop, found(LARKSPUR, "where")));
    CHECK(found(LARKSPUR, "cafe") && found(LARKSPUR, "direct") && found(LARKSPUR, "zoe") && found(LARKSPUR, "addr"));
    CHECK(!found(LARKSPUR, "crowns")); /* the report has the last word */
    CHECK(!found(ANNEX, "where"));
    /* What was due because the call had ended does not count any more. */
    long before = rig_count("select xmin from private.call_words");
    hurry();
    CHECK_INT(rig_count("select xmin from private.call_words"), before);
    close_town();
}

static void without_a_report_it_takes_a_while(void)
{
    open_town();
    tell(&town.office, &(struct says){.name = "talk", CALL, .status = CALL_IN_PROGRESS, .utterance = "About crowns"});
    CHECK_INT(rig_count("select count(*) from private.call_words_due"), 0);
    tell(&town.office, &(struct says){.name = "end", CALL, ENDED});
    CHECK_INT(rig_count("select count(*) from private.call_words_due where due_at > now() + interval '20 seconds'"), 1);
    hurry();
    CHECK(found(LARKSPUR, "crowns"));
    tell(&town.office, &(struct says){.name = "late", CALL, .utterance = "And bridges"});
    CHECK(RIG_WAIT(&town.loop, found(LARKSPUR, "bridges")));
    CHECK(found(LARKSPUR, "crowns"));
    close_town();
}

static void a_report_without_a_list_leaves_the_transcript(void)
{
    open_town();
    tell(&town.office, &(struct says){.name = "talk", CALL, .status = CALL_IN_PROGRESS, .utterance = "About crowns"});
    tell(&town.office, &(struct says){.name = "report", CALL, ENDED, .report = true, .summary = "A short talk."});
    CHECK(RIG_WAIT(&town.loop, found(LARKSPUR, "short")));
    CHECK(found(LARKSPUR, "crowns"));
    close_town();
}

static void it_moves_with_its_call(void)
{
    open_town();
    tell(&town.office, &(struct says){.name = "report",
                                      .sid = "CA01",
                                      .called = "3+12125550143",
                                      ENDED,
                                      .report = true,
                                      .summary = "Nobody's call."});
    hurry();
    CHECK_INT(rig_count("select count(*) from private.call_words"), 0);
    rig_sql("insert into business_phones values ('+12125550143', '" LARKSPUR "')");
    CHECK(RIG_WAIT(&town.loop, found(LARKSPUR, "nobody")));
    rig_sql("update calls set business_id = '" ANNEX "'");
    CHECK(RIG_WAIT(&town.loop, found(ANNEX, "nobody")));
    CHECK(!found(LARKSPUR, "nobody"));
    rig_sql("update calls set business_id = null");
    CHECK(RIG_WAIT(&town.loop, rig_count("select count(*) from private.call_words") == 0));
    close_town();
}

static void it_goes_with_its_call(void)
{
    open_town();
    tell(&town.office, &(struct says){.name = "report", CALL, ENDED, .report = true, .summary = "To be erased."});
    CHECK(RIG_WAIT(&town.loop, found(LARKSPUR, "erased")));
    rig_sql("update calls set summary = 'Changed.'");
    CHECK(RIG_WAIT(&town.loop, found(LARKSPUR, "changed")));
    CHECK(!found(LARKSPUR, "erased"));
    rig_sql("insert into private.call_words_due (call_id, has_report, due_at) select id, true, now() from calls");
    rig_sql("update call_events set call_id = null");
    rig_sql("delete from calls");
    CHECK_INT(rig_count("select count(*) from private.call_words"), 0);
    hurry();
    CHECK_INT(rig_count("select count(*) from private.call_words"), 0);
    close_town();
}

/* Known by the provider's id, then by the CallSid, then as one: sql/statements/merge.sql. */
static void two_rows_that_are_one_call(void)
{
    open_town();
    tell(&town.office, &(struct says){.name = "a", .pid = "vapi-1", .status = CALL_IN_PROGRESS, .utterance = "Crowns"});
    tell(&town.office,
         &(struct says){
             .name = "b", .pid = "vapi-1", ENDED, .called = "2+12125550142", .report = true, .summary = "Bridges."});
    CHECK(RIG_WAIT(&town.loop, found(LARKSPUR, "bridges")));
    tell(&town.office, &(struct says){.name = "c", CALL, .status = CALL_RINGING});
    tell(&town.office, &(struct says){.name = "d", CALL, .pid = "vapi-1", .pid_rank = RANK_LINKED});
    CHECK(RIG_WAIT(&town.loop, rig_count("select count(*) from calls") == 1));
    hurry();
    CHECK_INT(rig_count("select count(*) from private.call_words"), 1);
    CHECK(found(LARKSPUR, "bridges") && found(LARKSPUR, "crowns"));
    close_town();
}

static void many_are_worked_off_in_hands(void)
{
    open_town();
    rig_sql("insert into calls (id, business_id, status_rank, summary) select gen_random_uuid(), '" LARKSPUR
            "', 5, 'Number ' || i from generate_series(1, %d) i",
            CAP_WORDS_CALLS * 5 + 3);
    hurry();
    CHECK_INT(rig_count("select count(*) from private.call_words"), CAP_WORDS_CALLS * 5 + 3);
    close_town();
}

/* A talk of days, words without end, and what is no text at all. */
static void whatever_was_said(void)
{
    open_town();
    rig_sql("insert into calls (id, business_id, status_rank, summary) values "
            "(gen_random_uuid(), '" LARKSPUR
            "', 5, (select string_agg('w' || i, ' ') from generate_series(1, 400000) i)),"
            "(gen_random_uuid(), '" LARKSPUR "', 5, repeat('\u00e4', 100000)),"
            "(gen_random_uuid(), '" LARKSPUR "', 5, repeat('\\ '' : & | ! ( ) <-> * ', 4000) || ' end'),"
            "(gen_random_uuid(), '" LARKSPUR "', 5, ''), (gen_random_uuid(), '" LARKSPUR "', 5, null)");
    hurry();
    CHECK_INT(rig_count("select count(*) from private.call_words"), 5);
    CHECK(found(LARKSPUR, "end") && found(LARKSPUR, "w9999"));
    close_town();
}

static void what_is_due_survives_that_the_database_is_away(void)
{
    open_town();
    rig_sql("revoke ringback_ingest from ringback_server");
    rig_sql(
        "insert into calls (id, business_id, status_rank, has_report, summary) values (gen_random_uuid(), '" LARKSPUR
        "', 5, true, 'Later.')");
    rig_pause(&town.loop, CAP_WORDS_POLL_MS + 200);
    CHECK_INT(rig_count("select count(*) from private.call_words"), 0);
    rig_sql("grant ringback_ingest to ringback_server");
    CHECK(RIG_WAIT(&town.loop, found(LARKSPUR, "later")));
    close_town();
}

static void stopped_in_the_middle(void)
{
    for (int wait_ms = CAP_WORDS_POLL_MS - 4; wait_ms < CAP_WORDS_POLL_MS + 8; wait_ms += 2) {
        open_town();
        rig_pause(&town.loop, (unsigned)wait_ms);
        close_town();
        CHECK(town.stopped);
    }
}

TAP_MAIN(TEST(a_report_is_found_soon), TEST(without_a_report_it_takes_a_while),
         TEST(a_report_without_a_list_leaves_the_transcript), TEST(it_moves_with_its_call), TEST(it_goes_with_its_call),
         TEST(two_rows_that_are_one_call), TEST(many_are_worked_off_in_hands), TEST(whatever_was_said),
         TEST(what_is_due_survives_that_the_database_is_away), TEST(stopped_in_the_middle))
