/* Settings: what is read, what is filled in, and what stops the start. Environments are written "NAME=value|NAME=value";
 * @ stands for a file that holds the text "from the file". */
#include "caps.h"
#include "config.h"
#include "err.h"
#include "tap.h"

static char file_name[] = "/tmp/ringback-config-XXXXXX";

static void write_file(const char *bytes, size_t n)
{
    FILE *f = fopen(file_name, "wb");
    CHECK(f && fwrite(bytes, 1, n, f) == n);
    fclose(f);
}

static int read_env(const char *env, struct config *c, struct str *why_out)
{
    char copy[2000], *rest = copy, *pair;
    snprintf(copy, sizeof(copy), "%s", env);
    clearenv();
    while ((pair = strsep(&rest, "|"))) {
        char *value = strchr(pair, '=');
        if (value) {
            *value++ = 0;
            setenv(pair, strcmp(value, "@") == 0 ? file_name : value, 1);
        }
    }
    *why_out = (struct str){NULL, 0};
    return config_read(c, why_out);
}

static void defaults(void)
{
    struct config c;
    struct str why;
    CHECK_INT(read_env("PATH=/bin|HOME=/|LOGNAME=x|LISTEN_PID=1|VAPID_KEY=z|DATABASE=y|TWILLIO_X=1", &c, &why), 0);
    CHECK_STR(c.listen_host, "127.0.0.1");
    CHECK_INT(c.listen_port, 8080);
    CHECK_STR(c.admin_host, "127.0.0.1");
    CHECK_INT(c.admin_port, 9464);
    CHECK_INT(c.log_least, LOG_INFO);
    CHECK_INT(c.log_form, LOG_FORMAT_JSON);
    CHECK_STR(c.vapi_api_url, "https://api.vapi.ai");
    CHECK_STR(c.resend_api_url, "https://api.resend.com");
    CHECK_STR(c.calcom_api_url, "https://api.cal.com");
    CHECK_STR(c.digest_schedule, "07:00 local");
    CHECK_STR(c.database_url, NULL);
    CHECK_STR(c.twilio_auth_token, NULL);
    CHECK(!c.insecure_dev);
    config_free(&c);
}

struct address_row {
    const char *env, *host;
    int port;
};

static void listeners(void)
{
    static const struct address_row rows[] = {
        {"LISTEN=10.0.0.1:81", "10.0.0.1", 81},
        {"LISTEN=127.0.0.1:0", "127.0.0.1", 0},
        {"LISTEN=0.0.0.0:65535", "0.0.0.0", 65535},
        {"LISTEN=[::1]:8080", "::1", 8080},
        {"LISTEN=[::]:8080", "::", 8080},
        {"PORT=3000", "0.0.0.0", 3000},
        {"PORT=3000|LISTEN=127.0.0.1:81", "127.0.0.1", 81},
        {"PORT=|LISTEN=", "127.0.0.1", 8080},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config c;
        struct str why;
        tap_case(rows[i].env);
        CHECK_INT(read_env(rows[i].env, &c, &why), 0);
        CHECK_STR(c.listen_host, rows[i].host);
        CHECK_INT(c.listen_port, rows[i].port);
        CHECK_STR(c.admin_host, "127.0.0.1");
        config_free(&c);
    }
}

/* 31 bytes; with "1f" at the end they are the key whose base64 stands in secrets_keys. */
#define HEX_31 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e"

struct refusal {
    const char *env;
    const char *name; /* that the line begins with */
    const char *says; /* and that stands in it */
};

