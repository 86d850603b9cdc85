#include "pages.h"
#include "err.h"
#include "page_files.h"

/* With require-trusted-types-for no script can make a document out of text, whatever a caller said. */
#define POLICY                                                                                                         \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "                \
    "connect-src 'self'%s%.*s; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "        \
    "require-trusted-types-for 'script'"

static struct str escaped(struct arena *a, struct str text)
{
    struct str out = {"", 0};
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool special = strchr("<>&\"'", c) != NULL;
        out = arena_printf(a, special ? "%.*s&#%d;" : "%.*s%c", (int)out.n, out.p, c);
    }
    return out;
}

/* Every place of `mark` in the text. */
static struct str filled(struct arena *a, struct str text, struct str mark, struct str value)
{
    const char *at = memmem(text.p, text.n, mark.p, mark.n);
    if (!at) {
        return text;
    }
    struct str rest = filled(a, str_skip(text, (size_t)(at - text.p) + mark.n), mark, value);
    return arena_printf(a, "%.*s%.*s%.*s", (int)(at - text.p), text.p, (int)value.n, value.p, (int)rest.n, rest.p);
}

void pages_start(struct pages *p, const struct config *config)
{
    struct str url = config->supabase_url, key = config->supabase_anon_key;
    struct str page = filled(&p->arena, str_of(page_index), STR("@SUPABASE_URL@"), escaped(&p->arena, url));
    p->index = filled(&p->arena, page, STR("@ANON_KEY@"), escaped(&p->arena, url.n ? key : STR("")));
    p->policy = arena_printf(&p->arena, POLICY, url.n ? " " : "", (int)url.n, url.n ? url.p : "");
}

void pages_stop(struct pages *p)
{
    arena_free(&p->arena);
}

void pages_on_index(struct pages *p, struct http_request *r)
{
    http_reply_header(r, "Cache-Control", STR("no-cache"));
    http_reply_header(r, "Content-Security-Policy", p->policy);
    http_reply_tagged(r, "text/html; charset=utf-8", p->index);
}

void pages_on_lost(struct pages *p, struct http_request *r)
{
    http_reply_header(r, "Content-Security-Policy", p->policy);
    http_reply(r, 404, "text/html; charset=utf-8", p->index);
}

static const struct page_file *file_of(struct str name)
{
    const struct page_file *f = page_files;
    while (f->name && !str_eq(str_of(f->name), name)) {
        f++;
    }
    return f->name ? f : NULL;
}

static enum page_form form_for(struct http_request *r)
{
    static const struct str codings[] = {[PAGE_BROTLI] = STR("br"), [PAGE_GZIP] = STR("gzip")};
    for (enum page_form form = PAGE_BROTLI; form > PAGE_PLAIN; form--) {
        if (http_takes_coding(r, codings[form])) {
            http_reply_header(r, "Content-Encoding", codings[form]);
            http_reply_header(r, "Vary", STR("Accept-Encoding"));
            return form;
        }
    }
    return PAGE_PLAIN;
}

void pages_on_asset(struct pages *p, struct http_request *r)
{
    (void)p;
    const struct page_file *f = file_of(http_param(r));
    if (!f) {
        http_reply_error(r, ERR_NOT_FOUND);
        return;
    }
    http_reply_header(r, "Cache-Control", STR("public, max-age=31536000, immutable"));
    http_reply(r, 200, f->type, f->forms[form_for(r)]);
}
