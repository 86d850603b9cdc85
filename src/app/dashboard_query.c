#include "dashboard_query.h"
#include "caps.h"
#include "form.h"
#include "timestamp.h"
#include "utf8.h"

static bool is_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
    }
    return s.n > 0;
}

static bool is_uuid(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        char c = s.p[i];
        bool hex = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
        if (dash ? c != '-' : !hex) {
            return false;
        }
    }
    return s.n == 36;
}

static int number_of(struct str digits)
{
    int n = 0;
    for (size_t i = 0; i < digits.n; i++) {
        n = n * 10 + (digits.p[i] - '0');
    }
    return n;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && year % 4 == 0 ? 29 : days[month - 1]; /* right from 1901 to 2099 */
}

/* Within the century that calls can be from. */
static bool is_date(struct str s)
{
    if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' || !is_digits(str_cut(s, 4)) ||
        !is_digits(str_cut(str_skip(s, 5), 2)) || !is_digits(str_skip(s, 8))) {
        return false;
    }
    int year = number_of(str_cut(s, 4)), month = number_of(str_cut(str_skip(s, 5), 2)), day = number_of(str_skip(s, 8));
    return year >= 2000 && year <= 2099 && month >= 1 && month <= 12 && day >= 1 && day <= days_in(year, month);
}

/* Which ones there are is for the database to say; an unknown one finds nothing. */
static bool is_words(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '_' && s.p[i] != ',' && (s.p[i] < 'a' || s.p[i] > 'z')) {
            return false;
        }
    }
    return s.n <= 200;
}

static bool is_text(struct str s)
{
    return s.n <= CAP_SEARCH_BYTES && utf8_valid(s) && str_find(s, 0) == s.n;
}

static bool is_caller(struct str s)
{
    struct str digits = str_starts(s, STR("+")) ? str_skip(s, 1) : s;
    return is_digits(digits) && digits.n >= 4 && digits.n <= 15;
}

static bool is_urgency(struct str word)
{
    return str_eq(word, STR("high")) || str_eq(word, STR("normal")) || str_eq(word, STR("low")) ||
           str_eq(word, STR("unknown"));
}

static bool is_urgencies(struct str s)
{
    size_t comma = str_find(s, ',');
    while (comma < s.n && is_urgency(str_cut(s, comma))) {
        s = str_skip(s, comma + 1);
        comma = str_find(s, ',');
    }
    return is_urgency(s);
}

static bool is_reason(struct str s)
{
    return is_text(s) && s.n <= CAP_REASON_BYTES;
}

static bool is_called(struct str s)
{
    return s.n >= 7 && s.n <= 16 && s.p[0] == '+' && s.p[1] != '0' && is_digits(str_skip(s, 1));
}

static bool is_yes(struct str s)
{
    return str_eq(s, STR("yes"));
}

static bool is_seconds(struct str s)
{
    return s.n <= 5 && is_digits(s) && number_of(s) >= 1 && number_of(s) <= CAP_CALL_SECONDS;
}

static bool is_cursor(struct str s)
{
    size_t dot = str_find(s, '.');
    return dot <= 16 && is_digits(str_cut(s, dot)) && is_uuid(str_skip(s, dot + 1));
}

static bool is_limit(struct str s)
{
    return s.n <= 4 && is_digits(s) && number_of(s) >= 1 && number_of(s) <= CAP_LIST_ROWS;
}

static const struct {
    const char *name;
    bool (*fits)(struct str);
    const char *wrong;
} rules[PARAM_COUNT] = {
    [PARAM_BUSINESS] = {"business", is_uuid, "business: must be a business id"},
    [PARAM_FROM] = {"from", is_date, "from: must be a date, YYYY-MM-DD"},
    [PARAM_TO] = {"to", is_date, "to: must be a date, YYYY-MM-DD"},
    [PARAM_OUTCOME] = {"outcome", is_words, "outcome: must be outcomes, separated by commas"},
    [PARAM_Q] = {"q", is_text, "q: must be UTF-8 text of at most 500 bytes"},
    [PARAM_CALLER] = {"caller", is_caller, "caller: must be a number, or at least its last four digits"},
    [PARAM_URGENCY] = {"urgency", is_urgencies, "urgency: must be of high, normal, low, unknown, separated by commas"},
    [PARAM_REASON] = {"reason", is_reason, "reason: must be UTF-8 text of at most 480 bytes"},
    [PARAM_CALLED] = {"called", is_called, "called: must be a number such as +16465550187"},
    [PARAM_RECORDING] = {"recording", is_yes, "recording: must be yes, or left out"},
    [PARAM_SHORTER] = {"shorter", is_seconds, "shorter: must be whole seconds, from 1 to 86400"},
    [PARAM_LONGER] = {"longer", is_seconds, "longer: must be whole seconds, from 1 to 86400"},
    [PARAM_CALL_BACK] = {"call_back", is_yes, "call_back: must be yes, or left out"},
    [PARAM_CURSOR] = {"cursor", is_cursor, "cursor: must be a next_cursor of this list"},
    [PARAM_BEFORE] = {"before", is_date, "before: must be a date, YYYY-MM-DD"},
    [PARAM_LIMIT] = {"limit", is_limit, "limit: must be a number from 1 to 200"},
};

