#include "config.h"
#include "caps.h"
#include "crypto.h"
#include "err.h"
#include "field.h"
#include <stdio.h>
#include <stdlib.h>

struct setting {
    struct field field;
    const char *standard; /* value when unset */
    const char *help;
};

#define SETTING(member, name, standard, flags, help) {FIELD(struct config, member, name, STR, flags), standard, help}
#define SECRET FIELD_SECRET

static const struct setting settings[] = {
    SETTING(database_url, "DATABASE_URL", NULL, SECRET, "Postgres, as the server's own login (not port 6543)"),
    SETTING(migrate_database_url, "MIGRATE_DATABASE_URL", NULL, SECRET, "Postgres, as the owner; else DATABASE_URL"),
    SETTING(listen, "LISTEN", NULL, 0,
            "address of the public listener; 127.0.0.1:8080 if neither this nor PORT is set"),
    SETTING(port, "PORT", NULL, 0, "alone: listen on every address at this port"),
    SETTING(admin_listen, "ADMIN_LISTEN", "127.0.0.1:9464", 0, "address of the listener with /metrics"),
    SETTING(public_url, "PUBLIC_URL", NULL, 0, "https address under which the providers reach this server"),
    SETTING(trusted_proxies, "TRUSTED_PROXIES", "127.0.0.0/8, ::1", 0, "networks whose X-Forwarded-For is believed"),
    SETTING(spool_dir, "SPOOL_DIR", NULL, 0, "directory of the local spool"),
    SETTING(log_level, "LOG_LEVEL", "info", 0, "debug, info, warn or error"),
    SETTING(log_format, "LOG_FORMAT", "json", 0, "json or text"),
    SETTING(twilio_auth_token, "TWILIO_AUTH_TOKEN", NULL, SECRET, "signs Twilio's requests"),
    SETTING(twilio_auth_token_previous, "TWILIO_AUTH_TOKEN_PREVIOUS", NULL, SECRET, "also accepted, while rotating"),
    SETTING(twilio_account_sid, "TWILIO_ACCOUNT_SID", NULL, 0, "AC and 32 hex digits"),
    SETTING(vapi_api_key, "VAPI_API_KEY", NULL, SECRET, "Vapi's private key"),
    SETTING(vapi_api_url, "VAPI_API_URL", "https://api.vapi.ai", 0, "Vapi's API"),
    SETTING(vapi_assistant_id, "VAPI_ASSISTANT_ID", NULL, 0, "assistant of businesses that name none"),
    SETTING(vapi_phone_number_id, "VAPI_PHONE_NUMBER_ID", NULL, 0, "Vapi's id of the Twilio number"),
    SETTING(vapi_webhook_secret, "VAPI_WEBHOOK_SECRET", NULL, SECRET, "x-vapi-secret or Bearer token of Vapi's posts"),
    SETTING(vapi_webhook_secret_previous, "VAPI_WEBHOOK_SECRET_PREVIOUS", NULL, SECRET,
            "also accepted, while rotating"),
    SETTING(vapi_hmac_secret, "VAPI_HMAC_SECRET", NULL, SECRET, "key of Vapi's HMAC credential"),
    SETTING(supabase_url, "SUPABASE_URL", NULL, 0, "the Supabase project"),
    SETTING(supabase_anon_key, "SUPABASE_ANON_KEY", NULL, 0, "anon or publishable key, for browsers"),
    SETTING(supabase_service_key, "SUPABASE_SERVICE_KEY", NULL, SECRET, "key for the server alone"),
    SETTING(supabase_jwt_secret, "SUPABASE_JWT_SECRET", NULL, SECRET, "only for projects that still sign with HS256"),
    SETTING(resend_api_key, "RESEND_API_KEY", NULL, SECRET, "sends the digest"),
    SETTING(resend_api_url, "RESEND_API_URL", "https://api.resend.com", 0, "Resend's API"),
    SETTING(resend_from, "RESEND_FROM", NULL, 0, "sender of the digest"),
    SETTING(resend_webhook_secret, "RESEND_WEBHOOK_SECRET", NULL, SECRET, "signs Resend's events"),
    SETTING(smtp_url, "SMTP_URL", NULL, SECRET,
            "mail server, instead of Resend: smtp://user:password@host:587 or smtps://"),
    SETTING(calcom_api_url, "CALCOM_API_URL", "https://api.cal.com", 0, "Cal.com's API"),
    SETTING(secrets_key, "SECRETS_KEY", NULL, SECRET,
            "encrypts the credentials of businesses at rest: 64 hex digits (openssl rand -hex 32)"),
    SETTING(cron_secret, "CRON_SECRET", NULL, SECRET, "opens /api/cron/daily-digest"),
    SETTING(digest_schedule, "DIGEST_SCHEDULE", "07:00 local", 0,
            "each business at its own hour (\"07:MM local\": and MM minutes), or \"13:00 utc\": all at once"),
    SETTING(dashboard_url, "DASHBOARD_URL", NULL, 0, "address of the dashboard in mails; else PUBLIC_URL"),
};
#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

