#include "db_param.h"
#include "caps.h"
#include <endian.h>
#include <math.h>

#define HEADER_BYTES 20               /* dimensions, has-null flag, element type, length, lower bound */
#define EPOCH_2000_US 946684800000000 /* Postgres counts from 2000 */

static void put(struct db_array *a, const void *bytes, size_t n)
{
    if (a->failed == 0) {
        a->failed = buf_append(&a->bytes, (struct str){bytes, n});
    }
}

static void put_length(struct db_array *a, int32_t n)
{
    uint32_t be = htobe32((uint32_t)n);
    put(a, &be, sizeof(be));
    a->count++;
}

static void put_scalar(struct db_array *a, const void *bytes, size_t n)
{
    put_length(a, (int32_t)n);
    put(a, bytes, n);
}

void db_array_reset(struct db_array *a)
{
    static const char header[HEADER_BYTES];
    a->bytes.len = a->count = 0;
    a->has_null = false;
    a->failed = 0;
    put(a, header, sizeof(header));
}

void db_array_init(struct db_array *a, enum db_type type)
{
    *a = (struct db_array){.bytes = buf_make(CAP_DB_ARRAY_BYTES), .type = type};
    db_array_reset(a);
}

void db_array_free(struct db_array *a)
{
    buf_free(&a->bytes);
}

void db_array_null(struct db_array *a)
{
    put_length(a, -1);
    a->has_null = true;
}

void db_array_text(struct db_array *a, struct str s)
{
    static const char jsonb_version = 1;
    if (!s.p) {
        db_array_null(a);
        return;
    }
    bool jsonb = a->type == DB_JSONB;
    put_length(a, (int32_t)(s.n + jsonb));
    put(a, &jsonb_version, jsonb);
    put(a, s.p, s.n);
}

void db_array_uuid(struct db_array *a, const unsigned char id[16])
{
    put_scalar(a, id, 16);
}

void db_array_time(struct db_array *a, int64_t us)
{
    uint64_t be = htobe64((uint64_t)(us - EPOCH_2000_US));
    if (us == 0) {
        db_array_null(a);
    } else {
        put_scalar(a, &be, sizeof(be));
    }
}

void db_array_num(struct db_array *a, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    bits = htobe64(bits);
    if (isnan(value)) {
        db_array_null(a);
    } else {
        put_scalar(a, &bits, sizeof(bits));
    }
}

void db_array_int2(struct db_array *a, int value)
{
    uint16_t be = htobe16((uint16_t)value);
    put_scalar(a, &be, sizeof(be));
}

void db_array_int4(struct db_array *a, int value)
{
    uint32_t be = htobe32((uint32_t)value);
    put_scalar(a, &be, sizeof(be));
}

void db_array_bool(struct db_array *a, bool value)
{
    put_scalar(a, &(char){value}, 1);
}

struct db_param db_array_param(struct db_array *a)
{
    if (a->failed) {
        return (struct db_param){NULL, 0};
    }
    uint32_t header[] = {htobe32(1), htobe32(a->has_null), htobe32(a->type), htobe32(a->count), htobe32(1)};
    if (a->count == 0) {
        header[0] = 0; /* an empty array has no dimensions */
        a->bytes.len = 12;
    }
    memcpy(a->bytes.data, header, a->count ? sizeof(header) : 12);
    return (struct db_param){a->bytes.data, a->bytes.len};
}
