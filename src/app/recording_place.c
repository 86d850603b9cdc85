#include "recording_place.h"

#define TWILIO "https://api.twilio.com"
#define MOST_DIGITS 15 /* of a number of bytes */
#define MOST_ID_BYTES 100

static bool is_hex(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
            return false;
        }
    }
    return true;
}

static bool is_sid(struct str s, struct str prefix)
{
    return s.n == 34 && str_starts(s, prefix) && is_hex(str_skip(s, 2));
}

static bool is_call_id(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (!alnum && c != '-' && c != '_') {
            return false;
        }
    }
    return s.n > 0 && s.n <= MOST_ID_BYTES;
}

/* Takes a prefix off; false when it is not there. */
static bool take(struct str *s, struct str prefix)
{
    bool there = str_starts(*s, prefix);
    *s = there ? str_skip(*s, prefix.n) : *s;
    return there;
}

static struct str take_until(struct str *s, char c)
{
    struct str part = str_cut(*s, str_find(*s, c));
    *s = str_skip(*s, part.n);
    return part;
}

static struct recording_where where_at_twilio(struct str path)
{
    struct recording_where w = {.place = RECORDING_TWILIO};
    bool fits = take(&path, STR("2010-04-01/Accounts/"));
    w.account = take_until(&path, '/');
    fits = fits && take(&path, STR("/Recordings/"));
    w.id = path;
    bool ids = is_sid(w.account, STR("AC")) && is_sid(w.id, STR("RE"));
    return fits && ids ? w : (struct recording_where){.place = RECORDING_NOWHERE};
}

struct recording_where recording_where_of(const struct recording_source *s)
{
    struct str url = s->recording_url;
    if (take(&url, STR(TWILIO "/")) || take(&url, STR("http://api.twilio.com/"))) {
        return where_at_twilio(url);
    }
    struct recording_where w = {.place = RECORDING_VAPI, .id = s->provider_call_id};
    return is_call_id(w.id) ? w : (struct recording_where){.place = RECORDING_NOWHERE};
}

int recording_check(const struct config *c, struct recording_where w)
{
    bool vapi = c->vapi_api_key.n, twilio = c->twilio_account_sid.n && c->twilio_auth_token.n;
    if (w.place == RECORDING_NOWHERE) {
        return ERR_NOT_FOUND;
    }
    return (w.place == RECORDING_VAPI ? vapi : twilio) ? 0 : ERR_RECORDING_UNAVAILABLE;
}

struct str recording_voicemail_url(struct arena *a, struct recording_where w)
{
    return arena_printf(a, TWILIO "/2010-04-01/Accounts/%.*s/Recordings/%.*s", (int)w.account.n, w.account.p,
                        (int)w.id.n, w.id.p);
}

struct str recording_first_url(struct arena *a, struct recording_where w, struct str vapi_api_url)
{
    if (w.place == RECORDING_TWILIO) {
        struct str url = recording_voicemail_url(a, w);
        return arena_printf(a, "%.*s.mp3", (int)url.n, url.p);
    }
    return arena_printf(a, "%.*s/call/%.*s/mono-recording", (int)vapi_api_url.n, vapi_api_url.p, (int)w.id.n, w.id.p);
}

/* "https://host:port" of an address. */
static struct str origin_of(struct str url)
{
    size_t scheme = str_find(url, ':') + 3;
    return str_cut(url, scheme + str_find(str_skip(url, scheme), '/'));
}

enum recording_hop recording_next_url(struct arena *a, struct str location, struct str from, struct str *url_out)
{
    struct str origin = origin_of(from), rest = location;
    bool is_path =
        str_starts(location, STR("/")) && !str_starts(location, STR("//")) && !str_starts(location, STR("/\\"));
    if (is_path) {
        *url_out = arena_printf(a, "%.*s%.*s", (int)origin.n, origin.p, (int)location.n, location.p);
        return RECORDING_HOP_SAME;
    }
    *url_out = arena_copy(a, location);
    if (take(&rest, origin) && str_starts(rest, STR("/"))) {
        return RECORDING_HOP_SAME;
    }
    return str_eq_nocase(str_cut(location, 8), STR("https://")) ? RECORDING_HOP_PUBLIC : RECORDING_HOP_REFUSED;
}

int64_t recording_read_length(struct str text)
{
    int64_t n = text.n > 0 && text.n <= MOST_DIGITS ? 0 : -1;
    for (size_t i = 0; i < text.n && n >= 0; i++) {
        n = text.p[i] >= '0' && text.p[i] <= '9' ? n * 10 + (text.p[i] - '0') : -1;
    }
    return n;
}

bool recording_read_range(struct str text, struct recording_range *out)
{
    *out = (struct recording_range){-1, -1};
    if (!take(&text, STR("bytes="))) {
        return false;
    }
    struct str first = take_until(&text, '-');
    if (!take(&text, STR("-"))) {
        return false;
    }
    out->first = recording_read_length(first);
    out->last = recording_read_length(text);
    bool clean = (first.n == 0 || out->first >= 0) && (text.n == 0 || out->last >= 0);
    bool ordered = first.n == 0 || text.n == 0 || out->first <= out->last;
    return clean && ordered && first.n + text.n > 0;
}

bool recording_range_fits(struct str content_range, struct recording_range asked, int64_t length_bytes)
{
    struct str text = content_range;
    bool fits = take(&text, STR("bytes "));
    int64_t first = recording_read_length(take_until(&text, '-'));
    fits = fits && take(&text, STR("-"));
    int64_t last = recording_read_length(take_until(&text, '/'));
    fits = fits && take(&text, STR("/")) && first >= 0 && last >= first;
    fits = fits && (str_eq(text, STR("*")) || recording_read_length(text) > last);
    fits = fits && (asked.first < 0 || first == asked.first);
    fits = fits && (asked.first < 0 || asked.last < 0 || last <= asked.last);
    return fits && (length_bytes < 0 || length_bytes == last - first + 1);
}

bool recording_is_unsatisfied(struct str content_range)
{
    return take(&content_range, STR("bytes */")) && recording_read_length(content_range) >= 0;
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
        if (!alnum && c != '-' && c != '.' && c != '+') {
            return false;
        }
    }
    return s.n > 0;
}

/* Parameters are left out: no audio needs any. */
struct recording_type recording_type_of(struct arena *a, struct str content_type)
{
    static const struct {
        struct str type;
        const char *file_name;
    } known[] = {
        {STR("audio/mpeg"), "recording.mp3"}, {STR("audio/mp3"), "recording.mp3"},
        {STR("audio/wav"), "recording.wav"},  {STR("audio/x-wav"), "recording.wav"},
        {STR("audio/wave"), "recording.wav"},
    };
    struct str type = str_trim(str_cut(content_type, str_find(content_type, ';'))), kind = type;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (str_eq_nocase(type, known[i].type)) {
            return (struct recording_type){known[i].type.p, known[i].file_name};
        }
    }
    bool audio = take(&kind, STR("audio/")) && is_token(kind);
    return (struct recording_type){audio ? arena_copy(a, type).p : "application/octet-stream", "recording"};
}
