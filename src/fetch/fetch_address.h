#pragma once
/* Which addresses belong to the public internet. For fetches whose URL came from somebody else: what a name resolves to is
 * judged, not how it is written. Facts: the special-purpose registries of IANA, and the metadata addresses of cloud hosts
 * that lie outside them. */
#include <stdbool.h>
#include <sys/socket.h>

/* False for everything that is private, local, reserved or metadata, for IPv6 that wraps such an IPv4 address, and for every
 * other family. IPv4 in IPv6 is public only as NAT64 of a public one. */
bool fetch_address_is_public(const struct sockaddr *address);
/* The same of an address in numbers; false for any other text. */
bool fetch_address_text_is_public(const char *text);
