#include "password.h"
#include "arena.h"
#include "crypto.h"
#include "err.h"
#include "loop.h"
#include "metric.h"
#include <crypt.h>
#include <stdlib.h>
#include <sys/resource.h>

#define HASH_LENGTH (PASSWORD_HASH_BYTES - 1)
#define SETTING_LENGTH 29 /* "$2a$10$" and 22 characters of salt */
#define SALT_BYTES 16
#define NEW_COST 10
#define WORK_NICENESS 10

/* Any salt: what it brings is thrown away, only the time it takes counts. */
static const char dummy[] = "$2a$10$......................";

struct password_job {
    struct list_node node;
    uv_work_t work;
    struct password_core *core;
    struct password_op *op; /* NULL: nobody waits any more */
    char password[CAP_PASSWORD_BYTES + 1];
    char given[PASSWORD_HASH_BYTES]; /* to be compared with; "" for a new hash */
    char made[PASSWORD_HASH_BYTES];
    bool usable; /* the given hash can be right at all */
    int code;
};

struct password_core {
    struct password_room *room;
    struct loop *loop;
    struct list waiting;
    size_t running;
    bool stopping;
    struct loop_task stop_task;
};

/* bcrypt proper is libxcrypt's $2b$; its $2a$ is a little different for some passwords that are no ASCII, GoTrue's is not. */
static int bcrypt(const char *password, const char *setting, char out[PASSWORD_HASH_BYTES])
{
    char proper[PASSWORD_HASH_BYTES] = "";
    struct crypt_data data = {.initialized = 0};
    memcpy(proper, setting, SETTING_LENGTH);
    proper[2] = 'b';
    const char *made = crypt_r(password, proper, &data);
    bool ok = made && strlen(made) == HASH_LENGTH && made[0] == '$';
    if (ok) {
        memcpy(out, made, PASSWORD_HASH_BYTES);
        out[2] = 'a';
    }
    explicit_bzero(&data, sizeof(data));
    return ok ? 0 : ERR_INTERNAL;
}

static int make(const char *password, char out[PASSWORD_HASH_BYTES])
{
    char salt[SALT_BYTES], setting[CRYPT_GENSALT_OUTPUT_SIZE];
    crypto_random(salt, sizeof(salt));
    if (!crypt_gensalt_rn("$2a$", NEW_COST, salt, sizeof(salt), setting, sizeof(setting))) {
        return ERR_INTERNAL;
    }
    return bcrypt(password, setting, out);
}

static bool acceptable(struct str password)
{
    return password.n > 0 && password.n <= CAP_PASSWORD_BYTES && !memchr(password.p, 0, password.n);
}

int password_hash(struct str password, char hash_out[PASSWORD_HASH_BYTES])
{
    char copy[CAP_PASSWORD_BYTES + 1] = "";
    if (!acceptable(password)) {
        return ERR_BAD_REQUEST;
    }
    memcpy(copy, password.p, password.n);
    int rc = make(copy, hash_out);
    explicit_bzero(copy, sizeof(copy));
    return rc;
}

