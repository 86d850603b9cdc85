/* Plays recorded webhooks against a Ringback server on this machine and prints one JSON object. See README.md. */
#include "load.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage_text[] =
    "usage: replay [options] http://127.0.0.1:PORT/PATH WORKLOAD.ndjson\n"
    "  -c, --connections N   keep-alive connections (256)\n"
    "  -r, --rate N          open loop: N requests a second (closed loop)\n"
    "  -l, --live N          so many live calls shared by all connections (each connection has its own)\n"
    "  -w, --warmup S        seconds before measuring (2)\n"
    "  -d, --seconds S       measured seconds (10, at most 600)\n"
    "  -n, --count N         end the measured part after N events\n"
    "  -s, --secret TEXT     value of x-vapi-secret\n"
    "      --seed N          other ids for another run against the same database (1)\n"
    "  -p, --process NAME=PID  also measure that process and its children (repeatable)\n";

static const struct option long_options[] = {
    {"connections", required_argument, NULL, 'c'},
    {"rate", required_argument, NULL, 'r'},
    {"live", required_argument, NULL, 'l'},
    {"warmup", required_argument, NULL, 'w'},
    {"seconds", required_argument, NULL, 'd'},
    {"count", required_argument, NULL, 'n'},
    {"secret", required_argument, NULL, 's'},
    {"seed", required_argument, NULL, 'S'},
    {"process", required_argument, NULL, 'p'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct target {
    char host[64], port[8], path[256];
};

/* Only numeric loopback addresses: a load must never leave this machine, whatever a name resolves to. */
static int target_parse(const char *url, struct target *target_out, struct load_settings *settings)
{
    struct target *t = target_out;
    if (sscanf(url, "http://[%63[0-9a-f:]]:%7[0-9]%255s", t->host, t->port, t->path) != 3 &&
        sscanf(url, "http://%63[0-9.]:%7[0-9]%255s", t->host, t->port, t->path) != 3) {
        return -1;
    }
    in_port_t port = htons((in_port_t)atoi(t->port));
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = port};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = port};
    if (inet_pton(AF_INET, t->host, &v4.sin_addr) == 1 && ntohl(v4.sin_addr.s_addr) >> 24 == 127) {
        settings->target.v4 = v4;
        settings->target_bytes = sizeof v4;
        return 0;
    }
    if (inet_pton(AF_INET6, t->host, &v6.sin6_addr) == 1 && IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr)) {
        settings->target.v6 = v6;
        settings->target_bytes = sizeof v6;
        return 0;
    }
    return -1;
}

static int settings_check(const struct load_settings *s)
{
    return s->connections >= 1 && s->connections <= LOAD_MAX_CONNECTIONS && s->seconds > 0 && s->seconds <= 600 &&
                   s->live_calls >= 0 && s->warmup_seconds >= 0 && s->warmup_seconds <= 600 && s->rate_per_second >= 0
               ? 0
               : -1;
}

static int options_read(int argc, char **argv, struct load_settings *s, struct usage *usage, const char **secret_out)
{
    for (int c; (c = getopt_long(argc, argv, "c:l:r:w:d:n:s:p:h", long_options, NULL)) != -1;) {
        switch (c) {
        case 'c':
            s->connections = atoi(optarg);
            break;
        case 'r':
            s->rate_per_second = atof(optarg);
            break;
        case 'l':
            s->live_calls = atoi(optarg);
            break;
        case 'w':
            s->warmup_seconds = atof(optarg);
            break;
        case 'd':
            s->seconds = atof(optarg);
            break;
        case 'n':
            s->max_events = strtoull(optarg, NULL, 10);
            break;
        case 's':
            *secret_out = optarg;
            break;
        case 'S':
            s->seed = strtoull(optarg, NULL, 10);
            break;
        case 'p':
            if (usage_watch(usage, optarg)) {
                return -1;
            }
            break;
        default:
            return -1;
        }
    }
    return argc - optind == 2 ? settings_check(s) : -1;
}

static void errors_print(const struct load_result *r)
{
    printf("{");
    for (int status = 0; status < LOAD_STATUSES; status++) {
        if (r->statuses[status] && (status < 200 || status > 299)) {
            printf("\"%d\":%llu,", status, (unsigned long long)r->statuses[status]);
        }
    }
    printf("\"closed\":%llu,\"bad_answer\":%llu,\"unanswered\":%llu}", (unsigned long long)r->closed,
           (unsigned long long)r->bad_answers, (unsigned long long)r->unanswered);
}

static void result_print(const struct load_settings *s, const struct load_result *r, const struct usage *usage)
{
    const struct latency *l = &r->latency;
    printf("{\"loop\":\"%s\",\"connections\":%d,\"rate\":%.0f", s->rate_per_second > 0 ? "open" : "closed",
           s->connections, s->rate_per_second);
    printf(",\"seconds\":%.3f,\"events\":%llu,\"events_per_second\":%.1f", r->seconds, (unsigned long long)r->events,
           r->seconds > 0 ? (double)r->events / r->seconds : 0);
    printf(",\"latency_ms\":{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"max\":%.3f}", latency_quantile_ms(l, 0.5),
           latency_quantile_ms(l, 0.9), latency_quantile_ms(l, 0.99), (double)l->max_us / 1000);
    printf(",\"bytes_sent\":%llu,\"cpu_seconds\":", (unsigned long long)r->bytes_sent);
    usage_print(usage);
    printf(",\"whole_run\":{\"sent\":%llu,\"ok\":%llu,\"reconnects\":%llu,\"errors\":", (unsigned long long)r->sent,
           (unsigned long long)r->ok, (unsigned long long)r->reconnects);
    errors_print(r);
    printf("}}\n");
}

int main(int argc, char **argv)
{
    struct load_settings settings = {.connections = 256, .warmup_seconds = 2, .seconds = 10, .seed = 1};
    struct usage usage = {0};
    struct target target;
    struct workload workload;
    static struct load_result result;
    const char *secret = "";
    char head[1024];
    if (options_read(argc, argv, &settings, &usage, &secret)) {
        fputs(usage_text, stderr);
        return 2;
    }
    if (target_parse(argv[optind], &target, &settings)) {
        fprintf(stderr, "replay: the target must be http://127.x.x.x:PORT/PATH or http://[::1]:PORT/PATH\n");
        return 2;
    }
    snprintf(head, sizeof head,
             "POST %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/json\r\nx-vapi-secret: %s\r\n", target.path,
             target.host, target.port, secret);
    if (workload_load(argv[optind + 1], head, &workload)) {
        return 1;
    }
    int rc = load_run(&settings, &workload, &usage, &result);
    if (rc == 0) {
        result_print(&settings, &result, &usage);
    }
    workload_free(&workload);
    return rc ? 1 : 0;
}
