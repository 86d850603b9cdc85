/* Any bytes as Cal.com's answer: what is asked stands in the first byte, the status in the second. Nothing that cannot be read
 * is taken for a booking, or for there being none; texts are clean and within their limits; times are in order and of the
 * days that were asked for. */
#include "calcom_reply.h"
#include "caps.h"
#include "fuzz.h"
#include "timestamp.h"
#include "utf8.h"

static const int statuses[] = {200, 201, 204, 302, 400, 401, 403, 404, 409, 429, 500};

static void check_line(struct str s)
{
    HOLD(s.n < CALENDAR_WORDS_BYTES && utf8_valid(s));
    for (size_t i = 0; i < s.n; i++) {
        HOLD((unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f);
    }
}

static void check_slots(const struct calendar_ask *q)
{
    int64_t before_us = 0;
    HOLD(q->slot_count <= CAP_CALCOM_SLOTS);
    for (size_t i = 0; i < q->slot_count; i++) {
        struct str start = q->slots[i].start, day = str_cut(start, 10);
        int64_t at_us = timestamp_parse(start);
        HOLD(at_us > 0 && at_us >= before_us && start.n >= 20 && start.n <= 29);
        HOLD(memcmp(day.p, q->from_date.p, 10) >= 0 && memcmp(day.p, q->to_date.p, 10) <= 0);
        before_us = at_us;
    }
}

static void check_verdict(const struct calendar_ask *q, int status, bool useful)
{
    bool made = q->verdict == CALENDAR_DONE || q->verdict == CALENDAR_PENDING;
    bool good = made || q->verdict == CALENDAR_ABSENT || q->verdict == CALENDAR_CANCELLED;
    HOLD(!good || (useful && status < 300));
    HOLD(useful || q->verdict == (q->what == CALENDAR_BOOK ? CALENDAR_UNKNOWN : CALENDAR_UNREACHABLE));
    HOLD(q->verdict != CALENDAR_ABSENT || q->what == CALENDAR_FIND);
    HOLD(q->verdict != CALENDAR_CANCELLED || q->what == CALENDAR_FIND);
    HOLD(q->verdict != CALENDAR_UNKNOWN || q->what == CALENDAR_BOOK);
    HOLD(!made || (q->what != CALENDAR_BOOK && q->what != CALENDAR_FIND) || q->uid[0]);
    HOLD((q->verdict == CALENDAR_BLOCKED) == (q->block_ms > 0) && q->block_ms <= CAP_CALCOM_BLOCK_MS * 5);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct calcom_shapes shapes;
    if (!shapes.envelope) {
        calcom_shapes_make(&shapes);
    }
    if (size < 2) {
        return 0;
    }
    struct calendar_ask q = {.what = (enum calendar_what)(data[0] % (CALENDAR_EVENT_TYPE + 1)),
                             .account.key = STR("cal_live_larkspur"),
                             .from_date = STR("2026-12-01"),
                             .to_date = STR("2026-12-02"),
                             .booking_id = STR("b-1")};
    struct str bytes = {(const char *)data + 2, size - 2};
    struct calcom_answer answer = {.status = statuses[data[1] % (sizeof(statuses) / sizeof(statuses[0]))],
                                   .body = bytes,
                                   .reset = str_cut(bytes, 4),
                                   .retry_after = str_skip(bytes, 4)};
    bool useful = calcom_reply_read(&shapes, &answer, &q);
    check_verdict(&q, answer.status, useful);
    check_slots(&q);
    check_line(str_of(q.words));
    check_line(str_of(q.uid));
    check_line(q.account_name);
    check_line(q.event_type.title);
    check_line(q.event_type.cannot_fill);
    calendar_ask_finish(&q);
    return 0;
}
