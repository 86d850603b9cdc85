#pragma once
/* One libcurl easy handle: a fetch's wishes and the room's policy in, a code and the answer's bytes out. Everything is
 * copied, so the fetch may go away while the transfer runs. Embedded in its owner. */
#include "fetch.h"
#include <curl/curl.h>

struct fetch_easy {
    CURL *curl; /* its CURLOPT_PRIVATE is this struct */
    struct curl_slist *headers;
    struct buf answer; /* of a stream: what came and was not taken yet */
    struct buf head;   /* the headers in `head_names`, a line each, when they are wanted */
    uint64_t started_ns, head_ns, touched_ns;
    unsigned deadline_ms;
    bool head_whole;      /* the last head line seen ended the final head */
    unsigned sent;        /* how often libcurl was about to send the request */
    bool unwanted;        /* abandoned: if it was not sent yet, it must not be */
    int verdict;          /* of our own callbacks, 0: none */
    bool repeatable;      /* libcurl may send it again when a kept connection turns out dead */
    bool public_only;     /* only to addresses of the public internet */
    bool private_address; /* at least one other was refused */
    bool wants_head, is_stream;
    bool held;         /* libcurl keeps the next part until there is room */
    size_t left_bytes; /* of a stream: that may still come */
    /* A head or a part waits to be taken. Fires inside libcurl. */
    void (*on_news)(struct fetch_easy *);
};

void fetch_easy_open(struct fetch_easy *e, void (*on_news)(struct fetch_easy *));
void fetch_easy_close(struct fetch_easy *e);
/* 0, or ERR_BAD_SETTING: no usable URL, or a header that would not be one line. */
int fetch_easy_prepare(struct fetch_easy *e, const struct fetch *f) must_check;
/* Makes it ready for the next prepare. */
void fetch_easy_clear(struct fetch_easy *e);

/* It was given up before anything was sent: the other side is not to blame. */
bool fetch_easy_spared(const struct fetch_easy *e, CURLcode result);
double fetch_easy_seconds(const struct fetch_easy *e);
/* Until the final head; until now when there is none. */
double fetch_easy_head_seconds(const struct fetch_easy *e);
int fetch_easy_status(const struct fetch_easy *e);
/* libcurl's result as one of the codes of fetch_submit's on_done. */
int fetch_easy_code(const struct fetch_easy *e, CURLcode result);
/* Hands over status, type and headers. */
void fetch_easy_take_head(struct fetch_easy *e, struct fetch *f);
/* Hands over the answer, or what came of a stream. */
struct buf fetch_easy_take_bytes(struct fetch_easy *e);
/* Lets libcurl go on when it held a part back. Not inside libcurl. 0, or the call is over with that code. */
int fetch_easy_continue(struct fetch_easy *e) must_check;
