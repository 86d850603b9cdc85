#include "digest_words.h"
#include "call.h"
#include "html.h"
#include <math.h>

#define ABSENT ((struct str){NULL, 0})
#define S(s) (int)(s).n, (s).p ? (s).p : ""

struct str words_count(struct arena *a, int64_t count, const char *one, const char *many)
{
    struct str digits = arena_printf(a, "%lld", (long long)count), out = STR("");
    for (size_t i = 0; i < digits.n; i++) {
        bool is_group = i > 0 && (digits.n - i) % 3 == 0 && digits.p[i - 1] != '-';
        out = arena_printf(a, "%.*s%s%c", S(out), is_group ? "," : "", digits.p[i]);
    }
    return arena_printf(a, "%.*s %s", S(out), count == 1 ? one : many);
}

struct str words_average(struct arena *a, double value)
{
    if (isnan(value)) {
        return STR("–");
    }
    value = floor(value * 10 + 0.5) / 10;
    if (value >= 100 || value == floor(value)) {
        struct str n = words_count(a, (int64_t)llround(value), "", "");
        return str_trim(n);
    }
    return arena_printf(a, "%.1f", value);
}

struct str words_length(struct arena *a, double seconds)
{
    if (isnan(seconds) || seconds < 0) {
        return STR("–");
    }
    long s = lround(seconds), minutes = s / 60;
    if (s < 60) {
        return arena_printf(a, "%ld s", s);
    }
    if (minutes >= 60) {
        return arena_printf(a, minutes % 60 ? "%ld h %ld min" : "%ld h", minutes / 60, minutes % 60);
    }
    return arena_printf(a, s % 60 ? "%ld min %ld s" : "%ld min", minutes, s % 60);
}

/* Digits of the country code: 1 and 7 have one, these two, all others three (ITU-T E.164). */
static size_t code_length(struct str digits)
{
    static const char two[] =
        " 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 "
        "65 66 81 82 84 86 90 91 92 93 94 95 98 ";
    const char wanted[] = {' ', digits.p[0], digits.p[1], ' ', 0};
    return digits.p[0] == '1' || digits.p[0] == '7' ? 1 : strstr(two, wanted) ? 2 : 3;
}

/* Groups of three, with up to four at the end. */
static struct str grouped(struct arena *a, struct str digits)
{
    struct str out = STR("");
    while (digits.n > 4) {
        size_t take = digits.n == 5 ? 2 : 3;
        out = arena_printf(a, "%.*s%.*s ", S(out), (int)take, digits.p);
        digits = str_skip(digits, take);
    }
    return arena_printf(a, "%.*s%.*s", S(out), S(digits));
}

/* What carriers send in place of a number that the caller keeps back. */
static bool is_withheld(struct str number)
{
    static const char *const words[] = {"anonymous",   "restricted", "blocked", "unknown",
                                        "unavailable", "private",    "withheld"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (str_eq_nocase(number, str_of(words[i]))) {
            return true;
        }
    }
    return number.n == 0;
}

struct str words_phone(struct arena *a, struct str number)
{
    if (!call_number_is_e164(number)) {
        return is_withheld(number) ? STR("Withheld number") : number;
    }
    struct str digits = str_skip(number, 1);
    size_t n = code_length(digits);
    struct str rest = str_skip(digits, n);
    if (digits.p[0] == '1' && rest.n == 10) {
        return arena_printf(a, "+1 (%.3s) %.3s-%.4s", rest.p, rest.p + 3, rest.p + 6);
    }
    if (str_starts(digits, STR("442")) && rest.n == 10) {
        return arena_printf(a, "+44 %.2s %.4s %.4s", rest.p, rest.p + 2, rest.p + 6);
    }
    struct str groups = grouped(a, rest);
    return arena_printf(a, "+%.*s %.*s", (int)n, digits.p, S(groups));
}

struct str words_tel(struct arena *a, struct str number)
{
    return call_number_is_e164(number) ? arena_printf(a, "tel:%.*s", S(number)) : ABSENT;
}

struct str words_urgency(struct str urgency)
{
    return str_eq(urgency, STR("high"))     ? STR("Urgent")
           : str_eq(urgency, STR("normal")) ? STR("Normal")
           : str_eq(urgency, STR("low"))    ? STR("Can wait")
                                            : ABSENT;
}

