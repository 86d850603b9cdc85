#include "app_digest.h"
#include "app.h"
#include "caps.h"
#include "metric.h"

#define DIGEST_SESSION "-c jit=off -c statement_timeout=10000 -c lock_timeout=2000"

static struct mail_port *choose_way(struct app *app)
{
    const struct config *c = &app->config;
    app->resend.config = c;
    app->resend.fetch = &app->fetch;
    app->resend.deliveries.pool = &app->digest_pool;
    resend_start(&app->resend);
    if (c->smtp_url.n) {
        return smtp_start(&app->smtp, c, &app->fetch) == 0 ? &app->smtp.port : NULL;
    }
    return c->resend_api_key.n ? &app->resend.port : NULL;
}

struct digest_options app_digest_options(struct app *app)
{
    const struct config *c = &app->config;
    return (struct digest_options){
        .loop = &app->loop,
        .pool = &app->digest_pool,
        .port = choose_way(app),
        .links = {str_or(c->dashboard_url, c->public_url), str_or(c->public_url, c->dashboard_url), c->resend_from},
        .schedule = {c->digest_minute, c->digest_utc_minute}};
}

int app_open_digest_pool(struct app *app)
{
    static const char *const roles[] = {"ringback_digest", NULL};
    return app_open_pool(app, &app->digest_pool,
                         (struct db_pool_options){.connections = CAP_DIGEST_CONNECTIONS,
                                                  .pipeline = 1,
                                                  .metric_pool = POOL_DIGEST,
                                                  .roles = roles,
                                                  .session_options = DIGEST_SESSION});
}

int app_start_digests(struct app *app)
{
    struct digest_options options = app_digest_options(app);
    if (!options.port && app->config.smtp_url.n) {
        return ERR_BAD_SETTING;
    }
    if (!options.port) {
        log_event(LOG_WARN, "mail_not_configured", LOG_CSTR("effect", "digests are made and kept, not sent"));
    }
    digests_start(&app->digests, &options);
    return app_open_digest_pool(app);
}
