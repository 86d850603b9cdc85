#pragma once
/* HTTP/1.1 in: what a handler sees. RFC 9112, strict: one Host, origin-form, HTTP/1.0 and 1.1, no Upgrade, no trailers,
 * no obs-fold; anything doubtful is refused and the connection closed.
 *
 * A handler is called with the whole request: body complete, route found, guard passed, limits kept. It must answer
 * exactly once (now or in a later turn), with one of the replies or with a stream, unless the client left first: then
 * on_gone fires, once, in a turn of its own, and the request must not be touched any more. A handler that answers before
 * it returns needs no waiter. Everything a request points at is valid until its reply, the end of its stream or on_gone. */
#include "arena.h"
#include "buf.h"
#include "list.h"
#include "loop.h"
#include <stdint.h>

enum http_verb { VERB_GET, VERB_HEAD, VERB_POST, VERB_PUT, VERB_PATCH, VERB_DELETE, VERB_COUNT };

struct http_request;
struct http_server;
struct http_networks;

/* Embedded in the object of a handler that answers later. */
struct http_waiter {
    void (*on_gone)(struct http_waiter *, struct http_request *);
    void (*on_drain)(struct http_waiter *, struct http_request *); /* of a stream; may be NULL */
};

/* One row of a route table: policy and pointer. The usher sees the head alone and the guard the complete request; either
 * returns 0 or an error code, which becomes the answer. What the usher turns away never fills memory with its body. A GET
 * route answers HEAD too. The metric label is the path as it stands here.
 *
 * A path may hold one parameter, which stands for one segment: "/calls/{id}" or "/calls/{id}/recording". Its value is 1 to
 * 64 bytes of [A-Za-z0-9._-], as sent, and not "." or ".."; other values are 404. A path that a row names exactly is never
 * taken for a parameter's value, whatever the verb. */
struct http_route {
    enum http_verb verb;
    const char *path;                          /* the query string is not part of it */
    int (*usher)(const struct http_request *); /* may be NULL, like the guard */
    int (*guard)(struct http_request *);
    size_t body_cap_bytes;
    void (*handler)(struct http_request *);
};

struct http_request {
    struct http_server *server; /* embedded in its owner: container_of finds the rest */
    const struct http_route *route;
    enum http_verb verb;
    struct str target, path, query; /* as sent; query without '?', absent when there is none */
    struct buf body;
    struct arena arena;         /* freed after the reply was written, or after on_gone */
    char id[33];                /* X-Request-Id: 32 hex digits, ours */
    uint64_t started_ms;        /* loop time of the first byte */
    struct str peer;            /* address without port, of whoever connected: a proxy, maybe */
    struct http_waiter *waiter; /* set by the handler that answers later, or before its stream begins */
};

/* A header's value, absent when it is not there. The name's case does not matter; repeated headers: the first. */
struct str http_header(const struct http_request *r, struct str name);
/* The same for a header that may come once: absent when it is repeated, whoever stands between may have believed the other. */
struct str http_header_once(const struct http_request *r, struct str name);
/* Whether the client takes a content coding, such as "br", and not less gladly than the plain bytes. */
bool http_takes_coding(const struct http_request *r, struct str coding);
/* The value of the route's parameter; absent when its path has none. */
struct str http_param(const struct http_request *r);
/* The client's address, for limits and logs: the peer's, unless that is a trusted proxy. Then it is the last address in
 * X-Forwarded-For that is none; what stands before an entry that is no address is not believed. */
struct str http_client_address(struct http_request *r);
/* Takes the body out of the request: the caller owns it now. */
struct buf http_take_body(struct http_request *r);

/* Adds a header to the coming reply. Name and value must be clean (no CR, LF, NUL): asserted for names, refused bytes of
 * values are dropped. */
void http_reply_header(struct http_request *r, const char *name, struct str value);
/* Sets Retry-After of the coming reply; without it, 429 and 503 say 2. */
void http_reply_retry_after(struct http_request *r, unsigned seconds);
/* Answers. The body is copied. X-Request-Id, Content-Length, Date and the security headers are added. JSON and text of more
 * than CAP_GZIP_LEAST_BYTES are sent gzipped to clients that take it, unless the handler set a Content-Encoding. */
