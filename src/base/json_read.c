#include "caps.h"
#include "json_skip.h"
#include "json_shape.h"
#include "timestamp.h"
#include <assert.h>
#include <math.h>
#include <yajl/yajl_parse.h>

struct frame {
    const struct json_node *node; /* what the table knows of this container; NULL: nothing */
    char *base;                   /* the struct that fields under it fill */
    bool array;
    bool any_kept;           /* a member of it is in the kept document */
    const struct field *raw; /* wants this container's text */
    size_t start;            /* offset of its bracket */
};

struct reader {
    struct json_pass *pass;
    yajl_handle yajl;
    struct frame stack[CAP_JSON_DEPTH + 1];
    size_t depth;
    const struct json_node *node; /* for the value that comes next */
    size_t prev_end;              /* offset behind the last token */
    size_t copied;                /* the document up to here is in the kept one, or dropped */
    size_t drop_depth;            /* >0: inside a dropped value that began at this depth */
    enum json_keep known;         /* are repeated subtrees wanted? Decided before the pass, or asked on the way */
    bool undecided;               /* a repeated subtree was kept because nobody knew better */
    int failed;
};

static size_t offset_now(const struct reader *r)
{
    return yajl_get_bytes_consumed(r->yajl);
}

static struct frame *top(struct reader *r)
{
    return &r->stack[r->depth];
}

/* Offset of the token that follows prev_end. */
static size_t token_start(const struct reader *r)
{
    struct str doc = r->pass->doc;
    size_t at = r->prev_end;
    while (at < doc.n && strchr(" \t\r\n,:", doc.p[at])) {
        at++;
    }
    return at;
}

static void keep_until(struct reader *r, size_t end)
{
    if (r->pass->kept && end > r->copied && !r->failed) {
        r->failed = buf_append(r->pass->kept, (struct str){r->pass->doc.p + r->copied, end - r->copied});
    }
    r->copied = end;
}

static bool is_secret(const struct reader *r, struct str key)
{
    for (size_t i = 0; i < r->pass->secret_count; i++) {
        if (str_eq(r->pass->secrets[i], key)) {
            return true;
        }
    }
    return false;
}

static bool is_dropped(struct reader *r, const struct json_node *n, struct str key)
{
    unsigned flags = n && n->field ? n->field->flags : 0;
    if (flags & FIELD_TWIN && *(void **)(void *)(top(r)->base + n->field->twin)) {
        r->node = NULL;
        return true;
    }
    if (flags & FIELD_REPEATED) {
        enum json_keep keep = r->known;
        if (keep == JSON_KEEP_UNKNOWN) {
            keep = r->pass->keep_repeated(r->pass->target);
            r->undecided |= keep == JSON_KEEP_UNKNOWN;
        }
        if (keep == JSON_KEEP_NO && !(flags & FIELD_DROP)) {
            r->node = NULL; /* not even read */
        }
        return keep == JSON_KEEP_NO || is_secret(r, key);
    }
    return flags & FIELD_DROP || is_secret(r, key);
}

/* Makes one blank string of a value that is dropped unread, so that the parser need not take it apart. False when the value
 * has no end: looking for it again in each of its parts would take long. */
static bool blank_value(struct reader *r)
{
    char *scratch = r->pass->scratch;
    size_t start = token_start(r), end = scratch ? json_value_end(r->pass->doc, start) : start;
    if (scratch && end - start >= 2) {
        memset(scratch + start, ' ', end - start);
        scratch[start] = scratch[end - 1] = '"';
    }
    return !scratch || end > start;
}

static bool is_unread(const struct json_node *n)
{
    return !n || (!n->children && (!n->field || n->field->kind == FIELD_NONE));
}

static int on_key(void *ctx, const unsigned char *bytes, size_t n)
{
    struct reader *r = ctx;
    struct str key = {(const char *)bytes, n};
    struct frame *f = top(r);
    r->node = json_node_member(f->node, key);
    if (!r->drop_depth) {
        size_t before = r->prev_end;
        if (is_dropped(r, r->node, key)) {
            keep_until(r, before);
            r->drop_depth = r->depth;
        } else if (!f->any_kept) {
            f->any_kept = true;
            keep_until(r, before);
            r->copied = token_start(r); /* a dropped first member leaves a comma behind it */
        }
    }
    r->prev_end = offset_now(r);
    return !r->drop_depth || !is_unread(r->node) || blank_value(r);
}

/* Where the value that begins now goes; grows the list when it is an element of one. */
static const struct json_node *place(struct reader *r, char **base_out)
{
    struct frame *f = top(r);
    *base_out = f->base;
    if (!f->array) {
        return r->node;
    }
    const struct json_node *n = f->node;
    if (!n || !n->items) {
        return json_node_child(n, STR("[]"));
    }
    struct field_list_value *list = (void *)(f->base + n->field->offset);
    size_t bytes = n->field->items->item_bytes;
    if (list->count == CAP_JSON_LIST) {
        return NULL;
    }
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 8;
        void *items = arena_alloc(r->pass->arena, room * bytes);
        if (list->count) {
            memcpy(items, list->items, list->count * bytes);
        }
        list->items = items;
        list->room = room;
    }
    *base_out = (char *)list->items + bytes * list->count++;
    memset(*base_out, 0, bytes);
    return n->items;
}

static void value_done(struct reader *r)
{
    r->prev_end = offset_now(r);
    if (r->drop_depth && r->drop_depth == r->depth) {
        r->drop_depth = 0;
        r->copied = r->prev_end;
    }
}

/* The text of the value that ends here. */
static void set_raw(const struct reader *r, const struct field *f, char *base, size_t start)
{
    struct str text = {r->pass->doc.p + start, offset_now(r) - start};
    *(struct str *)(void *)(base + f->offset) = arena_copy(r->pass->arena, text);
}

