#pragma once
/* The error table: what can go wrong, the HTTP status it becomes, how loud it is logged, and what the client is told.
 * Functions return 0 or one of the negative codes below. Whoever decides logs; whoever passes on does not. */
#include "log.h"

#define ERROR_TABLE(X)                                                                                                 \
    X(BAD_REQUEST, "bad_request", 400, DEBUG, "the request could not be understood")                                   \
    X(UNAUTHORIZED, "unauthorized", 401, INFO, "the credential is missing or wrong")                                   \
    X(TOKEN_EXPIRED, "token_expired", 401, DEBUG, "the access token has expired")                                      \
    X(BAD_SIGNATURE, "bad_signature", 403, INFO, "the signature is missing or wrong")                                  \
    X(FORBIDDEN, "forbidden", 403, INFO, "you may see this, but not change it")                                        \
    X(NOT_FOUND, "not_found", 404, DEBUG, "there is nothing here")                                                     \
    X(METHOD_NOT_ALLOWED, "method_not_allowed", 405, DEBUG, "this method is not allowed here")                         \
    X(REQUEST_TIMEOUT, "request_timeout", 408, DEBUG, "the request came too slowly")                                   \
    X(TOO_LARGE, "too_large", 413, INFO, "the request is too large")                                                   \
    X(UNSUPPORTED_MEDIA, "unsupported_media", 415, DEBUG, "this content type or encoding is not accepted")             \
    X(EXPECTATION_FAILED, "expectation_failed", 417, DEBUG, "only Expect: 100-continue is understood")                 \
    X(RATE_LIMITED, "rate_limited", 429, INFO, "too many requests, try again later")                                   \
    X(HEAD_TOO_LARGE, "head_too_large", 431, DEBUG, "the request head is too large")                                   \
    X(INTERNAL, "internal", 500, ERROR, "something went wrong here")                                                   \
    X(NOT_IMPLEMENTED, "not_implemented", 501, DEBUG, "this method is not known here")                                 \
    X(BUSY, "busy", 503, WARN, "too much to do, try again")                                                            \
    X(UNAVAILABLE, "unavailable", 503, WARN, "a part of this service is away, try again")                              \
    X(WRITE_UNCERTAIN, "write_uncertain", 503, WARN, "it is not certain that this was stored, try again")              \
    X(TIMEOUT, "timeout", 503, WARN, "this took too long, try again")                                                  \
    X(STOPPING, "stopping", 503, INFO, "the server is stopping, try again")                                            \
    X(HTTP_VERSION, "http_version", 505, DEBUG, "only HTTP/1.0 and HTTP/1.1 are spoken here")                          \
    X(BAD_JSON, "bad_json", 400, INFO, "the body is not valid JSON")                                                   \
    X(BAD_DATA, "bad_data", 422, WARN, "the database refused this data")                                               \
    X(INVALID, "invalid", 422, DEBUG, "a value is not acceptable")                                                     \
    X(CONFLICT, "conflict", 409, WARN, "somebody else changed this at the same time")                                  \
    X(DENIED, "denied", 500, ERROR, "the database refused this operation")                                             \
    X(CONNECT, "connect", 502, WARN, "the other side could not be reached")                                            \
    X(BREAKER_OPEN, "breaker_open", 503, WARN, "the other side failed too often, not asked")                           \
    X(BAD_REPLY, "bad_reply", 502, WARN, "the other side's answer could not be understood")                            \
    X(PRIVATE_ADDRESS, "private_address", 502, WARN, "the other side could not be reached")                            \
    X(RECORDING_UNAVAILABLE, "recording_unavailable", 404, INFO,                                                       \
      "recordings need VAPI_API_KEY; voicemail needs TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")                        \
    X(BAD_SETTING, "bad_setting", 500, ERROR, "a setting is wrong")

#define ERROR_ENUM(name, word, status, level, text) ERR_INDEX_##name,
enum err_index { ERR_INDEX_OK, ERROR_TABLE(ERROR_ENUM) ERR_COUNT };
#undef ERROR_ENUM
#define ERROR_ENUM(name, word, status, level, text) ERR_##name = -ERR_INDEX_##name,
enum err_code { ERR_OK = 0, ERROR_TABLE(ERROR_ENUM) };
#undef ERROR_ENUM

#define must_check __attribute__((warn_unused_result))

struct err_info {
    const char *code; /* as in {"error":{"code":…}} and in metric labels */
    int status;       /* HTTP */
    enum log_level level;
    const char *text; /* for the client: says nothing about us */
};

/* Never NULL; an unknown code reads as INTERNAL. */
const struct err_info *err_info(int code);
