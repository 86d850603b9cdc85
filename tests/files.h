#pragma once
/* Reads the fixtures whole, for tests. */
#include "buf.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MOST_BYTES (64u << 20)

/* The file's bytes; the test ends when it cannot be read. */
static inline struct buf file_read(const char *folder, const char *name)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    struct buf b = buf_make(FILE_MOST_BYTES);
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(1);
    }
    while (!feof(f) && !ferror(f)) {
        if (buf_reserve(&b, 65536)) {
            exit(1);
        }
        b.len += fread(b.data + b.len, 1, 65536, f);
    }
    fclose(f);
    return b;
}

/* Calls `each` with the name of every file in FIXTURES that ends so; how many there were. */
static inline int file_each(const char *ending, void (*each)(const char *name))
{
    struct dirent **entries;
    int n = scandir(FIXTURES, &entries, NULL, alphasort), count = 0;
    for (int i = 0; i < n; i++) {
        if (str_ends(str_of(entries[i]->d_name), str_of(ending))) {
            each(entries[i]->d_name);
            count++;
        }
        free(entries[i]);
    }
    free(entries);
    return count;
}
