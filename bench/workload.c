#include "workload.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCH_MS_BYTES = 13, ISO_MS_BYTES = 24, MAX_MESSAGE_BYTES = 16 << 20 };

/* First 48 bits of a version 7 UUID are a time; the fixture's calls begin about here. */
static const uint64_t FIRST_CALL_MS = 1795014245120;

static uint64_t mix64(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static void hex_write(char *to, uint64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value >>= 4) {
        to[i] = "0123456789abcdef"[value & 15];
    }
}

static void decimal_write(char *to, uint64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10) {
        to[i] = (char)('0' + value % 10);
    }
}

void call_identity_make(uint64_t serial, uint64_t seed, struct call_identity *identity_out)
{
    uint64_t a = mix64(serial ^ mix64(seed));
    uint64_t b = mix64(a);
    int64_t shift_ms = (int64_t)serial * CALL_SPACING_MS;
    uint64_t time_ms = FIRST_CALL_MS + (uint64_t)shift_ms;
    *identity_out = (struct call_identity){.serial = serial, .shift_ms = shift_ms};
    char *id = identity_out->id;
    memcpy(id, "00000000-0000-7000-9000-000000000000", CALL_ID_BYTES);
    hex_write(id, time_ms >> 16, 8);
    hex_write(id + 9, time_ms & 0xffff, 4);
    hex_write(id + 15, a, 3);
    hex_write(id + 20, a >> 12, 3);
    hex_write(id + 24, b, 12);
    hex_write(identity_out->sid, a, 16);
    hex_write(identity_out->sid + 16, b, 16);
    hex_write(identity_out->tool, b >> 16, CALL_TOOL_BYTES);
    decimal_write(identity_out->phone, serial % 100, CALL_PHONE_BYTES);
}

/* Days since 1970-01-01 to a civil date, by the era method: no time zone, no library lock. */
static void iso_write(char *to, int64_t time_ms)
{
    uint64_t ms = (uint64_t)time_ms, days = ms / 86400000, left = ms % 86400000;
    uint64_t z = days + 719468, era = z / 146097, doe = z % 146097;
    uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    uint64_t month = mp < 10 ? mp + 3 : mp - 9;
    decimal_write(to, yoe + era * 400 + (month <= 2), 4);
    decimal_write(to + 5, month, 2);
    decimal_write(to + 8, doy - (153 * mp + 2) / 5 + 1, 2);
    decimal_write(to + 11, left / 3600000, 2);
    decimal_write(to + 14, left / 60000 % 60, 2);
    decimal_write(to + 17, left / 1000 % 60, 2);
    decimal_write(to + 20, left % 1000, 3);
}

static int64_t iso_read(const char *at)
{
    int64_t year = atoi(at), month = atoi(at + 5), day = atoi(at + 8);
    int64_t y = month <= 2 ? year - 1 : year, era = y / 400, yoe = y % 400;
    int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    int64_t seconds = days * 86400 + atoi(at + 11) * 3600 + atoi(at + 14) * 60 + atoi(at + 17);
    return seconds * 1000 + atoi(at + 20);
}

/* '0' stands for any digit, 'x' for any lower-case hex digit, 'w' for a letter or digit, the rest for itself. */
static int shape_matches(const char *at, const char *shape)
{
    for (; *shape; at++, shape++) {
        int c = (unsigned char)*at;
        int fits = *shape == '0'   ? isdigit(c)
                   : *shape == 'x' ? isdigit(c) || (c >= 'a' && c <= 'f')
                   : *shape == 'w' ? isalnum(c)
                                   : c == *shape;
        if (!fits) {
            return 0;
        }
    }
    return 1;
}

static int epoch_matches(const char *start, const char *at)
{
    int alone = at == start || (!isdigit((unsigned char)at[-1]) && at[-1] != '.');
    return alone && at[0] == '1' && shape_matches(at, "0000000000000") && !isdigit((unsigned char)at[13]);
}

/* Writes the patch that begins at `at`, if one does, and returns how many bytes to step over, else 0. */
static size_t patch_match(const char *start, const char *at, const char *call_id, struct patch *patch_out)
{
    size_t offset = (size_t)(at - start);
    if (strncmp(at, call_id, CALL_ID_BYTES) == 0) {
        *patch_out = (struct patch){offset, PATCH_ID, 0};
        return CALL_ID_BYTES;
    }
    if (shape_matches(at, "CAxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")) {
        *patch_out = (struct patch){offset + 2, PATCH_SID, 0};
        return CALL_SID_BYTES + 2;
    }
    if (shape_matches(at, "+16465550000")) {
        *patch_out = (struct patch){offset + 10, PATCH_PHONE, 0};
        return 12;
    }
    if (shape_matches(at, "call_wwwwwwwwwwwwwwww")) {
        size_t end = 5;
        while (isalnum((unsigned char)at[end])) {
            end++;
        }
        *patch_out = (struct patch){offset + end - CALL_TOOL_BYTES, PATCH_TOOL, 0};
        return end;
    }
    if (shape_matches(at, "2000-00-00T00:00:00.000Z") || shape_matches(at, "2020-00-00T00:00:00.000Z")) {
        *patch_out = (struct patch){offset, PATCH_ISO_MS, iso_read(at)};
        return ISO_MS_BYTES;
    }
    if (epoch_matches(start, at)) {
        *patch_out = (struct patch){offset, PATCH_EPOCH_MS, strtoll(at, NULL, 10)};
        return EPOCH_MS_BYTES;
    }
    return 0;
}

