#pragma once
/* Guesses at passwords, slowed down before anything is looked up or computed:
 *   by address   CAP_SIGN_INS_PER_ADDRESS a minute, right or wrong; an IPv6 network of 64 bits is one address
 *   by account   from the CAP_SIGN_IN_FREE-th failure on a wait, CAP_SIGN_IN_DELAY_MS and doubled with each failure up to
 *                CAP_SIGN_IN_DELAY_MOST_MS; a success ends it. An account is what was given as its mail address, known or
 *                not: the answers do not tell
 *   altogether   CAP_SIGN_INS_PER_SECOND
 * An attempt counts as failed from its beginning, so that many at once gain nothing.
 *
 * Kept in the memory of one process: n servers let through n times as much, and a restart forgets. Memory is fixed. Who fills
 * it with other accounts displaces those with the fewest failures first, and cannot choose which: places are secret. The
 * clock is an argument. */
#include "str.h"
#include <stdint.h>

struct account_throttle;

enum throttle_end {
    THROTTLE_RIGHT,
    THROTTLE_WRONG,
    THROTTLE_UNKNOWN /* it was never found out: not the client's failure */
};

struct throttle_ticket {
    unsigned char account[16];
};

struct account_throttle *account_throttle_new(void);
void account_throttle_free(struct account_throttle *t);

/* 0: go on, and say later how it ended. Else the milliseconds to wait; nothing is to be ended then. The mail address is in
 * small letters already. */
uint64_t account_throttle_enter(struct account_throttle *t, struct str email, struct str address, uint64_t now_ms,
                                struct throttle_ticket *ticket_out) __attribute__((warn_unused_result));
void account_throttle_end(struct account_throttle *t, const struct throttle_ticket *ticket, enum throttle_end end);
