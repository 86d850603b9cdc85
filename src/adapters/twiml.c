#include "twiml.h"
#include "utf8.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>"
#define P(s) (int)(s).n, (s).p

/* Bytes from here that XML 1.0 has no character for: 0 or the length of one such. */
static size_t unspeakable(struct str text)
{
    unsigned char c = (unsigned char)*text.p;
    if (c < 0x20) {
        return c == '\t' || c == '\n' || c == '\r' ? 0 : 1;
    }
    return str_starts(text, STR("\xef\xbf\xbe")) || str_starts(text, STR("\xef\xbf\xbf")) ? 3 : 0;
}

struct str twiml_escape(struct arena *a, struct str text)
{
    text = utf8_clean(a, text);
    char *out = arena_alloc(a, text.n * 6 + 1);
    size_t n = 0;
    for (size_t left_out; text.n; text = str_skip(text, left_out ? left_out : 1)) {
        char c = *text.p;
        const char *entity = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : NULL;
        size_t length = entity ? strlen(entity) : 1;
        left_out = unspeakable(text);
        if (!left_out) {
            memcpy(out + n, entity ? entity : &c, length);
            n += length;
        }
    }
    return (struct str){out, n};
}

/* What the caller is told before the tone. Basic voices take 4096 characters. */
static struct str greeting(struct arena *a, const struct twiml_fallback *f)
{
    if (f->greeting.n) {
        return twiml_escape(a, utf8_cut(f->greeting, 1000));
    }
    struct str name = f->business_name.n ? arena_printf(a, " %.*s", P(utf8_cut(f->business_name, 200))) : STR("");
    struct str text =
        arena_printf(a,
                     "Thank you for calling%.*s. We can not take your call right now. Please leave your name, "
                     "number and a short message after the tone.",
                     P(name));
    return twiml_escape(a, text);
}

/* An action is always set: without one Twilio asks the current URL again, which would loop. */
struct str twiml_record(struct arena *a, const struct twiml_fallback *f)
{
    struct str base = twiml_escape(a, f->public_url), say = greeting(a, f);
    return arena_printf(a,
                        HEAD
                        "<Say>%.*s</Say><Record action=\"%.*s/api/twilio/recorded\" method=\"POST\" maxLength=\"120\" "
                        "timeout=\"5\" finishOnKey=\"#\" playBeep=\"true\" trim=\"trim-silence\" "
                        "recordingStatusCallback=\"%.*s/api/twilio/recording-status\"/></Response>",
                        P(say), P(base), P(base));
}

struct str twiml_forward_or_record(struct arena *a, const struct twiml_fallback *f)
{
    if (!f->forward_to.n) {
        return twiml_record(a, f);
    }
    struct str base = twiml_escape(a, f->public_url), number = twiml_escape(a, f->forward_to);
    return arena_printf(
        a,
        HEAD "<Dial action=\"%.*s/api/twilio/dialed\" method=\"POST\" timeout=\"20\" answerOnBridge=\"true\">"
             "<Number statusCallback=\"%.*s/api/twilio/status\" "
             "statusCallbackEvent=\"initiated ringing answered completed\">%.*s</Number></Dial></Response>",
        P(base), P(base), P(number));
}

struct str twiml_thanks(void)
{
    return STR(HEAD "<Say>Thank you. We will call you back.</Say><Hangup/></Response>");
}

struct str twiml_hangup(void)
{
    return STR(HEAD "<Hangup/></Response>");
}

struct str twiml_nothing(void)
{
    return STR(HEAD "</Response>");
}
