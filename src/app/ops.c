#include "ops.h"
#include "caps.h"
#include "metric.h"
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

void ops_on_health(struct http_request *r)
{
    http_reply(r, 200, "text/plain; charset=utf-8", STR("ok\n"));
}

void ops_on_ready(const struct app *app, struct http_request *r)
{
    bool ready = !app->stopping && db_pool_ready(&app->pool) > 0 && directory_is_loaded(&app->directory);
    http_reply(r, ready ? 200 : 503, "text/plain; charset=utf-8", ready ? STR("ready\n") : STR("not ready\n"));
}

static double resident_bytes(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f) {
        if (fscanf(f, "%*s %ld", &pages) != 1) {
            pages = 0;
        }
        fclose(f);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

void ops_on_metrics(struct http_request *r)
{
    struct buf page = buf_make(CAP_METRICS_PAGE_BYTES);
    metric_set(METRIC_CPU_SECONDS, 0, 0, cpu_seconds());
    metric_set(METRIC_RESIDENT_BYTES, 0, 0, resident_bytes());
    int rc = metric_render(&page);
    if (rc < 0) {
        http_reply_error(r, ERR_INTERNAL);
    } else {
        http_reply(r, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&page));
    }
    buf_free(&page);
}
