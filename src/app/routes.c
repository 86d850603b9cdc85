#include "routes.h"
#include "app.h"
#include "caps.h"
#include "ops.h"

static int usher_twilio(const struct http_request *r)
{
    return twilio_usher(&app_of_public(r)->twilio, r);
}

static int usher_vapi(const struct http_request *r)
{
    return vapi_usher(&app_of_public(r)->vapi, r);
}

static int guard_twilio(struct http_request *r)
{
    return twilio_verify(&app_of_public(r)->twilio, r);
}

static int guard_vapi(struct http_request *r)
{
    return vapi_verify(&app_of_public(r)->vapi, r);
}

#define TWILIO_HANDLER(name)                                                                                           \
    static void name(struct http_request *r)                                                                           \
    {                                                                                                                  \
        twilio_##name(&app_of_public(r)->twilio, r);                                                                   \
    }
TWILIO_HANDLER(on_voice)
TWILIO_HANDLER(on_dialed)
TWILIO_HANDLER(on_recorded)
TWILIO_HANDLER(on_recording_status)
TWILIO_HANDLER(on_status)

static void on_vapi(struct http_request *r)
{
    vapi_on_message(&app_of_public(r)->vapi, r);
}

static void on_health(struct http_request *r)
{
    ops_on_health(r);
}

static void on_ready_public(struct http_request *r)
{
    ops_on_ready(app_of_public(r), r);
}

static void on_ready_admin(struct http_request *r)
{
    ops_on_ready(app_of_admin(r), r);
}

static void on_metrics(struct http_request *r)
{
    ops_on_metrics(r);
}

const struct http_route routes_public[] = {
    {VERB_POST, "/api/webhook", usher_twilio, guard_twilio, CAP_FORM_BYTES, on_voice},
    {VERB_POST, "/api/twilio/fallback", usher_twilio, guard_twilio, CAP_FORM_BYTES, on_voice},
    {VERB_POST, "/api/twilio/dialed", usher_twilio, guard_twilio, CAP_FORM_BYTES, on_dialed},
    {VERB_POST, "/api/twilio/recorded", usher_twilio, guard_twilio, CAP_FORM_BYTES, on_recorded},
    {VERB_POST, "/api/twilio/recording-status", usher_twilio, guard_twilio, CAP_FORM_BYTES, on_recording_status},
    {VERB_POST, "/api/twilio/status", usher_twilio, guard_twilio, CAP_FORM_BYTES, on_status},
    {VERB_POST, "/api/vapi-webhook", usher_vapi, guard_vapi, CAP_VAPI_BYTES, on_vapi},
    {VERB_GET, "/healthz", NULL, NULL, CAP_NO_BODY_BYTES, on_health},
    {VERB_GET, "/readyz", NULL, NULL, CAP_NO_BODY_BYTES, on_ready_public},
    {0, NULL, NULL, NULL, 0, NULL},
};

const struct http_route routes_admin[] = {
    {VERB_GET, "/healthz", NULL, NULL, CAP_NO_BODY_BYTES, on_health},
    {VERB_GET, "/readyz", NULL, NULL, CAP_NO_BODY_BYTES, on_ready_admin},
    {VERB_GET, "/metrics", NULL, NULL, CAP_NO_BODY_BYTES, on_metrics},
    {0, NULL, NULL, NULL, 0, NULL},
};

/* In the order of the public table, then what only the admin table has. */
const char *const route_names[] = {
    "none",
    "/api/webhook",
    "/api/twilio/fallback",
    "/api/twilio/dialed",
    "/api/twilio/recorded",
    "/api/twilio/recording-status",
    "/api/twilio/status",
    "/api/vapi-webhook",
    "/healthz",
    "/readyz",
    "/metrics",
};
const size_t route_name_count = sizeof(route_names) / sizeof(route_names[0]);
const size_t route_first_public = 1;
const size_t route_first_admin = 8;