/* A name that begins so and is not in the table is a typing error. */
static const char *const prefixes[] = {"TWILIO_", "VAPI_",        "SUPABASE_", "RESEND_", "CALCOM_",
                                       "DIGEST_", "ADMIN_LISTEN", "SPOOL_",    "LOG_",    "SMTP_",
                                       "CRON_",   "SECRETS_",     "DASHBOARD_"};

extern char **environ;

static struct str *member(struct config *c, const struct setting *s)
{
    return (struct str *)(void *)((char *)c + s->field.offset);
}

static int refuse(struct config *c, struct str *why_out, const char *name, const char *why)
{
    *why_out = arena_printf(&c->arena, "%s: %s", name, why);
    return ERR_BAD_SETTING;
}

static int read_file(struct config *c, const char *path, struct str *value_out)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        return ERR_BAD_SETTING;
    }
    char *bytes = arena_alloc(&c->arena, CAP_SETTING_BYTES);
    size_t n = fread(bytes, 1, CAP_SETTING_BYTES, f);
    fclose(f);
    while (n && (bytes[n - 1] == '\n' || bytes[n - 1] == '\r')) {
        n--;
    }
    bytes[n < CAP_SETTING_BYTES ? n : 0] = 0;
    *value_out = (struct str){bytes, n};
    return n && n < CAP_SETTING_BYTES && !memchr(bytes, 0, n) ? 0 : ERR_BAD_SETTING;
}

static int read_setting(struct config *c, const struct setting *s, struct str *why_out)
{
    char file_name[64];
    snprintf(file_name, sizeof(file_name), "%s_FILE", s->field.name);
    const char *value = getenv(s->field.name), *file = getenv(file_name);
    struct str *at = member(c, s);
    if (value && *value && file && *file) {
        return refuse(c, why_out, s->field.name, "set by value and by file; keep one of them");
    }
    if (file && *file) {
        int rc = read_file(c, file, at);
        return rc < 0 ? refuse(c, why_out, file_name, "that file cannot be read, is empty or is too long") : 0;
    }
    *at = value && *value ? arena_copy(&c->arena, str_of(value)) : str_of(s->standard);
    return 0;
}

static bool is_known(struct str name)
{
    struct str stem = str_ends(name, STR("_FILE")) ? str_cut(name, name.n - 5) : name;
    for (size_t i = 0; i < SETTINGS; i++) {
        struct str known = str_of(settings[i].field.name);
        if (str_eq(known, name) || str_eq(known, stem)) {
            return true;
        }
    }
    return false;
}

static int refuse_unknown(struct config *c, struct str *why_out)
{
    for (char **e = environ; *e; e++) {
        const char *eq = strchr(*e, '=');
        struct str name = {*e, eq ? (size_t)(eq - *e) : strlen(*e)};
        for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
            if (str_starts(name, str_of(prefixes[i])) && !is_known(name)) {
                return refuse(c, why_out, arena_copy(&c->arena, name).p,
                              "no such setting; `ringback serve --help` lists them");
            }
        }
    }
    return 0;
}