static const struct refusal refusals[] = {
    {"TWILIO_FOO=1", "TWILIO_FOO", "no such setting"},
    {"VAPI_APIKEY=hush", "VAPI_APIKEY", "no such setting"},
    {"VAPI_=hush", "VAPI_", "no such setting"},
    {"RESEND_KEY=hush", "RESEND_KEY", "no such setting"},
    {"LOG_LEVELS=info", "LOG_LEVELS", "no such setting"},
    {"ADMIN_LISTENER=x", "ADMIN_LISTENER", "no such setting"},
    {"CRON_SECRETS_FILE=@", "CRON_SECRETS_FILE", "no such setting"},
    {"VAPI_API_KEY_FILE_FILE=@", "VAPI_API_KEY_FILE_FILE", "no such setting"},
    {"SUPABASE_KEY=", "SUPABASE_KEY", "no such setting"},
    {"CRON_SECRET=hush|CRON_SECRET_FILE=@", "CRON_SECRET", "by value and by file"},
    {"CRON_SECRET_FILE=/nonexistent/hush", "CRON_SECRET_FILE", "cannot be read"},
    {"CRON_SECRET_FILE=/", "CRON_SECRET_FILE", "cannot be read"},
    {"LISTEN=127.0.0.1", "LISTEN", "address:port"},
    {"LISTEN=:8080", "LISTEN", "address:port"},
    {"LISTEN=127.0.0.1:", "LISTEN", "address:port"},
    {"LISTEN=127.0.0.1:65536", "LISTEN", "address:port"},
    {"LISTEN=127.0.0.1:-1", "LISTEN", "address:port"},
    {"LISTEN=127.0.0.1:80a", "LISTEN", "address:port"},
    {"LISTEN=127.0.0.1:80.5", "LISTEN", "address:port"},
    {"LISTEN=127.0.0.1:8e1", "LISTEN", "address:port"},
    {"LISTEN=127.0.0.1:+80", "LISTEN", "address:port"},
    {"LISTEN=127.0.0.1: 80", "LISTEN", "address:port"},
    {"LISTEN=127.0.0.1:000000000080", "LISTEN", "address:port"},
    {"LISTEN=[]:80", "LISTEN", "address:port"},
    {"LISTEN=nowhere|PORT=80", "LISTEN", "address:port"},
    {"PORT=http", "PORT", "0 to 65535"},
    {"PORT=65536", "PORT", "0 to 65535"},
    {"PORT=80.5", "PORT", "0 to 65535"},
    {"PORT=1:80", "PORT", "0 to 65535"},
    {"ADMIN_LISTEN=here", "ADMIN_LISTEN", "address:port"},
    {"LOG_LEVEL=loud", "LOG_LEVEL", "debug, info, warn, error"},
    {"LOG_LEVEL=INFO", "LOG_LEVEL", "debug, info, warn, error"},
    {"LOG_FORMAT=xml", "LOG_FORMAT", "json or text"},
    {"PUBLIC_URL=missedcall.example.com", "PUBLIC_URL", "https://"},
    {"PUBLIC_URL=https://", "PUBLIC_URL", "https://"},
    {"PUBLIC_URL=HTTPS://missedcall.example.com", "PUBLIC_URL", "https://"},
    {"VAPI_API_URL=ftp://x", "VAPI_API_URL", "https://"},
    {"SUPABASE_URL=db.example.com", "SUPABASE_URL", "https://"},
    {"RESEND_API_URL=x", "RESEND_API_URL", "https://"},
    {"CALCOM_API_URL=x", "CALCOM_API_URL", "https://"},
    {"DASHBOARD_URL=x", "DASHBOARD_URL", "https://"},
    {"DATABASE_URL=mysql://u:hush@h/d", "DATABASE_URL", "postgresql://"},
    {"DATABASE_URL=somewhere", "DATABASE_URL", "postgresql://"},
    {"DATABASE_URL=postgresql://u:hush@h:6543/d", "DATABASE_URL", "6543"},
    {"DATABASE_URL=postgres://u:hush@h:6543", "DATABASE_URL", "6543"},
    {"DATABASE_URL=postgresql://h:6543?sslmode=require", "DATABASE_URL", "6543"},
    {"DATABASE_URL=postgresql://h1:5432,h2:6543/d", "DATABASE_URL", "6543"},
    {"DATABASE_URL=postgresql://[::1]:6543/d", "DATABASE_URL", "6543"},
    {"DATABASE_URL=postgresql://h/d?port=6543", "DATABASE_URL", "6543"},
    {"DATABASE_URL=host=h port=6543 dbname=d", "DATABASE_URL", "6543"},
    {"DATABASE_URL=host=h port = 6543", "DATABASE_URL", "6543"},
    {"DATABASE_URL=host=h port='6543'", "DATABASE_URL", "6543"},
    {"DATABASE_URL=host=h,i port=5432,6543", "DATABASE_URL", "6543"},
    {"MIGRATE_DATABASE_URL=postgresql://h:6543/d", "MIGRATE_DATABASE_URL", "6543"},
    {"TWILIO_ACCOUNT_SID=SK12", "TWILIO_ACCOUNT_SID", "AC and 32 hex digits"},
    {"TWILIO_ACCOUNT_SID=AC3f9b1d7e5a2c4860b8d6f4e2a0c1937", "TWILIO_ACCOUNT_SID", "AC and 32 hex digits"},
    {"TWILIO_ACCOUNT_SID=AC3f9b1d7e5a2c4860b8d6f4e2a0c1937g", "TWILIO_ACCOUNT_SID", "AC and 32 hex digits"},
    {"DIGEST_SCHEDULE=daily", "DIGEST_SCHEDULE", "13:00 utc"},
    {"DIGEST_SCHEDULE=24:00 utc", "DIGEST_SCHEDULE", "13:00 utc"},
    {"DIGEST_SCHEDULE=07:60 local", "DIGEST_SCHEDULE", "13:00 utc"},
    {"DIGEST_SCHEDULE=7:00 local", "DIGEST_SCHEDULE", "13:00 utc"},
    {"DIGEST_SCHEDULE=09:00 local", "DIGEST_SCHEDULE", "choose their hour"},
    {"DIGEST_SCHEDULE=07:00 Berlin", "DIGEST_SCHEDULE", "13:00 utc"},
    {"TWILIO_AUTH_TOKEN=hush", "PUBLIC_URL", "TWILIO_AUTH_TOKEN"},
    {"TWILIO_AUTH_TOKEN_PREVIOUS=hush", "TWILIO_AUTH_TOKEN", "TWILIO_AUTH_TOKEN_PREVIOUS"},
    {"VAPI_WEBHOOK_SECRET_PREVIOUS=hush", "VAPI_WEBHOOK_SECRET", "VAPI_WEBHOOK_SECRET_PREVIOUS"},
    {"VAPI_API_KEY=hush", "VAPI_PHONE_NUMBER_ID", "half configured"},
    {"VAPI_PHONE_NUMBER_ID=p", "VAPI_API_KEY", "half configured"},
    {"VAPI_API_KEY=hush|VAPI_PHONE_NUMBER_ID=p", "PUBLIC_URL", "VAPI_API_KEY"},
    {"VAPI_API_KEY=hush|VAPI_PHONE_NUMBER_ID=p|PUBLIC_URL=https://x", "VAPI_WEBHOOK_SECRET", "VAPI_HMAC_SECRET"},
    {"RESEND_API_KEY=hush", "RESEND_FROM", "RESEND_API_KEY"},
    {"RESEND_API_KEY=hush|RESEND_FROM=digest@example.com", "PUBLIC_URL", "links"},
    {"RESEND_WEBHOOK_SECRET=whsec_", "RESEND_WEBHOOK_SECRET", "base64"},
    {"RESEND_WEBHOOK_SECRET=whsec_hush!", "RESEND_WEBHOOK_SECRET", "base64"},
    {"RESEND_WEBHOOK_SECRET=WHSEC_AQID", "RESEND_WEBHOOK_SECRET", "base64"},
    {"RESEND_WEBHOOK_SECRET=whsec_AQI", "RESEND_WEBHOOK_SECRET", "base64"},
    {"CALCOM_API_KEY=hush", "CALCOM_API_KEY", "no such setting"},
    {"SECRETS_KEY=hush", "SECRETS_KEY", "openssl rand -hex 32"},
    {"SECRETS_KEY=" HEX_31, "SECRETS_KEY", "64 hex digits"},
    {"SECRETS_KEY=" HEX_31 "f", "SECRETS_KEY", "64 hex digits"},
    {"SECRETS_KEY=" HEX_31 "fg", "SECRETS_KEY", "64 hex digits"},
    {"SECRETS_KEY=" HEX_31 "ffff", "SECRETS_KEY", "64 hex digits"},
    {"SECRETS_KEY= " HEX_31 "f", "SECRETS_KEY", "64 hex digits"},
    {"SECRETS_KEY=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", "SECRETS_KEY", "64 hex digits"},
    {"SECRETS_KEY=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "SECRETS_KEY", "64 hex digits"},
    {"SECRETS_KEY=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g", "SECRETS_KEY", "64 hex digits"},
    {"SECRETS_KEY_FILE=@", "SECRETS_KEY", "64 hex digits"},
    {"SMTP_URL=smtp://mail.example.com", "RESEND_FROM", "SMTP_URL"},
    {"SMTP_URL=mail.example.com:587", "SMTP_URL", "smtp://user:password@host:587"},
    {"SMTP_URL=https://mail.example.com", "SMTP_URL", "smtps://"},
    {"SMTP_URL=smtp://", "SMTP_URL", "smtps://"},
    {"SMTP_URL=smtp://u:hush@", "SMTP_URL", "smtps://"},
    {"SMTP_URL=smtp://u:hush@:587", "SMTP_URL", "smtps://"},
    {"SMTP_URL=smtp://u:hush@mail.example.com:", "SMTP_URL", "smtps://"},
    {"SMTP_URL=smtp://u:hush@mail.example.com:0", "SMTP_URL", "smtps://"},
    {"SMTP_URL=smtp://u:hush@mail.example.com:65536", "SMTP_URL", "smtps://"},
    {"SMTP_URL=smtp://u:hush@mail.example.com:587/x", "SMTP_URL", "smtps://"},
    {"SMTP_URL=smtp://u:hush@mail.example.com?x", "SMTP_URL", "smtps://"},
    {"SMTP_URL=smtp://u:hush@[::1", "SMTP_URL", "smtps://"},
    {"SMTP_URL=smtp://u@mail.example.com", "SMTP_URL", "smtps://"},
    {"SMTP_URL=smtp://u:@mail.example.com", "SMTP_URL", "smtps://"},
    {"SMTP_URL=smtp://:hush@mail.example.com", "SMTP_URL", "smtps://"},
    {"SMTP_URL=smtp://u@example.com:hush@mail.example.com", "SMTP_URL", "%40"},
    {"SMTP_URL=smtp://u:hu:hush@mail.example.com", "SMTP_URL", "%40"},
    {"SMTP_URL=smtp://u:hush/x@mail.example.com", "SMTP_URL", "%40"},
    {"SMTP_URL=smtp://u:hush x@mail.example.com", "SMTP_URL", "%40"},
    {"SMTP_URL=smtp://mail.example.com|RESEND_API_KEY=hush|RESEND_FROM=digest@example.com|PUBLIC_URL=https://x",
     "SMTP_URL", "set one of them"},
    {"SUPABASE_JWT_SECRET=hush", "SUPABASE_URL", "SUPABASE_JWT_SECRET"},
    {"SUPABASE_URL=https://x.supabase.co", "SUPABASE_ANON_KEY", "publishable"},
    {"SUPABASE_ANON_KEY=sb_publishable_x", "SUPABASE_URL", "SUPABASE_ANON_KEY"},
    {"SUPABASE_URL=https://x.supabase.co|SUPABASE_ANON_KEY=sb_secret_hush", "SUPABASE_ANON_KEY",
     "never reach a browser"},
    {"SUPABASE_URL=https://x.supabase.co|SUPABASE_ANON_KEY=hush|SUPABASE_SERVICE_KEY=hush", "SUPABASE_ANON_KEY",
     "never reach a browser"},
    {"SUPABASE_URL=https://x.supabase.co|SUPABASE_ANON_KEY=eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJzdXBhYmFzZSIsInJvbGUiOiJzZXJ2aWNlX3JvbGUifQ.c2ln",
     "SUPABASE_ANON_KEY", "never reach a browser"},
};

static void each_doubt_has_its_line(void)
{
    write_file("hush", 4);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct refusal *r = &refusals[i];
        char begins[64];
        struct config c;
        struct str why;
        snprintf(begins, sizeof(begins), "%s: ", r->name);
        tap_case(r->env);
        CHECK_INT(read_env(r->env, &c, &why), ERR_BAD_SETTING);
        CHECK(str_starts(why, str_of(begins)));
        CHECK(str_has(why, str_of(r->says)));
        CHECK(!str_has(why, STR("hush")) && !str_has(why, STR("\n")));
        if (tap.failures) {
            tap_print("says", why);
        }
        config_free(&c);
    }
}