static void patches_find(struct request_text *request, size_t body_offset, const char *call_id)
{
    size_t room = 0;
    for (size_t at = body_offset; at < request->length;) {
        if (request->patch_count == room) {
            room = room ? room * 2 : 64;
            request->patches = realloc(request->patches, room * sizeof *request->patches);
            if (!request->patches) {
                abort();
            }
        }
        struct patch *next = &request->patches[request->patch_count];
        size_t step = patch_match(request->bytes, request->bytes + at, call_id, next);
        request->patch_count += step > 0;
        at += step ? step : 1;
    }
}

void request_text_patch(struct request_text *request, const struct call_identity *identity)
{
    if (request->owner == identity->serial) {
        return;
    }
    request->owner = identity->serial;
    for (size_t i = 0; i < request->patch_count; i++) {
        const struct patch *patch = &request->patches[i];
        char *to = request->bytes + patch->offset;
        switch (patch->kind) {
        case PATCH_ID:
            memcpy(to, identity->id, CALL_ID_BYTES);
            break;
        case PATCH_SID:
            memcpy(to, identity->sid, CALL_SID_BYTES);
            break;
        case PATCH_TOOL:
            memcpy(to, identity->tool, CALL_TOOL_BYTES);
            break;
        case PATCH_PHONE:
            memcpy(to, identity->phone, CALL_PHONE_BYTES);
            break;
        case PATCH_EPOCH_MS:
            decimal_write(to, (uint64_t)(patch->base_ms + identity->shift_ms), EPOCH_MS_BYTES);
            break;
        case PATCH_ISO_MS:
            iso_write(to, patch->base_ms + identity->shift_ms);
            break;
        }
    }
}

static int call_id_find(const char *line, char *id_out)
{
    static const char key[] = "\"call\":{\"id\":\"";
    const char *at = strstr(line, key);
    if (!at || strlen(at) < sizeof key - 1 + CALL_ID_BYTES) {
        return -1;
    }
    memcpy(id_out, at + sizeof key - 1, CALL_ID_BYTES);
    id_out[CALL_ID_BYTES] = 0;
    return 0;
}

static int request_add(struct workload *workload, const char *head, const char *line, size_t line_bytes)
{
    char call_id[CALL_ID_BYTES + 1], length[64];
    if (call_id_find(line, call_id)) {
        return -1;
    }
    size_t head_bytes = strlen(head);
    size_t length_bytes = (size_t)snprintf(length, sizeof length, "Content-Length: %zu\r\n\r\n", line_bytes);
    struct request_text request = {.length = head_bytes + length_bytes + line_bytes};
    request.bytes = malloc(request.length + 1);
    workload->requests = realloc(workload->requests, (workload->count + 1) * sizeof request);
    if (!request.bytes || !workload->requests) {
        abort();
    }
    memcpy(request.bytes, head, head_bytes);
    memcpy(request.bytes + head_bytes, length, length_bytes);
    memcpy(request.bytes + head_bytes + length_bytes, line, line_bytes);
    request.bytes[request.length] = 0;
    patches_find(&request, head_bytes + length_bytes, call_id);
    workload->requests[workload->count++] = request;
    return 0;
}

int workload_load(const char *path, const char *head, struct workload *workload_out)
{
    *workload_out = (struct workload){0};
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        return -1;
    }
    char *line = NULL;
    size_t room = 0;
    ssize_t got;
    int rc = 0;
    while (rc == 0 && (got = getline(&line, &room, file)) > 0) {
        while (got > 0 && isspace((unsigned char)line[got - 1])) {
            line[--got] = 0;
        }
        rc = got == 0 ? 0 : got > MAX_MESSAGE_BYTES ? -1 : request_add(workload_out, head, line, (size_t)got);
    }
    free(line);
    fclose(file);
    if (rc || workload_out->count == 0) {
        fprintf(stderr, "%s: needs one compact JSON message a line, each with a call id\n", path);
        workload_free(workload_out);
        return -1;
    }
    return 0;
}

void workload_free(struct workload *workload)
{
    for (size_t i = 0; i < workload->count; i++) {
        free(workload->requests[i].bytes);
        free(workload->requests[i].patches);
    }
    free(workload->requests);
    *workload = (struct workload){0};
}
