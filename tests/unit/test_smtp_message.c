/* A mail as it travels: headers that hold whatever a business is called, bodies that survive every server. */
#include "caps.h"
#include "smtp_message.h"
#include "tap.h"

#define NOW_US 1795305600000000 /* 2026-11-22 00:00:00 UTC */
#define KEY "digest/8f14e45f-ceea-467f-a0e6-1d2b3c4d5e6f/2026-11-21"

static struct mail plain_mail(void)
{
    return (struct mail){.from = STR("Ringback <digest@example.com>"),
                         .to = STR("owner@example.org"),
                         .subject = STR("Saturday: 3 calls"),
                         .html = STR("<p>Three</p>"),
                         .text = STR("Three"),
                         .unsubscribe_url = STR("https://calls.example.com/unsubscribe/abc")};
}

static int write_mail(struct buf *out, const struct mail *m)
{
    *out = buf_make(CAP_SMTP_MESSAGE_BYTES);
    return smtp_message_write(out, m, (struct smtp_message_id){STR(KEY), 1}, NOW_US);
}

static void all_of_it(void)
{
    static const char want[] = "From: Ringback <digest@example.com>\r\n"
                               "To: owner@example.org\r\n"
                               "Subject: Saturday: 3 calls\r\n"
                               "Date: Sun, 22 Nov 2026 00:00:00 +0000\r\n"
                               "Message-ID: <digest.8f14e45f-ceea-467f-a0e6-1d2b3c4d5e6f.2026-11-21.1@example.com>\r\n"
                               "List-Unsubscribe: <https://calls.example.com/unsubscribe/abc>\r\n"
                               "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
                               "Auto-Submitted: auto-generated\r\n"
                               "MIME-Version: 1.0\r\n"
                               "Content-Type: multipart/alternative; boundary=\"=_ringback\"\r\n"
                               "\r\n"
                               "--=_ringback\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n"
                               "Content-Transfer-Encoding: quoted-printable\r\n"
                               "\r\n"
                               "Three\r\n"
                               "--=_ringback\r\n"
                               "Content-Type: text/html; charset=utf-8\r\n"
                               "Content-Transfer-Encoding: quoted-printable\r\n"
                               "\r\n"
                               "<p>Three</p>\r\n"
                               "--=_ringback--\r\n";
    struct mail m = plain_mail();
    struct buf out;
    CHECK_INT(write_mail(&out, &m), 0);
    CHECK_STR(buf_str(&out), want);
    buf_free(&out);
}

struct header_row {
    const char *text, *line;
};

/* The lines of one header, without their last line end. */
static struct str header(const struct buf *message, const char *name)
{
    struct str s = buf_str(message);
    char start[64];
    snprintf(start, sizeof(start), "\r\n%s: ", name);
    const char *at = memmem(s.p, s.n, start, strlen(start));
    struct str line = at ? str_skip(s, (size_t)(at - s.p) + 2) : s; /* From comes first */
    size_t n = 0;
    while (n + 2 < line.n && !(line.p[n] == '\r' && line.p[n + 2] != ' ')) {
        n++;
    }
    return str_cut(line, n);
}

