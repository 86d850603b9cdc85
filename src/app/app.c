#include "app.h"
#include "app_booking.h"
#include "app_digest.h"
#include "caps.h"
#include "metric.h"
#include "routes.h"
#include "sql_migrations.h"
#include "timestamp.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define DRAIN_TICK_MS 10
#define POOL_CONNECTIONS (CAP_BATCHES_IN_FLIGHT + 1) /* one is free for live calls while batches are under way */
#define EXIT_LEAK 70

/* Ingest looks rows up by key, whatever the planner thinks of tables that were empty when the plan was made. */
#define INGEST_SESSION                                                                                                 \
    "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"

struct app *app_of_public(const struct http_request *r)
{
    return container_of(r->server, struct app, public_http);
}

struct app *app_of_admin(const struct http_request *r)
{
    return container_of(r->server, struct app, admin_http);
}

static const char *newest_migration(void)
{
    const char *newest = "";
    for (const struct sql_migration *m = sql_migrations; m->version; m++) {
        newest = m->version;
    }
    return newest;
}

static void on_call_feed_stopped(struct call_feed *f)
{
    struct app *app = container_of(f, struct app, call_feed);
    supabase_stop(&app->supabase);
    resend_stop(&app->resend);
    calcom_stop(&app->calcom);
    voice_stop(&app->voice);
    vapi_stop(&app->vapi);
    uv_close((uv_handle_t *)&app->drain, NULL);
    uv_close((uv_handle_t *)&app->term, NULL);
    uv_close((uv_handle_t *)&app->interrupt, NULL);
    loop_stop(&app->loop);
}

static void on_search_index_stopped(struct search_index *s)
{
    call_feed_stop(&container_of(s, struct app, search_index)->call_feed, on_call_feed_stopped);
}

static void on_directory_stopped(struct directory *d)
{
    search_index_stop(&container_of(d, struct app, directory)->search_index, on_search_index_stopped);
}

static void on_ingest_stopped(struct ingest *in)
{
    struct app *app = container_of(in, struct app, ingest);
    directory_stop(&app->directory, on_directory_stopped);
}

static void on_auth_pool_stopped(struct db_pool *p)
{
    ingest_stop(&container_of(p, struct app, auth_pool)->ingest, on_ingest_stopped);
}

static void on_accounts_stopped(struct accounts *a)
{
    db_pool_stop(&container_of(a, struct app, accounts)->auth_pool, on_auth_pool_stopped);
}

static void on_live_pool_stopped(struct db_pool *p)
{
    struct app *app = container_of(p, struct app, live_pool);
    if (supabase_is_local(&app->supabase)) {
        gotrue_stop(&app->gotrue);
        accounts_stop(&app->accounts, on_accounts_stopped);
    } else {
        ingest_stop(&app->ingest, on_ingest_stopped);
    }
}

static void on_dashboard_pool_stopped(struct db_pool *p)
{
    db_pool_stop(&container_of(p, struct app, dashboard_pool)->live_pool, on_live_pool_stopped);
}

static void on_digest_pool_stopped(struct db_pool *p)
{
    db_pool_stop(&container_of(p, struct app, digest_pool)->dashboard_pool, on_dashboard_pool_stopped);
}

static void on_booking_pool_stopped(struct db_pool *p)
{
    db_pool_stop(&container_of(p, struct app, booking_pool)->digest_pool, on_digest_pool_stopped);
}

static void on_pool_stopped(struct db_pool *p)
{
    db_pool_stop(&container_of(p, struct app, pool)->booking_pool, on_booking_pool_stopped);
}

static void on_drain_tick(uv_timer_t *t)
{
    struct app *app = container_of(t, struct app, drain);
    bool idle = ingest_is_idle(&app->ingest) && call_feed_is_idle(&app->call_feed) && db_pool_is_idle(&app->pool);
    if (idle || loop_now_ms(&app->loop) >= app->stop_deadline_ms) {
        uv_timer_stop(t);
        db_pool_stop(&app->pool, on_pool_stopped);
    }
}

