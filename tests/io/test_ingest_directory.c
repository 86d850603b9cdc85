/* The directory of businesses follows its tables, and calls find their business however late it comes. */
#include "business.h"
#include "ingest_rig.h"

#define LARKSPUR "00000000-0000-4000-8000-00000000000a"

struct town {
    struct loop loop;
    struct office office;
    struct directory directory;
    bool stopped;
};

static struct town town;

static void on_stopped(struct directory *d)
{
    container_of(d, struct town, directory)->stopped = true;
}

static void open_town(void)
{
    town.stopped = false;
    town_open(&town.loop);
    rig_sql("insert into businesses (id, name, forward_to) values ('" LARKSPUR
            "', 'Larkspur Dental Studio', '+15550142')");
    office_open(&town.office, &town.loop, 0);
    directory_start(&town.directory, &town.loop, &town.office.pool);
}

static void close_town(void)
{
    office_close(&town.office);
    directory_stop(&town.directory, on_stopped);
    CHECK(RIG_WAIT(&town.loop, town.stopped));
    town_close(&town.loop);
}

static const struct business *find(const char *phone)
{
    return directory_find(&town.directory, str_of(phone));
}

static void it_loads_when_asked_and_when_changed(void)
{
    open_town();
    CHECK(!directory_is_loaded(&town.directory));
    CHECK(!find("+15550100"));
    directory_refresh(&town.directory);
    CHECK(RIG_WAIT(&town.loop, directory_is_loaded(&town.directory)));
    CHECK(!find("+15550100"));
    rig_sql("insert into business_phones values ('+15550100', '" LARKSPUR "')");
    CHECK(RIG_WAIT(&town.loop, find("+15550100")));
    CHECK_STR(find("+15550100")->name, "Larkspur Dental Studio");
    CHECK_STR(find("+15550100")->forward_to, "+15550142");
    CHECK_STR(find("+15550100")->vapi_assistant_id, NULL);
    CHECK(!find("+15550101") && !find("") && !directory_find(&town.directory, (struct str){NULL, 0}));
    rig_sql("update businesses set name = 'Larkspur'");
    CHECK(RIG_WAIT(&town.loop, str_eq(find("+15550100")->name, STR("Larkspur"))));
    rig_sql("delete from business_phones");
    CHECK(RIG_WAIT(&town.loop, !find("+15550100")));
    close_town();
}

static void the_last_copy_stays_while_the_database_is_away(void)
{
    open_town();
    rig_sql("insert into business_phones select '+1555' || (1000000 + i), '" LARKSPUR
            "' from generate_series(1, 3000) i");
    directory_refresh(&town.directory);
    CHECK(RIG_WAIT(&town.loop, find("+15551000001")));
    rig_sql("revoke ringback_ingest from ringback_server");
    rig_sql("delete from business_phones where phone = '+15551000001'");
    rig_pause(&town.loop, CAP_DIRECTORY_POLL_MS + 200);
    for (int i = 1; i <= 3000; i++) {
        char phone[16];
        snprintf(phone, sizeof(phone), "+1555%d", 1000000 + i);
        CHECK(find(phone));
    }
    rig_sql("grant ringback_ingest to ringback_server");
    CHECK(RIG_WAIT(&town.loop, !find("+15551000001") && find("+15551000002")));
    close_town();
}

static void a_new_number_adopts_the_calls_that_waited(void)
{
    open_town();
    tell(&town.office, &(struct says){.name = "early", .sid = "CA01", .called = "3+15550100"});
    tell(&town.office, &(struct says){.name = "other", .sid = "CA02", .called = "3+15550101"});
    rig_sql("insert into business_phones values ('+15550100', '" LARKSPUR "')");
    CHECK_STR(str_of(rig_sql("select business_id from calls where twilio_call_sid = 'CA01'")), LARKSPUR);
    CHECK_STR(str_of(rig_sql("select business_id from calls where twilio_call_sid = 'CA02'")), "");
    close_town();
}

/* The batch began before the mapping and commits after the adoption: neither sees the other. */
static void a_call_that_slips_in_is_adopted_later(void)
{
    struct guest g = {0};
    struct says s = {.name = "slips in", .sid = "CA01", .called = "3+15550100"};
    open_town();
    directory_refresh(&town.directory);
    CHECK(RIG_WAIT(&town.loop, directory_is_loaded(&town.directory)));
    PGconn *holder = rig_connect(getenv("MIGRATE_DATABASE_URL"));
    struct ingest_event *e = say(&s);
    struct arena arena = {0};
    struct str key = crypto_hex(&arena, (struct str){(const char *)e->call.key, 16});
    ingest_event_free(e);
    const char *hold = arena_printf(&arena,
                                    "begin; insert into call_events (event_key, source, type, received_at, payload) "
                                    "values ('%.*s', 'vapi', 'held', now(), '{}')",
                                    (int)key.n, key.p)
                           .p;
    PQclear(rig_exec(holder, hold));
    CHECK_INT(guest_submit(&g, &town.office, &s), 0);
    CHECK(RIG_WAIT(&town.loop, rig_count("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and "
                                         "datname = current_database()") == 1));
    rig_sql("insert into business_phones values ('+15550100', '" LARKSPUR "')");
    CHECK(RIG_WAIT(&town.loop, find("+15550100")));
    rig_pause(&town.loop, 100);
    PQclear(rig_exec(holder, "rollback"));
    CHECK_INT(guest_wait(&g, &town.office), 0);
    CHECK_STR(str_of(rig_sql("select business_id from calls")), "");
    CHECK(RIG_WAIT(&town.loop, *rig_sql("select business_id from calls")));
    CHECK_STR(str_of(rig_sql("select business_id from calls")), LARKSPUR);
    PQfinish(holder);
    arena_free(&arena);
    close_town();
}

static void stopped_in_the_middle(void)
{
    for (int turns = 0; turns < 12; turns++) {
        open_town();
        rig_sql("insert into business_phones values ('+15550100', '" LARKSPUR "')");
        directory_refresh(&town.directory);
        for (int i = 0; i < turns; i++) {
            rig_turn(&town.loop);
        }
        close_town();
        CHECK(town.stopped);
    }
}

TAP_MAIN(TEST(it_loads_when_asked_and_when_changed), TEST(the_last_copy_stays_while_the_database_is_away),
         TEST(a_new_number_adopts_the_calls_that_waited), TEST(a_call_that_slips_in_is_adopted_later),
         TEST(stopped_in_the_middle))