static void subjects(void)
{
    static const struct header_row rows[] = {
        {"", "Subject: "},
        {"3 calls", "Subject: 3 calls"},
        {"  3 calls ", "Subject: 3 calls"},
        {"a\r\nBcc: x@example.com", "Subject: aBcc: x@example.com"},
        {"a\x01\x7f\tb", "Subject: ab"},
        {"3 calls, 1 booked at Larkspur Dental Studio, and one more line of words that is folded",
         "Subject: 3 calls, 1 booked at Larkspur Dental Studio, and one more line of\r\n words that is folded"},
        {"caf\xc3\xa9", "Subject: =?UTF-8?Q?caf=C3=A9?="},
        {"a  b", "Subject: =?UTF-8?Q?a__b?="},
        {"=?x?= y", "Subject: =?UTF-8?Q?=3D=3Fx=3F=3D_y?="},
        {"bad \xff byte", "Subject: =?UTF-8?Q?bad_=EF=BF=BD_byte?="},
        {"\xe2\x98\x8e\xe2\x98\x8e\xe2\x98\x8e\xe2\x98\x8e\xe2\x98\x8e\xe2\x98\x8e\xe2\x98\x8e",
         "Subject: =?UTF-8?Q?=E2=98=8E=E2=98=8E=E2=98=8E=E2=98=8E=E2=98=8E=E2=98=8E?=\r\n =?UTF-8?Q?=E2=98=8E?="},
        {"Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch x",
         "Subject: =?UTF-8?Q?Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogog?=\r\n =?UTF-8?Q?ogoch_x?="},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mail m = plain_mail();
        struct buf out;
        tap_case(rows[i].line);
        m.subject = str_of(rows[i].text);
        CHECK_INT(write_mail(&out, &m), 0);
        CHECK_STR(header(&out, "Subject"), rows[i].line);
        CHECK(!str_has(buf_str(&out), STR("\nBcc")));
        buf_free(&out);
    }
}

