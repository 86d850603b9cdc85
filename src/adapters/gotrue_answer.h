#pragma once
/* GoTrue's errors. Two forms: {"code":"word","message"} for clients that send x-supabase-api-version: 2024-01-01 or later,
 * which is sent back; else {"code":400,"error_code":"word","msg"}. Private to gotrue*.c. */
#include "account.h"
#include "http.h"

#define GOTRUE_ERRORS(X)                                                                                               \
    X(BAD_JSON, 400, "bad_json", "Could not parse request body as JSON")                                               \
    X(UNKNOWN_GRANT, 400, "invalid_credentials", "unsupported_grant_type")                                             \
    X(NO_EMAIL, 400, "validation_failed", "missing email or phone")                                                    \
    X(NO_PHONES, 422, "phone_provider_disabled", "Phone logins are disabled")                                          \
    X(NO_MAIL, 422, "email_provider_disabled", "Mail addresses cannot be changed here: this server sends no mail")     \
    X(WRONG, 400, "invalid_credentials", "Invalid login credentials")                                                  \
    X(UNCONFIRMED, 400, "email_not_confirmed", "Email not confirmed")                                                  \
    X(SIGN_IN_BANNED, 400, "user_banned", "User is banned")                                                            \
    X(REFRESH_BANNED, 400, "user_banned", "Invalid Refresh Token: User Banned")                                        \
    X(REFRESH_UNKNOWN, 400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")               \
    X(REFRESH_USED, 400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")                          \
    X(REFRESH_EXPIRED, 400, "session_expired", "Invalid Refresh Token: Session Expired")                               \
    X(NO_BEARER, 401, "no_authorization", "This endpoint requires a valid Bearer token")                               \
    X(BAD_JWT, 403, "bad_jwt", "invalid JWT: unable to parse or verify signature, or it has expired")                  \
    X(NO_USER, 403, "user_not_found", "User from sub claim in JWT does not exist")                                     \
    X(NO_SESSION, 403, "session_not_found", "Session from session_id claim in JWT does not exist")                     \
    X(BANNED, 403, "user_banned", "User is banned")                                                                    \
    X(NOT_ADMIN, 403, "not_admin", "Updating app_metadata requires admin privileges")                                  \
    X(BAD_SCOPE, 400, "validation_failed", "Unsupported logout scope")                                                 \
    X(SAME_PASSWORD, 422, "same_password", "New password should be different from the old password.")                  \
    X(WRONG_CURRENT, 400, "current_password_invalid", "The current password is not the one given")                     \
    X(WEAK_PASSWORD, 422, "weak_password", "Password should be at least 8 characters.")                                \
    X(LONG_PASSWORD, 400, "validation_failed", "Password cannot be longer than 72 characters")                         \
    X(LARGE_DATA, 400, "validation_failed", "This is more data than an account may hold")                              \
    X(BAD_DATA, 400, "validation_failed", "This data cannot be stored")                                                \
    X(LIMITED, 429, "over_request_rate_limit", "Request rate limit reached")                                           \
    X(CONFLICT, 409, "conflict", "Somebody else changed this at the same time, try again")                             \
    X(FAILED, 500, "unexpected_failure", "Unexpected failure, please try again later")                                 \
    X(AWAY, 503, "unexpected_failure", "A part of this service is away, please try again later")

#define GOTRUE_ENUM(name, status, code, text) GOTRUE_##name,
enum gotrue_error { GOTRUE_ERRORS(GOTRUE_ENUM) };
#undef GOTRUE_ENUM

void gotrue_refuse(struct http_request *r, enum gotrue_error error);
/* 429, and when to come again. */
void gotrue_limit(struct http_request *r, uint64_t wait_ms);
/* What a code of err.h becomes. */
void gotrue_fail(struct http_request *r, int code);
/* What a verdict other than ACCOUNT_OK becomes, for a signed-in person. */
void gotrue_deny(struct http_request *r, enum account_verdict verdict);
/* The one error that has OAuth's form. */
void gotrue_refuse_oauth(struct http_request *r, struct str error, struct str description);
