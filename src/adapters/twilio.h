#pragma once
/* Twilio: its requests verified, live calls answered with TwiML, follow-ups stored.
 * Facts: Twilio's documentation ("TwiML for Programmable Voice", "Webhooks security") of August 2026. */
#include "business.h"
#include "config.h"
#include "form.h"
#include "http.h"
#include "ingest.h"
#include "vapi.h"
#include "voice.h"

/* Embedded in its owner. What it points at is the owner's and outlives it. */
struct twilio {
    const struct config *config;
    struct loop *loop;
    struct ingest *ingest;
    struct directory *directory;
    struct voice *voice;
    struct vapi *vapi;
    struct list calls; /* voice requests that are being answered */
    uv_timer_t clock;  /* asks again about calls that another process is answering */
    void (*on_stopped)(struct twilio *);
};

void twilio_start(struct twilio *t);
/* Abandons calls that are still being answered. on_stopped fires once, later. */
void twilio_stop(struct twilio *t, void (*on_stopped)(struct twilio *));

/* Turns away requests without a signature, before their body is read. */
int twilio_usher(const struct twilio *t, const struct http_request *r) must_check;
/* The guard of every Twilio route: X-Twilio-Signature over the configured public URL, the target as sent, and the form.
 * Current and previous token. 0 or ERR_BAD_SIGNATURE, also when no token is configured (unless --insecure-dev). */
int twilio_verify(const struct twilio *t, const struct http_request *r) must_check;

/* What a signature is made over. */
struct twilio_signed {
    struct str url; /* as Twilio requested it, query included */
    struct str body;
    struct str content_type;
};
bool twilio_signature_valid(struct str token, const struct twilio_signed *s, struct str signature);

/* POST /api/webhook and /api/twilio/fallback: TwiML with 200, always, within CAP_VOICE_MS. */
void twilio_on_voice(struct twilio *t, struct http_request *r);
/* What happens to the call afterwards. */
void twilio_on_dialed(struct twilio *t, struct http_request *r);
void twilio_on_recorded(struct twilio *t, struct http_request *r);
void twilio_on_recording_status(struct twilio *t, struct http_request *r);
void twilio_on_status(struct twilio *t, struct http_request *r);
