#pragma once
/* What the parts of account share. Private to account*.c. */
#include "account.h"
#include "account_throttle.h"
#include "account_token.h"
#include "caps.h"
#include "db_pool.h"
#include "field.h"
#include "flow.h"
#include "loop.h"
#include "password.h"

#define ACCOUNT_NONE ((struct str){NULL, 0})

struct account_core {
    struct accounts *handle;
    struct loop *loop;
    struct db_pool *pool;
    struct password_room passwords;
    struct account_throttle *throttle;
};

/* A password, with room for one byte more than can be right. */
struct account_secret {
    char bytes[CAP_PASSWORD_BYTES + 1];
    size_t n;
};

static inline struct str account_secret_str(const struct account_secret *s)
{
    return (struct str){s->bytes, s->n};
}

/* One op under way. */
struct account_work {
    struct account_op *op;
    struct account_core *core;
    struct flow flow;
    struct db_unit unit;
    struct db_param params[8], read_params[3];
    struct password_op password_op;
    struct throttle_ticket ticket; /* of a sign-in */
    struct account_change change;  /* also of a look: user and session; its passwords are kept below */
    struct account_secret password, current;
    struct str presented; /* the refresh token that was shown */
    struct digest presented_hash;
    struct account_token next;
    bool starting; /* inside the function that began it: on_done must wait */
    int code;
};

struct account_work *account_work_new(struct accounts *a, struct account_op *op);
/* Runs the flow until its first wait. 0, or the code that it failed with there. */
int account_begin(struct account_work *w, const struct flow_step *steps,
                  void (*on_fail)(struct flow *, int code)) must_check;
/* The end of an op, by verdict or by code; wipes what is secret. */
enum flow_next account_found(struct account_work *w, enum account_verdict verdict);
void account_failed(struct account_work *w, int code);
static inline struct account_work *account_of_flow(struct flow *f)
{
    return container_of(f, struct account_work, flow);
}

/* A unit in the name of ringback_auth; account_send parks the flow until it is done. */
struct db_unit *account_unit(struct account_work *w);
enum flow_next account_send(struct account_work *w);
/* Adds the statement that reads the account: of a user and a session, or of the session of a refresh token. */
void account_add_read(struct account_work *w, struct str user_id, struct str session_id, struct str token_hash);
/* One row of a finished unit, columns in the order of the fields; texts go to the op's arena. 1, 0 without a row, or
 * ERR_BAD_REPLY. */
int account_row(struct account_work *w, size_t call, const struct field *fields, size_t count) must_check;
/* The row of account_add_read, into op->account. */
int account_take(struct account_work *w, size_t call) must_check;
/* A number as a parameter's text, in the op's arena. */
struct str account_number(struct account_work *w, int n);
/* Makes op->client fit for the database. */
void account_keep_client(struct account_work *w);
void account_keep(struct account_secret *s, struct str password);
/* Checks a password against the account that was read, and makes a hash of one; the flow goes on when that is done. */
enum flow_next account_check(struct account_work *w, const struct account_secret *s);
enum flow_next account_hash(struct account_work *w, const struct account_secret *s);
