#include "dashboard.h"
#include "caps.h"
#include "dashboard_visit.h"
#include "db_row.h"
#include "utf8.h"
#include <stdio.h>

static enum flow_next step_ask(struct flow *f)
{
    struct visit *v = visit_of_flow(f);
    visit_prepare(v);
    return visit_submit(v);
}

/* The statement's one cell is the answer; none, or null: there is no such thing for this person. */
static enum flow_next step_answer(struct flow *f)
{
    struct visit *v = visit_of_flow(f);
    struct str json = db_rows(&v->unit, 0) ? db_cell(&v->unit, 0, 0, 0) : (struct str){NULL, 0};
    if (!json.p) {
        return flow_fail(f, ERR_NOT_FOUND);
    }
    http_reply_tagged(v->request, "application/json", json);
    return FLOW_DONE;
}

static const struct flow_step read_steps[] = {{"ask", step_ask}, {"answer", step_answer}, {NULL, NULL}};

/* What Postgres says of a change that it does not take, and what the person is told. */
static const struct {
    struct str outcome, text;
} complaints[] = {
    {STR("invalid:name"), STR("name: must be text of 1 to 200 characters")},
    {STR("invalid:email"), STR("email: must be one or more addresses, separated by commas, or null")},
    {STR("invalid:timezone"), STR("timezone: must be a name such as America/New_York")},
    {STR("invalid:digest_enabled"), STR("digest_enabled: must be true or false")},
    {STR("invalid:digest_hour"), STR("digest_hour: must be a whole number from 0 to 23")},
    {STR("invalid:skip_empty_digest"), STR("skip_empty_digest: must be true or false")},
    {STR("invalid:forward_to"), STR("forward_to: must be a number such as +16465550187, or null")},
    {STR("invalid:forward_to_ourselves"), STR("forward_to: must be a number that is not answered here")},
    {STR("invalid:fallback_greeting"), STR("fallback_greeting: must be text of at most 1000 characters, or null")},
    {STR("invalid:open_days"), STR("open_days: must be days from 1 (Monday) to 7 (Sunday), each at most once")},
    {STR("invalid:opens_at"), STR("opens_at: must be a time such as 09:00")},
    {STR("invalid:closes_at"), STR("closes_at: must be a time such as 17:30")},
    {STR("invalid:address"), STR("address: must be the address of a recipient")},
    {STR("invalid:paused"), STR("paused: must be false; a recipient stops the mail by its own link")},
    {STR("invalid:caller_number"), STR("caller_number: must be a number such as +16465550187")},
    {STR("invalid:done"), STR("done: must be true or false")},
    {STR("invalid:body"), STR("the body must be a JSON object of what to change")},
    {STR("invalid:key"), STR("there is a key that is not known here, or one that cannot be changed")},
};

static struct str complaint_of(struct str outcome)
{
    size_t i = 0;
    while (i < sizeof(complaints) / sizeof(complaints[0]) && !str_eq(complaints[i].outcome, outcome)) {
        i++;
    }
    return i < sizeof(complaints) / sizeof(complaints[0]) ? complaints[i].text : STR("a value is not acceptable");
}

/* How a change ended, in the statement's own words. */
static int code_of_change(struct str outcome)
{
    return str_eq(outcome, STR("ok"))             ? 0
           : str_eq(outcome, STR("not_found"))    ? ERR_NOT_FOUND
           : str_eq(outcome, STR("forbidden"))    ? ERR_FORBIDDEN
           : str_eq(outcome, STR("session_gone")) ? ERR_UNAUTHORIZED
                                                  : ERR_INVALID;
}

static enum flow_next step_answer_change(struct flow *f)
{
    struct visit *v = visit_of_flow(f);
    struct str outcome = db_rows(&v->unit, 0) ? db_cell(&v->unit, 0, 0, 0) : STR("not_found");
    int code = code_of_change(outcome);
    if (code == ERR_INVALID) {
        v->query.wrong = complaint_of(outcome);
    }
    if (code < 0) {
        return flow_fail(f, code);
    }
    http_reply_tagged(v->request, "application/json", db_cell(&v->unit, 0, 0, 1));
    return FLOW_DONE;
}

