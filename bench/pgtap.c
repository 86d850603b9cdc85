/* Stands between the server and Postgres and keeps what the server sends: pgtap PORT DIR listens on a free port of
 * 127.0.0.1, prints it, relays every connection to 127.0.0.1:PORT and writes the client's bytes of connection N to
 * DIR/N.wire, until SIGTERM. Only for the recording pass: a relay costs time, so nothing is measured through it. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_PAIRS = 32, RELAY_BYTES = 256 << 10 };

/* One direction: bytes read from one side and not yet taken by the other. */
struct relay {
    size_t start, end;
    char bytes[RELAY_BYTES];
};

struct pair {
    int client_fd, server_fd;
    FILE *record;
    struct relay up, down; /* up: client to server */
};

static struct pair *pairs[MAX_PAIRS];
static int pair_serial;
static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((in_port_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void socket_prepare(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void pair_close(int slot)
{
    struct pair *pair = pairs[slot];
    close(pair->client_fd);
    close(pair->server_fd);
    fclose(pair->record);
    free(pair);
    pairs[slot] = NULL;
}

static void pair_open(int client_fd, int port, const char *dir)
{
    char path[4096];
    struct sockaddr_in address = loopback(port);
    int slot = 0, server_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    while (slot < MAX_PAIRS && pairs[slot]) {
        slot++;
    }
    snprintf(path, sizeof path, "%s/%d.wire", dir, pair_serial++);
    struct pair *pair = slot < MAX_PAIRS ? calloc(1, sizeof *pair) : NULL;
    FILE *record = pair ? fopen(path, "w") : NULL;
    if (!record || connect(server_fd, (struct sockaddr *)&address, sizeof address)) {
        fprintf(stderr, "pgtap: cannot relay a connection: %s\n", strerror(errno));
        exit(1);
    }
    socket_prepare(client_fd);
    socket_prepare(server_fd);
    pair->client_fd = client_fd;
    pair->server_fd = server_fd;
    pair->record = record;
    pairs[slot] = pair;
}

/* Moves what there is from one socket to the other. -1 when either side has gone. */
static int relay_move(struct relay *relay, int from_fd, int to_fd, FILE *record)
{
    if (relay->start == relay->end) {
        ssize_t got = recv(from_fd, relay->bytes, RELAY_BYTES, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            return -1;
        }
        relay->start = 0;
        relay->end = got > 0 ? (size_t)got : 0;
        if (record && fwrite(relay->bytes, 1, relay->end, record) != relay->end) {
            perror("pgtap: record");
            exit(1);
        }
    }
    while (relay->start < relay->end) {
        ssize_t sent = send(to_fd, relay->bytes + relay->start, relay->end - relay->start, MSG_NOSIGNAL);
        if (sent < 0) {
            return errno == EAGAIN ? 0 : -1;
        }
        relay->start += (size_t)sent;
    }
    return 0;
}

/* A side is read only while nothing waits for the other, and written only while something does. */
static void pair_poll_set(const struct pair *pair, struct pollfd *fds)
{
    int up_waits = pair->up.start < pair->up.end, down_waits = pair->down.start < pair->down.end;
    fds[0] = (struct pollfd){pair->client_fd, (short)((up_waits ? 0 : POLLIN) | (down_waits ? POLLOUT : 0)), 0};
    fds[1] = (struct pollfd){pair->server_fd, (short)((down_waits ? 0 : POLLIN) | (up_waits ? POLLOUT : 0)), 0};
}

static void pairs_move(const int *slots, const struct pollfd *fds, int count)
{
    for (int i = 0; i < count; i++) {
        struct pair *pair = pairs[slots[i]];
        if (!fds[2 * i].revents && !fds[2 * i + 1].revents) {
            continue;
        }
        if (relay_move(&pair->up, pair->client_fd, pair->server_fd, pair->record) ||
            relay_move(&pair->down, pair->server_fd, pair->client_fd, NULL)) {
            pair_close(slots[i]);
        }
    }
}

static void tap_run(int listener, int port, const char *dir)
{
    struct pollfd fds[2 * MAX_PAIRS + 1];
    int slots[MAX_PAIRS];
    while (!stopping) {
        int count = 0;
        for (int slot = 0; slot < MAX_PAIRS; slot++) {
            if (pairs[slot]) {
                pair_poll_set(pairs[slot], &fds[2 * count]);
                slots[count++] = slot;
            }
        }
        fds[2 * count] = (struct pollfd){listener, POLLIN, 0};
        if (poll(fds, (nfds_t)(2 * count + 1), -1) < 0) {
            continue;
        }
        pairs_move(slots, fds, count);
        int client_fd = fds[2 * count].revents ? accept(listener, NULL, NULL) : -1;
        if (client_fd >= 0) {
            pair_open(client_fd, port, dir);
        }
    }
}

int main(int argc, char **argv)
{
    int port = argc == 3 ? atoi(argv[1]) : 0;
    if (port <= 0 || port > 65535) {
        fputs("usage: pgtap PORT DIR\n", stderr);
        return 2;
    }
    struct sockaddr_in address = loopback(0);
    socklen_t address_bytes = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64) ||
        getsockname(listener, (struct sockaddr *)&address, &address_bytes)) {
        perror("pgtap: listen");
        return 1;
    }
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    tap_run(listener, port, argv[2]);
    for (int slot = 0; slot < MAX_PAIRS; slot++) {
        if (pairs[slot]) {
            pair_close(slot);
        }
    }
    return 0;
}
