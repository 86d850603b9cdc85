#include "resend.h"
#include "caps.h"
#include "json.h"
#include "resend_event.h"
#include "resend_reply.h"
#include <assert.h>
#include <stdlib.h>

/* One attempt between its request and its answer. */
struct attempt {
    struct fetch fetch;
    struct resend *resend;
    struct mail_send *send;
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

static void on_answer(struct fetch *f, int code)
{
    struct attempt *t = container_of(f, struct attempt, fetch);
    struct mail_send *s = t->send;
    if (code < 0) {
        resend_reply_none(code, s);
    } else {
        resend_reply_read(t->resend->reply_shape, f, s);
    }
    s->port_op = NULL;
    free_attempt(t);
    s->on_done(s);
}

static int submit(struct mail_port *p, struct mail_send *s)
{
    struct resend *r = container_of(p, struct resend, port);
    const struct config *c = r->config;
    struct attempt *t = mem_alloc(sizeof(*t));
    bool several = s->bytes.n && s->bytes.p[0] == '[';
    t->resend = r;
    t->send = s;
    t->fetch = (struct fetch){.host = &r->host,
                              .method = "POST",
                              .url = arena_printf(&t->arena, "%.*s%s", (int)c->resend_api_url.n, c->resend_api_url.p,
                                                  several ? "/emails/batch" : "/emails"),
                              .body = s->bytes,
                              .deadline_ms = CAP_RESEND_MS,
                              .on_head = on_head,
                              .on_done = on_answer};
    fetch_header_add(&t->fetch, "Authorization",
                     arena_printf(&t->arena, "Bearer %.*s", (int)c->resend_api_key.n, c->resend_api_key.p));
    fetch_header_add(&t->fetch, "Content-Type", STR("application/json"));
    fetch_header_add(&t->fetch, "Accept", STR("application/json"));
    fetch_header_add(&t->fetch, "Idempotency-Key", s->key);
    if (several) { /* an address that Resend does not like holds up no other */
        fetch_header_add(&t->fetch, "x-batch-validation", STR("permissive"));
    }
    int rc = fetch_submit(r->fetch, &t->fetch);
    if (rc < 0) {
        free_attempt(t);
        return rc;
    }
    s->port_op = t;
    return 0;
}

static void abandon(struct mail_port *p, struct mail_send *s)
{
    (void)p;
    struct attempt *t = s->port_op;
    if (t) {
        s->port_op = NULL;
        fetch_abandon(&t->fetch);
        free_attempt(t);
    }
}

void resend_start(struct resend *r)
{
    fetch_host_init(&r->host, UPSTREAM_RESEND);
    r->reply_shape = resend_reply_shape();
    r->event_shape = resend_event_shape();
    r->port = (struct mail_port){"resend", submit, abandon};
}

void resend_stop(struct resend *r)
{
    json_shape_free(r->reply_shape);
    json_shape_free(r->event_shape);
}
