#pragma once
/* Text that Postgres takes: valid UTF-8 without NUL (`text` and `jsonb` refuse both). */
#include "arena.h"
#include "buf.h"

/* Valid UTF-8 (RFC 3629: no surrogates, no overlong forms)? NUL counts as valid here. */
bool utf8_valid(struct str s);
/* Length in bytes of the character that a text of at least one byte begins with; 0 when that is no valid one. */
size_t utf8_sequence(struct str s);
/* How many bytes of a text of at least one byte are a character that no line of plain text holds: C0, DEL, C1, separators of
 * lines and paragraphs, and what turns the direction of text around; 0: none such. */
size_t utf8_control(struct str s);
/* At most so many bytes of valid text, and only whole characters. */
struct str utf8_cut(struct str s, size_t most);
/* The same text with U+FFFD in place of each bad byte and of NUL; `s` itself when it is clean. */
struct str utf8_clean(struct arena *a, struct str s);
/* Makes a JSON document storable, in place: bad bytes and the escapes \u0000 and lone \uD800–\uDFFF become U+FFFD.
 * Returns how many were replaced, or ERR_TOO_LARGE when the repaired text would pass the buffer's cap. */
int utf8_repair_json(struct buf *doc) must_check;
