/* Mails as bytes: what a header can hold, what nobody can put into one, and that all comes back. */
#include "caps.h"
#include "mail.h"
#include "tap.h"

static struct mail plain(void)
{
    return (struct mail){.from = STR("Ringback <digest@mail.example.com>"),
                         .to = STR("desk@larkspur.example"),
                         .subject = STR("Tue 17 Nov: 14 calls, 3 to call back"),
                         .html = STR("<p>\"Grüße\" & so on\n</p>"),
                         .text = STR("Two\nlines \\ \"and\" more \xf0\x9f\xa6\xb7"),
                         .unsubscribe_url = STR("https://ringback.example/unsubscribe/abc"),
                         .business_id = STR("3b1f0c52-7d8e-4a6b-9c21-5e4f8a90d7b3"),
                         .local_date = STR("2026-11-17")};
}

static void check_same(const struct mail *got, const struct mail *want)
{
    const struct str *g = &got->from, *w = &want->from;
    for (int i = 0; i < 6; i++) { /* the tags are for delivery events: nobody reads them back */
        CHECK(str_eq(g[i], w[i]));
    }
}

static void one_mail_is_an_object(void)
{
    struct arena a = {0};
    struct buf out = buf_make(CAP_MAIL_BYTES);
    struct mail m = plain(), back[CAP_MAIL_RECIPIENTS];
    size_t count = 0;
    CHECK_INT(mail_write(&out, &m, 1), 0);
    CHECK_STR(buf_str(&out),
              "{\"from\":\"Ringback <digest@mail.example.com>\",\"to\":[\"desk@larkspur.example\"],"
              "\"subject\":\"Tue 17 Nov: 14 calls, 3 to call back\",\"html\":\"<p>\\\"Grüße\\\" & so on\\u000a</p>\","
              "\"text\":\"Two\\u000alines \\\\ \\\"and\\\" more \xf0\x9f\xa6\xb7\","
              "\"headers\":{\"List-Unsubscribe\":\"<https://ringback.example/unsubscribe/abc>\","
              "\"List-Unsubscribe-Post\":\"List-Unsubscribe=One-Click\"},"
              "\"tags\":[{\"name\":\"kind\",\"value\":\"digest\"},"
              "{\"name\":\"business\",\"value\":\"3b1f0c52-7d8e-4a6b-9c21-5e4f8a90d7b3\"},"
              "{\"name\":\"date\",\"value\":\"2026-11-17\"}]}");
    CHECK_INT(mail_read(&a, buf_str(&out), back, &count), 0);
    CHECK_INT(count, 1);
    check_same(&back[0], &m);
    buf_free(&out);
    arena_free(&a);
}

static void several_are_a_list(void)
{
    struct arena a = {0};
    struct buf out = buf_make(CAP_MAIL_BYTES);
    struct mail mails[CAP_MAIL_RECIPIENTS], back[CAP_MAIL_RECIPIENTS];
    size_t count = 0;
    for (size_t i = 0; i < CAP_MAIL_RECIPIENTS; i++) {
        mails[i] = plain();
        mails[i].to = arena_printf(&a, "desk-%zu@larkspur.example", i);
        mails[i].unsubscribe_url = arena_printf(&a, "https://ringback.example/unsubscribe/%zu", i);
    }
    CHECK_INT(mail_write(&out, mails, CAP_MAIL_RECIPIENTS), 0);
    CHECK(out.data[0] == '[' && out.data[out.len - 1] == ']');
    CHECK_INT(mail_read(&a, buf_str(&out), back, &count), 0);
    CHECK_INT(count, CAP_MAIL_RECIPIENTS);
    for (size_t i = 0; i < count; i++) {
        check_same(&back[i], &mails[i]);
    }
    buf_free(&out);
    arena_free(&a);
}

static void without_an_address_no_header(void)
{
    struct arena a = {0};
    struct buf out = buf_make(CAP_MAIL_BYTES);
    struct mail m = plain(), back[CAP_MAIL_RECIPIENTS];
    size_t count = 0;
    m.unsubscribe_url = (struct str){NULL, 0};
    CHECK_INT(mail_write(&out, &m, 1), 0);
    CHECK(!str_has(buf_str(&out), STR("headers")) && !str_has(buf_str(&out), STR("List-Unsubscribe")));
    CHECK_INT(mail_read(&a, buf_str(&out), back, &count), 0);
    CHECK(!back[0].unsubscribe_url.n);
    buf_free(&out);
    arena_free(&a);
}

struct line_case {
    const char *in, *out;
};

static const struct line_case lines[] = {
    {"a\r\nBcc: x@example.org", "a Bcc: x@example.org"},
    {"\r\n\r\na", "a"},
    {"a\tb\x7f\x01"
     "c",
     "a b c"},
    {"a\"},{\"to\":[\"x@example.org\"]", "a\"},{\"to\":[\"x@example.org\"]"},
    {"a\xff"
     "b",
     "a\xef\xbf\xbd"
     "b"},
    {"a\xc2\x85x\xe2\x80\xa8\xe2\x80\xa9y\xc2\xa0z", "a x y\xc2\xa0z"},
    {"caf\xc3\xa9 \xf0\x9f\xa6\xb7", "caf\xc3\xa9 \xf0\x9f\xa6\xb7"},
    {"<a>, b; c", "<a>, b; c"},
};