/* Of bcrypt's form, and of a cost that we can afford? */
static bool is_hash(struct str h)
{
    static const char alphabet[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    bool form = h.n == HASH_LENGTH && h.p[0] == '$' && h.p[1] == '2' && memchr("aby", h.p[2], 3) && h.p[3] == '$' &&
                h.p[6] == '$';
    if (!form || h.p[4] < '0' || h.p[4] > '1' || h.p[5] < '0' || h.p[5] > '9') {
        return false;
    }
    for (size_t i = 7; i < h.n; i++) {
        if (!memchr(alphabet, h.p[i], sizeof(alphabet) - 1)) {
            return false;
        }
    }
    int cost = (h.p[4] - '0') * 10 + h.p[5] - '0';
    return cost >= 4 && cost <= CAP_PASSWORD_COST;
}

/* In one of libuv's threads: touches the job and nothing else. Calls come first; on Linux a priority is the thread's own. */
static void on_work(uv_work_t *w)
{
    struct password_job *j = container_of(w, struct password_job, work);
    setpriority(PRIO_PROCESS, 0, WORK_NICENESS);
    j->code = j->given[0] ? bcrypt(j->password, j->given, j->made) : make(j->password, j->made);
    explicit_bzero(j->password, sizeof(j->password));
}

static void free_job(struct password_job *j)
{
    explicit_bzero(j, sizeof(*j));
    free(j);
}

static void count_waiting(const struct password_core *c)
{
    metric_set(METRIC_PASSWORDS_WAITING, 0, 0, (double)c->waiting.count);
}

static void finish_stop(struct password_core *c)
{
    struct password_room *room = c->room;
    loop_defer_cancel(c->loop, &c->stop_task);
    free(c);
    room->core = NULL;
    room->on_stopped(room);
}

static void answer(struct password_job *j)
{
    struct password_op *op = j->op;
    if (!op) {
        return;
    }
    op->job = NULL;
    memcpy(op->hash, j->made, sizeof(op->hash));
    /* From the salt on: $2a$, $2b$ and $2y$ are the same. */
    struct str rest = {j->made + 4, HASH_LENGTH - 4}, given = {j->given + 4, HASH_LENGTH - 4};
    op->matches = j->code == 0 && j->usable && crypto_equal(rest, given);
    op->on_done(op, j->code);
}

static void on_worked(uv_work_t *w, int status);

static void start_next(struct password_core *c)
{
    while (!c->stopping && c->running < CAP_PASSWORDS_AT_ONCE && c->waiting.count > 0) {
        struct password_job *j = container_of(list_pop(&c->waiting), struct password_job, node);
        int rc = uv_queue_work(&c->loop->uv, &j->work, on_work, on_worked);
        assert(rc == 0); /* fails only without a callback */
        c->running++;
    }
    count_waiting(c);
}

static void on_worked(uv_work_t *w, int status)
{
    (void)status; /* never cancelled */
    struct password_job *j = container_of(w, struct password_job, work);
    struct password_core *c = j->core;
    c->running--;
    start_next(c);
    answer(j);
    free_job(j);
    if (c->stopping && c->running == 0) {
        finish_stop(c);
    }
}

static int submit(struct password_room *r, struct password_op *op, struct password_job *j)
{
    struct password_core *c = r->core;
    int rc = c->stopping ? ERR_STOPPING : c->waiting.count >= CAP_PASSWORDS_WAITING ? ERR_BUSY : 0;
    if (rc < 0) {
        free_job(j);
        return rc;
    }
    j->core = c;
    j->op = op;
    op->job = j;
    op->matches = false;
    list_push(&c->waiting, &j->node);
    start_next(c);
    return 0;
}

int password_check(struct password_room *r, struct password_op *op, struct str password, struct str hash)
{
    struct password_job *j = mem_alloc(sizeof(*j));
    j->usable = acceptable(password) && is_hash(hash);
    if (acceptable(password)) {
        memcpy(j->password, password.p, password.n);
    }
    memcpy(j->given, j->usable ? hash.p : dummy, j->usable ? HASH_LENGTH : sizeof(dummy));
    return submit(r, op, j);
}

int password_make(struct password_room *r, struct password_op *op, struct str password)
{
    if (!acceptable(password)) {
        return ERR_BAD_REQUEST;
    }
    struct password_job *j = mem_alloc(sizeof(*j));
    memcpy(j->password, password.p, password.n);
    return submit(r, op, j);
}

void password_abandon(struct password_op *op)
{
    struct password_job *j = op->job;
    if (!j) {
        return;
    }
    op->job = NULL;
    j->op = NULL;
    if (list_linked(&j->node)) {
        list_remove(&j->core->waiting, &j->node);
        count_waiting(j->core);
        free_job(j);
    }
}

void password_room_start(struct password_room *r, struct loop *loop)
{
    struct password_core *c = mem_alloc(sizeof(*c));
    c->room = r;
    c->loop = loop;
    list_init(&c->waiting);
    r->core = c;
}

static void on_stop_turn(struct loop_task *t)
{
    struct password_core *c = container_of(t, struct password_core, stop_task);
    struct list_node *n;
    while ((n = list_pop(&c->waiting))) {
        struct password_job *j = container_of(n, struct password_job, node);
        j->code = ERR_STOPPING;
        answer(j);
        free_job(j);
    }
    count_waiting(c);
    if (c->running == 0) {
        finish_stop(c);
    }
}

void password_room_stop(struct password_room *r, void (*on_stopped)(struct password_room *))
{
    struct password_core *c = r->core;
    r->on_stopped = on_stopped;
    c->stopping = true;
    c->stop_task.run = on_stop_turn;
    loop_defer(c->loop, &c->stop_task);
}