static void set_time(const struct field *f, char *base, struct str text, bool number)
{
    double ms = 0;
    struct field as_number = {.kind = FIELD_NUM};
    bool parsed = number && field_set_text(&as_number, &ms, text) == 0;
    *(int64_t *)(void *)(base + f->offset) = parsed ? timestamp_from_ms(ms) : timestamp_parse(text);
}

static int scalar(struct reader *r, struct str text, enum field_kind type)
{
    char *base;
    const struct json_node *n = place(r, &base);
    const struct field *f = n ? n->field : NULL;
    if (f && type != FIELD_NONE) {
        bool *seen = f->kind == FIELD_SEEN ? (bool *)(base + f->offset) : NULL;
        size_t start = token_start(r);
        if (seen) {
            *seen = true;
        } else if (f->kind == FIELD_RAW) {
            set_raw(r, f, base, start);
        } else if (f->kind == FIELD_TIME) {
            set_time(f, base, text, type == FIELD_NUM);
        } else if (f->kind == FIELD_STR || (f->kind <= FIELD_BOOL && type != FIELD_STR)) {
            int ignored = field_set_text(f, base, f->kind == FIELD_STR ? arena_copy(r->pass->arena, text) : text);
            (void)ignored; /* a value that does not fit its kind counts as absent */
        }
    }
    value_done(r);
    return 1;
}

static int on_string(void *ctx, const unsigned char *bytes, size_t n)
{
    return scalar(ctx, (struct str){(const char *)bytes, n}, FIELD_STR);
}

static int on_number(void *ctx, const char *digits, size_t n)
{
    return scalar(ctx, (struct str){digits, n}, FIELD_NUM);
}

static int on_bool(void *ctx, int value)
{
    return scalar(ctx, value ? STR("true") : STR("false"), FIELD_BOOL);
}

static int on_null(void *ctx)
{
    return scalar(ctx, STR("null"), FIELD_NONE);
}

static int open_container(struct reader *r, bool array)
{
    char *base;
    const struct json_node *n = place(r, &base);
    if (r->depth == CAP_JSON_DEPTH) {
        return 0;
    }
    const struct field *f = n ? n->field : NULL;
    if (f && f->kind == FIELD_SEEN) {
        *(bool *)(base + f->offset) = true;
    }
    if (f && f->kind == FIELD_LIST) {
        if (!n->collects) {
            *(struct field_list_value *)(void *)(base + f->offset) = (struct field_list_value){0};
        }
        n = array ? n : NULL;
    }
    r->depth++;
    *top(r) = (struct frame){.node = n,
                             .base = base,
                             .array = array,
                             .raw = f && f->kind == FIELD_RAW ? f : NULL,
                             .start = offset_now(r) - 1};
    r->prev_end = offset_now(r);
    return 1;
}

static int close_container(struct reader *r)
{
    const struct frame *f = top(r);
    if (f->raw) {
        set_raw(r, f->raw, f->base, f->start);
    }
    r->depth--;
    value_done(r);
    return 1;
}

static int on_map(void *ctx)
{
    return open_container(ctx, false);
}

static int on_array(void *ctx)
{
    return open_container(ctx, true);
}

static int on_end(void *ctx)
{
    return close_container(ctx);
}

static const yajl_callbacks callbacks = {on_null, on_bool, NULL,   NULL,     on_number, on_string,
                                         on_map,  on_key,  on_end, on_array, on_end};

/* Has the value ended, and does nothing follow it? Only a number alone needs yajl's word: it ends with the document. Else
 * yajl would give the last number of a document that breaks off, and overlook a string behind it that never ends. */
static bool is_whole(const struct reader *r)
{
    struct str rest = str_skip(r->pass->doc, r->prev_end);
    if (r->depth > 0 || r->prev_end == 0) {
        return r->depth == 0 && yajl_complete_parse(r->yajl) == yajl_status_ok;
    }
    while (rest.n && *rest.p && strchr(" \t\r\n", *rest.p)) {
        rest = str_skip(rest, 1);
    }
    return rest.n == 0;
}

static int read_once(struct json_pass *p, enum json_keep known, bool *undecided_out)
{
    struct reader r = {.pass = p, .known = known};
    r.stack[0] = (struct frame){.node = NULL, .base = p->target, .array = false};
    r.node = &p->shape->root;
    memset(p->target, 0, p->target_bytes);
    if (p->reset) {
        p->reset(p->target);
    }
    if (p->kept) {
        p->kept->len = 0;
    }
    r.yajl = yajl_alloc(&callbacks, NULL, &r);
    assert(r.yajl);
    yajl_config(r.yajl, yajl_dont_validate_strings, 1); /* the caller did */
    const unsigned char *bytes = (const unsigned char *)p->doc.p;
    bool ok = yajl_parse(r.yajl, bytes, p->doc.n) == yajl_status_ok && is_whole(&r);
    yajl_free(r.yajl);
    keep_until(&r, p->doc.n);
    *undecided_out = r.undecided;
    return ok ? r.failed : ERR_BAD_JSON;
}

static bool has_byte(struct str s, char c)
{
    return s.n && memchr(s.p, c, s.n);
}

int json_read(struct json_pass *p)
{
    bool undecided;
    if (has_byte(p->doc, '\v') || has_byte(p->doc, '\f')) {
        return ERR_BAD_JSON; /* blanks for yajl, but not for JSON */
    }
    int rc = read_once(p, p->keep_repeated ? JSON_KEEP_UNKNOWN : JSON_KEEP_YES, &undecided);
    if (rc == 0 && undecided && p->keep_repeated(p->target) == JSON_KEEP_NO) {
        rc = read_once(p, JSON_KEEP_NO, &undecided);
    }
    return rc;
}