static void accepted(void)
{
    static const char *const rows[] = {
        "DATABASE_URL=postgresql://u:p@h:5432/d",
        "DATABASE_URL=postgres://h",
        "DATABASE_URL=postgresql://h:65432/d",
        "DATABASE_URL=postgresql://h:16543/d",
        "DATABASE_URL=postgresql://u:6543@h:5432/d",
        "DATABASE_URL=postgresql://u:x:6543y@h:5432/d",
        "DATABASE_URL=postgresql://h/6543",
        "DATABASE_URL=postgresql://h/d?application_name=p:6543",
        "DATABASE_URL=host=h port=5432 dbname=6543 password=6543",
        "DATABASE_URL=host=h port=65430",
        "DATABASE_URL=host=/run/postgresql",
        "DIGEST_SCHEDULE=13:00 utc",
        "DIGEST_SCHEDULE=07:59 local",
        "DIGEST_SCHEDULE=23:59 utc",
        "TWILIO_ACCOUNT_SID=AC3f9b1d7e5a2c4860b8d6f4e2a0c19375",
        "TWILIO_AUTH_TOKEN=t|TWILIO_AUTH_TOKEN_PREVIOUS=u|PUBLIC_URL=https://x",
        "VAPI_API_KEY=k|VAPI_PHONE_NUMBER_ID=p|PUBLIC_URL=https://x|VAPI_WEBHOOK_SECRET=s",
        "VAPI_API_KEY=k|VAPI_PHONE_NUMBER_ID=p|PUBLIC_URL=https://x|VAPI_HMAC_SECRET=s",
        "VAPI_WEBHOOK_SECRET=s",
        "RESEND_API_KEY=k|RESEND_FROM=Larkspur <digest@example.com>|DASHBOARD_URL=https://calls.example.com",
        "SMTP_URL=smtp://mail.example.com|RESEND_FROM=digest@example.com|PUBLIC_URL=https://x",
        "SMTP_URL=smtp://127.0.0.1:2525/|RESEND_FROM=digest@example.com|PUBLIC_URL=https://x",
        "SMTP_URL=smtp://u%40example.com:p%3a%2f@mail.example.com:587|RESEND_FROM=a@example.com|PUBLIC_URL=https://x",
        "SMTP_URL=smtps://u:p@[2001:db8::1]:465|RESEND_FROM=digest@example.com|PUBLIC_URL=https://x",
        "SMTP_URL=smtps://u:p@[2001:db8::1]|RESEND_FROM=digest@example.com|PUBLIC_URL=https://x",
        "TWILIO_AUTH_TOKEN=|VAPI_API_KEY=",
        "LOG_LEVEL=debug|LOG_FORMAT=text",
        "VAPI_API_URL=http://127.0.0.1:9000",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config c;
        struct str why;
        tap_case(rows[i]);
        CHECK_INT(read_env(rows[i], &c, &why), 0);
        CHECK_STR(why, NULL);
        config_free(&c);
    }
}

