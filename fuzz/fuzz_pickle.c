/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_pickle.c - any bytes as a pickle. What is read can be printed, and becomes an array or an error. */
#include <stdint.h>

#include "ndarray.h"
#include "pickle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const py *v, *array;
    textbuf   b = { 0 };
    sm_error  err;

    if (pickle_read(data, size, &v, &err) == SM_OK) {
        py_repr(&b, v);
        if (ndarray_from(v, &array, &err) == SM_OK && ndarray_astype(array, SM_FLOAT, &array, &err) == SM_OK)
            py_repr(&b, array);
    }
    textbuf_clear(&b);
    keep_release();
    return 0;
}
