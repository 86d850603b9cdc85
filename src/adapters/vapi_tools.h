#pragma once
/* The two booking tools of an assistant: their definitions, what a call of one asks, and the results of a message's calls.
 * Private to vapi*.c. */
#include "booking.h"
#include "field.h"
#include "json.h"

#define VAPI_NO_BOOKING "I can not book appointments in this call. Offer to take a message so that somebody calls back."

/* What is added to the tools of an assistant that may book: a JSON array. */
struct str vapi_tool_definitions(void);
/* Is it one of the two, under whatever name? */
bool vapi_tool_find(struct str name, enum booking_tool *tool_out);

struct json_shape *vapi_tool_shape(void);
/* Fills the wish with what the arguments say, in the arena. They are as they stood in the message: an object, or a JSON
 * text of one; absent or empty is an object without members. Of other kinds than expected is absent. */
void vapi_tool_read(const struct json_shape *shape, struct arena *a, struct str arguments, struct booking_wish *wish);

/* One of result and error is present. */
struct vapi_tool_result {
    struct str name, id, result, error;
};

struct vapi_tool_results {
    struct vapi_tool_result *rows;
    size_t count;
};

/* A row for each call of the list, in its order; each says that nothing can be booked. */
struct vapi_tool_results vapi_tool_results_make(struct arena *a, const struct field_list_value *calls);
/* The answer to the message. */
struct str vapi_tool_results_write(struct arena *a, struct vapi_tool_results results);
/* The answer in the form of 2024. */
struct str vapi_tool_result_write(struct arena *a, struct str result);
