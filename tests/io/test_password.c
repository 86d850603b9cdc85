/* bcrypt in libuv's threads, with a real loop. */
#include "password.h"
#include "caps.h"
#include "err.h"
#include "loop.h"
#include "metric.h"
#include "tap.h"

/* Published test vectors of bcrypt; the last one tells proper bcrypt from what once was $2a$. */
static const struct {
    const char *password, *hash;
} vectors[] = {
    {"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
    {"U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"},
    {"U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"},
    {"\xff\xff\xa3", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"},
};

struct house {
    struct loop loop;
    struct password_room room;
    int stopped;
};

struct asker {
    struct password_op op;
    int fired, code;
    bool matches;
    char hash[PASSWORD_HASH_BYTES];
    bool submitting;
};

static void on_done(struct password_op *op, int code)
{
    struct asker *a = container_of(op, struct asker, op);
    CHECK(!a->submitting);
    a->fired++;
    a->code = code;
    a->matches = op->matches;
    memcpy(a->hash, op->hash, sizeof(a->hash));
}

static void on_stopped(struct password_room *r)
{
    container_of(r, struct house, room)->stopped++;
}

static void open_house(struct house *h)
{
    *h = (struct house){.stopped = 0};
    metric_free();
    metric_init(NULL, 0);
    loop_init(&h->loop);
    password_room_start(&h->room, &h->loop);
}

/* Everything still under way ends, then the loop is empty. */
static void close_house(struct house *h)
{
    password_room_stop(&h->room, on_stopped);
    CHECK_INT(h->stopped, 0);
    while (!h->stopped) {
        uv_run(&h->loop.uv, UV_RUN_ONCE);
    }
    loop_stop(&h->loop);
    loop_run(&h->loop);
    CHECK_INT(h->stopped, 1);
    CHECK_INT(loop_close(&h->loop), 0);
    metric_free();
}

static int ask(struct house *h, struct asker *a, const char *password, const char *hash)
{
    *a = (struct asker){.op.on_done = on_done, .submitting = true};
    int rc = hash ? password_check(&h->room, &a->op, str_of(password), str_of(hash))
                  : password_make(&h->room, &a->op, str_of(password));
    a->submitting = false;
    return rc;
}

static void wait_for(struct house *h, const struct asker *a)
{
    while (!a->fired) {
        uv_run(&h->loop.uv, UV_RUN_ONCE);
    }
    CHECK_INT(a->fired, 1);
    CHECK_INT(a->code, 0);
}

static void known_hashes(void)
{
    struct house h;
    struct asker a;
    open_house(&h);
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        tap_case(vectors[i].hash);
        CHECK_INT(ask(&h, &a, vectors[i].password, vectors[i].hash), 0);
        wait_for(&h, &a);
        CHECK(a.matches);
        CHECK_INT(ask(&h, &a, "U*U**", vectors[i].hash), 0);
        wait_for(&h, &a);
        CHECK(!a.matches);
    }
    tap_case(NULL);
    close_house(&h);
}

static void what_is_made_is_gotrues_and_matches(void)
{
    struct house h;
    struct asker a, b, c;
    char here[PASSWORD_HASH_BYTES];
    open_house(&h);
    CHECK_INT(ask(&h, &a, "larkspur-front-desk", NULL), 0);
    CHECK_INT(ask(&h, &b, "larkspur-front-desk", NULL), 0);
    wait_for(&h, &a);
    wait_for(&h, &b);
    CHECK_INT(password_hash(STR("larkspur-front-desk"), here), 0);
    const char *const hashes[] = {a.hash, b.hash, here};
    for (size_t i = 0; i < 3; i++) {
        CHECK(strncmp(hashes[i], "$2a$10$", 7) == 0);
        CHECK_INT(strlen(hashes[i]), 60);
        CHECK(strcmp(hashes[i], hashes[(i + 1) % 3]) != 0);
        CHECK_INT(ask(&h, &c, "larkspur-front-desk", hashes[i]), 0);
        wait_for(&h, &c);
        CHECK(c.matches);
    }
    close_house(&h);
}

/* Each costs one computation, and none is a match. */
static void hashes_that_are_none(void)
{
    static const char *const hashes[] = {
        "",
        "larkspur-front-desk",
        "$2a$10$......................",
        "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$0x$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$05$CCCCCCCCCCCCCCCCCCCC:.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeWW",
    };
    struct house h;
    struct asker a;
    open_house(&h);
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        tap_case(hashes[i]);
        CHECK_INT(ask(&h, &a, "U*U", hashes[i]), 0);
        wait_for(&h, &a);
        CHECK(!a.matches);
        CHECK_INT(strlen(a.hash), 60);
    }
    tap_case(NULL);
    close_house(&h);
}

