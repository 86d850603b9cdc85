#pragma once
/* CPU time that processes have used, read from /proc at two moments. */
#include <sys/types.h>

enum { USAGE_MAX = 4 };

struct usage_seconds {
    double user, system;
};

/* The process with its living children and those it has already waited for (a postmaster with its backends). */
struct usage_process {
    char name[16];
    pid_t pid;
    struct usage_seconds start, end;
};

struct usage {
    struct usage_process processes[USAGE_MAX];
    int count;
    struct usage_seconds self_start, self_end;
};

/* `text` is NAME=PID. 0, or -1 when it is not. */
int usage_watch(struct usage *usage, const char *text);
void usage_start(struct usage *usage);
void usage_end(struct usage *usage);

/* Prints {"self":…,"self_system":…,"NAME":…,"NAME_system":…}: all of it, and the kernel's part of it. */
void usage_print(const struct usage *usage);
