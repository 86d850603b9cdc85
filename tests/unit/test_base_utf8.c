/* Text that Postgres takes: what is replaced, and what must stay as it is. */
#include "strict_json.h"
#include "tap.h"
#include "utf8.h"

#define R "\xef\xbf\xbd"

struct row {
    const char *name;
    struct str in, out;
    int replaced;
};

#define ROW(name, in, out, replaced) {name, STR(in), STR(out), replaced}
#define SAME(name, in) {name, STR(in), STR(in), 0}

static const struct row bytes[] = {
    SAME("empty", ""),
    SAME("ASCII", "plain text of more than eight bytes"),
    SAME("edges of each length",
         "\x01\x7f \xc2\x80 \xdf\xbf \xe0\xa0\x80 \xef\xbf\xbf \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"),
    SAME("around the surrogates", "\xed\x9f\xbf\xee\x80\x80"),
    SAME("a replacement already", R),
    ROW("continuation alone", "\x80", R, 1),
    ROW("two of them", "a\xbf\x80z", "a" R R "z", 2),
    ROW("cut 2", "\xc3", R, 1),
    ROW("cut 3", "\xe2\x82", R R, 2),
    ROW("cut 4", "\xf0\x9f\x98", R R R, 3),
    ROW("cut and goes on", "\xe2\x82z", R R "z", 2),
    ROW("cut by a new one", "\xe2\xc3\xa9", R "\xc3\xa9", 1),
    ROW("overlong 2", "\xc0\x80\xc1\xbf", R R R R, 4),
    ROW("overlong 3", "\xe0\x9f\xbf", R R R, 3),
    ROW("overlong 4", "\xf0\x8f\xbf\xbf", R R R R, 4),
    ROW("surrogate", "\xed\xa0\x80", R R R, 3),
    ROW("surrogate pair in bytes", "\xed\xa0\xbd\xed\xb8\x80", R R R R R R, 6),
    ROW("past the last character", "\xf4\x90\x80\x80", R R R R, 4),
    ROW("F5 to FF", "\xf5\x80\xf8\xfc\xfe\xff", R R R R R R, 6),
    ROW("Latin-1",
        "caf\xe9 \xfc"
        "ber",
        "caf" R " " R "b"
        "er",
        2),
    ROW("behind eight plain bytes", "12345678\xff", "12345678" R, 1),
    ROW("in each place of a word",
        "1\xff"
        "3456789\xff"
        "1234\xff",
        "1" R "3456789" R "1234" R, 3),
};

