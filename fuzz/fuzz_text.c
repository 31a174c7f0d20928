/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_text.c - any bytes as the text of a SavedModel. What is parsed must print, and the print
 * must mean the same. */
#include "format/message.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BUDGET = 256 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena         a;
    slice         first, second;
    str           text;
    tf_SavedModel m = { 0 }, n = { 0 };
    sm_error      err = { 0 };
    const slice   in = slice_make(data, size);

    arena_init(&a, BUDGET);
    str_init(&text);
    if (message_parse_text(&type_SavedModel, in, &a, &m, &err) != SM_OK) {
        assert(err.message[0]);
    } else if (message_encode(&type_SavedModel, &m, &a, &first, NULL) == SM_OK) {
        message_print(&type_SavedModel, &m, &text);
        assert(message_parse_text(&type_SavedModel, str_slice(&text), &a, &n, &err) == SM_OK);
        assert(message_encode(&type_SavedModel, &n, &a, &second, NULL) == SM_OK);
        assert(slice_eq(first, second));
    }
    str_clear(&text);
    arena_clear(&a);
    return 0;
}
