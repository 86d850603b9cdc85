#include "account_throttle.h"
#include "arena.h"
#include "caps.h"
#include "crypto.h"
#include <arpa/inet.h>
#include <stdlib.h>

#define WAYS 8 /* places that one account may take */
#define SETS (CAP_SIGN_IN_ACCOUNTS / WAYS)
#define SECRET_BYTES 32
#define SERVER_PAUSE_MS (1000 / CAP_SIGN_INS_PER_SECOND)
#define ADDRESS_PAUSE_MS (60000 / CAP_SIGN_INS_PER_ADDRESS)

struct account_trail {
    unsigned char id[16];
    uint32_t failures; /* 0: free */
    uint64_t last_ms;
    uint64_t next_ms; /* not before this */
};

struct account_throttle {
    unsigned char secret[SECRET_BYTES];
    uint64_t server_ms;
    uint64_t addresses_ms[CAP_SIGN_IN_ADDRESSES];
    struct account_trail trails[SETS][WAYS];
};

struct account_throttle *account_throttle_new(void)
{
    struct account_throttle *t = mem_alloc(sizeof(*t));
    crypto_random(t->secret, sizeof(t->secret));
    return t;
}

void account_throttle_free(struct account_throttle *t)
{
    free(t);
}

/* Where `kind` and `text` belong: nobody outside can tell. */
static struct digest place(const struct account_throttle *t, struct str kind, struct str text)
{
    const struct str parts[] = {kind, text};
    return crypto_hmac(CRYPTO_SHA256, (struct str){(const char *)t->secret, SECRET_BYTES}, parts, 2);
}

static size_t number_of(const unsigned char *bytes)
{
    uint32_t n;
    memcpy(&n, bytes, sizeof(n));
    return n;
}

/* A meter that fills by one pause with each attempt and empties with time; `burst` attempts fit into it. Returns the wait. */
static uint64_t meter_wait(const uint64_t *full_until_ms, uint64_t now_ms, uint64_t pause_ms, uint64_t burst)
{
    uint64_t ahead_ms = *full_until_ms > now_ms ? *full_until_ms - now_ms : 0;
    uint64_t room_ms = pause_ms * (burst - 1);
    return ahead_ms > room_ms ? ahead_ms - room_ms : 0;
}

static void meter_add(uint64_t *full_until_ms, uint64_t now_ms, uint64_t pause_ms)
{
    *full_until_ms = (*full_until_ms > now_ms ? *full_until_ms : now_ms) + pause_ms;
}

static uint64_t *address_meter(struct account_throttle *t, struct str address)
{
    char text[INET6_ADDRSTRLEN] = "";
    unsigned char v6[16];
    if (address.n < sizeof(text)) {
        memcpy(text, address.p, address.n);
    }
    if (inet_pton(AF_INET6, text, v6) == 1) {
        address = (struct str){(const char *)v6, 8};
    }
    struct digest d = place(t, STR("address"), address);
    return &t->addresses_ms[number_of(d.bytes) % CAP_SIGN_IN_ADDRESSES];
}

static struct account_trail *set_of(struct account_throttle *t, const unsigned char id[16])
{
    return t->trails[number_of(id) % SETS];
}

static struct account_trail *find(struct account_throttle *t, const unsigned char id[16])
{
    struct account_trail *set = set_of(t, id);
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].failures && memcmp(set[i].id, id, sizeof(set[i].id)) == 0) {
            return &set[i];
        }
    }
    return NULL;
}

static bool is_forgotten(const struct account_trail *a, uint64_t now_ms)
{
    uint64_t since_ms = a->next_ms > a->last_ms ? a->next_ms : a->last_ms;
    return now_ms > since_ms + CAP_SIGN_IN_FORGET_MS;
}

/* A place for one more: free, or forgotten, or of the account with the fewest failures, of these the one that is quiet
 * longest. */
static struct account_trail *make_room(struct account_throttle *t, const unsigned char id[16], uint64_t now_ms)
{
    struct account_trail *set = set_of(t, id), *best = set;
    for (size_t i = 0; i < WAYS; i++) {
        struct account_trail *a = &set[i];
        if (!a->failures || is_forgotten(a, now_ms)) {
            best = a;
            break;
        }
        if (a->failures < best->failures || (a->failures == best->failures && a->last_ms < best->last_ms)) {
            best = a;
        }
    }
    *best = (struct account_trail){.failures = 0};
    memcpy(best->id, id, sizeof(best->id));
    return best;
}

static uint64_t delay_ms(uint32_t failures)
{
    uint64_t delay = failures < CAP_SIGN_IN_FREE ? 0 : CAP_SIGN_IN_DELAY_MS;
    for (uint32_t i = CAP_SIGN_IN_FREE; i < failures && delay < CAP_SIGN_IN_DELAY_MOST_MS; i++) {
        delay *= 2;
    }
    return delay < CAP_SIGN_IN_DELAY_MOST_MS ? delay : CAP_SIGN_IN_DELAY_MOST_MS;
}

static void count_failure(struct account_trail *a, uint64_t now_ms)
{
    a->failures += a->failures < UINT32_MAX;
    a->last_ms = now_ms;
    a->next_ms = now_ms + delay_ms(a->failures);
}

uint64_t account_throttle_enter(struct account_throttle *t, struct str email, struct str address, uint64_t now_ms,
                                struct throttle_ticket *ticket_out)
{
    uint64_t *meter = address_meter(t, address);
    uint64_t wait_ms = meter_wait(meter, now_ms, ADDRESS_PAUSE_MS, CAP_SIGN_INS_PER_ADDRESS);
    if (wait_ms) {
        return wait_ms;
    }
    meter_add(meter, now_ms, ADDRESS_PAUSE_MS);
    struct digest d = place(t, STR("account"), email);
    memcpy(ticket_out->account, d.bytes, sizeof(ticket_out->account));
    struct account_trail *a = find(t, ticket_out->account);
    if (a && is_forgotten(a, now_ms)) {
        a->failures = 0;
        a = NULL;
    }
    if (a && a->next_ms > now_ms) {
        return a->next_ms - now_ms;
    }
    wait_ms = meter_wait(&t->server_ms, now_ms, SERVER_PAUSE_MS, CAP_SIGN_INS_PER_SECOND);
    if (wait_ms) {
        return wait_ms;
    }
    meter_add(&t->server_ms, now_ms, SERVER_PAUSE_MS);
    count_failure(a ? a : make_room(t, ticket_out->account, now_ms), now_ms);
    return 0;
}

void account_throttle_end(struct account_throttle *t, const struct throttle_ticket *ticket, enum throttle_end end)
{
    struct account_trail *a = find(t, ticket->account);
    if (!a || end == THROTTLE_WRONG) {
        return;
    }
    a->failures = end == THROTTLE_RIGHT ? 0 : a->failures - 1;
    a->next_ms = 0;
}