/* -1 when it is none. */
static int parse_port(struct str text)
{
    int port = text.n > 0 && text.n <= 5 ? 0 : -1;
    for (size_t i = 0; i < text.n && port >= 0; i++) {
        port = text.p[i] >= '0' && text.p[i] <= '9' ? port * 10 + (text.p[i] - '0') : -1;
    }
    return port <= 65535 ? port : -1;
}

/* "127.0.0.1:8080" or "[::1]:8080". */
static int split_address(struct config *c, struct str address, struct str *host_out, int *port_out)
{
    const char *colon = memrchr(address.p, ':', address.n);
    if (!colon) {
        return ERR_BAD_SETTING;
    }
    struct str host = {address.p, (size_t)(colon - address.p)};
    struct str port = str_skip(address, host.n + 1);
    if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') {
        host = str_cut(str_skip(host, 1), host.n - 2);
    }
    *host_out = arena_copy(&c->arena, host);
    *port_out = parse_port(port);
    return host.n && *port_out >= 0 ? 0 : ERR_BAD_SETTING;
}

static int work_out_listeners(struct config *c, struct str *why_out)
{
    if (c->port.n && parse_port(c->port) < 0) {
        return refuse(c, why_out, "PORT", "not a number from 0 to 65535");
    }
    if (c->port.n && !c->listen.n) {
        c->listen = arena_printf(&c->arena, "0.0.0.0:%.*s", (int)c->port.n, c->port.p);
    }
    c->listen = str_or(c->listen, STR("127.0.0.1:8080"));
    if (split_address(c, c->listen, &c->listen_host, &c->listen_port) < 0) {
        return refuse(c, why_out, "LISTEN", "not of the form address:port");
    }
    if (split_address(c, c->admin_listen, &c->admin_host, &c->admin_port) < 0) {
        return refuse(c, why_out, "ADMIN_LISTEN", "not of the form address:port");
    }
    return 0;
}

static int work_out_log(struct config *c, struct str *why_out)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    for (c->log_least = LOG_DEBUG; c->log_least <= LOG_ERROR; c->log_least++) {
        if (str_eq(c->log_level, str_of(levels[c->log_least]))) {
            break;
        }
    }
    if (c->log_least > LOG_ERROR) {
        return refuse(c, why_out, "LOG_LEVEL", "one of debug, info, warn, error");
    }
    c->log_form = str_eq(c->log_format, STR("text")) ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON;
    if (c->log_form == LOG_FORMAT_JSON && !str_eq(c->log_format, STR("json"))) {
        return refuse(c, why_out, "LOG_FORMAT", "json or text");
    }
    return 0;
}

static int check_url(struct config *c, struct str *why_out, const char *name)
{
    const struct setting *s = settings;
    while (strcmp(s->field.name, name) != 0) {
        s++;
    }
    struct str *url = member(c, s);
    size_t scheme = str_starts(*url, STR("https://")) ? 8 : str_starts(*url, STR("http://")) ? 7 : 0;
    while (url->n && url->p[url->n - 1] == '/') {
        url->n--;
    }
    bool fits = !url->p || (scheme && url->n > scheme);
    return fits ? 0 : refuse(c, why_out, name, "must begin with https:// (or http:// on this machine)");
}

static int check_urls(struct config *c, struct str *why_out)
{
    static const char *const names[] = {"PUBLIC_URL",     "VAPI_API_URL",   "SUPABASE_URL",
                                        "RESEND_API_URL", "CALCOM_API_URL", "DASHBOARD_URL"};
    int rc = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && rc == 0; i++) {
        rc = check_url(c, why_out, names[i]);
    }
    return rc;
}

/* [login@]host[:port] or [login@][v6][:port]; the login is a user and a password without bare special characters. */
static bool is_mail_server(struct str place)
{
    size_t at = str_find(place, '@');
    struct str login = str_cut(place, at), host = at < place.n ? str_skip(place, at + 1) : place;
    size_t colon = str_find(login, ':');
    bool signs_in = at == place.n || (colon > 0 && colon + 1 < login.n &&
                                      str_find(str_skip(login, colon + 1), ':') == login.n - colon - 1);
    size_t end = str_starts(host, STR("[")) ? str_find(host, ']') + 1 : str_find(host, ':');
    struct str port = str_skip(host, end);
    bool fits = !port.n || (*port.p == ':' && parse_port(str_skip(port, 1)) > 0);
    return signs_in && fits && end > 0 && end <= host.n && strcspn(host.p, "@%") >= host.n &&
           strcspn(place.p, "/?#") >= place.n;
}

