#pragma once
/* The words that a call is found by, as private.words_of and private.lexemes make them (sql/migrations), for text that is
 * plain ASCII: making them here is ten times as fast. tests/e2e/demo.test.mjs compares. */
#include "demo_text.h"

#define DEMO_SEEN 1024 /* words of one call, with room to spare */

/* Which words a call has had already. Zeroed once; used again and again. */
struct demo_seen {
    struct {
        uint64_t word;
        uint32_t call;
    } slots[DEMO_SEEN];
    uint32_t call;
};

/* Another call. */
void demo_seen_begin(struct demo_seen *s);
/* Appends each word that this call has not had yet: a blank, the key, the word. */
void demo_put_words(struct buf *out, struct demo_seen *s, struct str key, struct str text);
