#pragma once
/* The dashboard's pages, made from src/dashboard and embedded (cmake/dashboard.cmake). Public: they hold nobody's data, and
 * the settings that are put into the page are those meant for browsers alone. */
#include "config.h"
#include "http.h"

/* Embedded in its owner, zeroed. */
struct pages {
    struct arena arena;
    struct str index, policy; /* the page with the settings in it, and its Content-Security-Policy */
};

void pages_start(struct pages *p, const struct config *config);
void pages_stop(struct pages *p);
/* Any address of the dashboard: one page, which reads its address itself. */
void pages_on_index(struct pages *p, struct http_request *r);
/* An address that there is not: the same page, which says so. */
void pages_on_lost(struct pages *p, struct http_request *r);
/* A file that never changes, as Brotli or gzip where the client takes it. */
void pages_on_asset(struct pages *p, struct http_request *r);