static int check_smtp_url(struct config *c, struct str *why_out)
{
    struct str url = c->smtp_url;
    size_t scheme = str_starts(url, STR("smtps://")) ? 8 : str_starts(url, STR("smtp://")) ? 7 : 0;
    struct str place = str_skip(url, scheme);
    place.n -= str_ends(place, STR("/"));
    if (url.n && (!scheme || strcspn(url.p, " \t\r\n") < url.n || !is_mail_server(place))) {
        return refuse(c, why_out, "SMTP_URL",
                      "not of the form smtp://user:password@host:587 or smtps://user:password@host:465 (in user and "
                      "password write special characters as % and two hex digits: %40 for @)");
    }
    if (url.n && c->resend_api_key.n) {
        return refuse(c, why_out, "SMTP_URL", "RESEND_API_KEY is set as well; set one of them");
    }
    return 0;
}

static int work_out_resend_key(struct config *c, struct str *why_out)
{
    struct str secret = c->resend_webhook_secret;
    struct str text = str_starts(secret, STR("whsec_")) ? str_skip(secret, 6) : secret;
    c->resend_webhook_key = crypto_base64_decode(&c->arena, text);
    return secret.n && !c->resend_webhook_key.n
               ? refuse(c, why_out, "RESEND_WEBHOOK_SECRET",
                        "not whsec_ and base64; copy the signing secret of the webhook from Resend as it is")
               : 0;
}

/* 32 bytes, as `openssl rand -hex 32` or `openssl rand -base64 32` write them. */
static int work_out_secrets_key(struct config *c, struct str *why_out)
{
    struct str text = c->secrets_key;
    struct str bytes =
        text.n == 2 * CRYPTO_KEY_BYTES ? crypto_hex_decode(&c->arena, text) : crypto_base64_decode(&c->arena, text);
    if (text.n && bytes.n != CRYPTO_KEY_BYTES) {
        return refuse(c, why_out, "SECRETS_KEY",
                      "not 32 bytes as 64 hex digits or as base64; make one with "
                      "`openssl rand -hex 32`, and keep a copy");
    }
    if (text.n) {
        const struct str parts[] = {STR("name of the key")};
        struct digest name = crypto_hmac(CRYPTO_SHA256, bytes, parts, 1);
        c->secrets_key_bytes = bytes;
        c->secrets_key_id = arena_copy(&c->arena, str_cut(crypto_hex(&c->arena, digest_str(&name)), 16));
    }
    return 0;
}

static int check_account_sid(struct config *c, struct str *why_out)
{
    struct str sid = c->twilio_account_sid;
    size_t hex = sid.n >= 2 ? strspn(sid.p + 2, "0123456789abcdef") : 0;
    bool fits = sid.n == 34 && str_starts(sid, STR("AC")) && hex == 32;
    return sid.n && !fits ? refuse(c, why_out, "TWILIO_ACCOUNT_SID", "not AC and 32 hex digits") : 0;
}

/* "07:00 local": each business at its own hour, of which 07 is the standard; the minutes are everybody's. "13:00 utc": one
 * run a day for all. */
