/* Peers that are no Postgres, or one that stopped thinking; names that are slow or not there; sockets that change. */
#include "db_probe.h"
#include "db_conn.h"
#include "db_wire.h"
#include <netdb.h>

#define SLOW_MS (CAP_DB_CONNECT_MS + 500) /* a look-up that outlasts the time for connecting */
#define NOWHERE_MS 300

static atomic_int lookups;

/* Takes the C library's place: slow.test is this machine, the first time after a very long while; other names do not
 * exist. Numbers come from libpq itself, on the loop. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    bool slow = strcmp(name, "slow.test") == 0, here = strcmp(name, "here.test") == 0;
    bool number = inet_addr(name) != INADDR_NONE;
    bool first = !number && atomic_fetch_add(&lookups, 1) == 0;
    usleep((number ? 0 : slow && first ? SLOW_MS : NOWHERE_MS) * 1000);
    if (!slow && !here && !number) {
        return EAI_NONAME;
    }
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtol(service, NULL, 10))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct addrinfo *a = calloc(1, sizeof(*a) + sizeof(at)); /* one block, as freeaddrinfo expects it */
    *a = (struct addrinfo){.ai_family = AF_INET, .ai_socktype = hints->ai_socktype, .ai_protocol = IPPROTO_TCP};
    a->ai_addrlen = sizeof(at);
    a->ai_addr = (struct sockaddr *)memcpy(a + 1, &at, sizeof(at));
    *out = a;
    return 0;
}

struct house {
    struct rig rig;
    struct wire wire;
    char url[256];
};

static void house_open(struct house *h, enum wire_mode mode, const char *host, const char *more)
{
    probe_setup();
    wire_open(&h->wire, mode, (int)strtol(base.port, NULL, 10));
    snprintf(h->url, sizeof(h->url), "postgresql://ringback_server@%s:%d/%s%s", host, h->wire.port, base.name, more);
    struct db_pool_options options = rig_options(1, 0);
    options.url = str_of(h->url);
    rig_open_with(&h->rig, &options);
}

static void house_close(struct house *h)
{
    rig_close(&h->rig);
    wire_close(&h->wire);
}

struct rude {
    const char *name;
    enum wire_mode mode;
    const char *words;
    size_t bytes;
    const char *more;
};

#define WORDS(text) text, sizeof(text) - 1
#define OK_TO_LOG_IN "R\0\0\0\10\0\0\0\0"
#define IDLE "Z\0\0\0\5I"

/* All at once, since some need the whole time for connecting. Each is tried again, none is taken for a database. */
static void peers_that_are_no_postgres(void)
{
    static const struct rude rows[] = {
        {"silent", WIRE_SILENT, NULL, 0, ""},
        {"closes", WIRE_CLOSE, NULL, 0, ""},
        {"agrees to TLS and hangs", WIRE_SAY, WORDS("S"), ""},
        {"agrees to TLS and babbles", WIRE_SAY, WORDS("Sbla bla bla bla bla bla"), ""},
        {"refuses TLS and hangs", WIRE_SAY, WORDS("N"), ""},
        {"speaks HTTP", WIRE_SAY_CLOSE, WORDS("HTTP/1.1 400 Bad Request\r\n\r\n"), ""},
        {"babbles", WIRE_SAY, WORDS("bla bla bla bla bla"), "?sslmode=disable"},
        {"says zeros", WIRE_SAY, WORDS("\0\0\0\0\0\0\0\0\0\0\0\0"), "?sslmode=disable"},
        {"announces 2 GB", WIRE_SAY, WORDS("R\177\377\377\377\0\0\0\0"), "?sslmode=disable"},
        {"asks for an unknown password", WIRE_SAY, WORDS("R\0\0\0\10\0\0\0\77"), "?sslmode=disable"},
        {"logs in and closes", WIRE_SAY_CLOSE, WORDS(OK_TO_LOG_IN IDLE), "?sslmode=disable"},
        {"logs in and hangs", WIRE_SAY, WORDS(OK_TO_LOG_IN IDLE), "?sslmode=disable"},
        {"logs in and babbles", WIRE_SAY, WORDS(OK_TO_LOG_IN IDLE "bla bla bla bla"), "?sslmode=disable"},
        {"ends the session at once", WIRE_SAY, WORDS(OK_TO_LOG_IN IDLE "E\0\0\0\33SFATAL\0C57P01\0Mgo away\0\0"),
         "?sslmode=disable"},
        {"has no room", WIRE_SAY_CLOSE, WORDS("E\0\0\0\32SFATAL\0C53300\0Mno room\0\0"), "?sslmode=disable"},
        {"is idle at once", WIRE_SAY, WORDS(OK_TO_LOG_IN IDLE IDLE IDLE IDLE), "?sslmode=disable"},
    };
    enum { COUNT = sizeof(rows) / sizeof(rows[0]) };
    static struct house houses[COUNT];
    struct probe probes[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        house_open(&houses[i], rows[i].mode, "127.0.0.1", rows[i].more);
        houses[i].wire.words = rows[i].words;
        houses[i].wire.word_bytes = rows[i].bytes;
        probe_init(&probes[i], "none");
        probe_add(&probes[i], PROBE_WHO, NULL);
        CHECK_INT(probe_submit(&probes[i], &houses[i].rig), 0);
    }
    for (uint64_t end = rig_now_ms() + CAP_DB_CONNECT_MS + 800; rig_now_ms() < end;) {
        for (size_t i = 0; i < COUNT; i++) {
            uv_run(&houses[i].rig.loop.uv, UV_RUN_NOWAIT);
        }
        poll(NULL, 0, 1);
    }
    for (size_t i = 0; i < COUNT; i++) {
        tap_case(rows[i].name);
        CHECK(atomic_load(&houses[i].wire.connections) >= 2);
        CHECK_INT(db_pool_ready(&houses[i].rig.pool), 0);
        CHECK_INT(probes[i].fired, 1);
        CHECK_INT(probes[i].code, ERR_UNAVAILABLE);
        house_close(&houses[i]);
    }
    tap_case(NULL);
}

