#pragma once
/* A recorded client side of one Postgres connection, cut into what was sent between one Sync and the next. */
#include <stddef.h>
#include <stdint.h>

/* Bytes that Postgres answers with exactly one ReadyForQuery. */
struct wire_unit {
    const char *bytes;
    size_t length;
    uint32_t events; /* rows in the first array bound to the counted statement; 0: another unit */
};

struct wire_record {
    char *map;
    size_t map_bytes;
    struct wire_unit startup; /* the StartupMessage */
    struct wire_unit *units;
    size_t unit_count;
    uint64_t events;
};

/* `statement` is the name under which the counted statement was prepared. 0, or -1 with the reason on stderr. */
int wire_record_load(const char *path, const char *statement, struct wire_record *record_out);
void wire_record_free(struct wire_record *record);

/* Reads a backend's bytes as they come and counts its messages. */
struct wire_reader {
    size_t header_bytes, skip_bytes;
    char header[5];
    uint64_t ready, errors;
    char error[256]; /* text of the first ErrorResponse, as far as it came in one piece */
};

void wire_reader_feed(struct wire_reader *reader, const char *bytes, size_t length);
