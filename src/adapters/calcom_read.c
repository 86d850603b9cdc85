#include "calcom_read.h"
#include "caps.h"
#include "timestamp.h"
#include "utf8.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define DATE_LETTERS 10

struct envelope {
    struct str status, data;
    bool more; /* than this page */
    struct str error, error_message, error_line, message, message_line;
    struct field_list_value errors; /* of texts */
};

static const struct field text_fields[] = {{"", 0, FIELD_STR, 0, NULL, 0}};
static const struct field_items texts = {text_fields, FIELD_COUNT(text_fields), sizeof(struct str)};

#define E(member, path, kind) FIELD(struct envelope, member, path, kind, 0)
static const struct field envelope_fields[] = {
    E(status, "status", STR),
    E(data, "data", RAW),
    E(more, "pagination.hasNextPage", BOOL),
    E(error, "error", STR),
    E(error_message, "error.message", STR),
    E(error_line, "error.message.[]", STR),
    E(message, "message", STR),
    E(message_line, "message.[]", STR),
    FIELD_ITEMS(struct envelope, errors, "error.details.errors", texts, 0),
};

struct slot {
    struct str start;
    int64_t at_us;
};

struct slots {
    struct field_list_value items;
};

static const struct field slot_fields[] = {FIELD(struct slot, start, "start", STR, 0)};
static const struct field_items slot_items = {slot_fields, FIELD_COUNT(slot_fields), sizeof(struct slot)};
static const struct field slots_fields[] = {FIELD_ITEMS(struct slots, items, "*", slot_items, 0)};

struct booking {
    struct str uid, status, name;
};

struct bookings {
    struct field_list_value items;
};

#define B(member, path) FIELD(struct booking, member, path, STR, 0)
static const struct field booking_fields[] = {B(uid, "uid"), B(status, "status"), B(name, "metadata.ringback_booking")};
static const struct field_items booking_items = {booking_fields, FIELD_COUNT(booking_fields), sizeof(struct booking)};
static const struct field bookings_fields[] = {FIELD_ITEMS(struct bookings, items, "", booking_items, 0)};

struct account {
    struct str username, email, name;
};

#define A(member, path) FIELD(struct account, member, path, STR, 0)
static const struct field account_fields[] = {A(username, "username"), A(email, "email"), A(name, "name")};

struct question {
    struct str slug, label;
    bool required, hidden;
};

struct event_type {
    struct str title;
    int64_t minutes, seats, seats_flat;
    bool recurrence, recurrence_off;
    struct field_list_value questions;
};

#define Q(member, path, kind) FIELD(struct question, member, path, kind, 0)
static const struct field question_fields[] = {
    Q(slug, "slug", STR),
    Q(label, "label", STR),
    Q(required, "required", BOOL),
    Q(hidden, "hidden", BOOL),
};
static const struct field_items questions = {question_fields, FIELD_COUNT(question_fields), sizeof(struct question)};

#define T(member, path, kind) FIELD(struct event_type, member, path, kind, 0)
static const struct field event_type_fields[] = {
    T(title, "title", STR),
    T(minutes, "lengthInMinutes", INT),
    T(recurrence, "recurrence", SEEN),
    T(recurrence_off, "recurrence.disabled", BOOL),
    T(seats, "seats.seatsPerTimeSlot", INT),
    T(seats_flat, "seatsPerTimeSlot", INT),
    FIELD_ITEMS(struct event_type, questions, "bookingFields", questions, 0),
};

#define SHAPE(fields) json_shape_new(fields, FIELD_COUNT(fields))

void calcom_shapes_make(struct calcom_shapes *s)
{
    *s = (struct calcom_shapes){.envelope = SHAPE(envelope_fields),
                                .slots = SHAPE(slots_fields),
                                .booking = SHAPE(booking_fields),
                                .bookings = SHAPE(bookings_fields),
                                .account = SHAPE(account_fields),
                                .event_type = SHAPE(event_type_fields)};
}

void calcom_shapes_free(struct calcom_shapes *s)
{
    json_shape_free(s->envelope);
    json_shape_free(s->slots);
    json_shape_free(s->booking);
    json_shape_free(s->bookings);
    json_shape_free(s->account);
    json_shape_free(s->event_type);
    *s = (struct calcom_shapes){0};
}