static void on_twilio_stopped(struct twilio *t)
{
    struct app *app = container_of(t, struct app, twilio);
    uv_timer_start(&app->drain, on_drain_tick, 0, DRAIN_TICK_MS);
}

static void on_fetch_closed(struct fetch_room *room)
{
    twilio_stop(&container_of(room, struct app, fetch)->twilio, on_twilio_stopped);
}

static void on_bookings_stopped(struct bookings *b)
{
    fetch_room_close(&container_of(b, struct app, bookings)->fetch, on_fetch_closed);
}

static void on_digests_stopped(struct digests *d)
{
    bookings_stop(&container_of(d, struct app, digests)->bookings, on_bookings_stopped);
}

static void on_admin_stopped(struct http_server *s)
{
    digests_stop(&container_of(s, struct app, admin_http)->digests, on_digests_stopped);
}

static void on_public_stopped(struct http_server *s)
{
    struct app *app = container_of(s, struct app, public_http);
    http_server_stop(&app->admin_http, on_admin_stopped);
}

static void on_signal(uv_signal_t *s, int number)
{
    struct app *app = s->data;
    if (app->stopping) {
        _exit(1); /* asked twice */
    }
    log_event(LOG_INFO, "stopping", LOG_INT("signal", number));
    app->stopping = true;
    app->stop_deadline_ms = loop_now_ms(&app->loop) + CAP_STOP_MS;
    live_stop(&app->live);
    http_server_stop(&app->public_http, on_public_stopped);
}

static void on_calls_stored(struct ingest *in, struct str call_ids)
{
    call_feed_add(&container_of(in, struct app, ingest)->call_feed, call_ids, (struct str){NULL, 0});
}

static void on_calls_merged(struct ingest *in, struct str kept, struct str gone)
{
    struct app *app = container_of(in, struct app, ingest);
    call_feed_add(&app->call_feed, kept, kept);
    call_feed_add(&app->call_feed, gone, kept);
}

static void start_rooms(struct app *app)
{
    app->ingest.on_stored = on_calls_stored;
    app->ingest.on_merged = on_calls_merged;
    ingest_start(&app->ingest, &app->loop, &app->pool); /* its end-of-turn hook runs before the pool's */
    app->directory.secrets_key_id = app->config.secrets_key_id;
    directory_start(&app->directory, &app->loop, &app->pool);
    search_index_start(&app->search_index, &app->loop, &app->pool);
    call_feed_start(&app->call_feed, &app->loop, &app->pool);
    voice_start(&app->voice, &app->loop, &app->pool);
    app->vapi.config = &app->config;
    app->vapi.loop = &app->loop;
    app->vapi.fetch = &app->fetch;
    app->vapi.ingest = &app->ingest;
    app->vapi.directory = &app->directory;
    app->vapi.bookings = &app->bookings;
    vapi_start(&app->vapi);
    app->twilio.config = &app->config;
    app->twilio.loop = &app->loop;
    app->twilio.ingest = &app->ingest;
    app->twilio.directory = &app->directory;
    app->twilio.voice = &app->voice;
    app->twilio.vapi = &app->vapi;
    twilio_start(&app->twilio);
}

static void on_pool_ready(struct db_pool *p)
{
    directory_refresh(&container_of(p, struct app, pool)->directory);
}

/* Plans are made with the values: filters that are not given fall away. */
#define DASHBOARD_SESSION                                                                                              \
    "-c plan_cache_mode=force_custom_plan -c jit=off -c max_parallel_workers_per_gather=0 "                            \
    "-c statement_timeout=5000 -c lock_timeout=2000"
#define AUTH_SESSION "-c statement_timeout=5000 -c lock_timeout=2000"

/* The parts of the program that ask the database do not wait for each other: a long question never holds up storing. */
int app_open_pool(struct app *app, struct db_pool *pool, struct db_pool_options options)
{
    options.url = app->config.database_url;
    options.schema_version = newest_migration();
    return db_pool_start(pool, &app->loop, &options);
}

