#include "pgwire.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CODE_STARTUP = 196608, CODE_SSL = 80877103, CODE_GSS = 80877104 };

static uint32_t be32(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint32_t be16(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;
    return (uint32_t)b[0] << 8 | b[1];
}

/* Elements of a binary array of one dimension: ndim, flags, element type, length, lower bound, elements. */
static uint32_t array_length(const char *value, uint32_t bytes)
{
    return bytes >= 20 && be32(value) == 1 && be32(value + 4) <= 1 ? be32(value + 12) : 0;
}

/* Bind: portal, statement, formats, parameters. Every length was checked by Postgres when it was recorded. */
static uint32_t bind_events(const char *body, const char *statement)
{
    const char *at = body + strlen(body) + 1;
    if (strcmp(at, statement) != 0) {
        return 0;
    }
    at += strlen(at) + 1;
    at += 2 + 2 * be16(at);
    uint32_t count = be16(at);
    at += 2;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bytes = be32(at);
        at += 4;
        if (bytes == UINT32_MAX) {
            continue;
        }
        uint32_t length = array_length(at, bytes);
        if (length) {
            return length;
        }
        at += bytes;
    }
    return 1;
}

static void unit_add(struct wire_record *record, struct wire_unit unit)
{
    if ((record->unit_count & (record->unit_count - 1)) == 0) {
        size_t room = record->unit_count ? record->unit_count * 2 : 1;
        record->units = realloc(record->units, room * sizeof unit);
        if (!record->units) {
            abort();
        }
    }
    record->units[record->unit_count++] = unit;
    record->events += unit.events;
}

static const char *startup_find(struct wire_record *record, const char *end)
{
    const char *at = record->map;
    while (end - at >= 8 && (be32(at + 4) == CODE_SSL || be32(at + 4) == CODE_GSS)) {
        at += 8;
    }
    if (end - at < 8 || be32(at + 4) != CODE_STARTUP || be32(at) > (size_t)(end - at)) {
        return NULL;
    }
    record->startup = (struct wire_unit){.bytes = at, .length = be32(at)};
    return at + be32(at);
}

static void units_cut(struct wire_record *record, const char *at, const char *end, const char *statement)
{
    struct wire_unit unit = {.bytes = at};
    while (end - at >= 5 && be32(at + 1) < (size_t)(end - at)) {
        size_t bytes = 1 + (size_t)be32(at + 1);
        if (*at == 'B') {
            unit.events += bind_events(at + 5, statement);
        }
        if (*at == 'X') {
            return;
        }
        int ends_unit = *at == 'S' || *at == 'Q';
        at += bytes;
        if (ends_unit) {
            unit.length = (size_t)(at - unit.bytes);
            unit_add(record, unit);
            unit = (struct wire_unit){.bytes = at};
        }
    }
}

int wire_record_load(const char *path, const char *statement, struct wire_record *record_out)
{
    *record_out = (struct wire_record){0};
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info)) {
        perror(path);
        return -1;
    }
    record_out->map_bytes = (size_t)info.st_size;
    record_out->map =
        info.st_size ? mmap(NULL, record_out->map_bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0) : NULL;
    close(fd);
    if (record_out->map == MAP_FAILED) {
        perror(path);
        return -1;
    }
    const char *end = record_out->map + record_out->map_bytes;
    const char *at = record_out->map ? startup_find(record_out, end) : NULL;
    if (at) {
        units_cut(record_out, at, end, statement);
    }
    return 0;
}

void wire_record_free(struct wire_record *record)
{
    if (record->map) {
        munmap(record->map, record->map_bytes);
    }
    free(record->units);
    *record = (struct wire_record){0};
}

static void error_note(struct wire_reader *reader, const char *bytes, size_t length)
{
    size_t kept = 0;
    for (size_t i = 0; i < length && kept < sizeof reader->error - 1; i++) {
        reader->error[kept++] = bytes[i] ? bytes[i] : ' ';
    }
    reader->error[kept] = 0;
}

void wire_reader_feed(struct wire_reader *reader, const char *bytes, size_t length)
{
    while (length > 0) {
        size_t step = reader->skip_bytes < length ? reader->skip_bytes : length;
        reader->skip_bytes -= step;
        bytes += step;
        length -= step;
        while (length > 0 && reader->skip_bytes == 0 && reader->header_bytes < sizeof reader->header) {
            reader->header[reader->header_bytes++] = *bytes++;
            length--;
        }
        if (reader->header_bytes < sizeof reader->header) {
            continue;
        }
        reader->header_bytes = 0;
        reader->skip_bytes = be32(reader->header + 1) - 4;
        reader->ready += reader->header[0] == 'Z';
        if (reader->header[0] == 'E' && reader->errors++ == 0) {
            error_note(reader, bytes, reader->skip_bytes < length ? reader->skip_bytes : length);
        }
    }
}