/* In place of what is left out one blank; none at the ends. Valid text stays so. */
static struct str one_line(struct arena *a, struct str text)
{
    text = utf8_clean(a, text);
    char *line = arena_alloc(a, text.n + 1);
    size_t n = 0;
    while (text.n) {
        size_t skipped = utf8_control(text), bytes = skipped ? skipped : 1;
        if (!skipped && *text.p != ' ') {
            line[n++] = *text.p;
        } else if (n && line[n - 1] != ' ') {
            line[n++] = ' ';
        }
        text = str_skip(text, bytes);
    }
    return str_trim((struct str){line, n});
}

void calcom_read_words(struct str text, char out[CALENDAR_WORDS_BYTES])
{
    struct arena a = {0};
    struct str line =
        str_trim(utf8_cut(one_line(&a, str_cut(text, CAP_CALCOM_COMPLAINT_BYTES)), CALENDAR_WORDS_BYTES - 1));
    memcpy(out, line.n ? line.p : "", line.n);
    out[line.n] = '\0';
    arena_free(&a);
}

static struct str label_of(struct arena *a, struct str text)
{
    return str_trim(utf8_cut(one_line(a, str_cut(text, CAP_CALCOM_COMPLAINT_BYTES)), CALENDAR_WORDS_BYTES - 1));
}

static bool read_into(const struct json_shape *shape, struct str doc, struct arena *a, void *target, size_t bytes)
{
    struct json_pass pass = {.shape = shape, .doc = doc, .target = target, .target_bytes = bytes, .arena = a};
    return json_read(&pass) == 0;
}

#define READ(shape, doc, arena, target) read_into(shape, doc, arena, target, sizeof(*(target)))

static bool is_digits(struct str s, size_t from, size_t count)
{
    bool ok = s.n >= from + count;
    for (size_t i = from; i < from + count && ok; i++) {
        ok = s.p[i] >= '0' && s.p[i] <= '9';
    }
    return ok;
}

static bool is_date(struct str s)
{
    return is_digits(s, 0, 4) && is_digits(s, 5, 2) && is_digits(s, 8, 2) && s.p[4] == '-' && s.p[7] == '-';
}

/* "2026-12-01T09:00:00.000+01:00", without the fraction too, and with Z. */
static bool is_start(struct str s)
{
    if (!is_date(s) || !is_digits(s, 11, 2) || !is_digits(s, 14, 2) || !is_digits(s, 17, 2) || s.p[10] != 'T' ||
        s.p[13] != ':' || s.p[16] != ':') {
        return false;
    }
    struct str rest = str_skip(s, 19);
    rest = rest.n > 4 && rest.p[0] == '.' && is_digits(rest, 1, 3) ? str_skip(rest, 4) : rest;
    bool offset =
        rest.n == 6 && strchr("+-", rest.p[0]) && is_digits(rest, 1, 2) && rest.p[3] == ':' && is_digits(rest, 4, 2);
    return offset || str_eq(rest, STR("Z"));
}

static bool is_between(struct str s, struct str first, struct str last)
{
    return s.n == DATE_LETTERS && first.n == DATE_LETTERS && last.n == DATE_LETTERS &&
           memcmp(s.p, first.p, DATE_LETTERS) >= 0 && memcmp(s.p, last.p, DATE_LETTERS) <= 0;
}

static int compare_slots(const void *a, const void *b)
{
    int64_t left = ((const struct slot *)a)->at_us, right = ((const struct slot *)b)->at_us;
    return (left > right) - (left < right);
}

/* Days as keys, or nothing: other versions' answers are objects as well, with other keys, and must not pass for "no free
 * times". */
static bool is_days(struct str data)
{
    do {
        data = str_skip(data, 1);
    } while (data.n && strchr(" \t\r\n", *data.p));
    return str_starts(data, STR("}")) || (str_starts(data, STR("\"")) && is_date(str_skip(data, 1)));
}

