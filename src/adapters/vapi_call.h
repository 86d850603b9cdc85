#pragma once
/* POST /call: the parts that vapi.c needs. The public face is in vapi.h. */
#include "json.h"

struct json_shape *vapi_reply_shape(void);
