#include "uuid.h"

static bool is_dash(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

/* -1: not a hex digit. */
static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

bool uuid_read(struct str text, struct uuid *uuid_out)
{
    size_t n = 0;
    *uuid_out = (struct uuid){0};
    for (size_t i = 0; text.n == UUID_TEXT && i < UUID_TEXT; i++) {
        int value = digit(text.p[i]);
        if (is_dash(i) ? text.p[i] != '-' : value < 0) {
            return false;
        }
        if (!is_dash(i)) {
            uuid_out->bytes[n / 2] = (unsigned char)(uuid_out->bytes[n / 2] << 4 | value);
            n++;
        }
    }
    return n == 32;
}

void uuid_write(const struct uuid *u, char *text_out)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;
    for (size_t i = 0; i < UUID_TEXT; i++) {
        text_out[i] = is_dash(i) ? '-' : digits[u->bytes[n / 2] >> (n % 2 ? 0 : 4) & 15];
        n += !is_dash(i);
    }
}