static int check_schedule(struct config *c, struct str *why_out)
{
    struct str s = c->digest_schedule;
    int hours = s.n > 6 && s.p[2] == ':' ? parse_port(str_cut(s, 2)) : -1;
    int minutes = hours >= 0 ? parse_port(str_cut(str_skip(s, 3), 2)) : -1;
    bool local = str_eq(str_skip(s, 5), STR(" local")), utc = str_eq(str_skip(s, 5), STR(" utc"));
    if (!(local || utc) || hours < 0 || hours >= 24 || minutes < 0 || minutes >= 60) {
        return refuse(c, why_out, "DIGEST_SCHEDULE", "not of the form \"07:00 local\" or \"13:00 utc\"");
    }
    if (local && hours != 7) {
        return refuse(c, why_out, "DIGEST_SCHEDULE",
                      "businesses choose their hour themselves, in their settings; write 07 and the minutes for all, "
                      "such as \"07:30 local\", or one time for all, such as \"13:00 utc\"");
    }
    c->digest_minute = minutes;
    c->digest_utc_minute = utc ? hours * 60 + minutes : -1;
    return 0;
}

/* Is 6543 one of the ports in a list such as "5432,6543", which ends at anything else? */
static bool lists_pooler(struct str ports)
{
    size_t n = strspn(ports.p, "0123456789,");
    for (ports = str_cut(ports, n); ports.n; ports = str_skip(ports, str_find(ports, ',') + 1)) {
        if (str_eq(str_cut(ports, str_find(ports, ',')), STR("6543"))) {
            return true;
        }
    }
    return false;
}

/* port=6543, port = '6543': a word of a connection string or a parameter of an address. */
static bool names_pooler(struct str text)
{
    const char *at = text.p;
    while (text.n && (at = strstr(at, "port"))) {
        bool starts = at == text.p || strchr(" \t?&", at[-1]);
        at += 4;
        const char *value = at + strspn(at, " \t");
        if (starts && *value == '=' && lists_pooler(str_of(value + 1 + strspn(value + 1, " \t'")))) {
            return true;
        }
    }
    return false;
}

/* The hosts of postgresql://login@host:port,host:port/database. */
static bool addresses_pooler(struct str url)
{
    struct str hosts = str_skip(url, str_find(url, '/') + 2);
    hosts = str_cut(hosts, strcspn(hosts.p, "/?"));
    size_t login = str_find(hosts, '@');
    hosts = login < hosts.n ? str_skip(hosts, login + 1) : hosts;
    while (hosts.n) {
        struct str host = str_cut(hosts, str_find(hosts, ','));
        if (str_ends(host, STR(":6543"))) {
            return true;
        }
        hosts = str_skip(hosts, host.n + 1);
    }
    return false;
}

/* Port 6543 is a pooler in transaction mode: prepared statements, roles and pipelines do not survive there. */
static int check_database(struct config *c, struct str *why_out, const char *name, struct str url)
{
    bool is_url = str_starts(url, STR("postgresql://")) || str_starts(url, STR("postgres://"));
    if (url.n && !is_url && str_find(url, '=') >= str_find(url, '/')) {
        return refuse(c, why_out, name, "not a Postgres address; postgresql://login@host:5432/database");
    }
    if ((is_url && addresses_pooler(url)) || names_pooler(url)) {
        return refuse(c, why_out, name,
                      "port 6543 is a transaction pooler, which loses and mixes up pipelined answers; use port 5432 "
                      "(direct or session mode)");
    }
    return 0;
}

#define NEEDS(has, needs, name, why) {offsetof(struct config, has), offsetof(struct config, needs), name, why}
#define BOTH "Vapi is half configured: VAPI_API_KEY and VAPI_PHONE_NUMBER_ID go together"
static const struct {
    size_t has, needs; /* offsets of two settings */
    const char *name, *why;
} needs[] = {
    NEEDS(vapi_api_key, vapi_phone_number_id, "VAPI_PHONE_NUMBER_ID", BOTH),
    NEEDS(vapi_phone_number_id, vapi_api_key, "VAPI_API_KEY", BOTH),
    NEEDS(vapi_api_key, public_url, "PUBLIC_URL", "needed with VAPI_API_KEY: Vapi must know where to post"),
    NEEDS(vapi_webhook_secret_previous, vapi_webhook_secret, "VAPI_WEBHOOK_SECRET",
          "needed with VAPI_WEBHOOK_SECRET_PREVIOUS"),
    NEEDS(twilio_auth_token, public_url, "PUBLIC_URL", "needed with TWILIO_AUTH_TOKEN: signatures are made over it"),
    NEEDS(twilio_auth_token_previous, twilio_auth_token, "TWILIO_AUTH_TOKEN", "needed with TWILIO_AUTH_TOKEN_PREVIOUS"),
    NEEDS(supabase_url, supabase_anon_key, "SUPABASE_ANON_KEY",
          "needed with SUPABASE_URL: browsers sign in with it (the anon or publishable key)"),
    NEEDS(supabase_anon_key, supabase_url, "SUPABASE_URL", "needed with SUPABASE_ANON_KEY: it is that project's"),
    NEEDS(supabase_jwt_secret, supabase_url, "SUPABASE_URL", "needed with SUPABASE_JWT_SECRET: it is that project's"),
    NEEDS(resend_api_key, resend_from, "RESEND_FROM", "needed with RESEND_API_KEY"),
    NEEDS(smtp_url, resend_from, "RESEND_FROM", "needed with SMTP_URL: the digest's sender"),
};

