/* SPDX-License-Identifier: Apache-2.0 */
/* values_test.c - replays tests/data/{numpy_text,expressions,pickles}/cases.txt: values_test KIND FILE.
 *
 * A case is one line saying what goes in, then the expected text, each line of it after a "|"; "|!" says
 * that it must be refused. tools/tf/make_cli_cases.py writes the cases and tells more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expression.h"
#include "library_text.h"
#include "ndarray.h"
#include "pickle.h"

enum { LINE = 1 << 23 };

static unsigned char *from_hex(const char *hex, size_t *n)
{
    unsigned char *bytes = (unsigned char *)keep(strlen(hex) / 2 + 1);
    for (*n = 0; hex[0] && hex[1] && hex[0] != '-'; hex += 2) {
        char pair[3] = { hex[0], hex[1], 0 };
        bytes[(*n)++] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return bytes;
}

/* -- The three kinds: each appends what it gets, and returns 0 when the case is refused ---------------- */

static int fill_strings(sm_tensor *t, const unsigned char *bytes, size_t size)
{
    size_t at = 0;
    for (size_t i = 0; i < sm_tensor_count(t); i++) {
        int32_t n;
        if (size - at < 4) return 0;
        memcpy(&n, bytes + at, 4);
        at += 4;
        if (n < 0 || (size_t)n > size - at || sm_tensor_set_string(t, i, (const char *)bytes + at, (size_t)n, NULL) != SM_OK)
            return 0;
        at += (size_t)n;
    }
    return at == size;
}

static int fill_array(sm_tensor *t, const char *body)
{
    size_t         n;
    unsigned char *bytes;
    if (strncmp(body, "arange:", 7) == 0) {
        double step = strtod(body + 7, NULL);
        for (size_t i = 0; i < sm_tensor_count(t); i++)
            ndarray_store(sm_tensor_dtype(t), sm_tensor_mutable_data(t), i, (cell){ 'f', 0, (double)i * step, 0 });
        return 1;
    }
    bytes = from_hex(body, &n);
    if (sm_tensor_dtype(t) == SM_STRING) return fill_strings(t, bytes, n);
    if (n != sm_tensor_bytes(t)) return 0;
    if (n) memcpy(sm_tensor_mutable_data(t), bytes, n);
    return 1;
}

static int numpy_case(char *line, textbuf *got)
{
    char      *type = strtok(line, " "), *shape = strtok(NULL, " "), *body = strtok(NULL, " ");
    int64_t    dims[PY_MAX_RANK];
    int        rank = 0;
    sm_tensor *t;
    for (char *p = shape; p && *p != '-' && rank < PY_MAX_RANK; p = *p == 'x' ? p + 1 : NULL)
        dims[rank++] = strtoll(p, &p, 10);
    if (!body || sm_tensor_new((sm_dtype)strtol(type, NULL, 10), rank, dims, &t, NULL) != SM_OK) return 0;
    int filled = fill_array(t, body);
    if (filled) library_tensor(got, t);
    sm_tensor_unref(t);
    return filled;
}

static int describe(const py *v, textbuf *got)
{
    if (ndarray_from(v, &v, NULL) != SM_OK) return 0;
    if (v->kind == PY_OBJECTS) {
        textbuf_format(got, "object %s", ndarray_shape_text(v->rank, v->dims));
        return 1;
    }
    textbuf_format(got, "%s %s\n", sm_dtype_name(sm_tensor_dtype(v->tensor)),
                   ndarray_shape_text(sm_tensor_rank(v->tensor), sm_tensor_dims(v->tensor)));
    library_tensor(got, v->tensor);
    return 1;
}

static int expression_case(char *line, textbuf *got)
{
    const py *v;
    sm_error  err = { 0 };
    return expression_evaluate(line, strlen(line), &v, &err) == SM_OK && describe(v, got);
}

static int pickle_case(char *line, textbuf *got)
{
    const py      *v;
    size_t         n;
    unsigned char *bytes = from_hex(line, &n);
    /* Objects that numpy knows by their type alone are an array here, as np.load would have them. */
    return pickle_read(bytes, n, &v, NULL) == SM_OK && describe(v, got);
}

/* -- The file -------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int (*run)(char *line, textbuf *got);
} kinds[] = {
    { "numpy_text", numpy_case },
    { "expressions", expression_case },
    { "pickles", pickle_case },
};

static int compare(const char *line, const textbuf *want, int refused, int accepted, const textbuf *got)
{
    int ok = refused ? !accepted
                     : accepted && want->length == got->length && strcmp(textbuf_string(want), textbuf_string(got)) == 0;
    if (!ok)
        printf("%.200s\nexpected: %.1000s\ngot: %.1000s\n\n", line, refused ? "an error" : textbuf_string(want),
               accepted ? textbuf_string(got) : "an error");
    return ok;
}

static size_t replay(FILE *f, int (*run)(char *line, textbuf *got), size_t *failed)
{
    char  *line = malloc(LINE), *next = malloc(LINE);
    size_t cases = 0;
    int    more = line && next && fgets(line, LINE, f);
    while (more) {
        textbuf want = { 0 }, got = { 0 };
        int     lines = 0, refused = 0;
        line[strcspn(line, "\n")] = 0;
        while ((more = fgets(next, LINE, f) != NULL) && next[0] == '|') {
            next[strcspn(next, "\n")] = 0;
            refused = refused || strcmp(next, "|!") == 0;
            textbuf_format(&want, "%s%s", lines++ ? "\n" : "", next + 1);
        }
        char *copy = keep_text(line);
        int   accepted = run(copy, &got);
        *failed += !compare(line, &want, refused, accepted, &got);
        cases++;
        textbuf_clear(&want);
        textbuf_clear(&got);
        keep_release();
        char *swap = line;
        line = next;
        next = swap;
    }
    free(line);
    free(next);
    return cases;
}

int main(int argc, char **argv)
{
    size_t failed = 0, cases = 0;
    FILE  *f = argc == 3 ? fopen(argv[2], "r") : NULL;
    for (size_t i = 0; f && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(argv[1], kinds[i].name) == 0) cases = replay(f, kinds[i].run, &failed);
    if (f) fclose(f);
    if (!cases) {
        fprintf(stderr, "usage: values_test numpy_text|expressions|pickles FILE\n");
        return 2;
    }
    printf("%zu cases, %zu failed\n", cases, failed);
    return failed != 0;
}
