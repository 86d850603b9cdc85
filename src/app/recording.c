#include "recording.h"
#include "caps.h"
#include "recording_place.h"

/* One recording on its way; lives in the request's arena. */
struct relay {
    struct http_waiter waiter;
    struct fetch fetch;
    struct recording_relays *relays;
    struct http_request *request;
    enum recording_place place;
    struct recording_range range; /* asked for, when there is range_text */
    struct str range_text;
    struct str url; /* being asked */
    bool redirected;
    bool begun;         /* the client has our head */
    int64_t left_bytes; /* of the announced length; -1: none was */
};

static struct relay *relay_of(struct fetch *f)
{
    return container_of(f, struct relay, fetch);
}

static void relay_close(struct relay *y, enum metric_relay result)
{
    fetch_abandon(&y->fetch);
    fetch_finish(&y->fetch);
    y->relays->open--;
    metric_set(METRIC_RELAYS_OPEN, 0, 0, (double)y->relays->open);
    metric_count(METRIC_RELAYS, result);
}

static const char *place_name(const struct relay *y)
{
    return y->redirected ? "storage" : y->place == RECORDING_TWILIO ? "twilio" : "vapi";
}

static void log_failure(const struct relay *y, enum log_level level, const char *why)
{
    log_event(level, "recording_failed", LOG_CSTR("at", place_name(y)), LOG_CSTR("why", why),
              LOG_INT("status", y->fetch.status), LOG_CSTR("id", y->request->id));
}

void recording_refuse(struct http_request *r, int code)
{
    http_reply_header(r, "Cache-Control", STR("private, no-store"));
    http_reply_error(r, code);
}

/* Before our head has gone: the client hears why. The relay is gone when this returns. */
static void relay_fail(struct relay *y, enum metric_relay result, int code)
{
    struct http_request *r = y->request;
    relay_close(y, result);
    recording_refuse(r, code);
}

/* What went wrong between us and the provider is nothing that the client could mend. */
static void relay_fail_code(struct relay *y, int code)
{
    bool ours = code == ERR_TOO_LARGE || code == ERR_BAD_SETTING || code == ERR_PRIVATE_ADDRESS;
    log_failure(y, LOG_WARN, err_info(code)->code);
    relay_fail(y, code == ERR_PRIVATE_ADDRESS ? RELAY_REFUSED : RELAY_FAILED, ours ? ERR_BAD_REPLY : code);
}

static void relay_cut(struct relay *y, const char *why)
{
    struct http_request *r = y->request;
    log_failure(y, LOG_WARN, why);
    relay_close(y, RELAY_CUT);
    http_stream_cut(r);
}

static void on_part(struct fetch *f, struct str bytes)
{
    struct relay *y = relay_of(f);
    if (y->left_bytes >= 0 && bytes.n > (size_t)y->left_bytes) {
        relay_cut(y, "longer than announced");
        return;
    }
    y->left_bytes -= y->left_bytes >= 0 ? (int64_t)bytes.n : 0;
    if (http_stream_write(y->request, bytes) > CAP_STREAM_BYTES) {
        fetch_pause(f);
    }
}

static void on_drain(struct http_waiter *w, struct http_request *r)
{
    (void)r;
    fetch_resume(&container_of(w, struct relay, waiter)->fetch);
}

static void on_gone(struct http_waiter *w, struct http_request *r)
{
    (void)r;
    relay_close(container_of(w, struct relay, waiter), RELAY_GONE);
}

static void on_done(struct fetch *f, int code)
{
    struct relay *y = relay_of(f);
    struct http_request *r = y->request;
    if (!y->begun) {
        relay_fail_code(y, code);
    } else if (code < 0 || y->left_bytes > 0) {
        relay_cut(y, code < 0 ? err_info(code)->code : "shorter than announced");
    } else {
        relay_close(y, RELAY_WHOLE);
        http_stream_end(r);
    }
}

static void pass_header(struct relay *y, const char *name, bool fits)
{
    struct str value = fetch_answer_header(&y->fetch, name);
    if (value.p && fits) {
        http_reply_header(y->request, name, value);
    }
}

static void put_headers(struct relay *y, const char *file_name)
{
    struct http_request *r = y->request;
    struct str ranges = fetch_answer_header(&y->fetch, "Accept-Ranges");
    pass_header(y, "Accept-Ranges", str_eq(ranges, STR("bytes")) || str_eq(ranges, STR("none")));
    pass_header(y, "Content-Range", y->fetch.status != 200);
    http_reply_header(r, "Cache-Control", STR("private, no-store"));
    if (file_name) {
        http_reply_header(r, "Content-Disposition", arena_printf(&r->arena, "inline; filename=\"%s\"", file_name));
    }
}

/* A 416 has no recording in it: its body is somebody's error page and stays there. */
static void pass_unsatisfied(struct relay *y)
{
    struct http_request *r = y->request;
    put_headers(y, NULL);
    relay_close(y, RELAY_WHOLE);
    http_reply(r, 416, NULL, STR(""));
}

static void pass_on(struct relay *y)
{
    struct http_request *r = y->request;
    struct recording_type type = recording_type_of(&r->arena, y->fetch.answer_type);
    y->left_bytes = recording_read_length(fetch_answer_header(&y->fetch, "Content-Length"));
    put_headers(y, type.file_name);
    y->begun = true;
    http_stream_begin(r, y->fetch.status, type.type, y->left_bytes);
    if (r->verb == VERB_HEAD) {
        relay_close(y, RELAY_WHOLE);
        http_stream_end(r);
    }
}