static bool read_slots(const struct calcom_shapes *s, const struct envelope *e, struct calendar_ask *q)
{
    struct slots found;
    if (!is_days(e->data) || !READ(s->slots, e->data, &q->arena, &found)) {
        return false;
    }
    struct slot *slots = found.items.items;
    size_t readable = 0, n = 0;
    for (size_t i = 0; i < found.items.count; i++) {
        struct slot slot = slots[i];
        slot.at_us = is_start(slot.start) ? timestamp_parse(slot.start) : 0;
        readable += slot.at_us != 0;
        if (slot.at_us && is_between(str_cut(slot.start, DATE_LETTERS), q->from_date, q->to_date)) {
            slots[n++] = slot;
        }
    }
    if (n) {
        qsort(slots, n, sizeof(*slots), compare_slots);
    }
    q->slot_count = n < CAP_CALCOM_SLOTS ? n : CAP_CALCOM_SLOTS;
    q->slots = arena_alloc(&q->arena, (q->slot_count + 1) * sizeof(*q->slots));
    for (size_t i = 0; i < q->slot_count; i++) {
        q->slots[i].start = slots[i].start;
    }
    q->verdict = CALENDAR_DONE;
    return readable || !found.items.count;
}

/* False when the word is not known. */
static bool status_verdict(struct str status, enum calendar_verdict *verdict_out)
{
    static const struct {
        const char *word;
        enum calendar_verdict verdict;
    } rows[] = {{"accepted", CALENDAR_DONE},
                {"pending", CALENDAR_PENDING},
                {"cancelled", CALENDAR_CANCELLED},
                {"rejected", CALENDAR_CANCELLED}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (str_eq_nocase(status, str_of(rows[i].word))) {
            *verdict_out = rows[i].verdict;
            return true;
        }
    }
    return false;
}

static bool take_booking(const struct booking *b, struct calendar_ask *q)
{
    enum calendar_verdict verdict;
    bool plain = b->uid.n > 0 && b->uid.n < sizeof(q->uid);
    for (size_t i = 0; i < b->uid.n && plain; i++) {
        plain = b->uid.p[i] > ' ' && b->uid.p[i] < 0x7f;
    }
    if (!plain || !status_verdict(b->status, &verdict)) {
        return false;
    }
    q->verdict = verdict;
    snprintf(q->uid, sizeof(q->uid), "%.*s", (int)b->uid.n, b->uid.p);
    return true;
}

/* A series comes as an array; all of it was made at once. */
static bool read_booked(const struct calcom_shapes *s, const struct envelope *e, struct calendar_ask *q)
{
    struct bookings several;
    struct booking one;
    if (!str_starts(e->data, STR("["))) {
        return READ(s->booking, e->data, &q->arena, &one) && take_booking(&one, q) && q->verdict != CALENDAR_CANCELLED;
    }
    return READ(s->bookings, e->data, &q->arena, &several) && several.items.count &&
           take_booking(several.items.items, q) && q->verdict != CALENDAR_CANCELLED;
}

/* A booking that was moved leaves a cancelled one behind that has the same name: the one that stands counts. */
static bool read_found(const struct calcom_shapes *s, const struct envelope *e, struct calendar_ask *q)
{
    struct bookings all;
    if (!str_starts(e->data, STR("[")) || !READ(s->bookings, e->data, &q->arena, &all)) {
        return false;
    }
    bool found = false;
    const struct booking *b = all.items.items;
    for (size_t i = 0; i < all.items.count; i++) {
        if (!str_eq(b[i].name, q->booking_id) || (found && q->verdict != CALENDAR_CANCELLED)) {
            continue;
        }
        if (!take_booking(&b[i], q)) {
            return false;
        }
        found = true;
    }
    if (!found) {
        q->verdict = CALENDAR_ABSENT;
    }
    return found || (!e->more && all.items.count < CAP_CALCOM_FOUND);
}

static bool read_account(const struct calcom_shapes *s, const struct envelope *e, struct calendar_ask *q)
{
    struct account who;
    if (!READ(s->account, e->data, &q->arena, &who)) {
        return false;
    }
    q->account_name = label_of(&q->arena, str_or(who.username, str_or(who.email, who.name)));
    q->verdict = CALENDAR_DONE;
    return q->account_name.n > 0;
}