struct str words_capital(struct arena *a, struct str text)
{
    bool is_word = text.n && text.p[0] >= 'a' && text.p[0] <= 'z' &&
                   (text.n == 1 || text.p[1] == ' ' || (text.p[1] >= 'a' && text.p[1] <= 'z'));
    return is_word ? arena_printf(a, "%c%.*s", text.p[0] & ~0x20, (int)text.n - 1, text.p + 1) : text;
}

struct str words_why(struct arena *a, struct str reason, struct str summary, struct str outcome)
{
    static const struct {
        const char *outcome, *words;
    } instead[] = {
        {"Hung up early", "Hung up before saying why"},
        {"No response", "Stayed silent on the line"},
        {"Transfer not answered", "Was put through, and nobody answered"},
        {"AI unavailable", "Could not reach the AI"},
        {"Technical error", "Lost to a technical error"},
    };
    if (reason.n || summary.n) {
        return words_capital(a, str_or(reason, summary));
    }
    for (size_t i = 0; i < sizeof(instead) / sizeof(instead[0]); i++) {
        if (str_eq(outcome, str_of(instead[i].outcome))) {
            return str_of(instead[i].words);
        }
    }
    return STR("Did not say why");
}

struct str words_caller_meta(struct arena *a, const struct digest_caller *c)
{
    struct str meta = c->when;
    if (c->outcome.n) {
        meta = arena_printf(a, "%.*s · %.*s", S(meta), S(c->outcome));
    }
    if (c->tries > 1) {
        struct str tries = words_count(a, c->tries, "try", "tries");
        meta = arena_printf(a, "%.*s · %.*s", S(meta), S(tries));
    }
    return meta;
}

struct str words_called_from(struct arena *a, const struct digest_caller *c)
{
    struct str from = words_phone(a, c->caller_number);
    return !c->number.n || str_eq(c->number, c->caller_number) ? ABSENT : arena_printf(a, "Called from %.*s", S(from));
}

struct str words_call_meta(struct arena *a, const struct digest_call *c)
{
    struct str length = words_length(a, c->seconds);
    return isnan(c->seconds) || c->seconds < 1 ? c->outcome : arena_printf(a, "%.*s · %.*s", S(c->outcome), S(length));
}

struct str words_booking(struct arena *a, const struct digest_booking *b)
{
    if (!b->words.n) {
        return ABSENT;
    }
    struct str words = b->when.n ? arena_printf(a, "%.*s: %.*s", S(b->words), S(b->when)) : b->words;
    return b->is_open ? arena_printf(a, "%.*s. Call back.", S(words)) : words;
}

struct str words_report(struct arena *a, const struct digest_facts *f)
{
    if (f->calls.value < 1) {
        return STR("no calls");
    }
    struct str calls = words_count(a, (int64_t)f->calls.value, "call", "calls");
    struct str waiting = words_count(a, f->to_call_back, "to call back", "to call back");
    return f->to_call_back ? arena_printf(a, "%.*s, %.*s", S(calls), S(waiting))
                           : arena_printf(a, "%.*s, nobody to call back", S(calls));
}

/* "No hot water" as part of a sentence; "AC broken" stays. */
static struct str in_sentence(struct arena *a, struct str text)
{
    bool is_word =
        text.n > 1 && text.p[0] >= 'A' && text.p[0] <= 'Z' && (text.p[1] == ' ' || (text.p[1] & 0x60) == 0x60);
    return is_word ? arena_printf(a, "%c%.*s", text.p[0] | 0x20, (int)text.n - 1, text.p + 1) : text;
}

struct str words_waiting(struct arena *a, const struct digest_facts *f)
{
    int64_t rest = f->to_call_back - (int64_t)f->call_back.count;
    return rest > 0 ? words_count(a, rest, "more to call back", "more to call back") : ABSENT;
}

struct str words_preheader(struct arena *a, const struct digest_facts *f)
{
    if (f->calls.value < 1) {
        return STR("A quiet day.");
    }
    if (f->call_back.count == 0) {
        return STR("Nobody is waiting for a call back.");
    }
    const struct digest_caller *c = DIGEST_ITEM(f->call_back, digest_caller, 0);
    struct str why = in_sentence(a, words_why(a, c->reason, ABSENT, c->outcome));
    struct str who = c->name.n ? c->name : words_phone(a, str_or(c->number, c->caller_number));
    struct str first =
        arena_printf(a, "First: %.*s, %.*s%s", S(who), S(why), str_eq(c->urgency, STR("high")) ? ", urgent" : "");
    struct str others = words_count(a, f->to_call_back - 1, "more", "more");
    return f->to_call_back > 1 ? arena_printf(a, "%.*s. Then %.*s.", S(first), S(others))
                               : arena_printf(a, "%.*s.", S(first));
}

