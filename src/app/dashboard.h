#pragma once
/* The read API and the owner's settings, all under /api/v1. One request is one visit: who is asking (an access token,
 * checked), one unit of work in that person's name, one answer. Postgres decides which rows there are and writes the JSON;
 * what a person may not see is "not found", the same answer as for what never existed. */
#include "config.h"
#include "db_pool.h"
#include "http.h"
#include "recording.h"
#include "supabase.h"

/* Embedded in its owner. What it points at is the owner's and outlives it. */
struct dashboard {
    struct db_pool *pool; /* of role `authenticated` */
    struct supabase *supabase;
    struct recording_relays *relays;
};

void dashboard_on_me(struct dashboard *d, struct http_request *r);
void dashboard_on_overview(struct dashboard *d, struct http_request *r);
void dashboard_on_calls(struct dashboard *d, struct http_request *r);
void dashboard_on_calls_csv(struct dashboard *d, struct http_request *r);
void dashboard_on_call(struct dashboard *d, struct http_request *r);
void dashboard_on_recording(struct dashboard *d, struct http_request *r);
void dashboard_on_digests(struct dashboard *d, struct http_request *r);
void dashboard_on_digest(struct dashboard *d, struct http_request *r);
void dashboard_on_settings(struct dashboard *d, struct http_request *r);
void dashboard_on_settings_change(struct dashboard *d, struct http_request *r);
