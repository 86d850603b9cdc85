#pragma once
/* Settings: environment to struct, by one table. Any doubt stops the start: an unknown name with one of our prefixes, a
 * value that does not fit, a provider that is half configured. NAME_FILE gives a value by file, for secrets. */
#include "arena.h"
#include "log.h"

struct config {
    struct str database_url, migrate_database_url;
    struct str listen, port, admin_listen, trusted_proxies, public_url, spool_dir, log_level, log_format;
    struct str twilio_auth_token, twilio_auth_token_previous, twilio_account_sid;
    struct str vapi_api_key, vapi_api_url, vapi_assistant_id, vapi_phone_number_id;
    struct str vapi_webhook_secret, vapi_webhook_secret_previous, vapi_hmac_secret;
    struct str supabase_url, supabase_anon_key, supabase_service_key, supabase_jwt_secret;
    struct str resend_api_key, resend_api_url, resend_from, resend_webhook_secret, smtp_url;
    struct str calcom_api_url, secrets_key;
    struct str cron_secret, digest_schedule, dashboard_url;

    /* Worked out from the above. */
    struct str listen_host, admin_host;
    int listen_port, admin_port;
    struct str resend_webhook_key; /* the bytes that RESEND_WEBHOOK_SECRET stands for; never empty when that is set */
    struct str secrets_key_bytes;  /* what SECRETS_KEY stands for */
    struct str secrets_key_id;     /* a name for it that tells nothing about it; absent when it is not set */
    int digest_minute;             /* past each business's hour */
    int digest_utc_minute;         /* of the UTC day, for all businesses; -1: each at its own hour */
    enum log_level log_least;
    enum log_format log_form;
    bool insecure_dev; /* set by --insecure-dev: webhooks without a configured secret are believed */
    struct arena arena;
};

/* Reads the environment. On ERR_BAD_SETTING one clear line stands in `why_out`, in the config's arena. */
int config_read(struct config *c, struct str *why_out) __attribute__((warn_unused_result));
void config_free(struct config *c);
/* The table for people, on standard output. */
void config_print_help(void);
