#include "demo_text.h"
#include <assert.h>

#define DAY_US 86400000000LL

static const struct str slot_names[SLOTS] = {
    [SLOT_NAME] = {"name", 4},   [SLOT_BUSINESS] = {"business", 8}, [SLOT_STAFF] = {"staff", 5},
    [SLOT_DAY] = {"day", 3},     [SLOT_PART] = {"part", 4},         [SLOT_WHEN] = {"when", 4},
    [SLOT_SINCE] = {"since", 5}, [SLOT_STREET] = {"street", 6},     [SLOT_PRICE] = {"price", 5},
    [SLOT_TAIL] = {"tail", 4},   [SLOT_REASON] = {"reason", 6},     [SLOT_TIME] = {"time", 4},
};

void demo_put(struct buf *out, struct str s)
{
    int rc = buf_append(out, s);
    assert(rc == 0);
    (void)rc;
}

void demo_put_byte(struct buf *out, char c)
{
    demo_put(out, (struct str){&c, 1});
}

static void put_digits(struct buf *out, uint64_t n, size_t least)
{
    char text[20];
    size_t at = sizeof(text);
    while (n > 0 || sizeof(text) - at < least) {
        text[--at] = (char)('0' + n % 10);
        n /= 10;
    }
    demo_put(out, (struct str){text + at, sizeof(text) - at});
}

void demo_put_number(struct buf *out, uint64_t n)
{
    put_digits(out, n, 1);
}

/* Years, months and days of the calendar from days since 1970: eras of 400 years that begin in March. */
void demo_put_date(struct buf *out, int64_t days)
{
    int64_t shifted = days + 719468, era = shifted / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * of_year + 2) / 153;
    int64_t day = of_year - (153 * month + 2) / 5 + 1;
    month += month < 10 ? 3 : -9;
    put_digits(out, (uint64_t)(year_of_era + era * 400 + (month <= 2)), 4);
    demo_put_byte(out, '-');
    put_digits(out, (uint64_t)month, 2);
    demo_put_byte(out, '-');
    put_digits(out, (uint64_t)day, 2);
}

void demo_put_time(struct buf *out, int64_t us)
{
    assert(us > 0);
    uint64_t ms = (uint64_t)(us % DAY_US) / 1000;
    demo_put_date(out, us / DAY_US);
    demo_put_byte(out, ' ');
    put_digits(out, ms / 3600000, 2);
    demo_put_byte(out, ':');
    put_digits(out, ms / 60000 % 60, 2);
    demo_put_byte(out, ':');
    put_digits(out, ms / 1000 % 60, 2);
    demo_put_byte(out, '.');
    put_digits(out, ms % 1000, 3);
    demo_put(out, STR("+00"));
}

static void put_slot(struct buf *out, struct str name, const struct demo_slots *slots)
{
    size_t i = 0;
    while (!str_eq(slot_names[i], name)) {
        i++;
        assert(i < SLOTS);
    }
    demo_put(out, slots->of[i]);
}

/* How many bytes come before the next `stop`, or before the end; what stands in braces is passed over. */
static size_t find_outside(struct str s, char stop)
{
    size_t i = 0;
    for (int depth = 0; i < s.n && (depth > 0 || s.p[i] != stop); i++) {
        depth += (s.p[i] == '{') - (s.p[i] == '}');
    }
    return i;
}

static void put_part(struct buf *out, struct str part, const struct demo_slots *slots, struct demo_random *r);

static void put_braces(struct buf *out, struct str inside, const struct demo_slots *slots, struct demo_random *r)
{
    uint32_t count = 0;
    for (struct str s = inside; s.n > 0; s = str_skip(s, find_outside(s, '|') + 1)) {
        count++;
    }
    if (count == 1) {
        put_slot(out, inside, slots);
        return;
    }
    for (uint32_t skip = demo_random_below(r, count); skip > 0; skip--) {
        inside = str_skip(inside, find_outside(inside, '|') + 1);
    }
    put_part(out, str_cut(inside, find_outside(inside, '|')), slots, r);
}

/* As deep as the braces of the template, which is ours. */
static void put_part(struct buf *out, struct str part, const struct demo_slots *slots, struct demo_random *r)
{
    while (part.n > 0) {
        size_t plain = str_find(part, '{');
        demo_put(out, str_cut(part, plain));
        part = str_skip(part, plain + 1);
        if (part.n > 0) {
            struct str inside = str_cut(part, find_outside(part, '}'));
            put_braces(out, inside, slots, r);
            part = str_skip(part, inside.n + 1);
        }
    }
}

void demo_put_text(struct buf *out, const char *template, const struct demo_slots *slots, struct demo_random *r)
{
    put_part(out, str_of(template), slots, r);
}
