/* A booking between a real database and a calendar that is told what to say. */
#include "booking_rig.h"
#include "booking_op.h"

#define SAID(...)                                                                                                      \
    desk_open((const struct said[]){__VA_ARGS__}, sizeof((const struct said[]){__VA_ARGS__}) / sizeof(struct said))
#define ROW "select status || ' ' || reason || ' ' || coalesce(calcom_uid, '-') from bookings"

static void books_once(void)
{
    struct caller c[5], again;
    SAID({CALENDAR_DONE, true}, {CALENDAR_DECLINED, false});
    struct booking_wish wish = wish_of("tool-1");
    for (size_t i = 0; i < 5; i++) {
        caller_ask(&c[i], &wish);
    }
    CHECK(RIG_WAIT(&desk.loop, desk.booked == 1));
    CHECK_STR(str_of(rig_sql(ROW)), "asked none -");
    calendar_release();
    for (size_t i = 0; i < 5; i++) {
        caller_wait(&c[i]);
        CHECK(c[i].good);
        CHECK_STR(str_of(c[i].words), "Booked: Wednesday, November 20 at 10:30 AM.");
    }
    caller_call(&again, &wish);
    CHECK_STR(str_of(again.words), c[0].words);
    CHECK_INT(desk.asked, 1);
    CHECK_STR(str_of(rig_sql(ROW)), "confirmed none uid-1");
    CHECK_STR(str_of(desk.key), CALENDAR_KEY);
    CHECK_STR(str_of(desk.start), "2030-11-20T15:30:00Z");
    CHECK_STR(str_of(rig_sql("select attendee_phone || service || promised from bookings")),
              "+12125550187chipped toothfalse");
    struct booking_wish later = wish_of("tool-2");
    later.start = STR("2030-11-21T09:00");
    desk.script[1].verdict = CALENDAR_DONE;
    caller_call(&again, &later);
    CHECK_STR(str_of(again.words),
              "Booked: Thursday, November 21 at 9:00 AM. The appointment on Wednesday, November 20 at 10:30 "
              "AM stands as well; only the business can cancel it.");
    desk_close();
}

/* The assistant asks again, in words of its own. */
static void one_time_of_one_call_is_one_booking(void)
{
    struct caller first, second, other_call;
    SAID({CALENDAR_PENDING, false}, {CALENDAR_TAKEN, false}, {CALENDAR_DONE, false});
    struct booking_wish wish = wish_of("tool-1"), again = wish_of("tool-2"), other = wish_of("tool-3");
    again.start = STR("2030-11-20T10:30:00-05:00");
    other.provider_call_id = STR("call-2");
    caller_call(&first, &wish);
    CHECK(first.good);
    CHECK(str_starts(str_of(first.words), STR("Requested")));
    caller_call(&second, &again);
    CHECK_STR(str_of(second.words), first.words);
    CHECK_INT(desk.booked, 1);
    caller_call(&other_call, &other);
    CHECK_INT(desk.booked, 2);
    CHECK(!other_call.good);
    CHECK(str_has(str_of(other_call.words),
                  STR("Offer Wednesday, November 20 at 11:15 AM, or Wednesday, November 20 at 12:00 PM.")));
    desk_close();
}

/* One caller, one time, two people: nobody is told of a booking that is somebody else's. */
static void another_name_is_another_wish(void)
{
    struct caller first, same, other;
    SAID({CALENDAR_DONE, false});
    struct booking_wish wish = wish_of("tool-1"), again = wish_of("tool-2"), bo = wish_of("tool-3");
    again.name = STR(" maya  okafor ");
    bo.name = STR("Maya Ok");
    caller_call(&first, &wish);
    caller_call(&same, &again);
    caller_call(&other, &bo);
    CHECK_STR(str_of(same.words), first.words);
    CHECK(!other.good);
    CHECK(str_starts(str_of(other.words),
                     STR("In this call Wednesday, November 20 at 10:30 AM is booked already, under another name.")));
    CHECK_INT(desk.booked, 1);
    desk_close();
}

