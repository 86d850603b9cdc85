/* The baseline: plays the recorded client side of the server's Postgres connections, byte for byte, and prints one
 * JSON object. Postgres sees the same statements, parameters and batches over as many connections as it did from the
 * server, from a client that does nothing else. Runs against a database in the state the recording began with. */
#include "latency.h"
#include "pgwire.h"
#include "usage.h"

#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FEEDS = 16, READ_BYTES = 64 << 10 };

struct feed {
    int fd;
    struct wire_record record;
    struct wire_reader reader;
    size_t next_unit, sent_bytes; /* of the unit being sent */
    uint64_t done_units, unit_start_us;
};

struct options {
    int port, at_once;
    double warmup_share;
    const char *statement;
};

struct run {
    struct options options;
    struct feed feeds[MAX_FEEDS];
    int feed_count, measuring, turn;
    uint64_t events_total, events_done, events_measured, batches_measured, start_us, end_us;
    struct usage usage;
    struct latency latency;
};

static const char usage_text[] = "usage: pgfeed [options] PORT RECORD.wire...\n"
                                 "  -s, --statement NAME    the prepared statement whose rows are counted as events\n"
                                 "  -w, --warmup SHARE      share of the events before measuring (0.2)\n"
                                 "  -k, --at-once N         units under way over all connections, one on each (2)\n"
                                 "  -p, --process NAME=PID  also measure that process and its children (repeatable)\n";

static uint64_t clock_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int feed_read(struct feed *feed, int flags)
{
    static char buffer[READ_BYTES];
    ssize_t got = recv(feed->fd, buffer, sizeof buffer, flags);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        fprintf(stderr, "pgfeed: connection lost\n");
        return -1;
    }
    wire_reader_feed(&feed->reader, buffer, got > 0 ? (size_t)got : 0);
    if (feed->reader.errors) {
        fprintf(stderr, "pgfeed: Postgres refused: %s\n", feed->reader.error);
        return -1;
    }
    return 0;
}