struct str words_empty(struct arena *a, const struct digest_facts *f, int line)
{
    if (line == 0) {
        return arena_printf(a, "Nobody called on %.*s.", S(f->weekday));
    }
    return digest_has_trouble(f) ? STR("That may have a reason: please read on.")
                                 : STR("Nothing looks wrong. Ringback is ready for the next call.");
}

struct str words_after_hours(struct arena *a, const struct digest_facts *f)
{
    int64_t calls = (int64_t)f->calls.value;
    if (calls == 0 || !f->opening_hours.n || str_eq(f->opening_hours, STR("no opening hours set"))) {
        return ABSENT;
    }
    if (f->after_hours == 0) {
        return arena_printf(a, "All calls came within the opening hours (%.*s).", S(f->opening_hours));
    }
    struct str total = words_count(a, calls, "call", "calls");
    return arena_printf(a, "Outside the opening hours (%.*s): %lld of %.*s, %ld%%.", S(f->opening_hours),
                        (long long)f->after_hours, S(total), lround(100.0 * (double)f->after_hours / (double)calls));
}

struct str words_busiest(struct arena *a, const struct digest_facts *f)
{
    struct str calls = words_count(a, f->busiest_calls, "call", "calls");
    return f->busiest_hour.n ? arena_printf(a, "Busiest hour: %.*s, %.*s.", S(f->busiest_hour), S(calls)) : ABSENT;
}

struct str words_usual(struct arena *a, const struct digest_facts *f)
{
    static const char *const counts[] = {"", "", "two", "three", "four"};
    return f->usual_weeks <= 0   ? ABSENT
           : f->usual_weeks == 1 ? arena_printf(a, "Usual: the %.*s of the week before.", S(f->weekday))
                                 : arena_printf(a, "Usual: the average of the last %s %.*ss.",
                                                counts[f->usual_weeks < 4 ? f->usual_weeks : 4], S(f->weekday));
}

struct str words_trouble(struct arena *a, const struct digest_facts *f, enum words_trouble which)
{
    if (which == TROUBLE_NO_NUMBER && f->has_no_number) {
        return STR("No phone number is connected, so no call can arrive. Ask whoever set Ringback up to connect one.");
    }
    if (which == TROUBLE_NO_AI && f->not_answered_by_ai) {
        struct str calls = words_count(a, f->not_answered_by_ai, "call", "calls");
        return arena_printf(a, "The AI could not be reached for %.*s. The fallback took %s.", S(calls),
                            f->not_answered_by_ai == 1 ? "it" : "them");
    }
    if (which == TROUBLE_NO_BOOKING && f->without_booking) {
        struct str callers = words_count(a, f->without_booking, "caller", "callers");
        return arena_printf(a, "%.*s asked for an appointment, and it is not certain that there is one. Call back.",
                            S(callers));
    }
    if (which == TROUBLE_NO_REPORT && f->without_report) {
        struct str calls = words_count(a, f->without_report, "call has", "calls have");
        return arena_printf(a, "%.*s no report, so what was said in %s is not known here.", S(calls),
                            f->without_report == 1 ? "it" : "them");
    }
    return ABSENT;
}

bool digest_has_trouble(const struct digest_facts *f)
{
    return f->has_no_number || f->not_answered_by_ai || f->without_booking || f->without_report;
}