static void passwords_that_are_none(void)
{
    static char longest[CAP_PASSWORD_BYTES + 2];
    char out[PASSWORD_HASH_BYTES];
    struct house h;
    struct asker a;
    memset(longest, 'x', CAP_PASSWORD_BYTES + 1);
    open_house(&h);
    CHECK_INT(password_hash((struct str){longest, CAP_PASSWORD_BYTES}, out), 0);
    const struct str none[] = {STR(""), {longest, CAP_PASSWORD_BYTES + 1}, STR("larkspur\0desk")};
    for (size_t i = 0; i < 3; i++) {
        char hash[PASSWORD_HASH_BYTES];
        CHECK_INT(password_hash(none[i], hash), ERR_BAD_REQUEST);
        a = (struct asker){.op.on_done = on_done};
        CHECK_INT(password_make(&h.room, &a.op, none[i]), ERR_BAD_REQUEST);
        CHECK_INT(password_check(&h.room, &a.op, none[i], str_of(out)), 0);
        wait_for(&h, &a);
        CHECK(!a.matches);
    }
    close_house(&h);
}

static void the_line_has_an_end(void)
{
    enum { MOST = CAP_PASSWORDS_AT_ONCE + CAP_PASSWORDS_WAITING };
    static struct asker all[MOST + 1];
    struct house h;
    open_house(&h);
    for (size_t i = 0; i < MOST; i++) {
        CHECK_INT(ask(&h, &all[i], vectors[0].password, vectors[0].hash), 0);
    }
    CHECK_INT((int)metric_value(METRIC_PASSWORDS_WAITING, 0, 0), CAP_PASSWORDS_WAITING);
    CHECK_INT(ask(&h, &all[MOST], "U*U", vectors[0].hash), ERR_BUSY);
    password_abandon(&all[MOST - 1].op);
    CHECK_INT(ask(&h, &all[MOST], "U*U", vectors[0].hash), 0);
    for (size_t i = 0; i <= MOST; i++) {
        if (i != MOST - 1) {
            wait_for(&h, &all[i]);
            CHECK(all[i].matches);
        }
    }
    CHECK_INT(all[MOST - 1].fired, 0);
    CHECK_INT((int)metric_value(METRIC_PASSWORDS_WAITING, 0, 0), 0);
    close_house(&h);
}

/* Abandoned in line and abandoned while it is computed: neither fires, and the memory may go at once. */
static void abandoned(void)
{
    struct house h;
    open_house(&h);
    for (int turns = 0; turns < 3; turns++) {
        struct asker *gone[6], last;
        for (size_t i = 0; i < 6; i++) {
            gone[i] = malloc(sizeof(*gone[i]));
            CHECK_INT(ask(&h, gone[i], "U*U", vectors[0].hash), 0);
        }
        CHECK_INT(ask(&h, &last, "U*U", vectors[0].hash), 0);
        for (int i = 0; i < turns; i++) {
            uv_run(&h.loop.uv, UV_RUN_NOWAIT);
        }
        for (size_t i = 0; i < 6; i++) {
            password_abandon(&gone[i]->op);
            password_abandon(&gone[i]->op);
            free(gone[i]);
        }
        wait_for(&h, &last);
        CHECK(last.matches);
    }
    close_house(&h);
}

static void stopped_with_a_line(void)
{
    struct asker all[CAP_PASSWORDS_AT_ONCE + 3], late;
    size_t count = sizeof(all) / sizeof(all[0]);
    struct house h;
    open_house(&h);
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(ask(&h, &all[i], "U*U", vectors[0].hash), 0);
    }
    password_room_stop(&h.room, on_stopped);
    CHECK_INT(ask(&h, &late, "U*U", vectors[0].hash), ERR_STOPPING);
    while (!h.stopped) {
        uv_run(&h.loop.uv, UV_RUN_ONCE);
    }
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(all[i].fired, 1);
        CHECK_INT(all[i].code, i < CAP_PASSWORDS_AT_ONCE ? 0 : ERR_STOPPING);
        CHECK_INT(all[i].matches, i < CAP_PASSWORDS_AT_ONCE);
    }
    loop_stop(&h.loop);
    loop_run(&h.loop);
    CHECK_INT(h.stopped, 1);
    CHECK_INT(loop_close(&h.loop), 0);
    metric_free();
}

TAP_MAIN(TEST(known_hashes), TEST(what_is_made_is_gotrues_and_matches), TEST(hashes_that_are_none),
         TEST(passwords_that_are_none), TEST(the_line_has_an_end), TEST(abandoned), TEST(stopped_with_a_line))