static int feed_open(struct feed *feed, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    int on = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    feed->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (feed->fd < 0 || connect(feed->fd, (struct sockaddr *)&to, sizeof to) ||
        send(feed->fd, feed->record.startup.bytes, feed->record.startup.length, 0) < 0) {
        perror("pgfeed: connect");
        return -1;
    }
    setsockopt(feed->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    while (feed->reader.ready == 0) {
        if (feed_read(feed, 0)) {
            return -1;
        }
    }
    feed->reader.ready = 0;
    return 0;
}

static int feed_is_busy(const struct feed *feed)
{
    return feed->next_unit > feed->done_units || feed->sent_bytes > 0;
}

/* Sends what the socket takes of the unit that is next. */
static int feed_send(struct feed *feed)
{
    const struct wire_unit *unit = &feed->record.units[feed->next_unit];
    if (feed->sent_bytes == 0) {
        feed->unit_start_us = clock_us();
    }
    ssize_t sent =
        send(feed->fd, unit->bytes + feed->sent_bytes, unit->length - feed->sent_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
        return errno == EAGAIN ? 0 : -1;
    }
    feed->sent_bytes += (size_t)sent;
    if (feed->sent_bytes == unit->length) {
        feed->sent_bytes = 0;
        feed->next_unit++;
    }
    return 0;
}

/* Starts units on idle connections in turn, as many as may be under way at once. */
static int run_send(struct run *run)
{
    int busy = 0;
    for (int i = 0; i < run->feed_count; i++) {
        struct feed *feed = &run->feeds[i];
        busy += feed_is_busy(feed);
        if (feed->sent_bytes > 0 && feed_send(feed)) {
            return -1;
        }
    }
    for (int i = 0; i < run->feed_count && busy < run->options.at_once; i++) {
        struct feed *feed = &run->feeds[run->turn++ % run->feed_count];
        if (!feed_is_busy(feed) && feed->next_unit < feed->record.unit_count) {
            busy++;
            if (feed_send(feed)) {
                return -1;
            }
        }
    }
    return 0;
}

static void run_count(struct run *run, struct feed *feed)
{
    while (feed->done_units < feed->reader.ready) {
        const struct wire_unit *unit = &feed->record.units[feed->done_units++];
        uint64_t now_us = clock_us();
        run->events_done += unit->events;
        if (unit->events && run->measuring) {
            run->events_measured += unit->events;
            run->batches_measured++;
            latency_add(&run->latency, now_us - feed->unit_start_us);
        }
    }
}

/* The measured part ends when fewer connections have work than may be busy at once: past it the load is not the
 * server's any more. */
static int run_advance(struct run *run)
{
    int wanted = run->feed_count < run->options.at_once ? run->feed_count : run->options.at_once, with_work = 0;
    if (!run->measuring && (double)run->events_done >= run->options.warmup_share * (double)run->events_total) {
        usage_start(&run->usage);
        run->measuring = 1;
        run->start_us = clock_us();
    }
    for (int i = 0; i < run->feed_count; i++) {
        with_work += run->feeds[i].done_units < run->feeds[i].record.unit_count;
    }
    if (with_work >= wanted) {
        return 0;
    }
    run->end_us = clock_us();
    usage_end(&run->usage);
    return 1;
}

static int run_turn(struct run *run)
{
    struct pollfd fds[MAX_FEEDS];
    if (run_send(run)) {
        return -1;
    }
    for (int i = 0; i < run->feed_count; i++) {
        struct feed *feed = &run->feeds[i];
        fds[i] = (struct pollfd){feed->fd, (short)(POLLIN | (feed->sent_bytes ? POLLOUT : 0)), 0};
    }
    if (poll(fds, (nfds_t)run->feed_count, -1) < 0) {
        return -1;
    }
    for (int i = 0; i < run->feed_count; i++) {
        if (fds[i].revents & (POLLIN | POLLHUP | POLLERR)) {
            if (feed_read(&run->feeds[i], MSG_DONTWAIT)) {
                return -1;
            }
            run_count(run, &run->feeds[i]);
        }
    }
    return 0;
}

static int run_load(struct run *run, char **paths, int count)
{
    for (int i = 0; i < count; i++) {
        struct feed feed = {.fd = -1};
        if (wire_record_load(paths[i], run->options.statement, &feed.record)) {
            return -1;
        }
        if (feed.record.events == 0 || run->feed_count == MAX_FEEDS) {
            wire_record_free(&feed.record); /* a connection that brought no events */
            continue;
        }
        run->events_total += feed.record.events;
        run->feeds[run->feed_count++] = feed;
    }
    if (run->feed_count == 0) {
        fprintf(stderr, "pgfeed: no record binds the statement %s\n", run->options.statement);
    }
    return run->feed_count ? 0 : -1;
}

static void run_print(const struct run *run)
{
    double seconds = (double)(run->end_us - run->start_us) / 1e6;
    printf("{\"feeds\":%d,\"seconds\":%.3f,\"events\":%llu,\"events_per_second\":%.1f", run->feed_count, seconds,
           (unsigned long long)run->events_measured, (double)run->events_measured / seconds);
    printf(",\"batches\":%llu,\"batch_events\":%.1f", (unsigned long long)run->batches_measured,
           run->batches_measured ? (double)run->events_measured / (double)run->batches_measured : 0);
    printf(",\"batch_ms\":{\"p50\":%.3f,\"p99\":%.3f},\"cpu_seconds\":", latency_quantile_ms(&run->latency, 0.5),
           latency_quantile_ms(&run->latency, 0.99));
    usage_print(&run->usage);
    printf(",\"events_recorded\":%llu,\"events_fed\":%llu}\n", (unsigned long long)run->events_total,
           (unsigned long long)run->events_done);
}

static int options_read(int argc, char **argv, struct run *run)
{
    static const struct option long_options[] = {
        {"statement", required_argument, NULL, 's'},
        {"warmup", required_argument, NULL, 'w'},
        {"at-once", required_argument, NULL, 'k'},
        {"process", required_argument, NULL, 'p'},
        {NULL, 0, NULL, 0},
    };
    for (int c; (c = getopt_long(argc, argv, "s:w:k:p:", long_options, NULL)) != -1;) {
        switch (c) {
        case 's':
            run->options.statement = optarg;
            break;
        case 'w':
            run->options.warmup_share = atof(optarg);
            break;
        case 'k':
            run->options.at_once = atoi(optarg);
            break;
        case 'p':
            if (usage_watch(&run->usage, optarg)) {
                return -1;
            }
            break;
        default:
            return -1;
        }
    }
    run->options.port = argc - optind >= 2 ? atoi(argv[optind]) : 0;
    return run->options.port > 0 && run->options.at_once > 0 && run->options.statement ? 0 : -1;
}

int main(int argc, char **argv)
{
    static struct run run = {.options = {.at_once = 2, .warmup_share = 0.2}};
    if (options_read(argc, argv, &run)) {
        fputs(usage_text, stderr);
        return 2;
    }
    int rc = run_load(&run, argv + optind + 1, argc - optind - 1);
    for (int i = 0; rc == 0 && i < run.feed_count; i++) {
        rc = feed_open(&run.feeds[i], run.options.port);
    }
    int finished = 0;
    while (rc == 0 && !finished) {
        rc = run_turn(&run);
        finished = rc == 0 && run_advance(&run);
    }
    if (rc == 0 && !run.measuring) {
        fprintf(stderr, "pgfeed: the record ended before the warm-up\n");
        rc = -1;
    }
    if (rc == 0) {
        run_print(&run);
    }
    for (int i = 0; i < run.feed_count; i++) {
        if (run.feeds[i].fd >= 0) {
            close(run.feeds[i].fd);
        }
        wire_record_free(&run.feeds[i].record);
    }
    return rc ? 1 : 0;
}
