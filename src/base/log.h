#pragma once
/* One event, one line, on standard error. A line carries named fields and nothing else: never a body, a number that
 * was dialled, a text that was spoken, or a credential. Texts are escaped, lines are capped (CAP_LOG_LINE_BYTES).
 * Process-wide sink, set once at start. */
#include "str.h"
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_FORMAT_JSON, LOG_FORMAT_TEXT };

struct log_field {
    const char *name;
    struct str text; /* p == NULL: `number` counts */
    int64_t number;
};

#define LOG_STR(name, value) ((struct log_field){name, value, 0})
#define LOG_CSTR(name, value) ((struct log_field){name, str_of(value), 0})
#define LOG_INT(name, value) ((struct log_field){name, {NULL, 0}, value})

/* The line's own fields are written after "ts", "level" and "event". */
#define log_event(level, event, ...)                                                                                   \
    log_write(level, event, (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ) LOG_INT(NULL, 0)})

void log_setup(enum log_level least, enum log_format format);
bool log_enabled(enum log_level level);
void log_write(enum log_level level, const char *event, const struct log_field *fields);
