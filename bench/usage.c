#include "usage.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct stat_line {
    pid_t parent;
    unsigned long user_ticks, system_ticks; /* with the children waited for */
};

static int stat_read(pid_t pid, struct stat_line *line_out)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file) {
        return -1;
    }
    size_t got = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[got] = 0;
    /* The name may hold blanks and brackets: the fields begin after the last bracket. */
    char *at = strrchr(text, ')');
    int parent;
    unsigned long user, system, waited_user, waited_system;
    if (!at || sscanf(at + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu", &parent, &user, &system,
                      &waited_user, &waited_system) != 5) {
        return -1;
    }
    *line_out = (struct stat_line){parent, user + waited_user, system + waited_system};
    return 0;
}

static struct usage_seconds tree_seconds(pid_t root)
{
    struct stat_line line;
    struct usage_seconds sum = {0};
    double ticks_per_second = (double)sysconf(_SC_CLK_TCK);
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; proc && (entry = readdir(proc));) {
        pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;
        if (pid && stat_read(pid, &line) == 0 && (pid == root || line.parent == root)) {
            sum.user += (double)line.user_ticks / ticks_per_second;
            sum.system += (double)line.system_ticks / ticks_per_second;
        }
    }
    if (proc) {
        closedir(proc);
    }
    return sum;
}

static struct usage_seconds self_seconds(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (struct usage_seconds){(double)used.ru_utime.tv_sec + (double)used.ru_utime.tv_usec / 1e6,
                                  (double)used.ru_stime.tv_sec + (double)used.ru_stime.tv_usec / 1e6};
}

int usage_watch(struct usage *usage, const char *text)
{
    struct usage_process process = {0};
    if (usage->count == USAGE_MAX || sscanf(text, "%15[a-z_]=%d", process.name, &process.pid) != 2) {
        return -1;
    }
    usage->processes[usage->count++] = process;
    return 0;
}

void usage_start(struct usage *usage)
{
    for (int i = 0; i < usage->count; i++) {
        usage->processes[i].start = tree_seconds(usage->processes[i].pid);
    }
    usage->self_start = self_seconds();
}

void usage_end(struct usage *usage)
{
    usage->self_end = self_seconds();
    for (int i = 0; i < usage->count; i++) {
        usage->processes[i].end = tree_seconds(usage->processes[i].pid);
    }
}

static void seconds_print(const char *name, struct usage_seconds start, struct usage_seconds end)
{
    double user = end.user - start.user, system = end.system - start.system;
    printf("\"%s\":%.3f,\"%s_system\":%.3f", name, user + system, name, system);
}

void usage_print(const struct usage *usage)
{
    printf("{");
    seconds_print("self", usage->self_start, usage->self_end);
    for (int i = 0; i < usage->count; i++) {
        const struct usage_process *p = &usage->processes[i];
        printf(",");
        seconds_print(p->name, p->start, p->end);
    }
    printf("}");
}
