/* Values in HTML: nothing in them is markup, nothing steers what stands around them, and they have an end. */
#include "caps.h"
#include "html.h"
#include "tap.h"
#include "utf8.h"

struct tame_case {
    const char *in, *out;
    size_t most;
};

#define ISO "\u2068"
#define END "\u2069"

static const struct tame_case tames[] = {
    {"Ada Fern", "Ada Fern", 60},
    {"", "", 60},
    {"  Ada \r\n\t Fern\x01 ", "Ada Fern", 60},
    {"a\x7f\xc2\x85"
     "b",
     "a b", 60},
    {"a\u2028b\u2029c", "a b c", 60},
    {"\u202e\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069\u200e\u200f\u061c", "", 60},
    {"abc\u202e<fed", "abc<fed", 60},
    {"a\u200bb\ufeff\u00adc", "abc", 60},
    {"a\xff"
     "b",
     "a\ufffdb", 60},
    {"\xed\xa0\x80", "\ufffd\ufffd\ufffd", 60},
    {"abcdef", "abcdef", 6},
    {"abcdefg", "abcde…", 6},
    {"äöüäöü", "äö…", 3},
    {"ab cdef", "ab…", 4},
    {"🦷🦷🦷🦷", "🦷🦷…", 3},
    {"a👍🏽👍🏽", "a…", 3},
    {"é\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309", "é\u0301\u0302\u0303\u0304\u0305\u0306", 60},
    {"שלום", ISO "שלום" END, 60},
    {"\u202eשלום עולם", ISO "שלום…" END, 6},
    {"مرحبا Dana", ISO "مرحبا Dana" END, 60},
};

static void one_line_for_people(void)
{
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(tames) / sizeof(tames[0]); i++) {
        tap_case(tames[i].in);
        CHECK_STR(html_tame(&a, str_of(tames[i].in), tames[i].most), tames[i].out);
    }
    CHECK_STR(html_tame(&a, (struct str){"a\0b", 3}, 60), "a\ufffdb");
    CHECK_INT(html_tame(&a, (struct str){NULL, 0}, 60).n, 0);
    arena_free(&a);
}

static size_t characters(struct str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.n; i++) {
        count += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    }
    return count;
}

/* Wherever it is cut, it stays text. */
static void never_within_a_character(void)
{
    struct arena a = {0};
    struct str all = STR("a\u0301äש🦷👍🏽 \u202e一\xff\xf0\x9f\xa6zz");
    for (size_t from = 0; from < all.n; from++) {
        for (size_t most = 1; most < 20; most++) {
            struct str tamed = html_tame(&a, str_skip(all, from), most);
            CHECK(utf8_valid(tamed));
            CHECK(characters(tamed) <= most + 2); /* with the two around what runs leftward */
        }
    }
    arena_free(&a);
}

struct put_case {
    const char *in, *out;
};

static const struct put_case texts[] = {
    {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
    {"\" onclick='x' & <", "&#34; onclick=&#39;x&#39; &amp; &lt;"},
    {"&amp;&#x3c;", "&amp;amp;&amp;#x3c;"},
    {"<!--[if mso]>", "&lt;!--[if mso]&gt;"},
    {"plain", "plain"},
    {"\r\n\u202e", ""},
};

static void values_are_no_markup(void)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        tap_case(texts[i].in);
        struct html h = html_make(4096);
        HTML(&h, "<b>");
        html_text(&h, str_of(texts[i].in), 100);
        HTML(&h, "</b>");
        CHECK_INT(h.rc, 0);
        struct arena a = {0};
        struct str want = arena_printf(&a, "<b>%s</b>", texts[i].out);
        CHECK_STR(buf_str(&h.out), want.p);
        buf_free(&h.out);
        arena_free(&a);
    }
}

static const struct put_case urls[] = {
    {"https://example.com/calls?a=1&b=2", "https://example.com/calls?a=1&amp;b=2"},
    {"http://127.0.0.1:8080/", "http://127.0.0.1:8080/"},
    {"tel:+16465550187", "tel:+16465550187"},
    {"tel:6465550187", "#"},
    {"javascript:alert(1)", "#"},
    {"JAVASCRIPT:alert(1)", "#"},
    {" https://example.com/", "#"},
    {"data:text/html,x", "#"},
    {"//example.com/", "#"},
    {"https://example.com/\"><script>", "#"},
    {"https://example.com/a b", "#"},
    {"https://example.com/\r\nx", "#"},
    {"https://example.com/ä", "#"},
    {"", "#"},
};

static struct str put_url(struct html *h, struct str url)
{
    *h = html_make(4096);
    html_url(h, url);
    return buf_str(&h->out);
}

static void addresses_lead_where_they_say(void)
{
    struct html h;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        tap_case(urls[i].in);
        CHECK_STR(put_url(&h, str_of(urls[i].in)), urls[i].out);
        CHECK_INT(h.rc, 0);
        buf_free(&h.out);
    }
    char path[CAP_HTML_URL_BYTES + 2];
    memset(path, 'a', sizeof(path));
    memcpy(path, "https://", 8);
    CHECK_INT(put_url(&h, (struct str){path, CAP_HTML_URL_BYTES}).n, CAP_HTML_URL_BYTES);
    buf_free(&h.out);
    CHECK(str_eq(put_url(&h, (struct str){path, CAP_HTML_URL_BYTES + 1}), STR("#")));
    buf_free(&h.out);
}

static void the_first_error_stays(void)
{
    struct html h = html_make(8);
    HTML(&h, "12345");
    html_text(&h, STR("6789"), 10);
    CHECK_INT(h.rc, ERR_TOO_LARGE);
    HTML(&h, "6");
    html_number(&h, 7);
    html_url(&h, STR(""));
    CHECK_INT(h.rc, ERR_TOO_LARGE);
    CHECK_STR(buf_str(&h.out), "12345");
    buf_free(&h.out);
    h = html_make(64);
    html_number(&h, INT64_MIN);
    CHECK_STR(buf_str(&h.out), "-9223372036854775808");
    buf_free(&h.out);
}

TAP_MAIN(TEST(one_line_for_people), TEST(never_within_a_character), TEST(values_are_no_markup),
         TEST(addresses_lead_where_they_say), TEST(the_first_error_stays))
