#pragma once
/* The mails of the digests that this transaction has made up: each as the server would have made it, from the facts as they
 * stood when it was due. CAP_DEMO_MAILS of them, those of the first business and the newest; the others have no mail. */
#include "demo_pg.h"
#include "demo_progress.h"
#include "digest_mail.h"

int demo_mails_write(struct demo_pg *d, struct demo_progress *progress, const struct digest_links *links,
                     const char *first_business) must_check;
