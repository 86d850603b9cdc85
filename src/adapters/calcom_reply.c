#include "calcom_reply.h"
#include "caps.h"
#include "err.h"

#define ANY (-1)
#define DOUBT CALENDAR_UNKNOWN /* of a question: CALENDAR_UNREACHABLE */

struct meaning {
    int status, what;
    const char *words; /* somewhere in what it says, in capitals or not; NULL: whatever that is */
    enum calendar_verdict verdict;
};

/* The first row that fits. The words with underscores are Cal.com's inner names of the same errors: they come through when
 * nobody put them into words. */
static const struct meaning meanings[] = {
    {429, ANY, NULL, CALENDAR_BLOCKED},
    {401, ANY, NULL, CALENDAR_CREDENTIALS},
    {403, CALENDAR_BOOK, "booker_email", CALENDAR_DECLINED}, /* the booker's address is not welcome */
    {403, ANY, NULL, CALENDAR_CREDENTIALS},
    {404, CALENDAR_ACCOUNT, NULL, CALENDAR_UNREACHABLE}, /* every key has an account: this is not Cal.com */
    {404, ANY, NULL, CALENDAR_CREDENTIALS},
    {408, ANY, NULL, DOUBT},
    {ANY, CALENDAR_BOOK, "already has booking", CALENDAR_TAKEN},
    {ANY, CALENDAR_BOOK, "no_available_users_found", CALENDAR_TAKEN},
    {ANY, CALENDAR_BOOK, "hosts_unavailable_for_booking", CALENDAR_TAKEN},
    {ANY, CALENDAR_BOOK, "host_unavailable_for_booking", CALENDAR_TAKEN},
    {ANY, CALENDAR_BOOK, "booking_conflict", CALENDAR_TAKEN},
    {ANY, CALENDAR_BOOK, "book a meeting in the past", CALENDAR_PAST},
    {ANY, CALENDAR_BOOK, "can't be booked at the", CALENDAR_OUT_OF_RANGE},
    {ANY, CALENDAR_BOOK, "booking_time_out_of_bounds", CALENDAR_OUT_OF_RANGE},
    {ANY, CALENDAR_BOOK, "maximum number of active bookings", CALENDAR_LIMIT},
    {ANY, CALENDAR_BOOK, "booker_limit_exceeded", CALENDAR_LIMIT},
    {409, CALENDAR_BOOK, NULL, CALENDAR_TAKEN},
    {ANY, CALENDAR_FIND, NULL, CALENDAR_UNREACHABLE},
    {ANY, ANY, NULL, CALENDAR_DECLINED},
};

static enum calendar_verdict doubt_of(const struct calendar_ask *q)
{
    return q->what == CALENDAR_BOOK ? CALENDAR_UNKNOWN : CALENDAR_UNREACHABLE;
}

static bool has_words(struct str text, struct str words)
{
    for (size_t i = 0; i + words.n <= text.n; i++) {
        if (str_eq_nocase((struct str){text.p + i, words.n}, words)) {
            return true;
        }
    }
    return false;
}

static bool says(const struct calcom_complaint *c, const char *words)
{
    bool said = !words;
    for (size_t i = 0; i < sizeof(c->texts) / sizeof(c->texts[0]) && !said; i++) {
        said = has_words(str_cut(c->texts[i], CAP_CALCOM_COMPLAINT_BYTES), str_of(words));
    }
    return said;
}

static enum calendar_verdict find_meaning(int status, const struct calcom_complaint *c, const struct calendar_ask *q)
{
    const struct meaning *m = meanings;
    while ((m->status != ANY && m->status != status) || (m->what != ANY && m->what != (int)q->what) ||
           !says(c, m->words)) {
        m++;
    }
    if (m->verdict == CALENDAR_CREDENTIALS && !c->words.n) { /* not Cal.com's own words: something in between refuses */
        return q->what == CALENDAR_BOOK ? CALENDAR_DECLINED : CALENDAR_UNREACHABLE;
    }
    return m->verdict == DOUBT ? doubt_of(q) : m->verdict;
}

/* Seconds, perhaps with a fraction, which is rounded up; 0 when it is something else. */
static unsigned read_seconds_ms(struct str s)
{
    const unsigned most_s = CAP_CALCOM_BLOCK_MS * 5 / 1000;
    unsigned seconds = 0;
    size_t i = 0;
    for (s = str_trim(s); i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
        seconds = seconds > most_s ? seconds : seconds * 10 + (unsigned)(s.p[i] - '0');
    }
    bool fraction = i > 0 && i < s.n && s.p[i] == '.';
    if (i == 0 || (i < s.n && !fraction)) {
        return 0;
    }
    seconds += fraction || seconds == 0;
    return (seconds < most_s ? seconds : most_s) * 1000;
}

static unsigned block_of(const struct calcom_answer *answer)
{
    unsigned reset_ms = read_seconds_ms(answer->reset), retry_ms = read_seconds_ms(answer->retry_after);
    return reset_ms ? reset_ms : retry_ms ? retry_ms : CAP_CALCOM_BLOCK_MS;
}

static void read_refusal(const struct calcom_shapes *s, const struct calcom_answer *answer, struct calendar_ask *q)
{
    struct arena a = {0};
    struct calcom_complaint c;
    calcom_read_complaint(s, answer->body, &a, &c);
    q->verdict = answer->status < 500 ? find_meaning(answer->status, &c, q) : doubt_of(q);
    q->block_ms = q->verdict == CALENDAR_BLOCKED ? block_of(answer) : 0;
    if (!q->account.key.n || !str_has(c.words, q->account.key)) {
        calcom_read_words(c.words, q->words);
    }
    arena_free(&a);
}

bool calcom_reply_read(const struct calcom_shapes *s, const struct calcom_answer *answer, struct calendar_ask *q)
{
    bool refused = answer->status >= 400;
    q->words[0] = '\0';
    q->block_ms = 0;
    if (refused) {
        read_refusal(s, answer, q);
    } else if (answer->status < 200 || answer->status >= 300 || !calcom_read_good(s, answer->body, q)) {
        q->verdict = doubt_of(q);
        return false;
    }
    return true;
}

void calcom_reply_none(int code, struct calendar_ask *q)
{
    bool unsent = code == ERR_CONNECT || code == ERR_PRIVATE_ADDRESS || code == ERR_BREAKER_OPEN || code == ERR_BUSY ||
                  code == ERR_BAD_SETTING || code == ERR_STOPPING || code == ERR_BAD_REQUEST;
    q->verdict = unsent ? CALENDAR_UNREACHABLE : doubt_of(q);
}
