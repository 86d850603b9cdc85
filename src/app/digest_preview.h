#pragma once
/* `ringback digest --preview`: the mail as it was kept, or as it would be made now; nothing is changed. */
#include "digest_command_private.h"

/* Writes FILE.html and FILE.txt. Exit code. */
int digest_preview_write(struct command_pg *pg, const struct digest_command *o, const struct config *config);
