#pragma once
/* One request of the dashboard on its way: who is asking, then what the endpoint does. Private to the dashboard's files.
 * Lives in its request's arena, so it ends with the answer, or when the client is gone. */
#include "dashboard.h"
#include "dashboard_query.h"
#include "flow.h"

struct visit;

/* A row of the table of endpoints. `steps` run after the caller is known. What comes by POST is a page's form, whose frame
 * shows the answer: parameters and access token are in the body. */
struct endpoint {
    const struct flow_step *steps;
    enum sql_statement_id statement;
    enum query_param params[QUERY_PARAMS]; /* of the statement, in its order; ends with PARAM_NONE */
};

struct visit {
    struct dashboard *dashboard;
    struct http_request *request;
    const struct endpoint *endpoint;
    struct http_waiter http;
    struct flow flow;
    struct token_check check;
    struct query query;
    struct turn turn;
    struct db_unit unit;
    struct db_param params[QUERY_PARAMS];
    bool streaming; /* the answer has begun */
    struct list_node export;
};

/* Begins a visit: reads the parameters, checks the token, then runs the endpoint's steps. */
void visit_start(struct dashboard *d, struct http_request *r, const struct endpoint *e);
/* Makes the unit: the endpoint's statement with the query's present values, in the caller's name. */
void visit_prepare(struct visit *v);
/* Sends it, when it is this person's turn, and parks the flow. */
enum flow_next visit_submit(struct visit *v);
struct visit *visit_of_flow(struct flow *f);

/* dashboard_csv.c: the steps of the export. */
extern const struct flow_step csv_steps[];
/* It is over, however it ended; harmless when it never began. */
void csv_leave(struct visit *v);
/* The client has taken what it was sent. */
void csv_on_drain(struct http_waiter *w, struct http_request *r);
