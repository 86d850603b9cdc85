#pragma once
/* A call's recording, passed on: fetched with our key from where it lies and streamed to the owner's browser. The provider's
 * address goes to nobody.
 *
 *   Vapi     GET VAPI_API_URL/call/{id}/mono-recording with the key; answers with a redirect to a signed address, which is
 *            followed once, without the key: on VAPI_API_URL's own origin, or by https on the public internet.
 *   Twilio   voicemail: api.twilio.com by https with the account's credentials; a redirect as above.
 *
 * A single Range is passed on, and 200, 206 and 416 come back. Whoever reads slowly holds the other side back. Who may hear
 * what was decided before: callers have asked the database as the user, or checked a ticket. Bounded by CAP_RELAYS,
 * CAP_RELAY_MS, CAP_RELAY_BYTES and CAP_FETCH_STALL_MS. */
#include "config.h"
#include "crypto.h"
#include "fetch.h"
#include "http.h"

/* As the database has it; absent or empty: not there. */
struct recording_source {
    struct str provider_call_id, recording_url;
};

/* Embedded in its owner; config and fetch are set by it and outlive it. */
struct recording_relays {
    const struct config *config;
    struct fetch_room *fetch;
    struct fetch_host vapi, twilio, storage; /* of their own: nothing here may close the way of live calls */
    struct digest ticket_key;
    size_t open;
};

void recording_start(struct recording_relays *relays);

/* Answers r, now or later, with the recording, or with an error: not_found (none is known, or the provider has none),
 * recording_unavailable (no key), busy (CAP_RELAYS), 502 (not to be had: our key, their address or their answer). GET and
 * HEAD. The source may go when this returns. */
void recording_relay(struct recording_relays *relays, struct http_request *r, const struct recording_source *source);

/* The answer for a recording that is not to be had, in the words of the code. */
void recording_refuse(struct http_request *r, int code);

/* For <audio>, which sends no Authorization: answers r with {"url","expires_at"}. The URL is this call's recording with a
 * ticket, which is good for CAP_TICKET_S and for this call alone. */
void recording_ticket_issue(struct recording_relays *relays, struct http_request *r, struct str call_id,
                            const struct recording_source *source);
/* 0 and the source, in the arena, when the ticket is good for this call and not too old; ERR_UNAUTHORIZED otherwise. */
int recording_ticket_check(const struct recording_relays *relays, struct str call_id, struct str ticket,
                           struct recording_source *source_out, struct arena *arena) must_check;
