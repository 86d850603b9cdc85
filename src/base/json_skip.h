#pragma once
/* Finds the end of a JSON value without reading it: for subtrees that nobody wants. Private to json_*.c. */
#include "str.h"

/* Offset behind the value that starts at `at`; `at` itself when it has no end. Brackets and quotes are counted, nothing else
 * is checked. */
size_t json_value_end(struct str doc, size_t at);
