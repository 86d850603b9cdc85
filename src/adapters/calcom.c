#include "calcom.h"
#include "calcom_reply.h"
#include "calcom_request.h"
#include "caps.h"
#include "crypto.h"
#include <stdlib.h>

/* One question between its request and its answer. */
struct attempt {
    struct fetch fetch;
    struct calcom *calcom;
    struct calendar_ask *ask;
    struct arena arena;
};

static void free_attempt(struct attempt *t)
{
    fetch_finish(&t->fetch);
    arena_free(&t->arena);
    free(t);
}

static void on_head(struct fetch *f)
{
    (void)f; /* asked for, so that the headers are kept */
}

static void read_answer(struct attempt *t)
{
    struct fetch *f = &t->fetch;
    struct calcom_answer answer = {.status = f->status,
                                   .body = buf_str(&f->answer),
                                   .reset = fetch_answer_header(f, "X-RateLimit-Reset-Default"),
                                   .retry_after = fetch_answer_header(f, "Retry-After")};
    if (!calcom_reply_read(&t->calcom->shapes, &answer, t->ask)) {
        fetch_judge_failed(f);
    }
}

static void on_answer(struct fetch *f, int code)
{
    struct attempt *t = container_of(f, struct attempt, fetch);
    struct calendar_ask *q = t->ask;
    if (code < 0) {
        calcom_reply_none(code, q);
    } else {
        read_answer(t);
    }
    q->port_op = NULL;
    free_attempt(t);
    q->on_done(q);
}

/* What one business's server or event type does must not shut off the others: each has a circuit breaker. */
static struct fetch_host *host_of(struct calcom *c, const struct calendar_ask *q)
{
    struct str base = calcom_request_base(str_or(q->account.api_url, c->config->calcom_api_url));
    const struct str parts[] = {base, q->account.key};
    struct digest hash = crypto_hash_tuple(parts, 2);
    return &c->hosts[hash.bytes[0] % CAP_CALCOM_HOSTS];
}

static int send_attempt(struct attempt *t, const struct calcom_request *r)
{
    struct str key = t->ask->account.key;
    t->fetch = (struct fetch){.host = host_of(t->calcom, t->ask),
                              .method = r->method,
                              .url = r->url,
                              .body = buf_str(&r->body),
                              .deadline_ms = t->ask->deadline_ms,
                              .connect_ms = CAP_CALCOM_CONNECT_MS,
                              .answer_cap_bytes = CAP_CALCOM_ANSWER_BYTES,
                              .on_head = on_head,
                              .on_done = on_answer};
    fetch_header_add(&t->fetch, "Authorization", arena_printf(&t->arena, "Bearer %.*s", (int)key.n, key.p));
    fetch_header_add(&t->fetch, "cal-api-version", str_of(r->version));
    fetch_header_add(&t->fetch, "Accept", STR("application/json"));
    if (r->body.len) {
        fetch_header_add(&t->fetch, "Content-Type", STR("application/json"));
    }
    return fetch_submit(t->calcom->fetch, &t->fetch);
}

static int submit(struct calendar_port *p, struct calendar_ask *q)
{
    struct calcom *c = container_of(p, struct calcom, port);
    struct attempt *t = mem_alloc(sizeof(*t));
    struct calcom_request r;
    t->calcom = c;
    t->ask = q;
    int rc = calcom_request_make(q, str_or(q->account.api_url, c->config->calcom_api_url), &t->arena, &r);
    rc = rc ? rc : send_attempt(t, &r);
    buf_free(&r.body);
    if (rc < 0) {
        q->verdict = CALENDAR_UNREACHABLE;
        free_attempt(t);
        return rc;
    }
    q->port_op = t;
    return 0;
}

static void abandon(struct calendar_port *p, struct calendar_ask *q)
{
    (void)p;
    struct attempt *t = q->port_op;
    if (t) {
        q->port_op = NULL;
        fetch_abandon(&t->fetch);
        free_attempt(t);
    }
}

void calcom_start(struct calcom *c)
{
    for (size_t i = 0; i < CAP_CALCOM_HOSTS; i++) {
        fetch_host_init(&c->hosts[i], UPSTREAM_CALCOM);
    }
    calcom_shapes_make(&c->shapes);
    c->port = (struct calendar_port){submit, abandon};
}

void calcom_stop(struct calcom *c)
{
    calcom_shapes_free(&c->shapes);
}