/* A good start, then nonsense in place of an answer. */
static void nonsense_in_place_of_an_answer(void)
{
    static const struct {
        const char *words;
        size_t bytes;
    } rows[] = {{WORDS("x")},
                {WORDS("\0\0\0\0\0\0\0\0")},
                {WORDS("bla bla bla bla bla bla")},
                {WORDS("D\0\0\0\7\0\1\0")},
                {WORDS("T\0\0\0\4")},
                {WORDS("2\0\0\0\4T\377\377\377\377")},
                {WORDS("E\0\0\0\4")},
                {WORDS("E\0\0\0\33SFATAL\0C57P01\0Mgo away\0\0")},
                {WORDS("C\0\0\0\5x")}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct house h;
        struct probe p;
        char row[16];
        snprintf(row, sizeof(row), "row %zu", i);
        tap_case(row);
        house_open(&h, WIRE_PROXY, "127.0.0.1", "");
        CHECK(rig_ready(&h.rig));
        h.wire.words = rows[i].words;
        h.wire.word_bytes = rows[i].bytes;
        atomic_store(&h.wire.poisoned, 1);
        probe_init(&p, "none");
        probe_add(&p, PROBE_MARK, "perhaps");
        p.unit.deadline_ms = 400;
        CHECK_INT(probe_submit(&p, &h.rig), 0);
        CHECK_INT(probe_wait(&p, &h.rig), ERR_WRITE_UNCERTAIN);
        rig_sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'ringback_server' and "
                "datname = current_database()");
        atomic_store(&h.wire.poisoned, 0);
        CHECK(RIG_WAIT(&h.rig.loop, atomic_load(&h.wire.connections) > 1 && db_pool_ready(&h.rig.pool)));
        CHECK_INT(probe_run(&p, &h.rig, PROBE_WHO, NULL), 0);
        CHECK_STR(str_of(p.cells[0]), "ringback_server");
        house_close(&h);
    }
    tap_case(NULL);
}

/* Everything stands still behind the socket: units end by their deadlines, and the connection is given up in the end. */
static void a_database_that_stands_still(void)
{
    struct house h;
    struct probe p, late;
    house_open(&h, WIRE_PROXY, "127.0.0.1", "");
    CHECK(rig_ready(&h.rig));
    atomic_store(&h.wire.frozen, 1);
    probe_init(&p, "none");
    probe_add(&p, PROBE_MARK, "frozen");
    p.unit.deadline_ms = 300;
    uint64_t began_ms = rig_now_ms();
    CHECK_INT(probe_submit(&p, &h.rig), 0);
    CHECK_INT(probe_wait(&p, &h.rig), ERR_WRITE_UNCERTAIN);
    CHECK(rig_now_ms() - began_ms < 600);
    CHECK_INT(db_pool_ready(&h.rig.pool), 1);
    CHECK(RIG_WAIT(&h.rig.loop, db_pool_ready(&h.rig.pool) == 0));
    CHECK(rig_now_ms() - began_ms > CAP_DB_UNIT_MS);
    atomic_store(&h.wire.frozen, 0);
    CHECK(rig_ready(&h.rig));
    CHECK_INT(probe_run(&late, &h.rig, PROBE_WHO, NULL), 0);
    CHECK_INT(p.fired, 1);
    house_close(&h);
}

