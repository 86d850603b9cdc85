#include "smtp_message.h"
#include "caps.h"
#include "utf8.h"
#include <time.h>

#define LINE 76
#define WORD_START "=?UTF-8?Q?"
#define WORD_END "?="
#define BOUNDARY "=_ringback" /* "=_" never occurs in quoted-printable */

/* Once an append failed all others do nothing. */
struct writer {
    struct buf *out;
    struct arena scratch;
    size_t column;
    int rc;
};

static void put(struct writer *w, struct str s)
{
    w->rc = w->rc ? w->rc : buf_append(w->out, s);
    w->column += s.n;
}

static void put_text(struct writer *w, const char *text)
{
    put(w, str_of(text));
}

static void end_line(struct writer *w)
{
    put(w, STR("\r\n"));
    w->column = 0;
}

static void put_hex(struct writer *w, unsigned char c)
{
    static const char digits[] = "0123456789ABCDEF";
    char code[3] = {'=', digits[c >> 4], digits[c & 15]};
    put(w, (struct str){code, sizeof(code)});
}

static bool is_visible(unsigned char c)
{
    return c > 0x20 && c < 0x7f;
}

static bool is_letter_or_digit(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static struct str without_controls(struct writer *w, struct str s)
{
    struct str clean = utf8_clean(&w->scratch, s);
    char *text = arena_alloc(&w->scratch, clean.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < clean.n; i++) {
        unsigned char c = (unsigned char)clean.p[i];
        if (c >= 0x20 && c != 0x7f) {
            text[n++] = clean.p[i];
        }
    }
    return str_trim((struct str){text, n});
}

/* Can it stand in a header as it is, and be folded at its spaces? */
static bool is_plain(struct str s)
{
    size_t run = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool twice = s.p[i] == ' ' && run == 0;
        run = s.p[i] == ' ' ? 0 : run + 1;
        if (twice || run > LINE / 2 || (s.p[i] != ' ' && !is_visible((unsigned char)s.p[i]))) {
            return false;
        }
    }
    return !str_has(s, STR("=?"));
}

static void fold_before(struct writer *w, size_t bytes)
{
    if (w->column + bytes > LINE) {
        end_line(w);
    }
}

static void put_folded(struct writer *w, struct str s)
{
    while (s.n) {
        struct str word = str_cut(s, 1 + str_find(str_skip(s, 1), ' '));
        if (*word.p == ' ') {
            fold_before(w, word.n);
        }
        put(w, word);
        s = str_skip(s, word.n);
    }
}

/* One character of an encoded word; `n` bytes of UTF-8. */
static void put_encoded(struct writer *w, struct str character)
{
    unsigned char c = (unsigned char)*character.p;
    if (character.n == 1 && (is_letter_or_digit(c) || c == ' ')) {
        put(w, c == ' ' ? STR("_") : character);
        return;
    }
    for (size_t i = 0; i < character.n; i++) {
        put_hex(w, (unsigned char)character.p[i]);
    }
}

/* Encoded words (RFC 2047), of whole characters each. */
static void put_words(struct writer *w, struct str s)
{
    put_text(w, WORD_START);
    while (s.n) {
        struct str character = str_cut(s, utf8_sequence(s));
        if (w->column + character.n * 3 + strlen(WORD_END) > LINE) {
            put_text(w, WORD_END);
            end_line(w);
            put_text(w, " " WORD_START);
        }
        put_encoded(w, character);
        s = str_skip(s, character.n);
    }
    put_text(w, WORD_END);
}

static void put_words_or_plain(struct writer *w, struct str s)
{
    if (is_plain(s)) {
        put_folded(w, s);
    } else {
        put_words(w, s);
    }
}

static void put_quoted(struct writer *w, struct str s)
{
    put_text(w, "\"");
    for (; s.n; s = str_skip(s, 1)) {
        put_text(w, *s.p == '"' || *s.p == '\\' ? "\\" : "");
        put(w, str_cut(s, 1));
    }
    put_text(w, "\"");
}

static bool is_phrase(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_letter_or_digit((unsigned char)s.p[i]) && !strchr(" !#$%&'*+-/=?^_`{|}~", s.p[i])) {
            return false;
        }
    }
    return true;
}

/* Where the address starts in "Name <address>"; the length when it is bare. */
static size_t find_bracket(struct str mailbox)
{
    const char *open = mailbox.n ? memrchr(mailbox.p, '<', mailbox.n) : NULL;
    return open && mailbox.p[mailbox.n - 1] == '>' ? (size_t)(open - mailbox.p) : mailbox.n;
}

struct str smtp_address(struct str mailbox)
{
    struct str address = str_trim(mailbox);
    size_t at = find_bracket(address);
    if (at < address.n) {
        address = str_skip(str_cut(address, address.n - 1), at + 1);
    }
    for (size_t i = 0; i < address.n; i++) {
        if (!is_visible((unsigned char)address.p[i]) || strchr("<>,;\"\\()[]:", address.p[i])) {
            return (struct str){NULL, 0};
        }
    }
    size_t sign = str_find(address, '@');
    struct str domain = str_skip(address, sign + 1);
    bool whole = sign > 0 && domain.n > 0 && str_find(domain, '@') == domain.n && address.n <= CAP_SMTP_ADDRESS_BYTES;
    return whole ? address : (struct str){NULL, 0};
}

