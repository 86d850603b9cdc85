#include "account_core.h"
#include "db_row.h"
#include "utf8.h"
#include <arpa/inet.h>
#include <stdlib.h>

#define USER_AGENT_BYTES 255 /* the rest tells nobody anything */

static const struct field account_fields[] = {
    FIELD(struct account, user_id, "user_id", STR, 0),
    FIELD(struct account, session_id, "session_id", STR, 0),
    FIELD(struct account, signed_in_s, "signed_in_s", INT, 0),
    FIELD(struct account, email, "email", STR, 0),
    FIELD(struct account, phone, "phone", STR, 0),
    FIELD(struct account, password_hash, "password_hash", STR, 0),
    FIELD(struct account, banned, "banned", BOOL, 0),
    FIELD(struct account, app_metadata, "app_metadata", STR, 0),
    FIELD(struct account, user_metadata, "user_metadata", STR, 0),
    FIELD(struct account, profile, "profile", STR, 0),
};

static void wipe(struct account_work *w)
{
    explicit_bzero(&w->password, sizeof(w->password));
    explicit_bzero(&w->current, sizeof(w->current));
    explicit_bzero(&w->next, sizeof(w->next));
}

/* The owner may be gone afterwards, and the arena with it. */
static void end(struct account_work *w, int code)
{
    struct account_op *op = w->op;
    wipe(w);
    op->work = NULL;
    op->on_done(op, code);
}

struct account_work *account_work_new(struct accounts *a, struct account_op *op)
{
    struct account_work *w = arena_alloc(op->arena, sizeof(*w));
    w->op = op;
    w->core = a->core;
    op->work = w;
    return w;
}

int account_begin(struct account_work *w, const struct flow_step *steps, void (*on_fail)(struct flow *, int code))
{
    w->starting = true;
    flow_start(&w->flow, steps, on_fail);
    w->starting = false;
    return w->code;
}

enum flow_next account_found(struct account_work *w, enum account_verdict verdict)
{
    assert(!w->starting);
    w->op->verdict = verdict;
    end(w, 0);
    return FLOW_DONE;
}

void account_failed(struct account_work *w, int code)
{
    if (w->starting) {
        wipe(w);
        w->op->work = NULL;
        w->code = code;
    } else {
        end(w, code);
    }
}

static void on_unit_done(struct db_unit *u, int code)
{
    flow_resume(&container_of(u, struct account_work, unit)->flow, code);
}

struct db_unit *account_unit(struct account_work *w)
{
    w->unit = (struct db_unit){.role = "ringback_auth", .on_done = on_unit_done};
    return &w->unit;
}

enum flow_next account_send(struct account_work *w)
{
    return flow_wait(&w->flow, db_submit(w->core->pool, &w->unit));
}

void account_add_read(struct account_work *w, struct str user_id, struct str session_id, struct str token_hash)
{
    w->read_params[0] = db_text(user_id);
    w->read_params[1] = db_text(session_id);
    w->read_params[2] = db_text(token_hash); /* null unless it is asked for */
    db_unit_add(&w->unit, STMT_ACCOUNT_READ, w->read_params, 3);
}

int account_row(struct account_work *w, size_t call, const struct field *fields, size_t count)
{
    if (db_rows(&w->unit, call) == 0) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct str cell = db_cell(&w->unit, call, 0, i);
        if (cell.p && field_set_text(&fields[i], &w->op->account, arena_copy(w->op->arena, cell)) < 0) {
            return ERR_BAD_REPLY;
        }
    }
    return 1;
}

int account_take(struct account_work *w, size_t call)
{
    w->op->account = (struct account){.banned = false};
    return account_row(w, call, account_fields, FIELD_COUNT(account_fields));
}

struct str account_number(struct account_work *w, int n)
{
    return arena_printf(w->op->arena, "%d", n);
}

static bool is_address(struct str s)
{
    unsigned char bytes[16];
    char text[INET6_ADDRSTRLEN] = "";
    if (s.n == 0 || s.n >= sizeof(text)) {
        return false;
    }
    memcpy(text, s.p, s.n);
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

void account_keep_client(struct account_work *w)
{
    struct account_client *c = &w->op->client;
    c->address = is_address(c->address) ? arena_copy(w->op->arena, c->address) : ACCOUNT_NONE;
    if (c->user_agent.p) {
        struct str clean = utf8_clean(w->op->arena, str_cut(c->user_agent, USER_AGENT_BYTES));
        c->user_agent = arena_copy(w->op->arena, clean);
    }
}

void account_keep(struct account_secret *s, struct str password)
{
    s->n = password.n < sizeof(s->bytes) ? password.n : sizeof(s->bytes);
    if (s->n) {
        memcpy(s->bytes, password.p, s->n);
    }
}

static void on_password(struct password_op *p, int code)
{
    flow_resume(&container_of(p, struct account_work, password_op)->flow, code);
}

enum flow_next account_check(struct account_work *w, const struct account_secret *s)
{
    struct str hash = w->op->account.password_hash;
    w->password_op.on_done = on_password;
    return flow_wait(&w->flow, password_check(&w->core->passwords, &w->password_op, account_secret_str(s), hash));
}

enum flow_next account_hash(struct account_work *w, const struct account_secret *s)
{
    w->password_op.on_done = on_password;
    return flow_wait(&w->flow, password_make(&w->core->passwords, &w->password_op, account_secret_str(s)));
}

void account_abandon(struct account_op *op)
{
    struct account_work *w = op->work;
    if (w) {
        op->work = NULL;
        db_abandon(&w->unit);
        password_abandon(&w->password_op);
        wipe(w);
    }
}

void accounts_start(struct accounts *a, struct loop *loop, struct db_pool *pool)
{
    struct account_core *core = mem_alloc(sizeof(*core));
    core->handle = a;
    core->loop = loop;
    core->pool = pool;
    core->throttle = account_throttle_new();
    password_room_start(&core->passwords, loop);
    a->core = core;
}

static void on_passwords_stopped(struct password_room *r)
{
    struct account_core *core = container_of(r, struct account_core, passwords);
    struct accounts *a = core->handle;
    account_throttle_free(core->throttle);
    free(core);
    a->core = NULL;
    a->on_stopped(a);
}

void accounts_stop(struct accounts *a, void (*on_stopped)(struct accounts *))
{
    a->on_stopped = on_stopped;
    password_room_stop(&a->core->passwords, on_passwords_stopped);
}