static void values(void)
{
    struct config c;
    struct str why;
    CHECK_INT(read_env("PUBLIC_URL=https://missedcall.example.com//|LOG_LEVEL=error|LOG_FORMAT=text|CRON_SECRET= a b ",
                       &c, &why),
              0);
    CHECK_STR(c.public_url, "https://missedcall.example.com");
    CHECK_INT(c.log_least, LOG_ERROR);
    CHECK_INT(c.log_form, LOG_FORMAT_TEXT);
    CHECK_STR(c.cron_secret, " a b ");
    /* The struct does not depend on the environment any more. */
    clearenv();
    CHECK_STR(c.public_url, "https://missedcall.example.com");
    config_free(&c);
}

static void webhook_keys(void)
{
    static const char *const rows[] = {"RESEND_WEBHOOK_SECRET=whsec_a2V5", "RESEND_WEBHOOK_SECRET=a2V5"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config c;
        struct str why;
        CHECK_INT(read_env(rows[i], &c, &why), 0);
        CHECK_STR(c.resend_webhook_key, "key");
        config_free(&c);
    }
}

static void read_key(const char *env, char bytes_out[32], char name_out[17])
{
    struct config c;
    struct str why;
    tap_case(env);
    CHECK_INT(read_env(env, &c, &why), 0);
    CHECK_INT((long long)c.secrets_key_bytes.n, 32);
    CHECK_INT((long long)c.secrets_key_id.n, 16);
    CHECK_INT((long long)strlen(c.secrets_key_id.p), 16);
    memcpy(bytes_out, c.secrets_key_bytes.p, 32);
    memcpy(name_out, c.secrets_key_id.p, 17);
    config_free(&c);
}

