#include "err.h"

#define ERROR_ROW(name, word, status, level, text) {word, status, LOG_##level, text},
static const struct err_info rows[] = {{"ok", 200, LOG_DEBUG, "fine"}, ERROR_TABLE(ERROR_ROW)};

const struct err_info *err_info(int code)
{
    int index = -code;
    return index >= 0 && index < ERR_COUNT ? &rows[index] : &rows[ERR_INDEX_INTERNAL];
}
