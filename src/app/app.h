#pragma once
/* The program: all rooms, built, started and stopped in order. Nothing below app/ knows this struct. */
#include "account.h"
#include "booking.h"
#include "business.h"
#include "calcom.h"
#include "call_feed.h"
#include "config.h"
#include "dashboard.h"
#include "db_pool.h"
#include "digest.h"
#include "fetch.h"
#include "gotrue.h"
#include "http.h"
#include "http_network.h"
#include "ingest.h"
#include "loop.h"
#include "pages.h"
#include "resend.h"
#include "search_index.h"
#include "smtp.h"
#include "supabase.h"
#include "twilio.h"
#include "unsubscribe.h"
#include "vapi.h"
#include "voice.h"

struct app {
    struct config config;
    struct loop loop;
    struct ingest ingest;
    struct db_pool pool, dashboard_pool, auth_pool; /* storing; reading; signing people in, without Supabase */
    struct db_pool live_pool;                       /* hears what changed */
    struct db_pool digest_pool;                     /* mailing */
    struct db_pool booking_pool;                    /* booking */
    struct directory directory;
    struct search_index search_index;
    struct call_feed call_feed;
    struct voice voice;
    struct digests digests;
    struct bookings bookings;
    struct calcom calcom;
    struct resend resend;
    struct smtp smtp;
    struct fetch_room fetch;
    struct vapi vapi;
    struct twilio twilio;
    struct supabase supabase;
    struct accounts accounts;
    struct gotrue gotrue;
    struct recording_relays relays;
    struct live live;
    struct unsubscribe unsubscribe;
    struct dashboard dashboard;
    struct pages pages;
    struct http_networks trusted_proxies;
    struct http_server public_http, admin_http;
    uv_signal_t term, interrupt;
    uv_timer_t drain; /* while stopping: waits for ingest, and limits the whole stop */
    uint64_t stop_deadline_ms;
    bool stopping;
};

/* Runs until a signal ends it. The exit code: 0, 1 when it could not start, 70 when the loop did not close empty. */
int app_serve(bool insecure_dev);

/* Which program a request came to, whichever listener took it. */
struct app *app_of_public(const struct http_request *r);
struct app *app_of_admin(const struct http_request *r);
/* A pool on the configured database that needs the newest schema; url and version are filled in. */
int app_open_pool(struct app *app, struct db_pool *pool, struct db_pool_options options) must_check;
