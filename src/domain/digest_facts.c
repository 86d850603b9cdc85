#include "digest_facts.h"
#include "json.h"
#include <math.h>

#define FACT(member, kind) FIELD(struct digest_facts, member, #member, kind, 0)
#define FACTS(member, list) FIELD_ITEMS(struct digest_facts, member, #member, list, 0)
#define PART(member, part)                                                                                             \
    {#member "." #part,                                                                                                \
     offsetof(struct digest_facts, member) + offsetof(struct digest_number, part),                                     \
     FIELD_NUM,                                                                                                        \
     0,                                                                                                                \
     NULL,                                                                                                             \
     0}
#define NUMBER(member) PART(member, value), PART(member, usual)
#define OF_CALLER(member, kind) FIELD(struct digest_caller, member, #member, kind, 0)
#define OF_CALL(member, kind) FIELD(struct digest_call, member, #member, kind, 0)
#define BOOKING(of)                                                                                                    \
    FIELD(struct of, booking.words, "booking", STR, 0), FIELD(struct of, booking.when, "booking_when", STR, 0),        \
        FIELD(struct of, booking.is_open, "booking_open", BOOL, 0)

static const struct field caller_fields[] = {
    OF_CALLER(number, STR),  OF_CALLER(caller_number, STR), OF_CALLER(name, STR),    OF_CALLER(reason, STR),
    OF_CALLER(urgency, STR), OF_CALLER(when, STR),          OF_CALLER(outcome, STR), OF_CALLER(call_id, STR),
    OF_CALLER(tries, INT),   BOOKING(digest_caller),
};
static const struct field_items callers = {caller_fields, FIELD_COUNT(caller_fields), sizeof(struct digest_caller)};

static const struct field call_fields[] = {
    OF_CALL(id, STR),      OF_CALL(when, STR),    OF_CALL(number, STR),  OF_CALL(name, STR),
    OF_CALL(reason, STR),  OF_CALL(summary, STR), OF_CALL(outcome, STR), OF_CALL(urgency, STR),
    OF_CALL(seconds, NUM), OF_CALL(missed, BOOL), OF_CALL(booked, BOOL), BOOKING(digest_call),
};
static const struct field_items calls = {call_fields, FIELD_COUNT(call_fields), sizeof(struct digest_call)};

static const struct field reason_fields[] = {
    FIELD(struct digest_reason, reason, "reason", STR, 0),
    FIELD(struct digest_reason, calls, "calls", INT, 0),
};
static const struct field_items reasons = {reason_fields, FIELD_COUNT(reason_fields), sizeof(struct digest_reason)};

static const struct field hour_fields[] = {
    FIELD(struct digest_hour, answered, "answered", INT, 0),
    FIELD(struct digest_hour, missed, "missed", INT, 0),
    FIELD(struct digest_hour, other, "other", INT, 0),
};
static const struct field_items hours = {hour_fields, FIELD_COUNT(hour_fields), sizeof(struct digest_hour)};

static const struct field recipient_fields[] = {
    FIELD(struct digest_recipient, address, "address", STR, 0),
    FIELD(struct digest_recipient, token, "token", STR, 0),
    FIELD(struct digest_recipient, paused, "paused", STR, 0),
};
static const struct field_items recipients = {recipient_fields, FIELD_COUNT(recipient_fields),
                                              sizeof(struct digest_recipient)};

static const struct field facts_fields[] = {
    FACT(business_id, STR),
    FACT(business_name, STR),
    FACT(date, STR),
    FACT(day, STR),
    FACT(day_long, STR),
    FACT(weekday, STR),
    FACT(zone, STR),
    FACT(hour, STR),
    FACT(skip_empty, BOOL),
    FACT(bookings_enabled, BOOL),
    FACT(usual_weeks, INT),
    NUMBER(calls),
    NUMBER(unique_callers),
    NUMBER(answered),
    NUMBER(missed),
    NUMBER(hung_up_early),
    NUMBER(ai_unavailable),
    NUMBER(spam),
    NUMBER(bookings),
    NUMBER(average_seconds),
    FACT(to_call_back, INT),
    FACTS(call_back, callers),
    FACT(after_hours, INT),
    FACT(opening_hours, STR),
    FACT(busiest_hour, STR),
    FACT(busiest_calls, INT),
    FACTS(hours, hours),
    FACTS(reasons, reasons),
    FACTS(high, calls),
    FACTS(normal, calls),
    FACTS(low, calls),
    FACTS(spam_calls, calls),
    FACT(high_total, INT),
    FACT(normal_total, INT),
    FACT(low_total, INT),
    FACT(spam_total, INT),
    FACT(without_booking, INT),
    FACT(without_report, INT),
    FACT(not_answered_by_ai, INT),
    FACT(has_no_number, BOOL),
    FACTS(recipients, recipients),
};

static void nothing_to_compare(void *target)
{
    struct digest_facts *f = target;
    struct digest_number *numbers[] = {&f->calls,  &f->unique_callers, &f->answered,
                                       &f->missed, &f->hung_up_early,  &f->ai_unavailable,
                                       &f->spam,   &f->bookings,       &f->average_seconds};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        numbers[i]->usual = NAN;
    }
    f->average_seconds.value = NAN;
}

/* The item of a list begins as zeros, and 0 seconds are a length: not known is -1 in the document. */
static void mark_unknown_lengths(const struct field_list_value *list)
{
    struct digest_call *c = list->items;
    for (size_t i = 0; i < list->count; i++) {
        c[i].seconds = c[i].seconds < 0 ? NAN : c[i].seconds;
    }
}

int digest_facts_read(struct arena *a, struct str json, struct digest_facts *out)
{
    struct json_shape *shape = json_shape_new(facts_fields, FIELD_COUNT(facts_fields));
    struct json_pass pass = {.shape = shape,
                             .doc = json,
                             .target = out,
                             .target_bytes = sizeof(*out),
                             .reset = nothing_to_compare,
                             .arena = a};
    int rc = json_read(&pass);
    json_shape_free(shape);
    if (rc < 0 || !out->business_id.n || !out->date.n) {
        return ERR_BAD_JSON;
    }
    const struct field_list_value *lists[] = {&out->high, &out->normal, &out->low, &out->spam_calls};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        mark_unknown_lengths(lists[i]);
    }
    return 0;
}
