#pragma once
/* Passwords: bcrypt as GoTrue writes it, "$2a$10$" and 53 more characters, by libxcrypt. Also read: $2b$ and $2y$, and other
 * costs up to CAP_PASSWORD_COST, as imported accounts may have them.
 *
 * One check takes some 50 ms, so the server's are done in libuv's threads: CAP_PASSWORDS_AT_ONCE at a time, further ones
 * wait in line. A check without a usable hash takes the same time and fails. Copies of passwords are wiped after use. */
#include "caps.h"
#include "list.h"
#include "str.h"
#include <stdbool.h>

struct loop;
struct password_job;
struct password_core; /* private to the room */

#define PASSWORD_HASH_BYTES 61 /* with the NUL at its end */

/* Here and now, for programs without a loop. ERR_BAD_REQUEST: empty, longer than CAP_PASSWORD_BYTES, or with a NUL. */
int password_hash(struct str password, char hash_out[PASSWORD_HASH_BYTES]) __attribute__((warn_unused_result));

/* Embedded in its owner. */
struct password_room {
    struct password_core *core;
    void (*on_stopped)(struct password_room *);
};

void password_room_start(struct password_room *r, struct loop *loop);
/* What waits in line ends with ERR_STOPPING, what is being computed ends first. on_stopped fires once, later. */
void password_room_stop(struct password_room *r, void (*on_stopped)(struct password_room *));

/* Embedded in the caller's object. */
struct password_op {
    void (*on_done)(struct password_op *, int code);

    /* The outcome, valid in on_done, when the code is 0. */
    bool matches;                   /* of a check */
    char hash[PASSWORD_HASH_BYTES]; /* of a hash */

    struct password_job *job;
};

/* Does the password have this hash? Both are copied. 0: on_done fires exactly once, in a later turn, with 0 or ERR_INTERNAL.
 * Negative, and it never fires: ERR_BUSY (CAP_PASSWORDS_WAITING stand in line), ERR_STOPPING. */
int password_check(struct password_room *r, struct password_op *op, struct str password, struct str hash)
    __attribute__((warn_unused_result));
/* A new hash; on_done's code may also be ERR_BAD_REQUEST, as of password_hash. */
int password_make(struct password_room *r, struct password_op *op, struct str password)
    __attribute__((warn_unused_result));
/* Cuts the wait; harmless when nothing is under way. */
void password_abandon(struct password_op *op);
