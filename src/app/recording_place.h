#pragma once
/* Where recordings lie and what may be said about them: pure decisions over what the database, the client and the providers
 * wrote. */
#include "arena.h"
#include "recording.h"

enum recording_place { RECORDING_NOWHERE, RECORDING_VAPI, RECORDING_TWILIO };

struct recording_where {
    enum recording_place place;
    struct str id;      /* of the call at Vapi, or of the recording at Twilio */
    struct str account; /* at Twilio */
};

/* Twilio's when the address is a recording's there; no address on that host is anything else. Otherwise Vapi's, when its call
 * is known. Ids that would not be one clean segment of a path are nowhere. */
struct recording_where recording_where_of(const struct recording_source *s);
/* 0; ERR_NOT_FOUND for nowhere; ERR_RECORDING_UNAVAILABLE when the settings have no key for that place. */
int recording_check(const struct config *c, struct recording_where w) must_check;
/* Twilio's address of a voicemail, as the database has it. */
struct str recording_voicemail_url(struct arena *a, struct recording_where w);
/* The address to ask first. */
struct str recording_first_url(struct arena *a, struct recording_where w, struct str vapi_api_url);

enum recording_hop { RECORDING_HOP_REFUSED, RECORDING_HOP_SAME, RECORDING_HOP_PUBLIC };

/* Where a redirect leads: the same origin as `from` (also as a path alone), public https, or where we do not go. */
enum recording_hop recording_next_url(struct arena *a, struct str location, struct str from, struct str *url_out);

/* One range of bytes as asked for; -1: not said. */
struct recording_range {
    int64_t first, last;
};

/* The value of a Range header that may be passed on: one range of bytes. Others are as good as none. */
bool recording_read_range(struct str text, struct recording_range *out);
/* Does a 206's Content-Range answer this range, in so many bytes (-1: not said)? */
bool recording_range_fits(struct str content_range, struct recording_range asked, int64_t length_bytes);
/* "bytes * / 123", of a 416. */
bool recording_is_unsatisfied(struct str content_range);
/* Only digits; -1 when it is anything else. */
int64_t recording_read_length(struct str text);

struct recording_type {
    const char *type; /* audio, or application/octet-stream */
    const char *file_name;
};

/* In the arena when it is not a literal. */
struct recording_type recording_type_of(struct arena *a, struct str content_type);
