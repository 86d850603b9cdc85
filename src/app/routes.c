#include "routes.h"
#include "app.h"
#include "caps.h"
#include "digest_doors.h"
#include "http_route.h"
#include "ops.h"
#include "unsubscribe.h"
#include <stdio.h>

static int usher_twilio(const struct http_request *r)
{
    return twilio_usher(&app_of_public(r)->twilio, r);
}

static int usher_vapi(const struct http_request *r)
{
    return vapi_usher(&app_of_public(r)->vapi, r);
}

static int usher_resend(const struct http_request *r)
{
    return resend_usher(&app_of_public(r)->resend, r);
}

static int guard_twilio(struct http_request *r)
{
    return twilio_verify(&app_of_public(r)->twilio, r);
}

static int guard_vapi(struct http_request *r)
{
    return vapi_verify(&app_of_public(r)->vapi, r);
}

static int guard_resend(struct http_request *r)
{
    return resend_verify(&app_of_public(r)->resend, r);
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

static void on_resend(struct http_request *r)
{
    resend_on_event(&app_of_public(r)->resend, r);
}

#define DASHBOARD_HANDLER(name, address)                                                                               \
    static void name(struct http_request *r)                                                                           \
    {                                                                                                                  \
        dashboard_serve(&app_of_public(r)->dashboard, r, DASHBOARD_##address);                                         \
    }
DASHBOARD_HANDLER(on_me, ME)
DASHBOARD_HANDLER(on_overview, OVERVIEW)
DASHBOARD_HANDLER(on_calls, CALLS)
DASHBOARD_HANDLER(on_calls_csv, CALLS_CSV)
DASHBOARD_HANDLER(on_call, CALL)
DASHBOARD_HANDLER(on_recording, RECORDING)
DASHBOARD_HANDLER(on_digests, DIGESTS)
DASHBOARD_HANDLER(on_digest, DIGEST)
DASHBOARD_HANDLER(on_digest_preview, DIGEST_PREVIEW)
DASHBOARD_HANDLER(on_settings, SETTINGS)
DASHBOARD_HANDLER(on_settings_change, SETTINGS_CHANGE)
DASHBOARD_HANDLER(on_call_back, CALL_BACK)
DASHBOARD_HANDLER(on_recipients, RECIPIENTS)
DASHBOARD_HANDLER(on_recipient_change, RECIPIENT_CHANGE)
DASHBOARD_HANDLER(on_live, LIVE)

#define SIGN_IN_HANDLER(name, of)                                                                                      \
    static void name(struct http_request *r)                                                                           \
    {                                                                                                                  \
        gotrue_##of(&app_of_public(r)->gotrue, r);                                                                     \
    }
SIGN_IN_HANDLER(on_token, on_token)
SIGN_IN_HANDLER(on_user, on_user)
SIGN_IN_HANDLER(on_user_update, on_user_update)
SIGN_IN_HANDLER(on_logout, on_logout)
SIGN_IN_HANDLER(on_recover, on_recover)
SIGN_IN_HANDLER(on_jwks, on_jwks)
SIGN_IN_HANDLER(on_sign_in_health, on_health)
SIGN_IN_HANDLER(on_sign_in_settings, on_settings)

static void on_page(struct http_request *r)
{
    pages_on_index(&app_of_public(r)->pages, r);
}

static void on_asset(struct http_request *r)
{
    pages_on_asset(&app_of_public(r)->pages, r);
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

#define ONLY_HEAD CAP_NO_BODY_BYTES

static const struct http_route webhooks[] = {
    {VERB_POST, "/api/webhook", usher_twilio, guard_twilio, CAP_FORM_BYTES, on_voice},
    {VERB_POST, "/api/twilio/fallback", usher_twilio, guard_twilio, CAP_FORM_BYTES, on_voice},
    {VERB_POST, "/api/twilio/dialed", usher_twilio, guard_twilio, CAP_FORM_BYTES, on_dialed},
    {VERB_POST, "/api/twilio/recorded", usher_twilio, guard_twilio, CAP_FORM_BYTES, on_recorded},
    {VERB_POST, "/api/twilio/recording-status", usher_twilio, guard_twilio, CAP_FORM_BYTES, on_recording_status},
    {VERB_POST, "/api/twilio/status", usher_twilio, guard_twilio, CAP_FORM_BYTES, on_status},
    {VERB_POST, "/api/vapi-webhook", usher_vapi, guard_vapi, CAP_VAPI_BYTES, on_vapi},
    {VERB_POST, "/api/resend-webhook", usher_resend, guard_resend, CAP_RESEND_EVENT_BYTES, on_resend},
};

/* Each handler asks for the caller's access token itself: keys may have to be fetched first. */
static const struct http_route dashboard[] = {
    {VERB_GET, "/api/v1/me", NULL, NULL, ONLY_HEAD, on_me},
    {VERB_GET, "/api/v1/overview", NULL, NULL, ONLY_HEAD, on_overview},
    {VERB_GET, "/api/v1/calls", NULL, NULL, ONLY_HEAD, on_calls},
    {VERB_GET, "/api/v1/calls.csv", NULL, NULL, ONLY_HEAD, on_calls_csv},
    {VERB_GET, "/api/v1/calls/{id}", NULL, NULL, ONLY_HEAD, on_call},
    {VERB_GET, "/api/v1/calls/{id}/recording", NULL, NULL, ONLY_HEAD, on_recording},
    {VERB_GET, "/api/v1/live", NULL, NULL, ONLY_HEAD, on_live},
    {VERB_GET, "/api/v1/digests", NULL, NULL, ONLY_HEAD, on_digests},
    {VERB_GET, "/api/v1/digests/{date}", NULL, NULL, ONLY_HEAD, on_digest},
    {VERB_POST, "/api/v1/digests/{date}/preview", NULL, NULL, CAP_PREVIEW_BYTES, on_digest_preview},
    {VERB_GET, "/api/v1/settings", NULL, NULL, ONLY_HEAD, on_settings},
    {VERB_PATCH, "/api/v1/settings", NULL, NULL, CAP_SETTINGS_BYTES, on_settings_change},
    {VERB_PATCH, "/api/v1/call-back", NULL, NULL, CAP_CALL_BACK_BYTES, on_call_back},
    {VERB_GET, "/api/v1/recipients", NULL, NULL, ONLY_HEAD, on_recipients},
    {VERB_PATCH, "/api/v1/recipients", NULL, NULL, CAP_RECIPIENT_BYTES, on_recipient_change},
};

/* What schedulers post is not read. */
static const struct http_route digests[] = {
    {VERB_GET, "/api/cron/daily-digest", NULL, digest_doors_guard, CAP_CRON_BYTES, digest_doors_on_cron},
    {VERB_POST, "/api/cron/daily-digest", NULL, digest_doors_guard, CAP_CRON_BYTES, digest_doors_on_cron},
    {VERB_GET, "/unsubscribe/{token}", NULL, NULL, ONLY_HEAD, unsubscribe_on_get},
    {VERB_POST, "/unsubscribe/{token}", NULL, NULL, CAP_UNSUBSCRIBE_BYTES, unsubscribe_on_post},
};

/* The browser's addresses: all are one page, which reads its address itself. */
static const struct http_route pages[] = {
    {VERB_GET, "/", NULL, NULL, ONLY_HEAD, on_page},
    {VERB_GET, "/sign-in", NULL, NULL, ONLY_HEAD, on_page},
    {VERB_GET, "/calls", NULL, NULL, ONLY_HEAD, on_page},
    {VERB_GET, "/calls/{id}", NULL, NULL, ONLY_HEAD, on_page},
    {VERB_GET, "/digests", NULL, NULL, ONLY_HEAD, on_page},
    {VERB_GET, "/digests/{date}", NULL, NULL, ONLY_HEAD, on_page},
    {VERB_GET, "/settings", NULL, NULL, ONLY_HEAD, on_page},
    {VERB_GET, "/assets/{name}", NULL, NULL, ONLY_HEAD, on_asset},
};

/* What GoTrue serves at a Supabase project, as far as it is needed. */
static const struct http_route sign_in[] = {
    {VERB_POST, "/auth/v1/token", NULL, NULL, CAP_SIGN_IN_BYTES, on_token},
    {VERB_GET, "/auth/v1/user", NULL, NULL, ONLY_HEAD, on_user},
    {VERB_PUT, "/auth/v1/user", NULL, NULL, CAP_SIGN_IN_BYTES, on_user_update},
    {VERB_POST, "/auth/v1/logout", NULL, NULL, CAP_SIGN_IN_BYTES, on_logout},
    {VERB_POST, "/auth/v1/recover", NULL, NULL, CAP_SIGN_IN_BYTES, on_recover},
    {VERB_GET, "/auth/v1/.well-known/jwks.json", NULL, NULL, ONLY_HEAD, on_jwks},
    {VERB_GET, "/auth/v1/health", NULL, NULL, ONLY_HEAD, on_sign_in_health},
    {VERB_GET, "/auth/v1/settings", NULL, NULL, ONLY_HEAD, on_sign_in_settings},
};

static const struct http_route health[] = {
    {VERB_GET, "/healthz", NULL, NULL, ONLY_HEAD, on_health},
    {VERB_GET, "/readyz", NULL, NULL, ONLY_HEAD, on_ready_public},
};

/* Begins as `health` does: the names in the metrics are the same. */
static const struct http_route admin[] = {
    {VERB_GET, "/healthz", NULL, NULL, ONLY_HEAD, on_health},
    {VERB_GET, "/readyz", NULL, NULL, ONLY_HEAD, on_ready_admin},
    {VERB_GET, "/metrics", NULL, NULL, ONLY_HEAD, on_metrics},
    {0, NULL, NULL, NULL, 0, NULL},
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define MOST (ROWS(webhooks) + ROWS(dashboard) + ROWS(digests) + ROWS(pages) + ROWS(sign_in) + ROWS(health))

static struct http_route public_rows[MOST + 1]; /* and the one that ends it */
static const char *names[MOST + 2];             /* and "none", "/metrics" */

/* A path that does two things has two names. */
static const char *name_of(const struct http_route *row, const char *before)
{
    static char made[ROWS(public_rows)][64];
    static size_t count;
    if (strcmp(row->path, before) != 0) {
        return row->path;
    }
    snprintf(made[count], sizeof(made[count]), "%s (%s)", row->path, http_verb_name(row->verb));
    return made[count++];
}

static size_t add(size_t at, const struct http_route *rows, size_t count)
{
    memcpy(&public_rows[at], rows, count * sizeof(*rows));
    for (size_t i = 0; i < count; i++) {
        names[at + i + 1] = name_of(&rows[i], names[at + i]);
    }
    return at + count;
}

struct routes routes_of(bool with_sign_in)
{
    size_t n = 0;
    memset(public_rows, 0, sizeof(public_rows));
    names[0] = "none";
    n = add(n, webhooks, ROWS(webhooks));
    n = add(n, dashboard, ROWS(dashboard));
    n = add(n, digests, ROWS(digests));
    n = add(n, pages, ROWS(pages));
    n = with_sign_in ? add(n, sign_in, ROWS(sign_in)) : n;
    size_t first_admin = n + 1;
    n = add(n, health, ROWS(health));
    names[n + 1] = "/metrics";
    return (struct routes){public_rows, admin, names, n + 2, 1, first_admin};
}