static int relay_ask(struct relay *y, struct fetch_host *host, bool public_only);

/* Followed once, and without the key. */
static void follow(struct relay *y)
{
    struct arena *a = &y->request->arena;
    struct str location = fetch_answer_header(&y->fetch, "Location"), url = location;
    enum recording_hop hop =
        y->redirected || !location.n ? RECORDING_HOP_REFUSED : recording_next_url(a, location, y->url, &url);
    if (hop == RECORDING_HOP_REFUSED) {
        log_failure(y, LOG_WARN, "redirect refused");
        relay_fail(y, RELAY_REFUSED, ERR_BAD_REPLY);
        return;
    }
    fetch_abandon(&y->fetch);
    fetch_finish(&y->fetch);
    y->redirected = true;
    y->url = url;
    bool public_only = hop == RECORDING_HOP_PUBLIC || y->place == RECORDING_TWILIO;
    int rc = relay_ask(y, &y->relays->storage, public_only);
    if (rc < 0) {
        relay_fail_code(y, rc);
    }
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool fits_range(const struct relay *y)
{
    int64_t length = recording_read_length(fetch_answer_header(&y->fetch, "Content-Length"));
    struct str range = fetch_answer_header(&y->fetch, "Content-Range");
    return y->range_text.n && recording_range_fits(range, y->range, length);
}

static void refuse_answer(struct relay *y)
{
    int status = y->fetch.status;
    bool refused = status == 401 || status == 403;
    if (status == 404 || status == 410) {
        relay_fail(y, RELAY_ABSENT, ERR_NOT_FOUND);
        return;
    }
    log_failure(y, refused ? LOG_ERROR : LOG_WARN, refused ? "credential refused" : "answer not understood");
    relay_fail(y, refused ? RELAY_REFUSED : RELAY_FAILED, ERR_BAD_REPLY);
}

static void on_head(struct fetch *f)
{
    struct relay *y = relay_of(f);
    if (is_redirect(f->status)) {
        follow(y);
    } else if (f->status == 200 || (f->status == 206 && fits_range(y))) {
        pass_on(y);
    } else if (f->status == 416 && y->range_text.n &&
               recording_is_unsatisfied(fetch_answer_header(f, "Content-Range"))) {
        pass_unsatisfied(y);
    } else {
        refuse_answer(y);
    }
}

static struct str credential(const struct relay *y)
{
    const struct config *c = y->relays->config;
    struct arena *a = &y->request->arena;
    if (y->place == RECORDING_VAPI) {
        return arena_printf(a, "Bearer %.*s", (int)c->vapi_api_key.n, c->vapi_api_key.p);
    }
    struct str login = arena_printf(a, "%.*s:%.*s", (int)c->twilio_account_sid.n, c->twilio_account_sid.p,
                                    (int)c->twilio_auth_token.n, c->twilio_auth_token.p);
    struct str word = crypto_base64(a, login);
    return arena_printf(a, "Basic %.*s", (int)word.n, word.p);
}

static int relay_ask(struct relay *y, struct fetch_host *host, bool public_only)
{
    struct fetch *f = &y->fetch;
    *f = (struct fetch){.host = host,
                        .method = "GET",
                        .url = y->url,
                        .deadline_ms = CAP_RELAY_MS,
                        .answer_cap_bytes = CAP_RELAY_BYTES,
                        .public_only = public_only,
                        .on_head = on_head,
                        .on_part = on_part,
                        .on_done = on_done};
    if (!y->redirected) {
        fetch_header_add(f, "Authorization", credential(y));
    }
    if (y->range_text.n) {
        fetch_header_add(f, "Range", y->range_text);
    }
    return fetch_submit(y->relays->fetch, f);
}

static struct relay *relay_open(struct recording_relays *relays, struct http_request *r, struct recording_where w)
{
    struct relay *y = arena_alloc(&r->arena, sizeof(*y));
    struct str range = http_header(r, STR("Range"));
    y->relays = relays;
    y->request = r;
    y->place = w.place;
    y->waiter = (struct http_waiter){.on_gone = on_gone, .on_drain = on_drain};
    y->url = recording_first_url(&r->arena, w, relays->config->vapi_api_url);
    if (r->verb == VERB_GET && recording_read_range(range, &y->range)) {
        y->range_text = range;
    }
    relays->open++;
    metric_set(METRIC_RELAYS_OPEN, 0, 0, (double)relays->open);
    return y;
}

void recording_relay(struct recording_relays *relays, struct http_request *r, const struct recording_source *source)
{
    struct recording_where w = recording_where_of(source);
    int rc = recording_check(relays->config, w);
    rc = rc == 0 && relays->open >= CAP_RELAYS ? ERR_BUSY : rc;
    if (rc < 0) {
        metric_count(METRIC_RELAYS, rc == ERR_BUSY ? RELAY_BUSY : RELAY_ABSENT);
        recording_refuse(r, rc);
        return;
    }
    struct relay *y = relay_open(relays, r, w);
    bool twilio = w.place == RECORDING_TWILIO;
    r->waiter = &y->waiter;
    rc = relay_ask(y, twilio ? &relays->twilio : &relays->vapi, twilio);
    if (rc < 0) {
        relay_fail_code(y, rc);
    }
}