/* Ids of tool calls are the model's own: nobody hears what was told to somebody else. */
static void ids_that_collide(void)
{
    struct caller a, b, c;
    SAID({CALENDAR_DONE, false});
    struct booking_wish wish = wish_of("call_0"), elsewhere = wish_of("call_0"), later = wish_of("call_0");
    elsewhere.business_id = STR(OTHER);
    elsewhere.provider_call_id = STR("call-2");
    elsewhere.start = STR("2030-11-21T09:00");
    later.provider_call_id = STR("call-3");
    later.start = STR("2030-11-22T09:00");
    caller_call(&a, &wish);
    caller_call(&b, &elsewhere);
    caller_call(&c, &later);
    CHECK_STR(str_of(b.words), "Booked: Thursday, November 21 at 9:00 AM.");
    CHECK_STR(str_of(c.words), "Booked: Friday, November 22 at 9:00 AM.");
    CHECK_INT(desk.booked, 3);
    caller_call(&b, &elsewhere);
    CHECK_STR(str_of(b.words), "Booked: Thursday, November 21 at 9:00 AM.");
    CHECK_INT(desk.booked, 3);
    CHECK_INT(rig_count("select count(distinct business_id) from bookings"), 2);
    desk_close();
}

static void the_gate(void)
{
    static const struct {
        const char *name, *change, *row;
    } rows[] = {
        {"off", "update businesses set calcom_enabled = false", "refused off"},
        {"not connected", "delete from private.calcom_credentials", "refused not_connected"},
        {"sealed for another business",
         "update private.calcom_credentials c set sealed = o.sealed from private.calcom_credentials o "
         "where o.business_id <> c.business_id",
         "refused not_connected"},
        {"sealed for another address", "update private.calcom_credentials set api_url = 'https://elsewhere.example'",
         "refused not_connected"},
        {"another key", "update private.calcom_credentials set key_id = 'another'", "refused not_connected"},
        {"refused by Cal.com", "update private.calcom_credentials set invalid_at = now()", "failed credentials"},
        {"blocked", "update private.calcom_credentials set blocked_until = now() + interval '1 minute'",
         "failed blocked"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct caller book, check;
        tap_case(rows[i].name);
        SAID({CALENDAR_DONE, false});
        rig_sql("%s", rows[i].change);
        struct booking_wish wish = wish_of("tool-1"), look = wish_of("tool-2");
        look.tool = BOOKING_CHECK;
        look.date = STR("2030-11-20");
        caller_call(&book, &wish);
        caller_call(&check, &look);
        CHECK(!book.good && !check.good);
        CHECK_STR(str_of(rig_sql("select status || ' ' || reason from bookings")), rows[i].row);
        CHECK_INT(rig_count("select count(*) from bookings where answer is not null and starts_at is not null"), 1);
        CHECK_INT(desk.asked, 0);
        desk_close();
    }
}

static void what_is_missing(void)
{
    static const struct {
        const char *name, *start, *name_given, *email, *phone, *caller, *says;
    } rows[] = {
        {"no start", "next Friday", "Maya", NULL, NULL, "+12125550187", "When is meant?"},
        {"the offset of another place", "2030-11-20T10:30:00Z", "Maya", NULL, NULL, "+12125550187",
         "not a time in the business's"},
        {"a time that does not exist", "2030-03-10T02:30", "Maya", NULL, NULL, "+12125550187",
         "not a time in the business's"},
        {"no name", "2030-11-20T10:30", " ", NULL, NULL, "+12125550187", "Whom is it for?"},
        {"a name of two lines", "2030-11-20T10:30", "Maya\nOkafor", NULL, NULL, "+12125550187", "Whom is it for?"},
        {"a name that turns around", "2030-11-20T10:30", "Maya\u202eOkafor", NULL, NULL, "+12125550187",
         "Whom is it for?"},
        {"no address", "2030-11-20T10:30", "Maya", "maya at example", NULL, "+12125550187", "no e-mail address"},
        {"no number", "2030-11-20T10:30", "Maya", NULL, NULL, "anonymous", "telephone number is needed"},
        {"a bad number", "2030-11-20T10:30", "Maya", NULL, "555-0187", "+12125550187", "telephone number is needed"},
        {"a bad number beside an address", "2030-11-20T10:30", "Maya", "maya@example.com", "ring twice", "+12125550187",
         "telephone number is needed"},
        {"no country", "2030-11-20T10:30", "Maya", NULL, "020 7946 0123", "+442079460999",
         "telephone number is needed"},
    };
    SAID({CALENDAR_DONE, false});
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct caller c;
        struct booking_wish wish = wish_of("tool-1");
        tap_case(rows[i].name);
        wish.start = str_of(rows[i].start);
        wish.name = str_of(rows[i].name_given);
        wish.email = str_of(rows[i].email);
        wish.phone = str_of(rows[i].phone);
        wish.caller_number = str_of(rows[i].caller);
        caller_call(&c, &wish);
        CHECK(!c.good);
        CHECK(str_has(str_of(c.words), str_of(rows[i].says)));
    }
    CHECK_INT(rig_count("select count(*) from bookings"), 0);
    CHECK_INT(desk.asked, 0);
    desk_close();
}