static void senders(void)
{
    static const struct header_row rows[] = {
        {"a@example.com", "From: a@example.com"},
        {" a@example.com ", "From: a@example.com"},
        {"<a@example.com>", "From: a@example.com"},
        {"Larkspur Dental Studio <a@example.com>", "From: Larkspur Dental Studio <a@example.com>"},
        {"Larkspur, Inc. <a@example.com>", "From: \"Larkspur, Inc.\" <a@example.com>"},
        {"\"Larkspur, Inc.\" <a@example.com>", "From: \"Larkspur, Inc.\" <a@example.com>"},
        {"A \"b\" \\c <a@example.com>", "From: \"A \\\"b\\\" \\\\c\" <a@example.com>"},
        {"x@example.com <a@example.com>", "From: \"x@example.com\" <a@example.com>"},
        {"Caf\xc3\xa9 <a@example.com>", "From: =?UTF-8?Q?Caf=C3=A9?= <a@example.com>"},
        {"A\r\nBcc: b <a@example.com>", "From: \"ABcc: b\" <a@example.com>"},
        {"A studio with a rather long name for a sender of mails <a.long.mailbox@example.com>",
         "From: A studio with a rather long name for a sender of mails\r\n <a.long.mailbox@example.com>"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mail m = plain_mail();
        struct buf out;
        tap_case(rows[i].text);
        m.from = str_of(rows[i].text);
        CHECK_INT(write_mail(&out, &m), 0);
        CHECK_STR(header(&out, "From"), rows[i].line);
        CHECK(!str_has(buf_str(&out), STR("\nBcc")));
        buf_free(&out);
    }
}

static void no_address_no_mail(void)
{
    static const char *const rows[] = {
        "",
        "Larkspur",
        "a@",
        "@example.com",
        "a@b@example.com",
        "a b@example.com",
        "Larkspur <a@example.com",
        "Larkspur <>",
        "a@example.com, b@example.com",
        "a\r\n@example.com",
        "caf\xc3\xa9@example.com",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mail m = plain_mail();
        struct buf out;
        tap_case(rows[i]);
        CHECK_STR(smtp_address(str_of(rows[i])), NULL);
        m.to = str_of(rows[i]);
        CHECK_INT(write_mail(&out, &m), ERR_BAD_REQUEST);
        buf_free(&out);
    }
    CHECK_STR(smtp_address((struct str){NULL, 0}), NULL);
}

/* The body behind the first blank line after `type`, up to the boundary. */
static struct str part(const struct buf *message, const char *type)
{
    struct str s = buf_str(message);
    s = str_skip(s, (size_t)((const char *)memmem(s.p, s.n, type, strlen(type)) - s.p));
    s = str_skip(s, (size_t)((const char *)memmem(s.p, s.n, "\r\n\r\n", 4) - s.p) + 4);
    return str_cut(s, (size_t)((const char *)memmem(s.p, s.n, "\r\n--=_ringback", 14) - s.p));
}

static void bodies(void)
{
    static const struct header_row rows[] = {
        {"", ""},
        {"a\nb\r\nc\rd\n", "a\r\nb\r\nc\r\nd\r\n"},
        {"a \nb\t\nc ", "a=20\r\nb=09\r\nc=20"},
        {"1=1", "1=3D1"},
        {"caf\xc3\xa9", "caf=C3=A9"},
        {"--=_ringback", "--=3D_ringback"},
        {".\n..\n", ".\r\n..\r\n"},
        {"0123456789012345678901234567890123456789012345678901234567890123456789012345",
         "0123456789012345678901234567890123456789012345678901234567890123456789012345"},
        {"01234567890123456789012345678901234567890123456789012345678901234567890123456",
         "012345678901234567890123456789012345678901234567890123456789012345678901234=\r\n56"},
        {"012345678901234567890123456789012345678901234567890123456789012345678901234\xc3\xa9",
         "012345678901234567890123456789012345678901234567890123456789012345678901234=\r\n=C3=A9"},
        {"01234567890123456789012345678901234567890123456789012345678901234567890123 ",
         "01234567890123456789012345678901234567890123456789012345678901234567890123=\r\n=20"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mail m = plain_mail();
        struct buf out;
        tap_case(rows[i].line);
        m.text = m.html = str_of(rows[i].text);
        CHECK_INT(write_mail(&out, &m), 0);
        CHECK_STR(part(&out, "text/plain"), rows[i].line);
        CHECK_STR(part(&out, "text/html"), rows[i].line);
        buf_free(&out);
    }
}

static void lines_are_short_and_end_in_crlf(void)
{
    struct mail m = plain_mail();
    struct buf out;
    char text[4096];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)(i * 7 % 256);
    }
    m.text = m.html = m.subject = (struct str){text, sizeof(text)};
    CHECK_INT(write_mail(&out, &m), 0);
    for (struct str s = buf_str(&out); s.n;) {
        size_t n = str_find(s, '\n');
        CHECK(n < s.n && n > 0 && s.p[n - 1] == '\r' && (n <= 77 || str_starts(s, STR("Message-ID:"))));
        for (size_t i = 0; i + 1 < n; i++) {
            CHECK((s.p[i] >= 0x20 && s.p[i] < 0x7f) || s.p[i] == '\t');
        }
        s = str_skip(s, n + 1);
    }
    buf_free(&out);
}

static void links_hold_nothing_else(void)
{
    struct mail m = plain_mail();
    struct buf out;
    m.unsubscribe_url = STR("https://x.example/a>\r\nBcc: b@example.com\x01");
    CHECK_INT(write_mail(&out, &m), 0);
    CHECK_STR(header(&out, "List-Unsubscribe"), "List-Unsubscribe: <https://x.example/aBcc:b@example.com>");
    buf_free(&out);
    m.unsubscribe_url = (struct str){NULL, 0};
    CHECK_INT(write_mail(&out, &m), 0);
    CHECK(!str_has(buf_str(&out), STR("List-Unsubscribe")));
    buf_free(&out);
}

static void too_large(void)
{
    struct mail m = plain_mail();
    struct buf out = buf_make(500);
    CHECK_INT(smtp_message_write(&out, &m, (struct smtp_message_id){STR(KEY), 0}, NOW_US), ERR_TOO_LARGE);
    buf_free(&out);
}

TAP_MAIN(TEST(all_of_it), TEST(subjects), TEST(senders), TEST(no_address_no_mail), TEST(bodies),
         TEST(lines_are_short_and_end_in_crlf), TEST(links_hold_nothing_else), TEST(too_large))
