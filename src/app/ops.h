#pragma once
/* What operators ask: is the process alive, can it do its work, how is it doing. */
#include "app.h"

/* 200 as long as the loop turns. */
void ops_on_health(struct http_request *r);
/* 200 when facts can be stored: a prepared connection, the schema's newest migration, the directory loaded, not stopping. */
void ops_on_ready(const struct app *app, struct http_request *r);
/* The Prometheus page. */
void ops_on_metrics(struct http_request *r);
