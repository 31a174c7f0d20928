/* SPDX-License-Identifier: Apache-2.0 */
/* digits.c - reads a picture of a digit and shows what a trained SavedModel makes of it.
 *
 *   digits MODEL IMAGE.png
 *
 * The model does all the work: its signature takes the bytes of PNG files, decodes and resizes them and returns a label
 * and ten probabilities each. `make demo` runs this on a digit that the model has not seen in training.
 *
 * run: examples/digits/saved_model examples/digits/7.png */
#include "savedmodel.h"

#include <stdio.h>

/* The file as a string tensor of shape [1]. */
static sm_status read_image(const char *path, sm_tensor **png, sm_error *err)
{
    static char   bytes[1 << 20];
    const int64_t one = 1;
    FILE         *f = fopen(path, "rb");
    size_t        n = f ? fread(bytes, 1, sizeof bytes, f) : 0;
    sm_status     s;

    if (f) fclose(f);
    if (n == 0 || n == sizeof bytes) {
        snprintf(err->message, sizeof err->message, "%s: cannot be read", path);
        return err->status = SM_NOT_FOUND;
    }
    s = sm_tensor_new(SM_STRING, 1, &one, png, err);
    return s != SM_OK ? s : sm_tensor_set_string(*png, 0, bytes, n, err);
}

static void show(int64_t label, const float *probability)
{
    static const char bar[] = "########################################";
    int               i;

    printf("this is a %d\n\n", (int)label);
    for (i = 0; i < 10; i++) {
        int length = (int)(probability[i] * (float)(sizeof bar - 1) + 0.5f);
        printf("  %d %6.2f %%  %.*s\n", i, 100 * (double)probability[i], length, bar);
    }
}

int main(int argc, char **argv)
{
    sm_error     err = { SM_OK, "", "" };
    sm_model    *m = NULL;
    sm_function *f;
    sm_tensor   *png = NULL, *out[2] = { NULL, NULL }; /* outputs by name: label, probabilities */
    int          failed = 1;

    if (argc != 3) {
        fprintf(stderr, "usage: %s MODEL IMAGE.png\n", argv[0]);
        return 2;
    }
    if (sm_model_load(argv[1], NULL, &m, &err) != SM_OK) goto done;
    if (!(f = sm_model_signature(m, "serving_default"))) {
        snprintf(err.message, sizeof err.message, "%s: no signature serving_default", argv[1]);
        goto done;
    }
    if (read_image(argv[2], &png, &err) != SM_OK) goto done;
    if (sm_function_run(f, &png, 1, out, 2, &err) != SM_OK) goto done;
    show(*(const int64_t *)sm_tensor_data(out[0]), sm_tensor_data(out[1]));
    failed = 0;
done:
    if (failed) fprintf(stderr, "%s\n", err.message);
    sm_tensor_unref(out[0]);
    sm_tensor_unref(out[1]);
    sm_tensor_unref(png);
    sm_model_free(m);
    return failed;
}