/* Each text that becomes a header or a tag, one after the other. */
static void a_header_is_one_line(void)
{
    struct arena a = {0};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        tap_case(lines[i].in);
        struct mail m = plain(), back[CAP_MAIL_RECIPIENTS];
        struct buf out = buf_make(CAP_MAIL_BYTES);
        size_t count = 0;
        m.from = m.to = m.subject = m.unsubscribe_url = str_of(lines[i].in);
        CHECK_INT(mail_write(&out, &m, 1), 0);
        CHECK_INT(mail_read(&a, buf_str(&out), back, &count), 0);
        CHECK_INT(count, 1);
        CHECK_STR(back[0].from, lines[i].out);
        CHECK_STR(back[0].to, lines[i].out);
        CHECK_STR(back[0].subject, lines[i].out);
        CHECK_STR(back[0].unsubscribe_url, lines[i].out);
        buf_free(&out);
    }
    arena_free(&a);
}

static void no_control_character_leaves(void)
{
    struct arena a = {0};
    struct buf out = buf_make(CAP_MAIL_BYTES);
    char all[34];
    for (int i = 0; i < 33; i++) {
        all[i] = (char)(i == 32 ? 0x7f : i);
    }
    struct mail m = plain();
    m.from = m.to = m.subject = m.unsubscribe_url = m.business_id = m.local_date = (struct str){all, 33};
    m.html = m.text = STR("x");
    CHECK_INT(mail_write(&out, &m, 1), 0);
    CHECK(!str_has(buf_str(&out), STR("\\"))); /* an escape, as JSON has it for each of them */
    for (size_t i = 0; i < out.len; i++) {
        CHECK((unsigned char)out.data[i] >= 0x20 && out.data[i] != 0x7f);
    }
    buf_free(&out);
    arena_free(&a);
}

static void bodies_keep_their_lines(void)
{
    struct arena a = {0};
    struct buf out = buf_make(CAP_MAIL_BYTES);
    struct mail m = plain(), back[CAP_MAIL_RECIPIENTS];
    size_t count = 0;
    m.html = STR("<p>\r\n\t</p>");
    m.text = STR("a\n\n-- \nb");
    CHECK_INT(mail_write(&out, &m, 1), 0);
    CHECK_INT(mail_read(&a, buf_str(&out), back, &count), 0);
    CHECK(str_eq(back[0].html, m.html) && str_eq(back[0].text, m.text));
    buf_free(&out);
    arena_free(&a);
}

static void too_much_is_refused(void)
{
    struct buf out = buf_make(64);
    struct mail m = plain();
    CHECK_INT(mail_write(&out, &m, 1), ERR_TOO_LARGE);
    buf_free(&out);
}

static void what_is_no_mail_is_refused(void)
{
    static const char *const rows[] = {
        "",
        "[]",
        "{}",
        "null",
        "[{}]",
        "{\"from\":\"a@example.com\"}",
        "{\"to\":[\"a@example.com\"]}",
        "[{\"from\":\"a@example.com\",\"to\":[\"b@example.com\"]},{\"from\":\"a@example.com\"}]",
        "{\"from\":\"a@example.com\",\"to\":[\"b@example.com\"]",
        "[{\"from\":\"a@example.com\",\"to\":[\"b@example.com\"]}",
    };
    struct arena a = {0};
    struct mail back[CAP_MAIL_RECIPIENTS];
    size_t count = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_case(rows[i]);
        CHECK_INT(mail_read(&a, str_of(rows[i]), back, &count), ERR_BAD_JSON);
    }
    arena_free(&a);
}

static void no_more_than_there_is_room_for(void)
{
    struct arena a = {0};
    struct buf out = buf_make(CAP_MAIL_BYTES);
    struct mail mails[CAP_MAIL_RECIPIENTS + 1], back[CAP_MAIL_RECIPIENTS];
    size_t count = 0;
    for (size_t i = 0; i <= CAP_MAIL_RECIPIENTS; i++) {
        mails[i] = plain();
    }
    CHECK_INT(mail_write(&out, mails, CAP_MAIL_RECIPIENTS + 1), 0);
    CHECK_INT(mail_read(&a, buf_str(&out), back, &count), ERR_BAD_JSON);
    buf_free(&out);
    arena_free(&a);
}

TAP_MAIN(TEST(one_mail_is_an_object), TEST(several_are_a_list), TEST(without_an_address_no_header),
         TEST(a_header_is_one_line), TEST(no_control_character_leaves), TEST(bodies_keep_their_lines),
         TEST(too_much_is_refused), TEST(what_is_no_mail_is_refused), TEST(no_more_than_there_is_room_for))