/* One key however it is written, and so one name, which is not a part of it; another key has another name. */
static void secrets_keys(void)
{
    static const char *const same[] = {
        "SECRETS_KEY=" HEX_31 "1f",
        "SECRETS_KEY=000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
        "SECRETS_KEY=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "SECRETS_KEY_FILE=@",
    };
    char bytes[32], name[17];
    write_file(HEX_31 "1f\n", 65);
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        read_key(same[i], bytes, name);
        for (char k = 0; k < 32; k++) {
            CHECK_INT(bytes[(int)k], k);
        }
        /* HMAC-SHA-256 of "name of the key". Rows in databases are known by it: it may never change. */
        CHECK_STR(str_of(name), "24dd9ddb826a1756");
        CHECK(!str_has(STR(HEX_31 "1f"), str_of(name)));
    }
    read_key("SECRETS_KEY=" HEX_31 "1e", bytes, name);
    CHECK(strcmp(name, "24dd9ddb826a1756") != 0);
}

static void no_secrets_key(void)
{
    struct config c;
    struct str why;
    CHECK_INT(read_env("SECRETS_KEY=", &c, &why), 0);
    CHECK_STR(c.secrets_key_bytes, NULL);
    CHECK_STR(c.secrets_key_id, NULL);
    config_free(&c);
}

