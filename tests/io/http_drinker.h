#pragma once
/* The receiving end of a streamed answer: reads as much as it is told to, takes the body out of its framing and compares
 * it with the pattern that the producer writes. Whatever is wrong with the framing makes it `broken`. */
#include "http_house.h"

/* Byte `at` of every long body: a missing, doubled or swapped piece shows, and line ends occur. */
static inline char pattern_at(size_t at)
{
    return (char)(at ^ at >> 8 ^ at >> 16);
}

static inline struct str pattern_of(size_t from, size_t n)
{
    static char bytes[CAP_STREAM_MOST_BYTES];
    for (size_t i = 0; i < n; i++) {
        bytes[i] = pattern_at(from + i);
    }
    return (struct str){bytes, n};
}

enum drink { DRINK_HEAD, DRINK_PLAIN, DRINK_SIZE, DRINK_DATA, DRINK_DATA_END, DRINK_LAST_END, DRINK_BEHIND };

struct drinker {
    struct peer *peer;
    enum drink stage;
    char head[4096]; /* of the answer, or the line of a chunk */
    size_t head_n;
    size_t left, body_n, chunks; /* of the chunk or of the whole; so far */
    char behind[4096];           /* what follows the answer */
    size_t behind_n;
    bool broken, eof, reset;
};

static inline bool drinker_line(struct drinker *d, char c, const char *end)
{
    if (d->head_n + 1 >= sizeof(d->head)) {
        d->broken = true;
        return false;
    }
    d->head[d->head_n++] = c;
    d->head[d->head_n] = 0;
    return str_ends((struct str){d->head, d->head_n}, str_of(end));
}

/* The head is complete: which framing does it promise? */
static inline void drinker_begin(struct drinker *d)
{
    const char *length = strstr(d->head, "\r\nContent-Length: ");
    bool chunked = strstr(d->head, "\r\nTransfer-Encoding: chunked\r\n");
    d->broken = d->broken || (length && chunked);
    d->stage = chunked ? DRINK_SIZE : DRINK_PLAIN;
    d->left = length ? (size_t)strtoull(length + 18, NULL, 10) : SIZE_MAX;
    if (d->left == 0) {
        d->stage = DRINK_BEHIND;
    }
    d->head_n = chunked ? 0 : d->head_n;
}

static inline void drinker_size(struct drinker *d)
{
    char *end;
    d->left = (size_t)strtoull(d->head, &end, 16);
    d->broken = d->broken || d->head_n < 3 || strcmp(end, "\r\n") != 0 || d->left > CAP_STREAM_MOST_BYTES;
    d->stage = d->left ? DRINK_DATA : DRINK_LAST_END;
    d->chunks += d->left > 0;
    d->head_n = 0;
}

static inline void drinker_data(struct drinker *d, char c)
{
    d->broken = d->broken || c != pattern_at(d->body_n);
    d->body_n++;
    if (--d->left == 0) {
        d->stage = d->stage == DRINK_PLAIN ? DRINK_BEHIND : DRINK_DATA_END;
    }
}

static inline void drinker_feed(struct drinker *d, char c)
{
    if (d->stage == DRINK_HEAD && drinker_line(d, c, "\r\n\r\n")) {
        drinker_begin(d);
    } else if (d->stage == DRINK_SIZE && drinker_line(d, c, "\n")) {
        drinker_size(d);
    } else if (d->stage == DRINK_PLAIN || d->stage == DRINK_DATA) {
        drinker_data(d, c);
    } else if (d->stage == DRINK_DATA_END || d->stage == DRINK_LAST_END) {
        if (drinker_line(d, c, "\n")) {
            d->broken = d->broken || strcmp(d->head, "\r\n") != 0;
            d->stage = d->stage == DRINK_DATA_END ? DRINK_SIZE : DRINK_BEHIND;
            d->head_n = 0;
        }
    } else if (d->stage == DRINK_BEHIND && d->behind_n < sizeof(d->behind)) {
        d->behind[d->behind_n++] = c;
    }
}

/* Takes up to `most` bytes that are there now. */
static inline size_t drinker_sip(struct drinker *d, size_t most)
{
    static char bytes[65536];
    size_t total = 0;
    while (total < most && !d->eof && !d->reset) {
        size_t room = most - total < sizeof(bytes) ? most - total : sizeof(bytes);
        ssize_t n = recv(d->peer->fd, bytes, room, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) {
            break;
        }
        d->eof = n == 0;
        d->reset = n < 0;
        for (ssize_t i = 0; i < n; i++) {
            drinker_feed(d, bytes[i]);
        }
        total += n > 0 ? (size_t)n : 0;
    }
    return total;
}

static inline struct str drinker_behind(const struct drinker *d)
{
    return (struct str){d->behind, d->behind_n};
}
