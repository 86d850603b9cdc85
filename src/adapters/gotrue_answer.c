#include "gotrue_answer.h"
#include "caps.h"
#include "json.h"

#define VERSION_HEADER "X-Supabase-Api-Version"

_Static_assert(CAP_PASSWORD_LEAST_BYTES == 8 && CAP_PASSWORD_BYTES == 72, "the texts in the table say so");

struct row {
    int64_t status;
    struct str code, text;
};

#define ROW(name, status, code, text) [GOTRUE_##name] = {status, STR(code), STR(text)},
static const struct row rows[] = {GOTRUE_ERRORS(ROW)};
#undef ROW

static const struct field new_form[] = {
    FIELD(struct row, code, "code", STR, 0),
    FIELD(struct row, text, "message", STR, 0),
};
static const struct field old_form[] = {
    FIELD(struct row, status, "code", INT, 0),
    FIELD(struct row, code, "error_code", STR, 0),
    FIELD(struct row, text, "msg", STR, 0),
};

/* A date, from the first version that has the new form on? */
static bool wants_new_form(const struct http_request *r)
{
    static const char form[] = "dddd-dd-dd";
    struct str version = http_header(r, STR(VERSION_HEADER));
    bool date = version.n == sizeof(form) - 1;
    for (size_t i = 0; date && i < version.n; i++) {
        bool digit = version.p[i] >= '0' && version.p[i] <= '9';
        date = form[i] == 'd' ? digit : version.p[i] == form[i];
    }
    return date && memcmp(version.p, "2024-01-01", version.n) >= 0;
}

void gotrue_refuse(struct http_request *r, enum gotrue_error error)
{
    const struct row *row = &rows[error];
    struct buf body = buf_make(CAP_REPLY_MESSAGE_BYTES);
    int rc;
    if (wants_new_form(r)) {
        http_reply_header(r, VERSION_HEADER, STR("2024-01-01"));
        rc = json_write(&body, new_form, FIELD_COUNT(new_form), row);
    } else {
        rc = json_write(&body, old_form, FIELD_COUNT(old_form), row);
    }
    if (error == GOTRUE_WEAK_PASSWORD) {
        body.len -= 1; /* the closing brace comes again */
        rc = rc ? rc : buf_append(&body, STR(",\"weak_password\":{\"reasons\":[\"length\"]}}"));
    }
    assert(rc == 0); /* the table's texts are short */
    http_reply_header(r, "X-Sb-Error-Code", row->code);
    http_reply(r, (int)row->status, "application/json", buf_str(&body));
    buf_free(&body);
}

void gotrue_limit(struct http_request *r, uint64_t wait_ms)
{
    http_reply_retry_after(r, (unsigned)((wait_ms + 999) / 1000));
    gotrue_refuse(r, GOTRUE_LIMITED);
}

void gotrue_fail(struct http_request *r, int code)
{
    switch (code) {
    case ERR_BUSY:
        gotrue_refuse(r, GOTRUE_LIMITED);
        break;
    case ERR_CONFLICT:
        gotrue_refuse(r, GOTRUE_CONFLICT);
        break;
    case ERR_BAD_DATA:
        gotrue_refuse(r, GOTRUE_BAD_DATA);
        break;
    default:
        gotrue_refuse(r, err_info(code)->status == 503 ? GOTRUE_AWAY : GOTRUE_FAILED);
    }
}

void gotrue_deny(struct http_request *r, enum account_verdict verdict)
{
    static const enum gotrue_error errors[] = {
        [ACCOUNT_NO_USER] = GOTRUE_NO_USER,
        [ACCOUNT_NO_SESSION] = GOTRUE_NO_SESSION,
        [ACCOUNT_BANNED] = GOTRUE_BANNED,
        [ACCOUNT_WRONG] = GOTRUE_WRONG_CURRENT,
        [ACCOUNT_SAME_PASSWORD] = GOTRUE_SAME_PASSWORD,
        [ACCOUNT_DATA_TOO_LARGE] = GOTRUE_LARGE_DATA,
    };
    gotrue_refuse(r, errors[verdict]);
}

void gotrue_refuse_oauth(struct http_request *r, struct str error, struct str description)
{
    struct buf body = buf_make(CAP_REPLY_MESSAGE_BYTES);
    int rc = buf_append(&body, STR("{\"error\":"));
    rc = rc ? rc : json_write_string(&body, error);
    rc = rc ? rc : buf_append(&body, STR(",\"error_description\":"));
    rc = rc ? rc : json_write_string(&body, description);
    rc = rc ? rc : buf_append(&body, STR("}"));
    assert(rc == 0);
    http_reply(r, 400, "application/json", buf_str(&body));
    buf_free(&body);
}
