/* Any bytes as a point in time: nothing outside 1970 to 9999, and what is written is read as the same millisecond. */
#include "fuzz.h"
#include "timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t us = timestamp_parse((struct str){(const char *)data, size});
    HOLD(us >= 0 && us < 253402300800000000);
    if (us >= 1000) {
        char out[TIMESTAMP_TEXT_BYTES];
        struct str text = timestamp_format(us, out);
        HOLD(text.n == 24 && timestamp_parse(text) == us / 1000 * 1000);
    }
    return 0;
}
