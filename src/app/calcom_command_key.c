#include "calcom_command_private.h"
#include "caps.h"
#include <fcntl.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#define READ_BYTES (CAP_CALCOM_KEY_BYTES + 16) /* a key, the end of its line, and more of one that is too long */

/* Up to the end. Negative: it cannot be read. */
static ssize_t read_bytes(int fd, char *out)
{
    size_t n = 0;
    ssize_t got = 1;
    while (got > 0 && n < READ_BYTES) {
        got = read(fd, out + n, READ_BYTES - n);
        n += got > 0 ? (size_t)got : 0;
    }
    return got < 0 ? -1 : (ssize_t)n;
}

/* One line. Ctrl-C ends it as Enter does, instead of the process, which has the terminal to put right. */
static ssize_t prompt(const char *name, char *out)
{
    struct termios before, quiet;
    if (tcgetattr(STDIN_FILENO, &before) < 0) {
        return -1;
    }
    cc_t interrupt = before.c_cc[VINTR];
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    quiet.c_cc[VEOL] = interrupt;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    fprintf(stderr, "API key of %s at Cal.com (it is not shown): ", command_shown(name, 60));
    ssize_t n = read(STDIN_FILENO, out, READ_BYTES);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fprintf(stderr, "\n");
    return n > 0 && memchr(out, interrupt, (size_t)n) ? -1 : n;
}

static ssize_t read_source(const struct calcom_command *c, const char *name, char *out)
{
    if (!c->key_file) {
        return isatty(STDIN_FILENO) ? prompt(name, out) : read_bytes(STDIN_FILENO, out);
    }
    int fd = open(c->key_file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read_bytes(fd, out);
    if (fd >= 0) {
        close(fd);
    }
    return n;
}

static bool is_one_word(struct str s)
{
    size_t i = 0;
    while (i < s.n && s.p[i] > ' ' && s.p[i] < 0x7f) {
        i++;
    }
    return i == s.n;
}

int calcom_key_read(struct calcom_command *c, const char *name, struct str *key_out)
{
    char *bytes = arena_alloc(&c->arena, READ_BYTES + 1);
    ssize_t n = read_source(c, name, bytes);
    struct str key = {bytes, n > 0 ? (size_t)n : 0};
    while (key.n && (key.p[key.n - 1] == '\n' || key.p[key.n - 1] == '\r')) {
        key.n--;
    }
    *key_out = key;
    if (n < 0) {
        return calcom_refuse(c->key_file ? "--key-file" : "standard input", ": no key can be read there");
    }
    if (!key.n) {
        return calcom_refuse("no key was given",
                             ": type it in when asked, pipe it in, or name a file that holds it by --key-file");
    }
    if (key.n > CAP_CALCOM_KEY_BYTES) {
        return calcom_refuse("the key is too long", " for one of Cal.com; they begin with cal_");
    }
    return is_one_word(key) ? 0
                            : calcom_refuse("the key is not one word", " of plain letters; give nothing but the key");
}