void http_reply(struct http_request *r, int status, const char *content_type, struct str body);
/* Answers a GET with 200 and a strong ETag of the body, or with 304 when the client's If-None-Match has it. Cache-Control is
 * "private, no-store" unless the handler set another. */
void http_reply_tagged(struct http_request *r, const char *content_type, struct str body);
/* Answers with {"error":{"code","message"}} and the status of the error table; Retry-After on 503 and 429. */
void http_reply_error(struct http_request *r, int code);
/* The same with a message of its own, valid UTF-8; one that is too long is replaced by the table's. */
void http_reply_message(struct http_request *r, int code, struct str message);

/* A streamed answer: begin, any number of writes, end or cut. When the client leaves meanwhile, or reads nothing for
 * CAP_WRITE_MS, or the whole takes longer than CAP_STREAM_MS, on_gone fires, once, in a later turn; until then writes
 * are swallowed. A handler that does not end its stream before it returns sets its waiter before it begins. */

/* Sends the head. `length_bytes` is the exact length of what will be written; negative: not known, then the body is
 * chunked, or ends with the connection in HTTP/1.0. `content_type` may be NULL. HEAD is answered with the head alone:
 * what is written is swallowed, and need not be written. Not for 204 and 304. */
void http_stream_begin(struct http_request *r, int status, const char *content_type, int64_t length_bytes);
/* The same for a stream that goes on for hours and is silent at times: 200, chunked, CAP_LIVE_MS in place of CAP_STREAM_MS.
 * A client that closes its side has left; one that is away without a word is noticed when it has not confirmed a piece for
 * CAP_LIVE_DEAD_MS. */
void http_stream_begin_live(struct http_request *r, const char *content_type);
/* Sends a piece, which is copied where the client is slow; an empty one is nothing. Returns the bytes that wait for the
 * client. When they are more than CAP_STREAM_BYTES the handler must wait: on_drain fires, once, in a later turn, when
 * few or none are left. Past CAP_STREAM_MOST_BYTES, or past the length, is an assert: pieces of the difference of the two
 * caps always fit a handler that waits. */
size_t http_stream_write(struct http_request *r, struct str piece);
/* The body is complete. One that is shorter than its length is cut. */
void http_stream_end(struct http_request *r);
/* Breaks the connection off, so that the client sees that the body is not complete. */
void http_stream_cut(struct http_request *r);

struct http_options {
    const char *name;                            /* of the listener, in logs: "public", "admin" */
    size_t metric_listener;                      /* index in LABELS_LISTENER */
    const struct http_route *routes;             /* lives as long as the server; ends with a row whose path is NULL */
    size_t metric_first_route;                   /* index of routes[0] in LABELS_ROUTE; index 0 of that set is "none" */
    const char *host;                            /* numeric address */
    int port;                                    /* 0: any free one */
    const struct http_networks *trusted_proxies; /* whose X-Forwarded-For is believed; NULL: nobody's */
    void (*on_lost)(struct http_request *); /* answers 404 to people: a GET of no route that accepts text/html. NULL: as
                                               to everybody else, in JSON */
};

struct http_server {
    struct loop *loop;
    struct http_options options;
    struct http_listener *listener; /* private to the room */
};

/* Opens the listener and starts to accept. 0, or ERR_CONNECT when the address cannot be bound (logged with the reason).
 * Logs "listening" with listener and port. */
int http_server_start(struct http_server *s, struct loop *loop, const struct http_options *options) must_check;
/* Stops accepting; every answer from now on closes its connection, idle connections are closed. Requests in flight get
 * CAP_DRAIN_MS, then their connections are cut (on_gone fires). on_stopped fires once, later, when nothing is left. */
void http_server_stop(struct http_server *s, void (*on_stopped)(struct http_server *));
/* The bound port. */
int http_server_port(const struct http_server *s);
