/* SPDX-License-Identifier: Apache-2.0 */
/* half_plus_two.c - load a model, call its signature, print the result: the shortest program there is.
 *
 * run: examples/half_plus_two/saved_model */
#include "savedmodel.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    const float   x[3] = { 0, 1, 10 };
    const int64_t dims[2] = { 3, 1 };
    sm_model     *m;
    sm_tensor    *in, *out = NULL;
    sm_error      err;
    int           i;

    if (argc < 2 || sm_model_load(argv[1], NULL, &m, &err) != SM_OK ||
        sm_tensor_from(SM_FLOAT, 2, dims, x, sizeof x, &in, &err) != SM_OK ||
        sm_function_run(sm_model_signature(m, "serving_default"), &in, 1, &out, 1, &err) != SM_OK)
        return fprintf(stderr, "%s\n", argc < 2 ? "which model?" : err.message), 1;
    for (i = 0; i < 3; i++) printf("%g / 2 + 2 = %g\n", (double)x[i], (double)((const float *)sm_tensor_data(out))[i]);
    sm_tensor_unref(in);
    sm_tensor_unref(out);
    sm_model_free(m);
    return 0;
}