static int start_pool(struct app *app)
{
    static const char *const roles[] = {"ringback_ingest", NULL};
    app->pool.on_ready = on_pool_ready;
    return app_open_pool(app, &app->pool,
                         (struct db_pool_options){.connections = POOL_CONNECTIONS,
                                                  .metric_pool = POOL_INGEST,
                                                  .roles = roles,
                                                  .session_options = INGEST_SESSION});
}

static int start_dashboard(struct app *app)
{
    static const char *const roles[] = {"authenticated", NULL};
    app->supabase.config = app->relays.config = &app->config;
    app->supabase.fetch_room = app->relays.fetch = &app->fetch;
    app->supabase.loop = &app->loop;
    app->dashboard.pool = &app->dashboard_pool;
    app->dashboard.supabase = &app->supabase;
    app->dashboard.relays = &app->relays;
    app->dashboard.digest = (struct dashboard_digest){.sending = app->config.resend_api_key.n || app->config.smtp_url.n,
                                                      .minute = app->config.digest_minute,
                                                      .utc_minute = app->config.digest_utc_minute};
    dashboard_start(&app->dashboard);
    recording_start(&app->relays);
    int rc = supabase_start(&app->supabase);
    return rc ? rc
              : app_open_pool(app, &app->dashboard_pool,
                              (struct db_pool_options){.connections = CAP_DASHBOARD_CONNECTIONS,
                                                       .pipeline = 1,
                                                       .metric_pool = POOL_DASHBOARD,
                                                       .roles = roles,
                                                       .session_options = DASHBOARD_SESSION});
}

static void on_live_pool_ready(struct db_pool *p)
{
    live_gap(&container_of(p, struct app, live_pool)->live);
}

static void on_live_notice(struct db_pool *p, struct str payload)
{
    live_hear(&container_of(p, struct app, live_pool)->live, payload);
}

static int start_live(struct app *app)
{
    static const char *const roles[] = {NULL};
    app->live.loop = &app->loop;
    app->live.pool = &app->dashboard_pool;
    app->dashboard.live = &app->live;
    live_start(&app->live);
    app->live_pool.on_ready = on_live_pool_ready;
    app->live_pool.on_notice = on_live_notice;
    return app_open_pool(
        app, &app->live_pool,
        (struct db_pool_options){
            .connections = 1, .metric_pool = POOL_LIVE, .roles = roles, .session_options = "", .listens = true});
}

static int start_sign_in(struct app *app)
{
    static const char *const roles[] = {"ringback_auth", NULL};
    if (!supabase_is_local(&app->supabase)) {
        return 0; /* Supabase does it */
    }
    int rc = app_open_pool(app, &app->auth_pool,
                           (struct db_pool_options){.connections = CAP_AUTH_CONNECTIONS,
                                                    .metric_pool = POOL_AUTH,
                                                    .roles = roles,
                                                    .session_options = AUTH_SESSION});
    if (rc < 0) {
        return rc;
    }
    accounts_start(&app->accounts, &app->loop, &app->auth_pool);
    app->gotrue.config = &app->config;
    app->gotrue.loop = &app->loop;
    app->gotrue.accounts = &app->accounts;
    app->gotrue.supabase = &app->supabase;
    gotrue_start(&app->gotrue);
    return 0;
}

static void on_lost(struct http_request *r)
{
    pages_on_lost(&app_of_public(r)->pages, r);
}

static int start_listeners(struct app *app, const struct routes *routes)
{
    const struct config *c = &app->config;
    struct http_options public_options = {.name = "public",
                                          .metric_listener = 0,
                                          .routes = routes->public_rows,
                                          .metric_first_route = routes->first_public,
                                          .host = c->listen_host.p,
                                          .port = c->listen_port,
                                          .trusted_proxies = &app->trusted_proxies,
                                          .on_lost = on_lost};
    struct http_options admin_options = {.name = "admin",
                                         .metric_listener = 1,
                                         .routes = routes->admin_rows,
                                         .metric_first_route = routes->first_admin,
                                         .host = c->admin_host.p,
                                         .port = c->admin_port};
    int rc = http_server_start(&app->admin_http, &app->loop, &admin_options);
    return rc ? rc : http_server_start(&app->public_http, &app->loop, &public_options);
}

