#include "calcom_command_ask.h"
#include "caps.h"
#include <signal.h>

int calcom_asking_open(struct calcom_asking *a, const struct config *config)
{
    static const char *const no_routes[] = {"none"};
    *a = (struct calcom_asking){.calcom = {.config = config, .fetch = &a->fetch}};
    signal(SIGPIPE, SIG_IGN);
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    metric_init(no_routes, 1);
    loop_init(&a->loop);
    calcom_start(&a->calcom);
    return fetch_room_open(&a->fetch, &a->loop);
}

static void on_answer(struct calendar_ask *q)
{
    container_of(q, struct calcom_asking, ask)->answered = true;
}

/* The outcome stands in a->ask until the next question, or calendar_ask_finish. */
static void ask(struct calcom_asking *a, enum calendar_what what, const struct calendar_account *account)
{
    a->answered = false;
    a->ask = (struct calendar_ask){
        .what = what, .account = *account, .deadline_ms = CAP_CALCOM_BOOK_MS, .on_done = on_answer};
    if (a->calcom.port.submit(&a->calcom.port, &a->ask) < 0) {
        return;
    }
    while (!a->answered) {
        uv_run(&a->loop.uv, UV_RUN_ONCE);
    }
}

/* Whoever answers was told the key, and is perhaps not who we think: it does not come back to us in a text. */
static struct str kept(struct arena *arena, struct str text, struct str key)
{
    return arena_copy(arena, str_has(text, key) ? STR("?") : str_or(text, STR("")));
}

static void keep(const struct calendar_ask *q, struct arena *arena, struct calcom_finding *out)
{
    struct str key = q->account.key;
    out->what = q->what;
    out->verdict = q->verdict;
    out->block_ms = q->block_ms;
    out->words = kept(arena, str_of(q->words), key);
    if (q->verdict != CALENDAR_DONE) {
        return;
    }
    if (q->what == CALENDAR_ACCOUNT) {
        out->account_name = kept(arena, q->account_name, key);
    } else {
        out->event_type = q->event_type;
        out->event_type.title = kept(arena, q->event_type.title, key);
        out->event_type.cannot_fill = kept(arena, q->event_type.cannot_fill, key);
    }
}

void calcom_asking_look(struct calcom_asking *a, const struct calendar_account *account, struct arena *arena,
                        struct calcom_finding *out)
{
    static const enum calendar_what questions[] = {CALENDAR_ACCOUNT, CALENDAR_EVENT_TYPE};
    *out = (struct calcom_finding){.words = STR(""), .account_name = STR(""), .event_type = {.title = STR("")}};
    out->verdict = CALENDAR_DONE;
    for (size_t i = 0; i < 2 && out->verdict == CALENDAR_DONE; i++) {
        ask(a, questions[i], account);
        keep(&a->ask, arena, out);
        calendar_ask_finish(&a->ask);
    }
}

static void on_fetch_closed(struct fetch_room *room)
{
    struct calcom_asking *a = container_of(room, struct calcom_asking, fetch);
    calcom_stop(&a->calcom);
    loop_stop(&a->loop);
}

void calcom_asking_close(struct calcom_asking *a)
{
    fetch_room_close(&a->fetch, on_fetch_closed);
    loop_run(&a->loop);
    loop_close(&a->loop);
    metric_free();
}
