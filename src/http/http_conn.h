#pragma once
/* One client. Owned by its listener, made by http_conn_open; frees itself when its handles are closed. It carries one
 * request at a time, embedded; bytes that come meanwhile are kept, and past a limit no longer read.
 *
 * http_conn.c has the states, the deadlines, the way in and the end; http_write.c the way out; http_exchange.c what one
 * request goes through. */
#include "http.h"
#include "http_parse.h"
#include "http_peer.h"
#include "metric.h"

struct http_listener;

enum http_conn_state {
    CONN_IDLE,      /* no byte of a request yet */
    CONN_HEAD,      /* a part of a head is here */
    CONN_BODY,      /* the head was accepted, the body is coming */
    CONN_DISPATCH,  /* guard or handler are on the call stack */
    CONN_HANDLING,  /* the handler returned and will answer later */
    CONN_STREAMING, /* the head of a streamed answer is out, the handler writes piece by piece */
    CONN_GONE,      /* the client left before the answer or its end; on_gone is due, or a late answer */
    CONN_WRITING,   /* the kernel has not taken the whole answer yet */
    CONN_ANSWERED,  /* it has; the request is let go of next */
    CONN_LINGER,    /* we said our last word and wait for the client's, so that the answer is not lost to a reset */
    CONN_CLOSING,   /* the handles are being closed */
    CONN_STATE_COUNT
};

enum http_conn_input {
    INPUT_READING,
    INPUT_PAUSED, /* enough is kept already */
    INPUT_EOF,    /* the client has said all it wanted to */
};

/* How the client of a stream knows where its body ends. */
enum http_framing {
    FRAMING_LENGTH,
    FRAMING_CHUNKED,
    FRAMING_CLOSE, /* with the connection, in HTTP/1.0; so whatever ends too early must end with a reset */
};

struct http_conn {
    struct http_request request;
    struct http_listener *listener;
    struct list_node node; /* in the listener's list of our state */
    enum http_conn_state state;
    enum http_conn_input input;
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_write_t write;
    struct loop_task task; /* ANSWERED: go on; GONE: tell the handler */
    struct http_peer *peer;
    bool peer_is_trusted;
    char peer_text[PEER_TEXT_BYTES], client_text[PEER_TEXT_BYTES];
    struct http_parse parse;
    struct buf pending; /* bytes behind the current request, from pending_at on */
    size_t pending_at;
    struct str param;        /* of the route, in the head */
    struct buf out, next;    /* being written; and what comes after it */
    struct buf reply_lines;  /* headers added by the handler */
    unsigned reply_replaced; /* default headers among them, one bit each */
    bool reply_encoded;      /* Content-Encoding is among them */
    unsigned retry_after_s;  /* 0: not set */
    int status;              /* of the answer */
    bool streaming, drain_owed, live;
    enum http_framing framing;
    int64_t stream_left_bytes; /* of a body of known length */
    bool dispatching;          /* guard or handler are on the call stack */
    bool last;                 /* no request follows this one */
    enum metric_close why;     /* GONE: the reason to come */
    size_t charged_bytes;      /* of the listener's budget for bodies */
    uint64_t started_ns, body_started_ms, write_started_ms;
    int64_t write_bytes, write_confirmed_bytes; /* ever given; of those the client had them at the last look */
    uint64_t deadline_ms, timer_due_ms;         /* 0: none. The timer may fire early: it is moved forward only then */
    uint64_t idle_ms;
    size_t requests;
    int open_handles;
};

/* Takes the socket over. 0, or ERR_CONNECT when the loop does not take it: then it is closed and nothing is left. */
int http_conn_open(struct http_listener *l, int fd, const struct sockaddr_storage *from,
                   struct http_peer *peer) must_check;
/* The one setter: checks the transition, moves the connection between the lists, sets the new state's deadline. */
void http_conn_set_state(struct http_conn *c, enum http_conn_state state);
/* Sets the deadline; 0: none. */
void http_conn_arm(struct http_conn *c, uint64_t at_ms);
/* Says goodbye: nothing more is sent, what comes is thrown away for a short while. */
void http_conn_linger(struct http_conn *c);
void http_conn_close(struct http_conn *c, enum metric_close why);
/* The client is gone, or has to be: tells a waiting handler first. */
void http_conn_gone(struct http_conn *c, enum metric_close why);
/* In GONE: sees to it that the handler is told, now that it waits. */
void http_conn_tell(struct http_conn *c);
/* Why a connection ends when its client ends it now. */
enum metric_close http_conn_reason(const struct http_conn *c);
/* Reads or stops to read, as the state and the kept bytes ask for. */
void http_conn_update_input(struct http_conn *c);
