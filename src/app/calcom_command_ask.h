#pragma once
/* Questions to Cal.com from a command that waits for the answers, on a loop of its own. */
#include "calcom.h"
#include "loop.h"

struct calcom_asking {
    struct loop loop;
    struct fetch_room fetch;
    struct calcom calcom;
    struct calendar_ask ask;
    bool answered;
};

/* What Cal.com says of a key and an event type. */
struct calcom_finding {
    enum calendar_what what; /* the question that decided: ACCOUNT or EVENT_TYPE */
    enum calendar_verdict verdict;
    unsigned block_ms;
    struct str words, account_name; /* texts are empty where there is none, and end with NUL */
    struct calendar_event_type event_type;
};

/* 0, or negative when the loop or the fetch room cannot be had. */
int calcom_asking_open(struct calcom_asking *a, const struct config *config) must_check;
/* Asks whose key it is, then for the event type. Texts are copied into the arena. */
void calcom_asking_look(struct calcom_asking *a, const struct calendar_account *account, struct arena *arena,
                        struct calcom_finding *out);
void calcom_asking_close(struct calcom_asking *a);
