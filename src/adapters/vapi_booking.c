#include "vapi_booking.h"
#include "caps.h"
#include "crypto.h"
#include "utf8.h"

#define UNREACHABLE "I could not reach the calendar. Offer to take a message so that somebody calls back."
#define TOO_MANY "One at a time, please."

struct vapi_booking_use {
    struct booking_ask ask;
    struct booking_wish wish;
    struct vapi_booking *owner;
    struct vapi_tool_result *result;
};

static struct str copy(struct arena *a, struct str s)
{
    return s.p ? arena_copy(a, utf8_cut(s, CAP_BOOKING_TEXT_BYTES)) : s;
}

static struct str arguments_of(const struct vapi_tool_call *c)
{
    return str_or(c->function_arguments, str_or(c->arguments, c->parameters));
}

/* The call's own id; one that has none, or one that is too long to be looked up, is known by what it asks. */
static struct str id_of(struct arena *a, const struct vapi_tool_call *c, const struct booking_wish *w)
{
    if (c->id.n && c->id.n <= CAP_TOOL_CALL_ID_BYTES) {
        return arena_copy(a, c->id);
    }
    const struct str parts[] = {w->provider_call_id, c->id, str_or(c->function_name, c->name), arguments_of(c)};
    struct digest d = crypto_hash_tuple(parts, sizeof(parts) / sizeof(parts[0]));
    struct str hex = crypto_hex(a, digest_str(&d));
    return arena_printf(a, "function:%.*s", (int)hex.n, hex.p);
}

static void add_use(struct vapi_booking *b, const struct json_shape *shape, const struct vapi_tool_call *c,
                    struct vapi_tool_result *result)
{
    struct vapi_booking_use *u = &b->uses[b->use_count++];
    u->owner = b;
    u->result = result;
    u->wish.tool_call_id = id_of(b->arena, c, &u->wish);
    vapi_tool_read(shape, b->arena, arguments_of(c), &u->wish);
}

static void add_uses(struct vapi_booking *b, const struct json_shape *shape, const struct field_list_value *calls,
                     const struct booking_wish *common)
{
    const struct vapi_tool_call *c = calls->items;
    for (size_t i = 0; i < calls->count; i++) {
        enum booking_tool tool;
        if (!vapi_tool_find(b->results.rows[i].name, &tool)) {
            continue;
        }
        if (b->use_count == CAP_TOOL_CALLS) {
            b->results.rows[i].error = STR(TOO_MANY);
            continue;
        }
        b->uses[b->use_count].wish = *common;
        b->uses[b->use_count].wish.tool = tool;
        add_use(b, shape, &c[i], &b->results.rows[i]);
    }
}

static bool has_our_tool(const struct field_list_value *calls)
{
    const struct vapi_tool_call *c = calls->items;
    enum booking_tool tool;
    for (size_t i = 0; i < calls->count; i++) {
        if (vapi_tool_find(str_or(c[i].function_name, c[i].name), &tool)) {
            return true;
        }
    }
    return false;
}

static void plan(struct vapi_booking *b, const struct json_shape *shape, const struct field_list_value *calls,
                 const struct booking_wish *common)
{
    b->results = vapi_tool_results_make(b->arena, calls);
    b->uses = arena_alloc(b->arena, CAP_TOOL_CALLS * sizeof(*b->uses));
    add_uses(b, shape, calls, common);
}

bool vapi_booking_plan(struct vapi_booking *b, const struct vapi *v, const struct vapi_message *m,
                       const struct ingest_event *e)
{
    enum vapi_type type = vapi_message_type(m);
    struct vapi_tool_call legacy = {.name = m->function_call_name, .parameters = m->function_call_parameters};
    struct field_list_value one = {&legacy, 1, 1};
    b->legacy = type == VAPI_FUNCTION_CALL;
    const struct field_list_value *calls = b->legacy ? &one : vapi_tool_calls(m);
    if ((type != VAPI_TOOL_CALLS && !b->legacy) || !v->bookings || !has_our_tool(calls)) {
        return false;
    }
    const struct business *business = directory_find(v->directory, vapi_called_number(m));
    if (!business || !e->call.provider_call_id.n) {
        return false;
    }
    struct booking_wish common = {.business_id = copy(b->arena, business->id),
                                  .provider_call_id = copy(b->arena, e->call.provider_call_id),
                                  .twilio_call_sid = copy(b->arena, e->call.twilio_call_sid),
                                  .caller_number = copy(b->arena, vapi_caller_number(m))};
    plan(b, v->tool_shape, calls, &common);
    return true;
}

static void finish(struct vapi_booking *b)
{
    const struct vapi_tool_result *first = b->results.rows;
    b->on_done(b, b->legacy ? vapi_tool_result_write(b->arena, str_or(first->result, first->error))
                            : vapi_tool_results_write(b->arena, b->results));
}

/* Vapi takes no line breaks in a result. */
static struct str one_line(struct arena *a, struct str words)
{
    struct buf line = buf_make(words.n);
    int rc = buf_append(&line, words);
    for (size_t i = 0; i < line.len && rc == 0; i++) {
        line.data[i] = (unsigned char)line.data[i] < ' ' ? ' ' : line.data[i];
    }
    struct str text = arena_copy(a, buf_str(&line));
    buf_free(&line);
    return text;
}

static void on_answered(struct booking_ask *ask)
{
    struct vapi_booking_use *u = container_of(ask, struct vapi_booking_use, ask);
    struct vapi_booking *b = u->owner;
    struct str words = one_line(b->arena, ask->words);
    u->result->result = ask->good ? words : (struct str){NULL, 0};
    u->result->error = ask->good ? (struct str){NULL, 0} : words;
    if (--b->open == 0) {
        finish(b);
    }
}

void vapi_booking_submit(struct vapi_booking *b, struct bookings *bookings, unsigned spent_ms)
{
    for (size_t i = 0; i < b->use_count; i++) {
        struct vapi_booking_use *u = &b->uses[i];
        u->ask.on_done = on_answered;
        u->wish.spent_ms = spent_ms;
        if (booking_submit(bookings, &u->ask, &u->wish) < 0) {
            u->result->error = STR(UNREACHABLE);
        } else {
            b->open++;
        }
    }
    if (b->open == 0) {
        finish(b);
    }
}

void vapi_booking_abandon(struct vapi_booking *b)
{
    for (size_t i = 0; i < b->use_count; i++) {
        booking_abandon(&b->uses[i].ask);
    }
}
