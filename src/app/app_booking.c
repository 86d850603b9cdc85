#include "app_booking.h"
#include "app.h"
#include "caps.h"
#include "metric.h"

#define BOOKING_SESSION "-c jit=off -c statement_timeout=5000 -c lock_timeout=2000"

static void on_changed(struct bookings *b, struct str call_ids)
{
    call_feed_add(&container_of(b, struct app, bookings)->call_feed, call_ids, (struct str){NULL, 0});
}

int app_start_bookings(struct app *app)
{
    static const char *const roles[] = {"ringback_booking", NULL};
    app->calcom.config = &app->config;
    app->calcom.fetch = &app->fetch;
    calcom_start(&app->calcom);
    struct booking_options options = {.loop = &app->loop,
                                      .pool = &app->booking_pool,
                                      .port = &app->calcom.port,
                                      .secrets_key = app->config.secrets_key_bytes,
                                      .secrets_key_id = app->config.secrets_key_id,
                                      .on_changed = on_changed};
    bookings_start(&app->bookings, &options);
    return app_open_pool(app, &app->booking_pool,
                         (struct db_pool_options){.connections = CAP_BOOKING_CONNECTIONS,
                                                  .metric_pool = POOL_BOOKING,
                                                  .roles = roles,
                                                  .session_options = BOOKING_SESSION});
}
