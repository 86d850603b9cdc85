#pragma once
/* A message's calls of booking tools, from the wishes to the one answer. Private to vapi*.c. */
#include "vapi.h"
#include "vapi_message.h"
#include "vapi_tools.h"

struct vapi_booking_use; /* one call of a tool */

/* Embedded in the caller's object, in the arena of its request. */
struct vapi_booking {
    struct arena *arena;
    struct vapi_tool_results results;
    struct vapi_booking_use *uses;
    size_t use_count, open;
    bool legacy; /* the form of 2024 */
    void (*on_done)(struct vapi_booking *, struct str answer);
};

/* What the message asks of the calendar of the number that was called, copied to b->arena. False: nothing, or nobody can be
 * asked; vapi_answer has the answer. */
bool vapi_booking_plan(struct vapi_booking *b, const struct vapi *v, const struct vapi_message *m,
                       const struct ingest_event *e);
/* Asks all of it at once, so long after the message came. on_done fires once; before this returns when nothing could be
 * asked. */
void vapi_booking_submit(struct vapi_booking *b, struct bookings *bookings, unsigned spent_ms);
/* on_done will not fire. Harmless when nothing is under way. */
void vapi_booking_abandon(struct vapi_booking *b);
