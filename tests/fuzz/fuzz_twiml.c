/* Any bytes as Vapi's answer to POST /call: what is passed on to Twilio is TwiML of the right size, in one piece. The same
 * bytes as a name in our own TwiML leave no mark-up in it. */
#include "adapters/vapi_call.c"
#include "fuzz.h"
#include "twiml.h"

static void check_reply(struct str answer)
{
    static struct vapi vapi;
    vapi.reply_shape = vapi.reply_shape ? vapi.reply_shape : vapi_reply_shape();
    struct vapi_handoff h = {.vapi = &vapi, .fetch.status = 201, .fetch.answer = buf_make(CAP_FETCH_BODY_BYTES)};
    HOLD(buf_append(&h.fetch.answer, answer) == 0);
    h.cause = read_reply(&h);
    HOLD((h.cause == NULL) == (h.twiml.n > 0) && (h.cause == NULL) == (h.call_id.n > 0));
    if (!h.cause) {
        HOLD(h.twiml.n <= CAP_TWIML_BYTES && utf8_valid(h.twiml) && !memchr(h.twiml.p, 0, h.twiml.n));
        HOLD(str_has(h.twiml, STR("<Response")));
    }
    buf_free(&h.fetch.answer);
    arena_free(&h.arena);
}

static void check_escape(struct str name)
{
    struct arena a = {0};
    struct str text = twiml_escape(&a, name);
    HOLD(utf8_valid(text));
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        HOLD(c != '<' && c != '>' && c != '"' && (c >= 0x20 || c == '\t' || c == '\n' || c == '\r'));
        struct str rest = str_skip(text, i);
        HOLD(c != '&' || str_starts(rest, STR("&amp;")) || str_starts(rest, STR("&lt;")) ||
             str_starts(rest, STR("&gt;")) || str_starts(rest, STR("&quot;")));
    }
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    check_reply(str_cut(bytes, CAP_FETCH_BODY_BYTES));
    check_escape(bytes);
    return 0;
}
