#include "demo_search.h"
#include <assert.h>

#define FNV_START 0xcbf29ce484222325u
#define FNV_STEP 0x100000001b3u

void demo_seen_begin(struct demo_seen *s)
{
    s->call++;
}

/* A letter or digit as it is indexed, or 0. */
static char folded(char c)
{
    assert((unsigned char)c < 0x80);
    bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return plain ? c : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : '\0';
}

static bool is_new(struct demo_seen *s, struct str word)
{
    uint64_t hash = FNV_START;
    for (size_t i = 0; i < word.n; i++) {
        hash = (hash ^ (unsigned char)word.p[i]) * FNV_STEP;
    }
    size_t at = hash % DEMO_SEEN;
    for (size_t tries = 0; s->slots[at].call == s->call; at = (at + 1) % DEMO_SEEN) {
        if (s->slots[at].word == hash) {
            return false;
        }
        tries++;
        assert(tries < DEMO_SEEN);
    }
    s->slots[at].word = hash;
    s->slots[at].call = s->call;
    return true;
}

void demo_put_words(struct buf *out, struct demo_seen *s, struct str key, struct str text)
{
    for (size_t i = 0; i < text.n;) {
        size_t before = out->len;
        demo_put_byte(out, ' ');
        demo_put(out, key);
        size_t from = out->len;
        for (; i < text.n && folded(text.p[i]); i++) {
            demo_put_byte(out, folded(text.p[i]));
        }
        if (out->len == from || !is_new(s, (struct str){out->data + from, out->len - from})) {
            out->len = before;
        }
        i += i < text.n && !folded(text.p[i]);
    }
}