/* What is in it is for the statement to check. */
static enum flow_next step_take_body(struct flow *f)
{
    struct visit *v = visit_of_flow(f);
    struct str body = buf_str(&v->request->body);
    struct str type = http_header(v->request, STR("Content-Type"));
    if (!str_eq_nocase(str_trim(str_cut(type, str_find(type, ';'))), STR("application/json"))) {
        return flow_fail(f, ERR_UNSUPPORTED_MEDIA);
    }
    if (!utf8_valid(body) || str_find(body, 0) < body.n) {
        return flow_fail(f, ERR_BAD_JSON);
    }
    v->query.values[PARAM_BODY] = body;
    return FLOW_NEXT;
}

static const struct flow_step change_steps[] = {
    {"take_body", step_take_body}, {"ask", step_ask}, {"answer", step_answer_change}, {NULL, NULL}};

/* Rows of an answer to STMT_CALL_RECORDING_SOURCE: the provider's id, and the address of a voicemail. */
static struct recording_source source_of(const struct db_unit *u)
{
    return (struct recording_source){.provider_call_id = db_cell(u, 0, 0, 0), .recording_url = db_cell(u, 0, 0, 1)};
}

static bool wants_ticket(const struct http_request *r)
{
    return str_eq_nocase(str_trim(http_header(r, STR("Accept"))), STR("application/json"));
}

static enum flow_next step_relay(struct flow *f)
{
    struct visit *v = visit_of_flow(f);
    struct recording_relays *relays = v->dashboard->relays;
    if (db_rows(&v->unit, 0) == 0) {
        return flow_fail(f, ERR_NOT_FOUND);
    }
    struct recording_source source = source_of(&v->unit);
    if (wants_ticket(v->request)) {
        recording_ticket_issue(relays, v->request, http_param(v->request), &source);
    } else {
        recording_relay(relays, v->request, &source);
    }
    return FLOW_DONE;
}

static const struct flow_step recording_steps[] = {{"ask", step_ask}, {"relay", step_relay}, {NULL, NULL}};

/* The stream takes the request over. */
static enum flow_next step_watch(struct flow *f)
{
    struct visit *v = visit_of_flow(f);
    struct uuid business;
    if (db_rows(&v->unit, 0) == 0 || !uuid_read(db_cell(&v->unit, 0, 0, 0), &business)) {
        return flow_fail(f, ERR_NOT_FOUND);
    }
    int rc = live_open(v->dashboard->live, v->request, &v->check.tenant, &business);
    return rc < 0 ? flow_fail(f, rc) : FLOW_DONE;
}

static const struct flow_step live_steps[] = {{"ask", step_ask}, {"watch", step_watch}, {NULL, NULL}};

/* A mail is shown in a frame of ours: it may look as it likes, and do nothing, nor fetch a picture that tells who looked. */
#define MAIL_POLICY                                                                                                    \
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "                      \
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"

static enum flow_next step_show_mail(struct flow *f)
{
    struct visit *v = visit_of_flow(f);
    if (db_rows(&v->unit, 0) == 0) {
        return flow_fail(f, ERR_NOT_FOUND);
    }
    http_reply_header(v->request, "Content-Security-Policy", STR(MAIL_POLICY));
    http_reply(v->request, 200, "text/html; charset=utf-8", db_cell(&v->unit, 0, 0, 0));
    return FLOW_DONE;
}

static const struct flow_step preview_steps[] = {{"ask", step_ask}, {"show_mail", step_show_mail}, {NULL, NULL}};