static void numbers_as_people_say_them(void)
{
    static const struct {
        const char *said, *caller, *kept;
    } rows[] = {
        {NULL, "+12125550187", "+12125550187"},
        {"718-555-0166", "+12125550187", "+17185550166"},
        {"(718) 555.0166", "+12125550187", "+17185550166"},
        {"1 718 555 0166", "+12125550187", "+17185550166"},
        {"+44 20 7946 0123", "+12125550187", "+442079460123"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct caller c;
        tap_case(rows[i].kept);
        SAID({CALENDAR_DONE, false});
        struct booking_wish wish = wish_of("tool-1");
        wish.phone = str_of(rows[i].said);
        wish.caller_number = str_of(rows[i].caller);
        caller_call(&c, &wish);
        CHECK_STR(str_of(rig_sql("select attendee_phone from bookings")), rows[i].kept);
        desk_close();
    }
}

/* The caller hears something in time; what the calendar says later is kept. */
static void a_late_answer_counts(void)
{
    struct caller c, again;
    SAID({CALENDAR_DONE, true});
    struct booking_wish wish = wish_of("tool-1");
    caller_call(&c, &wish);
    CHECK(!c.good);
    CHECK(str_has(str_of(c.words), STR("can not say whether")));
    CHECK_STR(str_of(rig_sql(ROW)), "asked none -");
    calendar_release();
    CHECK(RIG_WAIT(&desk.loop, strcmp(rig_sql(ROW), "confirmed none uid-1") == 0));
    CHECK_STR(str_of(rig_sql("select promised from bookings")), "t");
    caller_call(&again, &wish);
    CHECK(again.good);
    CHECK_INT(desk.asked, 1);
    desk_close();
}

/* One look at what was left, to its end. */
static void sweep(void)
{
    booking_sweep_look(desk.bookings.core);
    CHECK(RIG_WAIT(&desk.loop, desk.bookings.core->ops.count == 0 && db_pool_is_idle(&desk.pool)));
}

/* The sweep asks the calendar for the so-manieth time, and writes down what it heard. */
static void look_again(size_t asked)
{
    rig_sql("update bookings set lease_until = '-infinity'");
    sweep();
    CHECK_INT(desk.asked, asked);
}

/* What was spent before counts. */
static void the_time_that_is_left(void)
{
    struct caller c;
    SAID({CALENDAR_DONE, true});
    struct booking_wish wish = wish_of("tool-1");
    wish.spent_ms = CAP_BOOKING_LIVE_MS - 500;
    uint64_t began_ms = rig_now_ms();
    caller_call(&c, &wish);
    CHECK(c.at_ms - began_ms < CAP_BOOKING_LIVE_MS - 500);
    CHECK(!c.good);
    desk_close();
}

/* Nobody knows; somebody looks, and it is never sent again. */
static void what_nobody_knows_is_looked_up(void)
{
    struct caller c, again;
    SAID({CALENDAR_UNKNOWN, false}, {CALENDAR_UNREACHABLE, false}, {CALENDAR_DONE, false});
    struct booking_wish wish = wish_of("tool-1");
    caller_call(&c, &wish);
    CHECK(!c.good);
    CHECK_STR(str_of(rig_sql(ROW)), "unknown no_answer -");
    CHECK_STR(str_of(rig_sql("select promised from bookings")), "t");
    caller_call(&again, &wish);
    CHECK(!again.good);
    CHECK(str_has(str_of(again.words), STR("can not say whether")));
    for (size_t looks = 1; looks <= 2; looks++) {
        CHECK_INT(rig_count("select count(*) from bookings where status = 'unknown'"), 1);
        look_again(1 + looks);
    }
    CHECK(RIG_WAIT(&desk.loop, strcmp(rig_sql(ROW), "confirmed none uid-3") == 0));
    CHECK_INT(desk.booked, 1);
    caller_call(&again, &wish);
    CHECK_STR(str_of(again.words), "Booked: Wednesday, November 20 at 10:30 AM.");
    desk_close();
}

/* A row whose server died before it sent anything. */
static void what_was_never_made(void)
{
    SAID({CALENDAR_ABSENT, false});
    rig_sql(
        "insert into bookings (business_id, provider_call_id, tool_call_id, status, starts_at, event_type_id, calendar) "
        "values ('" BUSINESS "', 'call-1', 'tool-1', 'asked', '2030-11-20T15:30Z', 7, hashtextextended(' ', 0))");
    for (size_t looks = 1; looks <= 3; looks++) {
        CHECK_INT(rig_count("select count(*) from bookings where status in ('asked', 'unknown')"), 1);
        look_again(looks);
    }
    CHECK(RIG_WAIT(&desk.loop, strcmp(rig_sql(ROW), "failed not_made -") == 0));
    CHECK_INT(desk.booked, 0);
    desk_close();
}

/* Only who was asked knows, and only what it says counts. */
static void what_proves_nothing(void)
{
    static const struct {
        const char *name, *change, *row;
        size_t asked;
    } rows[] = {
        {"another account by now", "update private.calcom_credentials set account = 'another'", "unknown no_answer -",
         0},
        {"another address by now", "update private.calcom_credentials set api_url = 'https://other.example'",
         "unknown no_answer -", 0},
        {"no credentials any more", "delete from private.calcom_credentials", "unknown no_answer -", 0},
        {"four days", "update bookings set status = 'unknown', created_at = now() - interval '4 days'",
         "unknown none -", 0},
        {"a server without that key",
         "update bookings set status = 'unknown'; update private.calcom_credentials set key_id = 'x'", "unknown none -",
         0},
        {"nobody answers", "select", "unknown no_answer -", 4},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_case(rows[i].name);
        SAID({CALENDAR_UNREACHABLE, false});
        rig_sql("insert into bookings (business_id, provider_call_id, tool_call_id, status, starts_at, event_type_id, "
                "calendar, looks) values ('" BUSINESS
                "', 'call-1', 'tool-1', 'asked', '2030-11-20T15:30Z', 7, hashtextextended(' ', 0), 9)");
        rig_sql("%s", rows[i].change);
        for (size_t n = 0; n < 4; n++) {
            rig_sql("update bookings set lease_until = '-infinity'");
            sweep();
        }
        CHECK_STR(str_of(rig_sql(ROW)), rows[i].row);
        CHECK_INT(desk.asked, rows[i].asked);
        desk_close();
    }
}

/* The client went away before anything was sent: nothing is. After that it goes on. */
static void abandoned(void)
{
    struct caller early, late;
    SAID({CALENDAR_DONE, true});
    struct booking_wish wish = wish_of("tool-1"), other = wish_of("tool-2");
    other.start = STR("2030-11-21T10:30");
    caller_ask(&early, &wish);
    booking_abandon(&early.ask);
    booking_abandon(&early.ask);
    caller_ask(&late, &other);
    CHECK(RIG_WAIT(&desk.loop, desk.booked == 1));
    booking_abandon(&late.ask);
    calendar_release();
    CHECK(RIG_WAIT(&desk.loop, strcmp(rig_sql(ROW " where tool_call_id = 'tool-2'"), "confirmed none uid-1") == 0));
    CHECK_INT(early.fired + late.fired, 0);
    CHECK_INT(desk.booked, 1);
    CHECK_INT(rig_count("select count(*) from bookings where status not in ('confirmed', 'failed')"), 0);
    desk_close();
}

static void the_key_that_is_refused(void)
{
    struct caller c, next;
    SAID({CALENDAR_CREDENTIALS, false});
    struct booking_wish wish = wish_of("tool-1"), after = wish_of("tool-2");
    after.start = STR("2030-11-21T10:30");
    caller_call(&c, &wish);
    CHECK(RIG_WAIT(&desk.loop,
                   rig_count("select count(*) from private.calcom_credentials where invalid_at is not null") == 1));
    caller_call(&next, &after);
    CHECK_INT(desk.asked, 1);
    CHECK_STR(str_of(rig_sql("select string_agg(status || ' ' || reason, ', ') from bookings")),
              "failed credentials, failed credentials");
    /* Cal.com may have been wrong; but it must be something to book. */
    desk.repeats = true;
    desk.script[0].verdict = CALENDAR_DONE;
    rig_sql("update private.calcom_credentials set checked_at = now() - interval '1 hour'");
    sweep();
    CHECK_INT(desk.asked, 2);
    CHECK_INT(rig_count("select count(*) from private.calcom_credentials where invalid_at is null"), 1);
    desk.repeats = false;
    desk.script[0].verdict = CALENDAR_DONE;
    rig_sql("update private.calcom_credentials set checked_at = now() - interval '1 hour'");
    CHECK(RIG_WAIT(&desk.loop,
                   rig_count("select count(*) from private.calcom_credentials where invalid_at is null") == 2));
    desk_close();
}

/* A request with the old key was under way while a new one was stored. */
static void the_key_of_yesterday(void)
{
    struct caller c;
    struct arena a = {0};
    SAID({CALENDAR_CREDENTIALS, true});
    struct booking_wish wish = wish_of("tool-1");
    caller_ask(&c, &wish);
    CHECK(RIG_WAIT(&desk.loop, desk.booked == 1));
    struct str sealed = credentials_seal(&a, STR(SECRET), STR(BUSINESS), (struct str){NULL, 0}, STR("cal_new"));
    struct str hex = crypto_hex(&a, sealed);
    rig_sql("update private.calcom_credentials set sealed = '\\x%.*s' where business_id = '" BUSINESS "'", (int)hex.n,
            hex.p);
    calendar_release();
    caller_wait(&c);
    CHECK(RIG_WAIT(&desk.loop, desk.bookings.core->ops.count == 0 && db_pool_is_idle(&desk.pool)));
    CHECK_INT(rig_count("select count(*) from private.calcom_credentials where invalid_at is not null"), 0);
    arena_free(&a);
    desk_close();
}

static void the_calendar_wants_a_pause(void)
{
    struct caller c;
    SAID({CALENDAR_BLOCKED, false});
    struct booking_wish wish = wish_of("tool-1");
    caller_call(&c, &wish);
    CHECK(!c.good);
    CHECK(RIG_WAIT(&desk.loop,
                   rig_count("select count(*) from private.calcom_credentials where blocked_until is not null") == 1));
    CHECK_STR(str_of(rig_sql(ROW)), "failed blocked -");
    desk_close();
}

/* Of a call that was stored after its booking, and of one that was there. */
static void the_call_says_so(void)
{
    struct caller c;
    SAID({CALENDAR_DONE, false});
    struct booking_wish wish = wish_of("tool-1");
    caller_call(&c, &wish);
    CHECK_STR(str_of(rig_sql("select coalesce(call_id::text, '-') from bookings")), "-");
    rig_sql("insert into calls (id, business_id, provider_claim, status_rank, ended_claim) "
            "values (gen_random_uuid(), '" BUSINESS "', '1call-1', 5, '1customer-ended-call')");
    sweep();
    CHECK_INT(rig_count("select count(*) from calls where outcome = 'booked'"), 1);
    CHECK_INT(rig_count("select count(*) from bookings k join calls c on c.id = k.call_id"), 1);
    wish = wish_of("tool-2");
    wish.start = STR("2030-11-21T10:30");
    rig_sql("update calls set booked = false");
    caller_call(&c, &wish);
    CHECK(RIG_WAIT(&desk.loop, rig_count("select count(*) from calls where outcome = 'booked'") == 1));
    desk_close();
}

/* Two rows of the call become one while the booking is being stored: it starts over. */
static void the_row_that_moves(void)
{
    struct caller c;
    SAID({CALENDAR_DONE, false});
    rig_sql(
        "create sequence conflicts; grant usage on sequence conflicts to ringback_booking; "
        "create function conflict() returns trigger language plpgsql as $$ begin "
        "if nextval('conflicts') = 1 then raise exception 'moved' using errcode = '40001'; end if; return new; end $$; "
        "create trigger conflict before insert on bookings for each row execute function conflict()");
    struct booking_wish wish = wish_of("tool-1");
    caller_call(&c, &wish);
    CHECK(c.good);
    CHECK_INT(rig_count("select last_value from conflicts"), 2);
    CHECK_INT(desk.booked, 1);
    rig_sql("drop trigger conflict on bookings; drop function conflict(); drop sequence conflicts");
    desk_close();
}

/* With the database away: an answer, and nothing is sent. */
static void no_database(void)
{
    struct caller c;
    SAID({CALENDAR_DONE, false});
    rig_sql("revoke select on businesses from ringback_booking");
    struct booking_wish wish = wish_of("tool-1");
    caller_call(&c, &wish);
    rig_sql("grant select (id, name, timezone, calcom_enabled) on businesses to ringback_booking");
    CHECK(!c.good);
    CHECK_STR(str_of(c.words), "I could not reach the calendar. Offer to take a message so that somebody calls back.");
    CHECK_INT(desk.asked, 0);
    desk_close();
}

TAP_MAIN(TEST(books_once), TEST(one_time_of_one_call_is_one_booking), TEST(ids_that_collide), TEST(the_gate),
         TEST(what_is_missing), TEST(numbers_as_people_say_them), TEST(another_name_is_another_wish),
         TEST(what_proves_nothing), TEST(a_late_answer_counts), TEST(the_time_that_is_left),
         TEST(what_nobody_knows_is_looked_up), TEST(what_was_never_made), TEST(abandoned),
         TEST(the_key_that_is_refused), TEST(the_key_of_yesterday), TEST(the_calendar_wants_a_pause),
         TEST(the_call_says_so), TEST(the_row_that_moves), TEST(no_database))
