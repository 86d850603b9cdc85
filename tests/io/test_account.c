/* Accounts between the loop, Postgres and bcrypt: cut off, refused and overtaken at each step. */
#include "db_rig.h"
#include "domain/account_core.h"
#include "domain/account_throttle.c"

#define EMAIL "owner@larkspur.example"
#define PASSWORD "larkspur-front-desk"

struct desk {
    struct rig rig;
    struct accounts accounts;
    int stopped;
    char hash[PASSWORD_HASH_BYTES];
};

struct visit {
    struct account_op op;
    struct arena arena;
    int fired, code;
    bool submitting;
};

static void on_done(struct account_op *op, int code)
{
    struct visit *v = container_of(op, struct visit, op);
    CHECK(!v->submitting);
    v->fired++;
    v->code = code;
}

static void on_stopped(struct accounts *a)
{
    container_of(a, struct desk, accounts)->stopped++;
}

static void open_desk(struct desk *d)
{
    static const char *const roles[] = {"ringback_auth", NULL};
    rig_database();
    struct db_pool_options options = rig_options(2, 0);
    options.roles = roles;
    d->stopped = 0;
    rig_open_with(&d->rig, &options);
    CHECK(rig_ready(&d->rig));
    accounts_start(&d->accounts, &d->rig.loop, &d->rig.pool);
    CHECK_INT(password_hash(STR(PASSWORD), d->hash), 0);
    rig_sql("delete from auth.users");
    rig_sql("insert into auth.users (email, encrypted_password, email_confirmed_at) values ('%s', '%s', now())", EMAIL,
            d->hash);
}

static void close_desk(struct desk *d)
{
    accounts_stop(&d->accounts, on_stopped);
    CHECK_INT(d->stopped, 0);
    CHECK(RIG_WAIT(&d->rig.loop, d->stopped == 1));
    rig_close(&d->rig);
}

static void begin(struct visit *v)
{
    static unsigned address;
    *v = (struct visit){.op = {.on_done = on_done, .arena = NULL}, .submitting = true};
    v->op.arena = &v->arena;
    v->op.client.address = arena_printf(&v->arena, "127.9.%u.%u", address >> 8, address & 255);
    v->op.client.user_agent = STR("test \xff");
    address++;
}

static int sign_in(struct desk *d, struct visit *v, const char *password)
{
    uint64_t wait_ms;
    begin(v);
    int rc = account_sign_in(&d->accounts, &v->op, STR(EMAIL), str_of(password), &wait_ms);
    v->submitting = false;
    return rc;
}

static int refresh(struct desk *d, struct visit *v, struct str token)
{
    begin(v);
    int rc = account_refresh(&d->accounts, &v->op, token);
    v->submitting = false;
    return rc;
}

static void finish(struct desk *d, struct visit *v, enum account_verdict want)
{
    CHECK(RIG_WAIT(&d->rig.loop, v->fired));
    CHECK_INT(v->fired, 1);
    CHECK_INT(v->code, 0);
    CHECK_INT(v->op.verdict, want);
    CHECK(v->op.work == NULL);
}

static void leave(struct visit *v)
{
    arena_free(&v->arena);
}

static void a_visit(void)
{
    struct desk d;
    struct visit v, next;
    open_desk(&d);
    CHECK_INT(sign_in(&d, &v, PASSWORD), 0);
    finish(&d, &v, ACCOUNT_OK);
    CHECK_STR(v.op.account.email, EMAIL);
    CHECK_INT(v.op.account.session_id.n, 36);
    CHECK_INT(rig_count("select count(*) from auth.sessions where user_agent = 'test \xef\xbf\xbd' and ip is not null"),
              1);
    CHECK_INT(refresh(&d, &next, v.op.refresh_token), 0);
    finish(&d, &next, ACCOUNT_OK);
    CHECK(!str_eq(next.op.refresh_token, v.op.refresh_token));
    CHECK(str_eq(next.op.account.session_id, v.op.account.session_id));
    leave(&v);
    leave(&next);
    close_desk(&d);
}

/* Nothing of a password is left in the op's memory once it has ended. */
static void the_password_is_wiped(void)
{
    struct desk d;
    struct visit v;
    open_desk(&d);
    for (int abandoned = 0; abandoned < 2; abandoned++) {
        CHECK_INT(sign_in(&d, &v, PASSWORD), 0);
        const struct account_work *w = v.op.work;
        CHECK(memcmp(w->password.bytes, PASSWORD, strlen(PASSWORD)) == 0);
        if (abandoned) {
            account_abandon(&v.op);
        } else {
            finish(&d, &v, ACCOUNT_OK);
        }
        for (size_t i = 0; i < sizeof(w->password.bytes); i++) {
            CHECK_INT(w->password.bytes[i], 0);
        }
        leave(&v);
    }
    close_desk(&d);
}