/* "Name <address>": the name, without its quotes. */
static struct str name_of(struct writer *w, struct str mailbox)
{
    struct str s = without_controls(w, mailbox);
    size_t at = find_bracket(s);
    struct str name = at < s.n ? str_trim(str_cut(s, at)) : STR("");
    bool quoted = name.n >= 2 && *name.p == '"' && name.p[name.n - 1] == '"';
    return quoted ? str_cut(str_skip(name, 1), name.n - 2) : name;
}

static void put_mailbox(struct writer *w, const char *header, struct str mailbox)
{
    struct str name = name_of(w, mailbox), address = smtp_address(mailbox);
    w->rc = w->rc ? w->rc : address.n ? 0 : ERR_BAD_REQUEST;
    put_text(w, header);
    if (is_plain(name) && is_phrase(name)) {
        put_folded(w, name);
    } else if (is_plain(name) && name.n <= LINE / 2) {
        put_quoted(w, name);
    } else {
        put_words(w, name);
    }
    if (name.n) {
        fold_before(w, address.n + 3);
        put_text(w, " ");
    }
    put_text(w, name.n ? "<" : "");
    put(w, address);
    put_text(w, name.n ? ">" : "");
    end_line(w);
}

static void put_date(struct writer *w, int64_t now_us)
{
    char text[64];
    struct tm utc;
    time_t seconds = now_us / 1000000;
    gmtime_r(&seconds, &utc);
    strftime(text, sizeof(text), "Date: %a, %d %b %Y %H:%M:%S +0000", &utc);
    put_text(w, text);
    end_line(w);
}

/* The same for each try, so that a reader's program may drop a second one. */
static void put_id(struct writer *w, struct smtp_message_id id, struct str from)
{
    struct str address = smtp_address(from);
    put_text(w, "Message-ID: <");
    for (size_t i = 0; i < id.key.n; i++) {
        unsigned char c = (unsigned char)id.key.p[i];
        put(w, is_letter_or_digit(c) || c == '-' ? str_cut(str_skip(id.key, i), 1) : STR("."));
    }
    put(w, arena_printf(&w->scratch, ".%zu", id.index));
    put(w, str_skip(address, str_find(address, '@')));
    put_text(w, ">");
    end_line(w);
}

static void put_unsubscribe(struct writer *w, struct str url)
{
    if (!url.n) {
        return;
    }
    put_text(w, "List-Unsubscribe: <");
    for (size_t i = 0; i < url.n; i++) {
        bool fits = is_visible((unsigned char)url.p[i]) && url.p[i] != '<' && url.p[i] != '>';
        put(w, fits ? str_cut(str_skip(url, i), 1) : STR(""));
    }
    put_text(w, ">");
    end_line(w);
    put_text(w, "List-Unsubscribe-Post: List-Unsubscribe=One-Click");
    end_line(w);
}

static size_t line_end_bytes(struct str s)
{
    return str_starts(s, STR("\r\n")) ? 2 : s.n && (*s.p == '\n' || *s.p == '\r') ? 1 : 0;
}

/* The first byte of `s`. Blanks at a line's end get lost on the way. */
static void put_body_byte(struct writer *w, struct str s)
{
    unsigned char c = (unsigned char)*s.p;
    struct str rest = str_skip(s, 1);
    bool ends = !rest.n || line_end_bytes(rest);
    bool plain = (is_visible(c) && c != '=') || ((c == ' ' || c == '\t') && !ends);
    if (w->column + (plain ? 1 : 3) > (ends ? LINE : LINE - 1)) {
        put_text(w, "=");
        end_line(w);
    }
    if (plain) {
        put(w, str_cut(s, 1));
    } else {
        put_hex(w, c);
    }
}

static void put_body(struct writer *w, const char *type, struct str s)
{
    put_text(w, "--" BOUNDARY "\r\nContent-Type: ");
    put_text(w, type);
    put_text(w, "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n");
    end_line(w);
    while (s.n) {
        size_t end = line_end_bytes(s);
        if (end) {
            end_line(w);
        } else {
            put_body_byte(w, s);
        }
        s = str_skip(s, end ? end : 1);
    }
    end_line(w);
}

int smtp_message_write(struct buf *out, const struct mail *m, struct smtp_message_id id, int64_t now_us)
{
    struct writer w = {.out = out};
    put_mailbox(&w, "From: ", m->from);
    put_mailbox(&w, "To: ", m->to);
    put_text(&w, "Subject: ");
    put_words_or_plain(&w, without_controls(&w, m->subject));
    end_line(&w);
    put_date(&w, now_us);
    put_id(&w, id, m->from);
    put_unsubscribe(&w, m->unsubscribe_url);
    put_text(&w, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                 "Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"\r\n");
    end_line(&w);
    put_body(&w, "text/plain", m->text);
    put_body(&w, "text/html", m->html);
    put_text(&w, "--" BOUNDARY "--\r\n");
    arena_free(&w.scratch);
    return w.rc;
}
