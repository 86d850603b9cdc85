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
    unsigned long own_ticks, waited_ticks;
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
    *line_out = (struct stat_line){parent, user + system, waited_user + waited_system};
    return 0;
}

static double tree_seconds(pid_t root)
{
    struct stat_line line;
    DIR *proc = opendir("/proc");
    if (!proc) {
        return 0;
    }
    unsigned long ticks = stat_read(root, &line) ? 0 : line.own_ticks + line.waited_ticks;
    for (struct dirent *entry; (entry = readdir(proc));) {
        if (!isdigit((unsigned char)entry->d_name[0]) || stat_read(atoi(entry->d_name), &line)) {
            continue;
        }
        ticks += line.parent == root ? line.own_ticks + line.waited_ticks : 0;
    }
    closedir(proc);
    return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static double self_seconds(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
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
        usage->processes[i].start_seconds = tree_seconds(usage->processes[i].pid);
    }
    usage->self_start_seconds = self_seconds();
}

void usage_end(struct usage *usage)
{
    usage->self_end_seconds = self_seconds();
    for (int i = 0; i < usage->count; i++) {
        usage->processes[i].end_seconds = tree_seconds(usage->processes[i].pid);
    }
}

void usage_print(const struct usage *usage)
{
    printf("{\"self\":%.3f", usage->self_end_seconds - usage->self_start_seconds);
    for (int i = 0; i < usage->count; i++) {
        const struct usage_process *p = &usage->processes[i];
        printf(",\"%s\":%.3f", p->name, p->end_seconds - p->start_seconds);
    }
    printf("}");
}
