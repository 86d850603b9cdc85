#include "demo_progress.h"
#include "timestamp.h"
#include <stdio.h>
#include <unistd.h>

#define BAR_CELLS 24
#define TERMINAL_EVERY_US 200000
#define LINE_EVERY_US 5000000
#define SECOND_US 1000000.0
#define WORTH_SAYING_S 1

void demo_progress_init(struct demo_progress *p, bool quiet)
{
    *p = (struct demo_progress){.quiet = quiet, .on_terminal = isatty(STDERR_FILENO)};
}

static void print_time(double seconds)
{
    if (seconds < 90) {
        fprintf(stderr, "%.0f s", seconds);
    } else {
        fprintf(stderr, "%.0f min %02.0f s", (double)(long)(seconds / 60), (double)((long)seconds % 60));
    }
}

static void print_bar(double part)
{
    fputs(" [", stderr);
    for (int i = 0; i < BAR_CELLS; i++) {
        fputc(i < part * BAR_CELLS ? '#' : '.', stderr);
    }
    fputs("]", stderr);
}

static void say(struct demo_progress *p, int64_t now_us)
{
    double seconds = (double)(now_us - p->began_us) / SECOND_US;
    double part = p->total ? (double)p->done / (double)p->total : 0;
    part = part > 1 ? 1 : part;
    fprintf(stderr, "%s%-28s", p->on_terminal ? "\r\033[K" : "", p->what);
    if (p->total) {
        if (p->on_terminal) {
            print_bar(part);
        }
        fprintf(stderr, " %3.0f %%", part * 100);
    }
    if (p->rows && seconds > 0) {
        fprintf(stderr, "  %.0f rows/s", (double)p->rows / seconds);
    }
    if (part > 0 && part < 1) {
        fputs("  ", stderr);
        print_time(seconds / part * (1 - part));
        fputs(" left", stderr);
    }
    if (!p->on_terminal) {
        fputc('\n', stderr);
    }
    fflush(stderr);
    p->said_us = now_us;
}

void demo_progress_stage(struct demo_progress *p, const char *what, uint64_t total)
{
    p->what = what;
    p->total = total;
    p->done = p->rows = 0;
    p->began_us = p->said_us = timestamp_wall_us();
    if (!p->quiet && p->on_terminal) {
        say(p, p->began_us);
    }
}

void demo_progress_at(struct demo_progress *p, uint64_t done, uint64_t rows)
{
    p->done = done;
    p->rows = rows;
    int64_t now_us = timestamp_wall_us();
    if (!p->quiet && now_us - p->said_us >= (p->on_terminal ? TERMINAL_EVERY_US : LINE_EVERY_US)) {
        say(p, now_us);
    }
}

void demo_progress_end(struct demo_progress *p)
{
    double seconds = (double)(timestamp_wall_us() - p->began_us) / SECOND_US;
    if (p->quiet) {
        return;
    }
    if (p->on_terminal) {
        fputs("\r\033[K", stderr);
    }
    if (seconds < WORTH_SAYING_S && p->rows == 0) {
        return;
    }
    fprintf(stderr, "%-28s done in ", p->what);
    print_time(seconds);
    if (p->rows && seconds > 0) {
        fprintf(stderr, ", %llu rows, %.0f rows/s", (unsigned long long)p->rows, (double)p->rows / seconds);
    }
    fputc('\n', stderr);
}
