#pragma once
/* Options of a libcurl handle. They fail for want of memory, or in a libcurl that lacks a part of the policy; neither may
 * go on. */
#include <assert.h>
#include <curl/curl.h>

static inline void fetch_set_long(CURL *curl, CURLoption option, long value)
{
    CURLcode rc = curl_easy_setopt(curl, option, value);
    assert(rc == CURLE_OK);
}

static inline void fetch_set_text(CURL *curl, CURLoption option, const char *value)
{
    CURLcode rc = curl_easy_setopt(curl, option, value);
    assert(rc == CURLE_OK);
}