static void the_socket_changes_after_tls_failed(void)
{
    struct house h;
    struct probe p;
    house_open(&h, WIRE_FALSE_TLS, "127.0.0.1", "?sslmode=prefer");
    CHECK(rig_ready(&h.rig));
    CHECK_INT(atomic_load(&h.wire.connections), 2);
    CHECK_INT(probe_run(&p, &h.rig, PROBE_WHO, NULL), 0);
    house_close(&h);
}

static void the_second_of_two_hosts(void)
{
    struct house h;
    struct probe p;
    char hosts[64];
    snprintf(hosts, sizeof(hosts), "127.0.0.1:1,127.0.0.1");
    house_open(&h, WIRE_PROXY, hosts, "");
    CHECK(rig_ready(&h.rig));
    CHECK_INT(probe_run(&p, &h.rig, PROBE_WHO, NULL), 0);
    house_close(&h);
}

/* The longest that a turn took while the condition did not hold. */
#define LONGEST_TURN(loop, cond)                                                                                       \
    ({                                                                                                                 \
        uint64_t longest_ms = 0, until_ms = rig_now_ms() + 2 * RIG_WAIT_MS;                                            \
        while (!(cond) && rig_now_ms() < until_ms) {                                                                   \
            uint64_t turn_ms = rig_now_ms();                                                                           \
            rig_turn(loop);                                                                                            \
            turn_ms = rig_now_ms() - turn_ms;                                                                          \
            longest_ms = turn_ms > longest_ms ? turn_ms : longest_ms;                                                  \
        }                                                                                                              \
        longest_ms;                                                                                                    \
    })

static void a_name_is_looked_up_off_the_loop(void)
{
    struct house h;
    struct probe p;
    atomic_store(&lookups, 0);
    house_open(&h, WIRE_PROXY, "here.test", "");
    CHECK(LONGEST_TURN(&h.rig.loop, db_pool_ready(&h.rig.pool) == 1) < NOWHERE_MS / 2);
    CHECK_INT(db_pool_ready(&h.rig.pool), 1);
    CHECK_INT(atomic_load(&lookups), 1);
    CHECK_INT(probe_run(&p, &h.rig, PROBE_WHO, NULL), 0);
    house_close(&h);
}

static void a_name_that_is_nowhere(void)
{
    struct house h;
    struct probe p;
    atomic_store(&lookups, 0);
    house_open(&h, WIRE_PROXY, "nowhere.test", "");
    probe_init(&p, "none");
    probe_add(&p, PROBE_WHO, NULL);
    p.unit.deadline_ms = 1500;
    CHECK_INT(probe_submit(&p, &h.rig), 0);
    CHECK(LONGEST_TURN(&h.rig.loop, p.fired) < NOWHERE_MS / 2);
    CHECK_INT(p.fired, 1);
    CHECK_INT(p.code, ERR_UNAVAILABLE);
    CHECK(atomic_load(&lookups) >= 2);
    CHECK_INT(atomic_load(&h.wire.connections), 0);
    house_close(&h);
}

/* The look-up takes longer than connecting may; whom it finds in the end is silent. It must not be waited for for ever. */
static void a_name_that_is_slow_and_then_silent(void)
{
    struct house h;
    atomic_store(&lookups, 0);
    house_open(&h, WIRE_SILENT, "slow.test", "");
    bool again = false;
    CHECK(LONGEST_TURN(&h.rig.loop, (again = atomic_load(&h.wire.connections) >= 2)) < 1000);
    CHECK(again);
    house_close(&h);
}

/* More look-ups than threads: some are running and some are queued when the pool stops. */
static void stopped_while_names_are_looked_up(void)
{
    struct house h;
    probe_setup();
    atomic_store(&lookups, 1);
    wire_open(&h.wire, WIRE_PROXY, (int)strtol(base.port, NULL, 10));
    struct db_pool_options options = rig_options(8, 0);
    options.url = STR("postgresql://ringback_server@nowhere.test/x");
    rig_open_with(&h.rig, &options);
    rig_pause(&h.rig.loop, NOWHERE_MS / 4);
    house_close(&h);
}

static void stopped_at_every_stage_of_connecting(void)
{
    for (int turns = 0; turns < 40; turns++) {
        struct house h;
        house_open(&h, WIRE_PROXY, "127.0.0.1", "");
        for (int i = 0; i < turns; i++) {
            rig_turn(&h.rig.loop);
        }
        house_close(&h);
    }
}

TAP_MAIN(TEST(peers_that_are_no_postgres), TEST(nonsense_in_place_of_an_answer), TEST(a_database_that_stands_still),
         TEST(the_socket_changes_after_tls_failed), TEST(the_second_of_two_hosts),
         TEST(a_name_is_looked_up_off_the_loop), TEST(a_name_that_is_nowhere),
         TEST(a_name_that_is_slow_and_then_silent), TEST(stopped_while_names_are_looked_up),
         TEST(stopped_at_every_stage_of_connecting))
