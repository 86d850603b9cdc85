#pragma once
/* The key to a business's calendar, as it lies in private.calcom_credentials: sealed with SECRETS_KEY, together with whose it
 * is and where it may be sent, so that neither can be exchanged in the database. */
#include "arena.h"

/* What goes into calcom_credentials.sealed. `api_url` absent: the configured one. */
struct str credentials_seal(struct arena *a, struct str secrets_key, struct str business_id, struct str api_url,
                            struct str key);
/* The key; absent when it cannot be opened. `sealed` as Postgres writes bytea: "\x" and hex digits. */
struct str credentials_open(struct arena *a, struct str secrets_key, struct str business_id, struct str api_url,
                            struct str sealed_hex);