/* Cheap to check, so that a sign-in is over after few turns. */
#define QUICK_PASSWORD "U*U"
#define QUICK_HASH "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"

/* The caller goes after some turns, wherever the work is then; his memory goes with him. Returns whether it was done. */
static bool abandon_after(struct desk *d, int turns)
{
    struct visit *v = malloc(sizeof(*v));
    CHECK_INT(sign_in(d, v, QUICK_PASSWORD), 0);
    for (int i = 0; i < turns && !v->fired; i++) {
        rig_turn(&d->rig.loop);
    }
    int fired = v->fired;
    account_abandon(&v->op);
    account_abandon(&v->op);
    leave(v);
    free(v);
    return fired;
}

static void abandoned_at_each_turn(void)
{
    struct desk d;
    struct visit last;
    int turns = 0;
    open_desk(&d);
    rig_sql("update auth.users set encrypted_password = '%s'", QUICK_HASH);
    while (!abandon_after(&d, turns) && turns < 10000) {
        CHECK_INT(sign_in(&d, &last, QUICK_PASSWORD), 0);
        finish(&d, &last, ACCOUNT_OK); /* which forgives the account its broken attempts */
        leave(&last);
        turns++;
        d.accounts.core->throttle->server_ms = 0; /* faster than the server allows */
    }
    CHECK(turns > 3);
    CHECK(turns < 10000);
    close_desk(&d);
}

static void the_password_changes_while_it_is_checked(void)
{
    struct desk d;
    struct visit v;
    open_desk(&d);
    CHECK_INT(sign_in(&d, &v, PASSWORD), 0);
    CHECK(RIG_WAIT(&d.rig.loop, v.op.work->password_op.job));
    rig_sql("update auth.users set encrypted_password = '$2a$10$' || repeat('a', 53)");
    finish(&d, &v, ACCOUNT_WRONG);
    CHECK_INT(rig_count("select count(*) from auth.sessions"), 0);
    leave(&v);
    close_desk(&d);
}

static void the_pool_stops_meanwhile(void)
{
    struct desk d;
    struct visit v, late;
    open_desk(&d);
    CHECK_INT(sign_in(&d, &v, PASSWORD), 0);
    db_pool_stop(&d.rig.pool, rig_on_stopped);
    CHECK(RIG_WAIT(&d.rig.loop, v.fired));
    CHECK_INT(v.fired, 1);
    CHECK(v.code < 0);
    CHECK_INT(sign_in(&d, &late, PASSWORD), ERR_STOPPING);
    CHECK(late.op.work == NULL);
    account_abandon(&late.op);
    CHECK_INT(late.fired, 0);
    leave(&v);
    leave(&late);
    close_desk(&d);
}

static void on_filler(struct password_op *op, int code)
{
    (void)op;
    (void)code;
}

/* What was refused for want of room is no failure of the account's. */
static void no_room_is_not_held_against_anybody(void)
{
    enum { MOST = CAP_PASSWORDS_AT_ONCE + CAP_PASSWORDS_WAITING };
    static struct password_op fillers[MOST];
    struct desk d;
    struct visit v;
    open_desk(&d);
    struct password_room *room = &d.accounts.core->passwords;
    for (size_t i = 0; i < MOST; i++) {
        fillers[i] = (struct password_op){.on_done = on_filler};
        CHECK_INT(password_check(room, &fillers[i], STR("x"), STR("")), 0);
    }
    for (int i = 0; i < 2 * CAP_SIGN_IN_FREE; i++) {
        CHECK_INT(sign_in(&d, &v, PASSWORD), 0);
        CHECK(RIG_WAIT(&d.rig.loop, v.fired || v.op.work->password_op.job));
        if (v.fired) {
            CHECK_INT(v.code, ERR_BUSY);
        } else { /* one of the line was done just before */
            finish(&d, &v, ACCOUNT_OK);
        }
        leave(&v);
    }
    CHECK(metric_value(METRIC_SIGN_INS, SIGN_IN_BUSY, 0) > 0);
    for (size_t i = 0; i < MOST; i++) {
        password_abandon(&fillers[i]);
    }
    CHECK_INT(sign_in(&d, &v, PASSWORD), 0);
    finish(&d, &v, ACCOUNT_OK);
    leave(&v);
    close_desk(&d);
}

TAP_MAIN(TEST(a_visit), TEST(the_password_is_wiped), TEST(abandoned_at_each_turn),
         TEST(the_password_changes_while_it_is_checked), TEST(the_pool_stops_meanwhile),
         TEST(no_room_is_not_held_against_anybody))