static bool takes(const enum query_param *params, enum query_param wanted)
{
    while (*params != PARAM_NONE && *params != wanted) {
        params++;
    }
    return *params == wanted;
}

static enum query_param param_named(const enum query_param *params, struct str name)
{
    for (enum query_param p = PARAM_NONE + 1; p < PARAM_COUNT; p++) {
        bool taken = takes(params, p) || (p == PARAM_CURSOR && takes(params, PARAM_CURSOR_US));
        if (taken && rules[p].name && str_eq(name, str_of(rules[p].name))) {
            return p;
        }
    }
    return PARAM_NONE;
}

static int refuse(struct query *q, const char *why)
{
    q->wrong = str_of(why);
    return ERR_BAD_REQUEST;
}

/* An empty value is as good as none: forms send their empty fields. */
static int read_pair(struct query *q, const enum query_param *params, const struct form_pair *pair)
{
    enum query_param p = param_named(params, pair->name);
    if (p == PARAM_NONE) {
        return refuse(q, "there is a parameter that this address does not take");
    }
    if (q->values[p].n) {
        return refuse(q, "a parameter is given twice");
    }
    if (pair->value.n && !rules[p].fits(pair->value)) {
        return refuse(q, rules[p].wrong);
    }
    q->values[p] = pair->value.n ? pair->value : (struct str){NULL, 0};
    return 0;
}

static int days_of(struct str date)
{
    int year = number_of(str_cut(date, 4)), days = number_of(str_skip(date, 8));
    for (int m = number_of(str_cut(str_skip(date, 5), 2)) - 1; m >= 1; m--) {
        days += days_in(year, m);
    }
    for (; year > 2000; year--) {
        days += 337 + days_in(year - 1, 2);
    }
    return days;
}

/* Lists come page by page and may go back as far as they like; numbers are computed over the whole range. */
static int check_range(struct query *q, bool is_list)
{
    char now[TIMESTAMP_TEXT_BYTES];
    struct str today = str_cut(timestamp_format(timestamp_wall_us(), now), 10);
    struct str from = q->values[PARAM_FROM], to = str_or(q->values[PARAM_TO], today);
    int days = from.n ? days_of(to) - days_of(from) + 1 : 1;
    bool tomorrow = !q->values[PARAM_TO].n && days == 0; /* it is already, in the east */
    if (days < 1 && !tomorrow) {
        return refuse(q, "from: must not be after to");
    }
    return is_list || days <= CAP_RANGE_DAYS ? 0 : refuse(q, "from: the range must not be longer than 400 days");
}

static int read_path(struct http_request *r, const enum query_param *params, struct query *q)
{
    q->values[PARAM_PATH_ID] = q->values[PARAM_PATH_DATE] = http_param(r);
    if ((takes(params, PARAM_PATH_ID) && !is_uuid(http_param(r))) ||
        (takes(params, PARAM_PATH_DATE) && !is_date(http_param(r)))) {
        return ERR_NOT_FOUND;
    }
    return 0;
}

int query_read(struct http_request *r, struct str text, const enum query_param *params, struct query *query_out)
{
    struct form form;
    *query_out = (struct query){0};
    int rc = read_path(r, params, query_out);
    if (rc == 0 && form_parse(&r->arena, text, &form) < 0) {
        return refuse(query_out, "there are too many parameters");
    }
    for (size_t i = 0; rc == 0 && i < form.count; i++) {
        bool is_token = r->verb == VERB_POST && str_eq(form.pairs[i].name, STR("access_token"));
        rc = is_token ? 0 : read_pair(query_out, params, &form.pairs[i]);
    }
    struct str cursor = query_out->values[PARAM_CURSOR];
    if (cursor.n) {
        size_t dot = str_find(cursor, '.');
        query_out->values[PARAM_CURSOR_US] = str_cut(cursor, dot);
        query_out->values[PARAM_CURSOR_ID] = str_skip(cursor, dot + 1);
    }
    return rc ? rc : check_range(query_out, takes(params, PARAM_CURSOR_US));
}