/* The key goes to every browser. One that opens everything would be everybody's: a new secret key, or an old signed one
 * that says so in its second part. */
static bool opens_everything(struct config *c, struct str key)
{
    struct str claims = str_skip(key, str_find(key, '.') + 1);
    claims = crypto_base64url_decode(&c->arena, str_cut(claims, str_find(claims, '.')));
    return str_starts(key, STR("sb_secret_")) || str_has(claims, STR("service_role")) ||
           (key.n && str_eq(key, c->supabase_service_key));
}

static int check_providers(struct config *c, struct str *why_out)
{
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        const struct str *has = (void *)((char *)c + needs[i].has), *other = (void *)((char *)c + needs[i].needs);
        if (has->n && !other->n) {
            return refuse(c, why_out, needs[i].name, needs[i].why);
        }
    }
    if (opens_everything(c, c->supabase_anon_key)) {
        return refuse(c, why_out, "SUPABASE_ANON_KEY",
                      "this is the secret key, which must never reach a browser; set the anon or publishable key");
    }
    if ((c->resend_api_key.n || c->smtp_url.n) && !c->public_url.n && !c->dashboard_url.n) {
        return refuse(
            c, why_out, "PUBLIC_URL",
            "needed with RESEND_API_KEY or SMTP_URL (or DASHBOARD_URL): mails hold links into the dashboard and "
            "one to stop them");
    }
    if (c->vapi_api_key.n && !c->vapi_webhook_secret.n && !c->vapi_hmac_secret.n) {
        return refuse(c, why_out, "VAPI_WEBHOOK_SECRET", "needed with VAPI_API_KEY (or VAPI_HMAC_SECRET)");
    }
    return 0;
}

int config_read(struct config *c, struct str *why_out)
{
    *c = (struct config){0};
    int rc = refuse_unknown(c, why_out);
    for (size_t i = 0; i < SETTINGS && rc == 0; i++) {
        rc = read_setting(c, &settings[i], why_out);
    }
    rc = rc ? rc : work_out_listeners(c, why_out);
    rc = rc ? rc : work_out_log(c, why_out);
    rc = rc ? rc : check_urls(c, why_out);
    rc = rc ? rc : check_smtp_url(c, why_out);
    rc = rc ? rc : work_out_resend_key(c, why_out);
    rc = rc ? rc : work_out_secrets_key(c, why_out);
    rc = rc ? rc : check_account_sid(c, why_out);
    rc = rc ? rc : check_schedule(c, why_out);
    rc = rc ? rc : check_database(c, why_out, "DATABASE_URL", c->database_url);
    rc = rc ? rc : check_database(c, why_out, "MIGRATE_DATABASE_URL", c->migrate_database_url);
    return rc ? rc : check_providers(c, why_out);
}

void config_free(struct config *c)
{
    arena_free(&c->arena);
}

void config_print_help(void)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting *s = &settings[i];
        printf("  %-29s %s%s%s%s\n", s->field.name, s->help, s->standard ? " (default: " : "",
               s->standard ? s->standard : "", s->standard ? ")" : "");
    }
    printf("\nAny of them may be given as NAME_FILE, the path of a file that holds the value.\n");
}
