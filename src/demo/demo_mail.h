#pragma once
/* The mails of the digests that this transaction has made up: each as the server would have made it, from the facts as they
 * stood when it was due. The newest CAP_DEMO_MAILS of them; older ones have no mail. */
#include "demo_pg.h"
#include "demo_progress.h"
#include "digest_mail.h"

int demo_mails_write(struct demo_pg *d, struct demo_progress *progress, const struct digest_links *links) must_check;