static void start_signals(struct app *app)
{
    signal(SIGPIPE, SIG_IGN);
    uv_timer_init(&app->loop.uv, &app->drain);
    uv_signal_init(&app->loop.uv, &app->term);
    uv_signal_init(&app->loop.uv, &app->interrupt);
    app->term.data = app->interrupt.data = app; /* two handles, one callback */
    uv_signal_start(&app->term, on_signal, SIGTERM);
    uv_signal_start(&app->interrupt, on_signal, SIGINT);
}

/* No core files, no looking in from other processes: memory holds secrets and what callers said. */
static void harden_process(void)
{
    struct rlimit none = {0, 0}, files;
    setrlimit(RLIMIT_CORE, &none);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
#ifndef __SANITIZE_ADDRESS__
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

static int refuse_start(struct app *app, struct str why)
{
    log_event(LOG_ERROR, "start_refused", LOG_STR("reason", why));
    config_free(&app->config);
    return 1;
}

static void warn_of_gaps(const struct config *c)
{
    if (!c->twilio_auth_token.n) {
        log_event(LOG_WARN, c->insecure_dev ? "twilio_unverified" : "twilio_refused",
                  LOG_CSTR("setting", "TWILIO_AUTH_TOKEN"));
    }
    if (!c->vapi_webhook_secret.n && !c->vapi_hmac_secret.n) {
        log_event(LOG_WARN, c->insecure_dev ? "vapi_unverified" : "vapi_refused",
                  LOG_CSTR("setting", "VAPI_WEBHOOK_SECRET"));
    }
    if (!c->vapi_api_key.n) {
        log_event(LOG_WARN, "vapi_not_configured", LOG_CSTR("effect", "callers reach the forward number or voicemail"));
    }
}

static int run(struct app *app)
{
    loop_run(&app->loop);
    int left = loop_close(&app->loop);
    if (left) {
        log_event(LOG_ERROR, "loop_not_empty", LOG_INT("handles", left));
    }
    log_event(LOG_INFO, "stopped", LOG_INT("pid", getpid()));
    pages_stop(&app->pages);
    config_free(&app->config);
    metric_free();
    return left ? EXIT_LEAK : 0;
}

int app_serve(bool insecure_dev)
{
    static struct app app;
    struct str why;
    if (config_read(&app.config, &why) < 0) {
        return refuse_start(&app, why);
    }
    log_setup(app.config.log_least, app.config.log_form);
    if (!app.config.database_url.n) {
        return refuse_start(&app, STR("DATABASE_URL: needed; a postgresql:// address with the server's own login"));
    }
    if (http_networks_read(app.config.trusted_proxies, &app.trusted_proxies) < 0) {
        return refuse_start(&app,
                            STR("TRUSTED_PROXIES: not addresses or networks such as 10.0.0.0/8, separated by commas"));
    }
    app.config.insecure_dev = insecure_dev;
    harden_process();
    struct routes routes = routes_of(!app.config.supabase_url.n);
    metric_init(routes.names, routes.name_count);
    metric_set(METRIC_START_TIME, 0, 0, (double)timestamp_wall_us() / 1e6);
    loop_init(&app.loop);
    warn_of_gaps(&app.config);
    start_signals(&app);
    pages_start(&app.pages, &app.config);
    start_rooms(&app);
    if (fetch_room_open(&app.fetch, &app.loop) < 0 || start_pool(&app) < 0 || start_dashboard(&app) < 0 ||
        start_live(&app) < 0 || app_start_digests(&app) < 0 || app_start_bookings(&app) < 0 ||
        start_sign_in(&app) < 0 || start_listeners(&app, &routes) < 0) {
        return refuse_start(&app, STR("a listener or the database settings are unusable, see the line above"));
    }
    return run(&app);
}
