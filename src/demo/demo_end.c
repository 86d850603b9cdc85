#include "demo_end.h"
#include <string.h>

#define TALKED(median, spread) (median), (spread), 20, 540
#define SHORT(least, most) (((least) + (most)) / 2.0), 0.4, (least), (most)

/* clang-format off */
const struct demo_end demo_ends[DEMO_ENDS] = {
    {"handled", "5customer-ended-call", TALK_WHOLE, false, 430, 540, 600, TALKED(88, 0.5)},
    {"handled", "5assistant-ended-call", TALK_WHOLE, false, 90, 110, 120, TALKED(96, 0.45)},
    {"handled", "5assistant-said-end-call-phrase", TALK_WHOLE, false, 60, 70, 80, TALKED(102, 0.45)},
    {"transferred", "5assistant-forwarded-call", TALK_TRANSFER, false, 120, 15, 90, TALKED(48, 0.4)},
    {"transferred", "2ringback.transfer-completed", TALK_NONE, false, 12, 3, 5, TALKED(140, 0.6)},
    {"hung_up_early", "5customer-ended-call", TALK_GREETING, true, 80, 75, 25, SHORT(2, 13)},
    {"hung_up_early", "0twilio.canceled", TALK_NONE, true, 22, 20, 10, 0, 0, 0, 0},
    {"no_response", "5silence-timed-out", TALK_SILENCE, true, 45, 45, 10, SHORT(24, 44)},
    {"transfer_not_answered", "5call.forwarding.operator-busy", TALK_IN_VAIN, true, 18, 10, 12, TALKED(70, 0.4)},
    {"transfer_not_answered", "5call.forwarding.no-answer", TALK_IN_VAIN, true, 12, 15, 8, TALKED(82, 0.4)},
    {"transfer_not_answered", "2ringback.transfer-no-answer", TALK_NONE, true, 8, 8, 5, SHORT(26, 60)},
    {"ai_unavailable", "5assistant-request-failed", TALK_NONE, true, 8, 8, 3, SHORT(1, 6)},
    {"technical_error", "5pipeline-error-openai-llm-failed", TALK_CUT, true, 10, 10, 4, SHORT(12, 60)},
    {"technical_error", "5worker-shutdown", TALK_CUT, true, 5, 5, 2, SHORT(15, 120)},
    {"cut_off", "5exceeded-max-duration", TALK_CUT, false, 7, 7, 6, 600, 0.001, 600, 601},
    {"spam", "5twilio-reported-customer-misdialed", TALK_WRONG, false, 34, 20, 0, SHORT(6, 28)},
    {"other", "5voicemail", TALK_MACHINE, false, 8, 8, 0, SHORT(8, 40)},
    {"ai_unavailable", "1ringback.vapi-timeout", TALK_NONE, true, 14, 14, 5, SHORT(12, 70)},
};
/* clang-format on */

bool demo_end_dials(const struct demo_end *e)
{
    return e->claim[0] == '2';
}

bool demo_end_has_report(const struct demo_end *e)
{
    return e->claim[0] == '5';
}

bool demo_end_is_spam(const struct demo_end *e)
{
    return strcmp(e->outcome, "spam") == 0;
}
