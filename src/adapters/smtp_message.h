#pragma once
/* A mail as the bytes that travel by SMTP: RFC 5322, with both texts as quoted-printable in one multipart/alternative. Pure:
 * the moment is an argument.
 *
 * Our own and not libcurl's MIME: that makes its bytes while it sends, with a boundary that is new each time, and does not
 * encode headers. */
#include "mail.h"
#include <stdint.h>

/* Which of a digest's mails this is. */
struct smtp_message_id {
    struct str key; /* of the digest */
    size_t index;
};

/* The bare address of "a@b.example" or "Name <a@b.example>"; absent when there is none in visible ASCII. */
struct str smtp_address(struct str mailbox);
/* Appends it; every line ends in CRLF and holds 998 characters at most. Control characters in headers are dropped.
 * ERR_BAD_REQUEST: no usable sender or recipient. ERR_TOO_LARGE past the buffer's cap. */
int smtp_message_write(struct buf *out, const struct mail *m, struct smtp_message_id id, int64_t now_us) must_check;
