#pragma once
/* One libcurl easy handle: a fetch's wishes and the room's policy in, a code and the answer's bytes out. Everything is
 * copied, so the fetch may go away while the transfer runs. Embedded in its owner. */
#include "fetch.h"
#include <curl/curl.h>

struct fetch_easy {
    CURL *curl; /* its CURLOPT_PRIVATE is this struct */
    struct curl_slist *headers;
    struct buf answer;
    uint64_t started_ns;
    unsigned deadline_ms;
    bool head_whole; /* the last line seen ended a head */
    unsigned sent;   /* how often libcurl was about to send the request */
    bool unwanted;   /* abandoned: if it was not sent yet, it must not be */
    int verdict;     /* of our own callbacks, 0: none */
    bool repeatable; /* libcurl may send it again when a kept connection turns out dead */
};

void fetch_easy_open(struct fetch_easy *e);
void fetch_easy_close(struct fetch_easy *e);
/* 0, or ERR_BAD_SETTING: no usable URL, or a header that would not be one line. */
int fetch_easy_prepare(struct fetch_easy *e, const struct fetch *f) must_check;
/* Makes it ready for the next prepare. */
void fetch_easy_clear(struct fetch_easy *e);

/* It was given up before anything was sent: the other side is not to blame. */
bool fetch_easy_spared(const struct fetch_easy *e, CURLcode result);
double fetch_easy_seconds(const struct fetch_easy *e);
int fetch_easy_status(const struct fetch_easy *e);
/* libcurl's result as one of the codes of fetch_submit's on_done. */
int fetch_easy_code(const struct fetch_easy *e, CURLcode result);
/* Hands the answer over. */
void fetch_easy_take_answer(struct fetch_easy *e, struct fetch *f);
