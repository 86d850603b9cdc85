/* Any bytes as a form: written again with everything escaped it must give the same pairs. */
#include "caps.h"
#include "form.h"
#include "fuzz.h"
#include "buf.h"

static void escape(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        HOLD(buf_printf(out, "%%%02x", (unsigned char)text.p[i]) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct form form, again;
    struct buf text = buf_make(size * 4 + 16);
    int rc = form_parse(&a, (struct str){(const char *)data, size}, &form);
    HOLD(rc == 0 || form.count == 0);
    HOLD(form.count <= CAP_FORM_FIELDS);
    for (size_t i = 0; i < form.count; i++) {
        escape(&text, form.pairs[i].name);
        HOLD(buf_append(&text, STR("=")) == 0);
        escape(&text, form.pairs[i].value);
        HOLD(buf_append(&text, i + 1 < form.count ? STR("&") : STR("")) == 0);
    }
    HOLD(form_parse(&a, buf_str(&text), &again) == 0 && again.count == form.count);
    for (size_t i = 0; i < form.count; i++) {
        HOLD(str_eq(form.pairs[i].name, again.pairs[i].name) && str_eq(form.pairs[i].value, again.pairs[i].value));
        HOLD(form_get(&form, form.pairs[i].name).p != NULL);
    }
    buf_free(&text);
    arena_free(&a);
    return 0;
}