static const struct row escapes[] = {
    SAME("no escape of interest", "\"\\\\ \\\" \\/ \\b\\f\\n\\r\\t \\u0001 \\u00e9 \\uffff\""),
    SAME("a pair", "\"\\ud83d\\ude00\""),
    SAME("a pair in capitals", "\"\\uD83D\\uDE00\""),
    SAME("first and last pair", "\"\\ud800\\udc00\\udbff\\udfff\""),
    SAME("next to the surrogates", "\"\\ud7ff\\ue000\""),
    SAME("escaped backslash before u0000", "\"\\\\u0000\""),
    SAME("escaped backslash before ud800", "\"\\\\ud800\""),
    SAME("two escaped backslashes", "\"\\\\\\\\u0000\""),
    ROW("an escaped backslash and then NUL", "\"\\\\\\u0000\"", "\"\\\\\\ufffd\"", 1),
    ROW("NUL", "\"a\\u0000b\"", "\"a\\ufffdb\"", 1),
    ROW("NUL twice", "\"\\u0000\\u0000\"", "\"\\ufffd\\ufffd\"", 2),
    ROW("NUL after a newline", "\"\\n\\u0000\"", "\"\\n\\ufffd\"", 1),
    ROW("high alone", "\"\\ud83d\"", "\"\\ufffd\"", 1),
    ROW("high before a letter", "\"\\ud83dx\"", "\"\\ufffdx\"", 1),
    ROW("high before an escape", "\"\\ud83d\\n\"", "\"\\ufffd\\n\"", 1),
    ROW("high before another character", "\"\\ud83d\\u0041\"", "\"\\ufffd\\u0041\"", 1),
    ROW("high before one past the low ones", "\"\\ud83d\\ue000\"", "\"\\ufffd\\ue000\"", 1),
    ROW("high before one below the low ones", "\"\\ud83d\\udbff\"", "\"\\ufffd\\ufffd\"", 2),
    ROW("high before NUL", "\"\\ud83d\\u0000\"", "\"\\ufffd\\ufffd\"", 2),
    ROW("high, high", "\"\\ud83d\\ud83d\"", "\"\\ufffd\\ufffd\"", 2),
    ROW("high, pair", "\"\\ud83d\\ud83d\\ude00\"", "\"\\ufffd\\ud83d\\ude00\"", 1),
    ROW("low alone", "\"\\ude00\"", "\"\\ufffd\"", 1),
    ROW("low, high", "\"\\ude00\\ud83d\"", "\"\\ufffd\\ufffd\"", 2),
    ROW("pair, low", "\"\\ud83d\\ude00\\ude00\"", "\"\\ud83d\\ude00\\ufffd\"", 1),
    ROW("high before a low that is text", "\"\\ud83d\\\\ude00\"", "\"\\ufffd\\\\ude00\"", 1),
    ROW("in a key", "{\"\\u0000\":1}", "{\"\\ufffd\":1}", 1),
    ROW("bytes and escapes", "\"\xff\\u0000\xc3\xa9\\ud800\"", "\"" R "\\ufffd\xc3\xa9\\ufffd\"", 3),
    ROW("a bad byte between the halves", "\"\\ud83d\xff\\ude00\"", "\"\\ufffd" R "\\ufffd\"", 3),
};

/* Not JSON any more; must only do no harm. */
static const struct row broken[] = {
    SAME("backslash at the end", "\"\\"),
    SAME("u at the end", "\"\\u"),
    SAME("one digit", "\"\\u0"),
    SAME("three digits", "\"\\u000"),
    SAME("not hex", "\"\\u00g0\""),
    SAME("cut high half", "\"\\ud83"),
    SAME("odd backslashes", "\\\\\\"),
    ROW("NUL at the end", "\\u0000", "\\ufffd", 1),
    ROW("high at the end", "\\ud83d", "\\ufffd", 1),
    ROW("high, cut low", "\\ud83d\\ude0", "\\ufffd\\ude0", 1),
    ROW("high, u without digits", "\\ud83d\\uzzzz", "\\ufffd\\uzzzz", 1),
    ROW("cut escape before a whole one", "\\u00\\u0000", "\\u00\\ufffd", 1),
};

static void check_repair(const struct row *r)
{
    struct buf doc = buf_make(1000);
    tap_case(r->name);
    CHECK_INT(buf_append(&doc, r->in), 0);
    /* As long as the text exactly, so that a step past its end is noticed. */
    doc.data = realloc(doc.data, doc.len ? doc.len : 1);
    doc.size = doc.len;
    CHECK_INT(utf8_repair_json(&doc), r->replaced);
    CHECK(str_eq(buf_str(&doc), r->out));
    CHECK_INT(utf8_repair_json(&doc), 0);
    CHECK(str_eq(buf_str(&doc), r->out));
    buf_free(&doc);
}

static void repairs_bytes(void)
{
    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
        check_repair(&bytes[i]);
        CHECK_INT(utf8_valid(bytes[i].in), bytes[i].replaced == 0);
    }
}

static void repairs_escapes(void)
{
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        check_repair(&escapes[i]);
        CHECK(strict_json_valid(escapes[i].out, NULL, NULL));
    }
}

static void survives_broken_escapes(void)
{
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        check_repair(&broken[i]);
    }
}

