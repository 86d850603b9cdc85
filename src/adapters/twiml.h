#pragma once
/* TwiML for the case that no AI takes the call, and for what follows. Twilio, "TwiML for Programmable Voice". */
#include "arena.h"

/* What a fallback needs to know. URLs are made from the public one; without it they are relative. */
struct twiml_fallback {
    struct str public_url;
    struct str business_name; /* absent: not said */
    struct str greeting;      /* absent: a standard one */
    struct str forward_to;    /* absent: voicemail at once */
};

/* Rings the forward number, or takes a message. */
struct str twiml_forward_or_record(struct arena *a, const struct twiml_fallback *f);
struct str twiml_record(struct arena *a, const struct twiml_fallback *f);
struct str twiml_thanks(void);
struct str twiml_hangup(void);
struct str twiml_nothing(void);
/* Text and attribute values: & < > " escaped, control characters dropped (XML 1.0 has no form for them). */
struct str twiml_escape(struct arena *a, struct str text);