static void check_file(struct str bytes, const char *want)
{
    struct config c;
    struct str why;
    write_file(bytes.p, bytes.n);
    tap_case(want ? want : "(refused)");
    CHECK_INT(read_env("CRON_SECRET_FILE=@", &c, &why), want ? 0 : ERR_BAD_SETTING);
    if (want) {
        CHECK_STR(c.cron_secret, want);
    }
    config_free(&c);
}

static void by_file(void)
{
    static char large[CAP_SETTING_BYTES + 1];
    check_file(STR("secret"), "secret");
    check_file(STR("secret\n"), "secret");
    check_file(STR("secret\r\n\r\n"), "secret");
    check_file(STR("two\nlines\n"), "two\nlines");
    check_file(STR(" blanks stay "), " blanks stay ");
    check_file(STR(""), NULL);
    check_file(STR("\n\n"), NULL);
    check_file(STR("zero\0byte"), NULL);
    memset(large, 'x', sizeof(large));
    check_file((struct str){large, sizeof(large)}, NULL);
    check_file((struct str){large, CAP_SETTING_BYTES}, NULL);
    unlink(file_name);
}

static void make_file(void)
{
    int fd = mkstemp(file_name);
    CHECK(fd >= 0);
    close(fd);
}

TAP_MAIN(TEST(make_file), TEST(defaults), TEST(listeners), TEST(each_doubt_has_its_line), TEST(accepted), TEST(values),
         TEST(webhook_keys), TEST(secrets_keys), TEST(no_secrets_key), TEST(by_file))