/* The questions of a form that a booking answers, or that may stay unanswered: without a place the first one counts, and the
 * reason of a move is asked only then. */
static bool is_answered(struct str slug)
{
    static const char *const slugs[] = {"name",  "splitName", "email",           "attendeePhoneNumber",
                                        "notes", "location",  "rescheduleReason"};
    for (size_t i = 0; i < sizeof(slugs) / sizeof(slugs[0]); i++) {
        if (str_eq(slug, str_of(slugs[i]))) {
            return true;
        }
    }
    return false;
}

static void read_question(const struct question *f, struct arena *a, struct calendar_event_type *out)
{
    bool asked = f->required && !f->hidden;
    if (str_eq(f->slug, STR("email"))) {
        out->asks_email = asked;
    } else if (str_eq(f->slug, STR("attendeePhoneNumber"))) {
        out->asks_phone = asked;
    } else if (asked && !is_answered(f->slug) && !out->cannot_fill.p) {
        struct str label = label_of(a, str_or(f->label, f->slug));
        out->cannot_fill = label.n ? label : STR("?");
    }
}

static bool read_event_type(const struct calcom_shapes *s, const struct envelope *e, struct calendar_ask *q)
{
    struct event_type t;
    if (!READ(s->event_type, e->data, &q->arena, &t)) {
        return false;
    }
    q->event_type = (struct calendar_event_type){.title = label_of(&q->arena, t.title),
                                                 .minutes = t.minutes,
                                                 .asks_email = true, /* as long as its form does not say otherwise */
                                                 .repeats = t.recurrence && !t.recurrence_off,
                                                 .seats = t.seats > 0 || t.seats_flat > 0};
    const struct question *form = t.questions.items;
    for (size_t i = 0; i < t.questions.count; i++) {
        read_question(&form[i], &q->arena, &q->event_type);
    }
    q->verdict = CALENDAR_DONE;
    return q->event_type.title.n > 0 && t.minutes > 0;
}

static bool read_data(const struct calcom_shapes *s, const struct envelope *e, struct calendar_ask *q)
{
    bool object = str_starts(e->data, STR("{"));
    switch (q->what) {
    case CALENDAR_SLOTS:
        return object && read_slots(s, e, q);
    case CALENDAR_BOOK:
        return read_booked(s, e, q);
    case CALENDAR_FIND:
        return read_found(s, e, q);
    case CALENDAR_ACCOUNT:
        return object && read_account(s, e, q);
    case CALENDAR_EVENT_TYPE:
        return object && read_event_type(s, e, q);
    }
    assert(0 && "no such question");
    return false;
}

static void forget(struct calendar_ask *q, enum calendar_verdict before)
{
    q->verdict = before;
    q->uid[0] = '\0';
    q->slots = NULL;
    q->slot_count = 0;
    q->account_name = (struct str){NULL, 0};
    q->event_type = (struct calendar_event_type){0};
}

bool calcom_read_good(const struct calcom_shapes *s, struct str body, struct calendar_ask *q)
{
    struct arena a = {0};
    struct envelope e;
    enum calendar_verdict before = q->verdict;
    bool good =
        READ(s->envelope, utf8_clean(&a, body), &a, &e) && str_eq(e.status, STR("success")) && read_data(s, &e, q);
    if (!good) {
        forget(q, before);
    }
    arena_free(&a);
    return good;
}

void calcom_read_complaint(const struct calcom_shapes *s, struct str body, struct arena *a,
                           struct calcom_complaint *out)
{
    struct envelope e;
    *out = (struct calcom_complaint){0};
    if (READ(s->envelope, utf8_clean(a, body), a, &e)) {
        const struct str *first = e.errors.items;
        out->texts[0] = str_or(e.error_message, e.error_line);
        out->texts[1] = str_or(e.message, e.message_line);
        out->texts[2] = first ? *first : (struct str){NULL, 0};
        out->texts[3] = e.error;
        for (size_t i = 0; i < 4 && !out->words.n; i++) {
            out->words = out->texts[i];
        }
    }
}
