/* The log: each line is one line, and in JSON each is valid JSON, whatever the texts are. */
#include "caps.h"
#include "log.h"
#include "strict_json.h"
#include "tap.h"
#include "utf8.h"

static char line_bytes[1 << 16];
static int caught = -1, kept_stderr;

/* Standard error goes to a file until line() reads it. */
static void catch (void)
{
    FILE *f = tmpfile();
    fflush(stderr);
    kept_stderr = dup(STDERR_FILENO);
    caught = dup(fileno(f));
    dup2(caught, STDERR_FILENO);
    fclose(f);
}

static struct str line(void)
{
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    ssize_t n = pread(caught, line_bytes, sizeof(line_bytes), 0);
    close(caught);
    return (struct str){line_bytes, n > 0 ? (size_t)n : 0};
}

/* The line behind the time, without its line break. */
static struct str behind_time(struct str l)
{
    size_t json = str_starts(l, STR("{\"ts\":\"")) ? 7 : 0;
    CHECK(l.n > json + 25 && l.p[json + 10] == 'T' && l.p[json + 23] == 'Z');
    l = str_skip(l, json + 24);
    CHECK(l.n && l.p[l.n - 1] == '\n' && str_find(l, '\n') == l.n - 1);
    return str_cut(l, l.n - 1);
}

static void as_json(void)
{
    log_setup(LOG_DEBUG, LOG_FORMAT_JSON);
    catch ();
    log_event(LOG_WARN, "call_stored", LOG_CSTR("call", "x1"), LOG_INT("bytes", -12), LOG_STR("empty", STR("")));
    CHECK_STR(behind_time(line()),
              "\",\"level\":\"warn\",\"event\":\"call_stored\",\"call\":\"x1\",\"bytes\":-12,\"empty\":\"\"}");
    catch ();
    log_event(LOG_DEBUG, "nothing");
    CHECK_STR(behind_time(line()), "\",\"level\":\"debug\",\"event\":\"nothing\"}");
}

static void as_text(void)
{
    log_setup(LOG_DEBUG, LOG_FORMAT_TEXT);
    catch ();
    log_event(LOG_ERROR, "call_stored", LOG_CSTR("call", "x1"), LOG_INT("bytes", 12));
    CHECK_STR(behind_time(line()), " error call_stored call=x1 bytes=12");
    catch ();
    log_event(LOG_INFO, "forged", LOG_CSTR("text", "a\n2026-11-18T15:04:09.000Z error forged\r\x1b[31m\x7f"));
    CHECK_STR(behind_time(line()),
              " info forged text=a\\u000a2026-11-18T15:04:09.000Z error forged\\u000d\\u001b[31m\\u007f");
}

static void levels(void)
{
    static const enum log_level all[] = {LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR};
    for (size_t least = 0; least < 4; least++) {
        for (size_t i = 0; i < 4; i++) {
            log_setup(all[least], LOG_FORMAT_TEXT);
            catch ();
            log_event(all[i], "e");
            CHECK_INT(line().n > 0, i >= least);
            CHECK_INT(log_enabled(all[i]), i >= least);
        }
    }
}

struct row {
    struct str text;
    const char *escaped;
};

static const struct row rows[] = {
    {STR("a\"b\\c"), "a\\\"b\\\\c"},
    {STR("\1\n\r\t\x1f\x7f"), "\\u0001\\u000a\\u000d\\u0009\\u001f\\u007f"},
    {STR("\",\"level\":\"debug"), "\\\",\\\"level\\\":\\\"debug"},
    {STR("caf\xc3\xa9 \xf0\x9f\x98\x80"), "caf\xc3\xa9 \xf0\x9f\x98\x80"},
    {STR("caf\xe9"), "caf\\ufffd"},
    {STR("cut \xf0\x9f\x98"), "cut \\ufffd\\ufffd\\ufffd"},
    {STR("\xed\xa0\x80"), "\\ufffd\\ufffd\\ufffd"},
};

static void texts_are_escaped(void)
{
    log_setup(LOG_DEBUG, LOG_FORMAT_JSON);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char want[256];
        snprintf(want, sizeof(want), "\",\"level\":\"info\",\"event\":\"e\",\"t\":\"%s\",\"n\":1}", rows[i].escaped);
        tap_case(rows[i].escaped);
        catch ();
        log_event(LOG_INFO, "e", LOG_STR("t", rows[i].text), LOG_INT("n", 1));
        struct str l = line();
        CHECK_STR(behind_time(l), want);
        CHECK(strict_json_valid(l, NULL, NULL));
        CHECK(utf8_valid(l));
    }
}

/* Texts of every length and kind: the line is never longer than its cap, and never cut in the middle of something. */
static void the_line_is_capped(void)
{
    static const char *const units[] = {"x", "\"", "\n", "\xc3\xa9", "\xf0\x9f\x98\x80", "\xff"};
    static char text[3 * CAP_LOG_LINE_BYTES];
    log_setup(LOG_DEBUG, LOG_FORMAT_JSON);
    for (size_t n = 900; n < sizeof(text); n = n < 1100 ? n + 1 : n + 997) {
        const char *unit = units[n % 6];
        for (size_t i = 0; i < n; i++) {
            text[i] = unit[i % strlen(unit)];
        }
        struct str t = {text, n};
        catch ();
        log_event(LOG_INFO, "e", LOG_STR("a", t), LOG_INT("b", 1), LOG_STR("c", t), LOG_STR("d", str_cut(t, n / 2)),
                  LOG_STR("e", t), LOG_STR("f", t), LOG_INT("g", INT64_MIN));
        struct str l = line();
        CHECK(l.n <= CAP_LOG_LINE_BYTES);
        CHECK(strict_json_valid(l, NULL, NULL));
        CHECK(utf8_valid(l));
        CHECK(str_has(l, STR(",\"b\":1,")));
        CHECK_INT((long long)str_find(l, '\n'), (long long)l.n - 1);
    }
}

static void a_short_field_fits_behind_a_long_text(void)
{
    static char text[2 * CAP_LOG_LINE_BYTES];
    memset(text, 'x', sizeof(text));
    log_setup(LOG_DEBUG, LOG_FORMAT_JSON);
    catch ();
    log_event(LOG_INFO, "e", LOG_STR("long", ((struct str){text, sizeof(text)})), LOG_CSTR("request", "r1"));
    struct str l = line();
    CHECK(str_ends(l, STR("x\",\"request\":\"r1\"}\n")));
    CHECK(l.n > CAP_LOG_LINE_BYTES / 4);
}

TAP_MAIN(TEST(as_json), TEST(as_text), TEST(levels), TEST(texts_are_escaped), TEST(the_line_is_capped),
         TEST(a_short_field_fits_behind_a_long_text))