size_t words_figures(struct arena *a, const struct digest_facts *f, struct words_figure out[WORDS_FIGURES])
{
    const struct {
        const char *label;
        const struct digest_number *number;
        bool is_wanted, if_any, is_length;
    } rows[WORDS_FIGURES] = {
        {"Calls", &f->calls, true, false, false},
        {"Different callers", &f->unique_callers, true, false, false},
        {"Answered by the AI", &f->answered, true, false, false},
        {"Missed", &f->missed, true, false, false},
        {"Hung up early", &f->hung_up_early, true, false, false},
        {"AI unavailable", &f->ai_unavailable, true, true, false},
        {"Spam or wrong number", &f->spam, true, true, false},
        {"Bookings", &f->bookings, f->bookings_enabled, false, false},
        {"Average length", &f->average_seconds, true, false, true},
    };
    size_t count = 0;
    for (size_t i = 0; i < WORDS_FIGURES; i++) {
        const struct digest_number *n = rows[i].number;
        if (!rows[i].is_wanted || (rows[i].if_any && n->value == 0 && !(n->usual > 0))) {
            continue;
        }
        struct str (*say)(struct arena *, double) = rows[i].is_length ? words_length : words_average;
        out[count++] =
            (struct words_figure){rows[i].label, say(a, n->value), f->usual_weeks ? say(a, n->usual) : ABSENT};
    }
    return count;
}

void digest_groups(const struct digest_facts *f, struct digest_group out[DIGEST_GROUPS])
{
    out[0] = (struct digest_group){"Urgent", &f->high, f->high_total};
    out[1] = (struct digest_group){"Normal", &f->normal, f->normal_total};
    out[2] = (struct digest_group){"Can wait", &f->low, f->low_total};
    out[3] = (struct digest_group){"Spam or wrong number", &f->spam_calls, f->spam_total};
}

int64_t digest_hidden(const struct digest_facts *f)
{
    struct digest_group groups[DIGEST_GROUPS];
    int64_t hidden = 0;
    digest_groups(f, groups);
    for (int i = 0; i < DIGEST_GROUPS; i++) {
        hidden += groups[i].total - (int64_t)groups[i].calls->count;
    }
    return hidden;
}

struct str words_cover(struct arena *a, const struct digest_facts *f)
{
    return arena_printf(
        a,
        "This mail is about %.*s, from midnight to midnight by the clock of %.*s. A call belongs to the "
        "day on which it began.",
        S(f->day_long), S(f->zone));
}

struct str words_hour(struct arena *a, const struct digest_facts *f)
{
    return f->skip_empty ? arena_printf(a, "It comes at %.*s, after each day with calls", S(f->hour))
                         : arena_printf(a, "It comes every day at %.*s", S(f->hour));
}

struct str words_others(struct arena *a, const struct digest_facts *f, size_t to)
{
    struct str out = ABSENT;
    for (size_t i = 0; i < f->recipients.count; i++) {
        const struct digest_recipient *r = DIGEST_ITEM(f->recipients, digest_recipient, i);
        if (i != to && !r->paused.n) {
            out = arena_printf(a, out.n ? "%.*s, %.*s" : "%.*s%.*s", S(out), S(r->address));
        }
    }
    return out;
}

static struct str without_end(struct str url)
{
    return str_ends(url, STR("/")) ? str_cut(url, url.n - 1) : url;
}

/* Whatever should have come into an address: none is better than a wrong one. */
static struct str sound(struct str url)
{
    return html_is_url(url) ? url : ABSENT;
}

static struct str dashboard(const struct digest_links *l)
{
    return without_end(l->dashboard_url);
}

struct str digest_call_url(struct arena *a, const struct digest_facts *f, const struct digest_links *l, struct str id)
{
    struct str base = dashboard(l);
    return base.n && id.n ? sound(arena_printf(a, "%.*s/calls/%.*s?business=%.*s", S(base), S(id), S(f->business_id)))
                          : ABSENT;
}

struct str digest_day_url(struct arena *a, const struct digest_facts *f, const struct digest_links *l, const char *more)
{
    struct str base = dashboard(l);
    return base.n ? sound(arena_printf(a, "%.*s/calls?business=%.*s&from=%.*s&to=%.*s%s", S(base), S(f->business_id),
                                       S(f->date), S(f->date), more))
                  : ABSENT;
}

struct str digest_settings_url(struct arena *a, const struct digest_facts *f, const struct digest_links *l)
{
    struct str base = dashboard(l);
    return base.n ? sound(arena_printf(a, "%.*s/settings?business=%.*s", S(base), S(f->business_id))) : ABSENT;
}

struct str digest_stop_url(struct arena *a, const struct digest_facts *f, const struct digest_links *l, size_t to)
{
    struct str base = without_end(l->public_url), token = DIGEST_ITEM(f->recipients, digest_recipient, to)->token;
    return base.n && token.n ? sound(arena_printf(a, "%.*s/unsubscribe/%.*s", S(base), S(token))) : ABSENT;
}
