#pragma once
/* The page behind the link that stops a digest: no script, the dashboard's own style sheet. */
#include "http.h"

/* As the database has it. */
struct unsubscribe_whom {
    struct str business, address; /* the latter masked: "d…@example.com" */
    struct str paused;            /* why there is no mail; absent: there is */
};

/* `again`: it was just said that the mail shall come again. */
void unsubscribe_page_show(struct http_request *r, bool again, const struct unsubscribe_whom *whom);
/* The answer to a person for whom nothing could be done. */
void unsubscribe_page_refuse(struct http_request *r, int code);
