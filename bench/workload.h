#pragma once
/* A workload is one call as a list of ready HTTP requests. The texts are read once; before each send the fields
 * that make the call its own (ids, times, caller) are overwritten in place. Every field keeps its width, so neither
 * lengths nor offsets ever change, and all connections share one copy of each request. */
#include <stddef.h>
#include <stdint.h>

enum {
    CALL_ID_BYTES = 36,   /* the provider's call id, a UUID in text */
    CALL_SID_BYTES = 32,  /* CallSid after its "CA" */
    CALL_TOOL_BYTES = 8,  /* the last characters of a tool call's id */
    CALL_PHONE_BYTES = 2, /* the last digits of the caller's number */
    CALL_SPACING_MS = 1009
};

/* What sets one call apart from all others of a run. */
struct call_identity {
    uint64_t serial;
    int64_t shift_ms;
    char id[CALL_ID_BYTES];
    char sid[CALL_SID_BYTES];
    char tool[CALL_TOOL_BYTES];
    char phone[CALL_PHONE_BYTES];
};

enum patch_kind { PATCH_ID, PATCH_SID, PATCH_TOOL, PATCH_PHONE, PATCH_EPOCH_MS, PATCH_ISO_MS };

struct patch {
    size_t offset;
    enum patch_kind kind;
    int64_t base_ms; /* the time as it stands in the fixture, for the two time kinds */
};

struct request_text {
    char *bytes; /* head and body */
    size_t length;
    struct patch *patches;
    size_t patch_count;
    uint64_t owner; /* serial of the call whose fields are in the text now; 0: the fixture's own */
};

struct workload {
    struct request_text *requests;
    size_t count;
};

/* Reads one JSON message a line. `head` is everything of the HTTP request head but Content-Length, with its last
 * CRLF. 0, or -1 with the reason on stderr. */
int workload_load(const char *path, const char *head, struct workload *workload_out);
void workload_free(struct workload *workload);

/* The same serial and seed always give the same call. Serials start at 1. */
void call_identity_make(uint64_t serial, uint64_t seed, struct call_identity *identity_out);

/* Makes `request` a message of that call; does nothing when it already is. */
void request_text_patch(struct request_text *request, const struct call_identity *identity);