#define CALL_FILTERS                                                                                                   \
    {PARAM_BUSINESS,  PARAM_FROM,      PARAM_TO,     PARAM_OUTCOME,  PARAM_Q,      PARAM_CALLER,                       \
     PARAM_CURSOR_US, PARAM_CURSOR_ID, PARAM_LIMIT,  PARAM_URGENCY,  PARAM_REASON, PARAM_CALLED,                       \
     PARAM_RECORDING, PARAM_SHORTER,   PARAM_LONGER, PARAM_CALL_BACK}

/* What each address asks, what happens then, and the statement's parameters in their order. */
static const struct endpoint endpoints[DASHBOARD_COUNT] = {
    [DASHBOARD_ME] = {read_steps, STMT_ME, {PARAM_NONE}},
    [DASHBOARD_OVERVIEW] = {read_steps, STMT_OVERVIEW, {PARAM_BUSINESS, PARAM_FROM, PARAM_TO}},
    [DASHBOARD_CALLS] = {read_steps, STMT_CALLS_LIST, CALL_FILTERS},
    [DASHBOARD_CALLS_CSV] = {csv_steps, STMT_CALLS_CSV, CALL_FILTERS},
    [DASHBOARD_CALL] = {read_steps, STMT_CALL_DETAIL, {PARAM_PATH_ID}},
    [DASHBOARD_RECORDING] = {recording_steps, STMT_CALL_RECORDING_SOURCE, {PARAM_PATH_ID}},
    [DASHBOARD_DIGESTS] = {read_steps,
                           STMT_DIGESTS_LIST,
                           {PARAM_BUSINESS, PARAM_BEFORE, PARAM_LIMIT, PARAM_SENDING, PARAM_MINUTE, PARAM_UTC_MINUTE}},
    [DASHBOARD_DIGEST] = {read_steps, STMT_DIGEST_DETAIL, {PARAM_BUSINESS, PARAM_PATH_DATE}},
    [DASHBOARD_DIGEST_PREVIEW] = {preview_steps, STMT_DIGEST_HTML, {PARAM_BUSINESS, PARAM_PATH_DATE}},
    [DASHBOARD_SETTINGS] = {read_steps, STMT_SETTINGS_READ, {PARAM_BUSINESS, PARAM_SENDING}},
    [DASHBOARD_LIVE] = {live_steps, STMT_LIVE_BUSINESS, {PARAM_BUSINESS}},
    [DASHBOARD_SETTINGS_CHANGE] = {change_steps, STMT_SETTINGS_WRITE, {PARAM_BUSINESS, PARAM_BODY, PARAM_SENDING}},
    [DASHBOARD_CALL_BACK] = {change_steps, STMT_CALL_BACK_WRITE, {PARAM_BUSINESS, PARAM_BODY}},
    [DASHBOARD_RECIPIENTS] = {read_steps, STMT_RECIPIENTS_READ, {PARAM_BUSINESS, PARAM_SENDING}},
    [DASHBOARD_RECIPIENT_CHANGE] = {change_steps, STMT_RECIPIENT_WRITE, {PARAM_BUSINESS, PARAM_BODY}},
};

/* A player cannot send a token with its requests: it comes with a ticket that was given to somebody who could. */
static void play(struct dashboard *d, struct http_request *r, struct str ticket)
{
    struct recording_source source;
    int rc = recording_ticket_check(d->relays, http_param(r), ticket, &source, &r->arena);
    if (rc < 0) {
        recording_refuse(r, rc);
    } else {
        recording_relay(d->relays, r, &source);
    }
}

void dashboard_start(struct dashboard *d)
{
    snprintf(d->minute, sizeof(d->minute), "%d", d->digest.minute);
    snprintf(d->utc_minute, sizeof(d->utc_minute), "%d", d->digest.utc_minute);
    turns_init(&d->turns);
    list_init(&d->exports);
}

void dashboard_serve(struct dashboard *d, struct http_request *r, enum dashboard_address address)
{
    static const struct str ticket = STR("ticket=");
    if (address == DASHBOARD_RECORDING && str_starts(r->query, ticket)) {
        play(d, r, str_skip(r->query, ticket.n));
    } else {
        visit_start(d, r, &endpoints[address]);
    }
}
