#include "caps.h"
#include "recording_place.h"
#include "timestamp.h"

#define MAC_BYTES 32
#define HEAD_BYTES 9 /* when it ends, and a letter for the place */

static struct digest mac_of(const struct recording_relays *relays, struct str call_id, struct str body)
{
    struct str parts[] = {call_id, body};
    struct digest both = crypto_hash_tuple(parts, 2);
    struct str what = digest_str(&both);
    return crypto_hmac(CRYPTO_SHA256, digest_str(&relays->ticket_key), &what, 1);
}

static bool has_secret(const struct recording_relays *relays)
{
    return relays->config->vapi_api_key.n || relays->config->twilio_auth_token.n;
}

/* Every instance has the same key, since all have the same credentials. */
void recording_start(struct recording_relays *relays)
{
    const struct str secrets[] = {relays->config->vapi_api_key, relays->config->twilio_auth_token};
    struct str use = STR("ringback recording ticket");
    struct digest secret = crypto_hash_tuple(secrets, 2);
    relays->ticket_key = crypto_hmac(CRYPTO_SHA256, digest_str(&secret), &use, 1);
    fetch_host_init(&relays->vapi, UPSTREAM_VAPI_RECORDINGS);
    fetch_host_init(&relays->twilio, UPSTREAM_TWILIO_RECORDINGS);
    fetch_host_init(&relays->storage, UPSTREAM_RECORDING_STORAGE);
}

static struct str make_ticket(const struct recording_relays *relays, struct arena *a, struct str call_id,
                              struct recording_where w, int64_t until_s)
{
    char head[HEAD_BYTES];
    for (int i = 0; i < 8; i++) {
        head[i] = (char)((uint64_t)until_s >> (56 - 8 * i) & 0xff);
    }
    head[8] = w.place == RECORDING_TWILIO ? 't' : 'v';
    struct buf ticket = buf_make(CAP_TICKET_BYTES);
    int rc = buf_append(&ticket, (struct str){head, HEAD_BYTES});
    rc = rc ? rc : buf_append(&ticket, w.account);
    rc = rc ? rc : buf_append(&ticket, w.id);
    struct digest mac = mac_of(relays, call_id, buf_str(&ticket));
    rc = rc ? rc : buf_append(&ticket, digest_str(&mac));
    assert(rc == 0); /* ids are shorter than the cap */
    struct str text = crypto_base64url(a, buf_str(&ticket));
    buf_free(&ticket);
    return text;
}

void recording_ticket_issue(struct recording_relays *relays, struct http_request *r, struct str call_id,
                            const struct recording_source *source)
{
    struct recording_where w = recording_where_of(source);
    int rc = recording_check(relays->config, w);
    if (rc < 0) {
        recording_refuse(r, rc);
        return;
    }
    char until[TIMESTAMP_TEXT_BYTES];
    int64_t until_s = timestamp_wall_us() / 1000000 + CAP_TICKET_S;
    struct str ticket = make_ticket(relays, &r->arena, call_id, w, until_s);
    struct str when = timestamp_format(until_s * 1000000, until);
    struct str body =
        arena_printf(&r->arena, "{\"url\":\"/api/v1/calls/%.*s/recording?ticket=%.*s\",\"expires_at\":\"%.*s\"}",
                     (int)call_id.n, call_id.p, (int)ticket.n, ticket.p, (int)when.n, when.p);
    http_reply_header(r, "Cache-Control", STR("private, no-store"));
    http_reply(r, 200, "application/json", body);
}

static int64_t read_until_s(struct str body)
{
    uint64_t s = 0;
    for (size_t i = 0; i < 8; i++) {
        s = s << 8 | (unsigned char)body.p[i];
    }
    return (int64_t)s;
}

static void read_source(struct str body, struct recording_source *out, struct arena *a)
{
    struct str ids = str_skip(body, HEAD_BYTES);
    *out = (struct recording_source){0};
    if (body.p[8] == 't') {
        struct recording_where w = {RECORDING_TWILIO, str_skip(ids, 34), str_cut(ids, 34)};
        out->recording_url = recording_voicemail_url(a, w);
    } else {
        out->provider_call_id = arena_copy(a, ids);
    }
}

int recording_ticket_check(const struct recording_relays *relays, struct str call_id, struct str ticket,
                           struct recording_source *source_out, struct arena *arena)
{
    struct str bytes = ticket.n <= CAP_TICKET_BYTES ? crypto_base64url_decode(arena, ticket) : (struct str){NULL, 0};
    if (!has_secret(relays) || bytes.n <= HEAD_BYTES + MAC_BYTES) {
        return ERR_UNAUTHORIZED;
    }
    struct str body = str_cut(bytes, bytes.n - MAC_BYTES);
    struct digest mac = mac_of(relays, call_id, body);
    if (!crypto_equal(digest_str(&mac), str_skip(bytes, body.n)) ||
        read_until_s(body) <= timestamp_wall_us() / 1000000) {
        return ERR_UNAUTHORIZED;
    }
    read_source(body, source_out, arena);
    return 0;
}
