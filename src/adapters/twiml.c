#include "twiml.h"
#include "utf8.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>"
#define P(s) (int)(s).n, (s).p

struct str twiml_escape(struct arena *a, struct str text)
{
    text = utf8_clean(a, text);
    char *out = arena_alloc(a, text.n * 6 + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        const char *entity = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : NULL;
        if (entity) {
            size_t length = strlen(entity);
            memcpy(out + n, entity, length);
            n += length;
        } else if (c >= 0x20 || c == '\t' || c == '\n' || c == '\r') {
            out[n++] = (char)c;
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
    struct str name = f->business_name.n ? arena_printf(a, " %.*s", P(f->business_name)) : STR("");
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
