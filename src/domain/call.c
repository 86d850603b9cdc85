#include "call.h"
#include "crypto.h"
#include "utf8.h"
#include <math.h>

struct call_event call_event_make(enum call_source source)
{
    return (struct call_event){.source = source,
                               .status = CALL_UNKNOWN,
                               .provider_rank = RANK_SEEN,
                               .reported_seconds = NAN,
                               .carrier_seconds = NAN,
                               .cost = NAN};
}

void call_event_set_key(unsigned char key[16], const struct str *parts, size_t count)
{
    struct digest d = crypto_hash_tuple(parts, count);
    memcpy(key, d.bytes, 16);
}

struct str call_claim(struct arena *a, enum call_rank rank, struct str value)
{
    if (!value.n) {
        return (struct str){NULL, 0};
    }
    return arena_printf(a, "%d%.*s", (int)rank, (int)value.n, value.p);
}

/* Withheld numbers as carriers still spell them, on a telephone's keys: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE. */
static bool is_keypad_word(struct str number)
{
    static const struct str words[] = {
        {"+266696687", 10}, {"+7378742833", 11}, {"+2562533", 8}, {"+8656696", 8}, {"+86282452253", 12},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (str_eq(number, words[i])) {
            return true;
        }
    }
    return false;
}

bool call_number_is_e164(struct str number)
{
    if (is_keypad_word(number)) {
        return false;
    }
    if (number.n < 7 || number.n > 16 || number.p[0] != '+' || number.p[1] == '0') {
        return false;
    }
    for (size_t i = 1; i < number.n; i++) {
        if (number.p[i] < '0' || number.p[i] > '9') {
            return false;
        }
    }
    return true;
}

struct str call_number_claim(struct arena *a, enum call_rank rank, struct str number)
{
    if (is_keypad_word(number)) {
        number = STR("anonymous"); /* not to be taken for a number that can be called back */
    }
    return call_claim(a, call_number_is_e164(number) ? rank : RANK_WORD, utf8_cut(number, 200));
}

struct word {
    struct str text;
    enum call_status status;
};

static enum call_status find(const struct word *words, size_t count, struct str text)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(words[i].text, text)) {
            return words[i].status;
        }
    }
    return CALL_UNKNOWN;
}

#define WORD(text, status) {{text, sizeof(text) - 1}, status}

enum call_status call_status_of_vapi(struct str word)
{
    static const struct word words[] = {
        WORD("scheduled", CALL_SCHEDULED),     WORD("queued", CALL_QUEUED),         WORD("ringing", CALL_RINGING),
        WORD("in-progress", CALL_IN_PROGRESS), WORD("forwarding", CALL_FORWARDING), WORD("ended", CALL_ENDED),
    };
    return find(words, sizeof(words) / sizeof(words[0]), word);
}

enum call_status call_status_of_twilio(struct str word)
{
    static const struct word words[] = {
        WORD("queued", CALL_QUEUED),  WORD("initiated", CALL_QUEUED), WORD("ringing", CALL_RINGING),
        WORD("busy", CALL_ENDED),     WORD("failed", CALL_ENDED),     WORD("in-progress", CALL_IN_PROGRESS),
        WORD("canceled", CALL_ENDED), WORD("no-answer", CALL_ENDED),  WORD("completed", CALL_ENDED),
    };
    return find(words, sizeof(words) / sizeof(words[0]), word);
}
