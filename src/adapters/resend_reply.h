#pragma once
/* What Resend's answer to a mail means. Pure. Errors are known by their name, else by their status; their bodies may be
 * anything, a proxy's HTML too. Facts: as in resend.h; the names as in Resend's own client libraries. */
#include "fetch.h"
#include "json.h"
#include "mail.h"

struct json_shape *resend_reply_shape(void);
/* An answer came: fills the outcome of `out`. */
void resend_reply_read(const struct json_shape *shape, const struct fetch *f, struct mail_send *out);
/* None came; `code` as in fetch_submit's on_done. */
void resend_reply_none(int code, struct mail_send *out);