static void cleans(void)
{
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
        tap_case(bytes[i].name);
        struct str clean = utf8_clean(&a, bytes[i].in);
        CHECK(str_eq(clean, bytes[i].out));
        CHECK_INT(clean.p == bytes[i].in.p, bytes[i].replaced == 0);
    }
    CHECK_STR(utf8_clean(&a, STR("\0a\0\0\xff")), R "a" R R R);
    CHECK_STR(utf8_clean(&a, STR("\\u0000")), "\\u0000");
    CHECK(utf8_clean(&a, (struct str){NULL, 0}).p == NULL);
    arena_free(&a);
}

/* The same question by arithmetic. */
static bool is_valid(const unsigned char *p, size_t n)
{
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
    for (size_t i = 0; i < n;) {
        size_t length = p[i] < 0x80 ? 1 : p[i] >> 5 == 6 ? 2 : p[i] >> 4 == 14 ? 3 : p[i] >> 3 == 30 ? 4 : 0;
        if (length == 0 || length > n - i) {
            return false;
        }
        unsigned long code = length == 1 ? p[i] : p[i] & (0x7fu >> length);
        for (size_t k = 1; k < length; k++) {
            if (p[i + k] >> 6 != 2) {
                return false;
            }
            code = code << 6 | (p[i + k] & 0x3f);
        }
        if (code < least[length] || code > 0x10ffff || code >> 11 == 27) {
            return false;
        }
        i += length;
    }
    return true;
}

static void every_three_bytes(void)
{
    size_t wrong = 0;
    for (unsigned lead = 0x70; lead < 0x100; lead++) {
        for (unsigned rest = 0; rest < 0x10000; rest++) {
            const unsigned char p[] = {(unsigned char)lead, (unsigned char)(rest >> 8), (unsigned char)rest};
            wrong += utf8_valid((struct str){(const char *)p, 3}) != is_valid(p, 3);
        }
    }
    CHECK_INT((long long)wrong, 0);
}

static void four_bytes_at_every_edge(void)
{
    static const unsigned char edges[] = {0x00, 0x22, 0x7f, 0x80, 0x8f, 0x90, 0x9f,
                                          0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xf0, 0xff};
    size_t wrong = 0, n = sizeof(edges);
    for (unsigned lead = 0xe0; lead < 0x100; lead++) {
        for (size_t i = 0; i < n * n * n * n; i++) {
            const unsigned char p[] = {(unsigned char)lead, edges[i % n], edges[i / n % n], edges[i / n / n % n],
                                       edges[i / n / n / n]};
            wrong += utf8_valid((struct str){(const char *)p, 5}) != is_valid(p, 5);
        }
    }
    CHECK_INT((long long)wrong, 0);
}

static void a_full_buffer_is_an_error(void)
{
    struct buf doc = buf_make(8);
    CHECK_INT(buf_append(&doc, STR("\"abc\xff\"")), 0);
    CHECK_INT(utf8_repair_json(&doc), 1);
    CHECK_STR(buf_str(&doc), "\"abc" R "\"");
    doc.len = 0;
    CHECK_INT(buf_append(&doc, STR("\"abcd\xff\"")), 0);
    CHECK_INT(utf8_repair_json(&doc), ERR_TOO_LARGE);
    CHECK_STR(buf_str(&doc), "\"abcd\xff\"");
    buf_free(&doc);
}

static void cuts_between_characters(void)
{
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
    static const size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11, 11};
    for (size_t most = 0; most < sizeof(ends) / sizeof(ends[0]); most++) {
        CHECK_INT((long long)utf8_cut(str_of(text), most).n, (long long)ends[most]);
        CHECK(utf8_valid(utf8_cut(str_of(text), most)));
    }
    CHECK_INT((long long)utf8_cut(STR("\x80\x80\x80"), 2).n, 0);
    CHECK_STR(utf8_cut((struct str){NULL, 0}, 5), NULL);
}

TAP_MAIN(TEST(repairs_bytes), TEST(repairs_escapes), TEST(survives_broken_escapes), TEST(cleans),
         TEST(cuts_between_characters), TEST(every_three_bytes), TEST(four_bytes_at_every_edge),
         TEST(a_full_buffer_is_an_error))
