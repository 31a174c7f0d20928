/* SPDX-License-Identifier: Apache-2.0 */
/* bar_chart.c - the largest values of a row of numbers as bars in the terminal.
 *
 *   probabilities
 *       7  ████████████████████████████████████████  0.9962
 *       9  ▏                                         0.0031
 *
 * A row is the last axis. Bars are drawn to an eighth of a column, against 1 where the row looks like
 * probabilities (all within 0 and 1) and against its largest absolute value otherwise. */
#include "bar_chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ndarray.h"
#include "python_value.h"

enum { BAR_WIDTH = 40, LABEL_WIDTH = 24 };

sm_status bar_chart_labels(const char *path, label_list *out, sm_error *err)
{
    FILE  *f = fopen(path, "r");
    char   line[1024];
    size_t room = 0;
    *out = (label_list){ 0 };
    if (!f) return py_fail(err, SM_NOT_FOUND, "NotFoundError", "%s; No such file or directory", path);
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\r\n")] = 0;
        if (out->count == room) {
            const char **grown = keep_array(2 * room + 64, sizeof *grown);
            if (room) memcpy(grown, out->names, room * sizeof *grown);
            out->names = grown;
            room = 2 * room + 64;
        }
        out->names[out->count++] = keep_text(line);
    }
    fclose(f);
    return SM_OK;
}

typedef struct bar {
    size_t index;
    double value;
} bar;

static int by_value(const void *a, const void *b)
{
    const bar *x = a, *y = b;
    if (x->value != y->value && !isnan(x->value) && !isnan(y->value)) return x->value < y->value ? 1 : -1;
    if (isnan(x->value) != isnan(y->value)) return isnan(x->value) ? 1 : -1;
    return x->index < y->index ? -1 : 1;
}

void bar_chart_bar(textbuf *b, double share, int width)
{
    static const char *const part[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
    int                      eighths = share > 0 ? (int)lround((share < 1 ? share : 1) * width * 8) : 0, columns;
    for (columns = 0; columns < eighths / 8; columns++) textbuf_text(b, "█");
    textbuf_text(b, part[eighths % 8]);
    textbuf_fill(b, ' ', (size_t)(width - columns - (eighths % 8 > 0)));
}

static const char *label_of(const label_list *labels, size_t i)
{
    return i < labels->count ? labels->names[i] : keep_format("%zu", i);
}

static void put_row(textbuf *b, const bar *bars, size_t top, double scale, const label_list *labels)
{
    size_t width = 5;
    for (size_t i = 0; i < top; i++) {
        size_t n = strlen(label_of(labels, bars[i].index));
        width = n > width ? n : width;
    }
    width = width > LABEL_WIDTH ? LABEL_WIDTH : width;
    for (size_t i = 0; i < top; i++) {
        textbuf_format(b, "%*.*s  ", (int)width, LABEL_WIDTH, label_of(labels, bars[i].index));
        bar_chart_bar(b, scale > 0 ? fabs(bars[i].value) / scale : 0, BAR_WIDTH);
        textbuf_format(b, "  %.4f\n", bars[i].value);
    }
}

int bar_chart_print(textbuf *b, const char *key, const sm_tensor *t, size_t top, const label_list *labels)
{
    sm_dtype type = sm_tensor_dtype(t);
    int      rank = sm_tensor_rank(t);
    size_t   n = rank ? (size_t)sm_tensor_dim(t, rank - 1) : 0, rows = n ? sm_tensor_count(t) / n : 0;
    if (n < 2 || (type != SM_FLOAT && type != SM_DOUBLE && type != SM_HALF && type != SM_BFLOAT16)) return 0;
    bar *bars = keep_array(n, sizeof *bars);
    for (size_t r = 0; r < rows; r++) {
        double largest = 0;
        int    probabilities = 1;
        for (size_t i = 0; i < n; i++) {
            double v = ndarray_number(t, r * n + i);
            bars[i] = (bar){ i, v };
            probabilities = probabilities && v >= 0 && v <= 1.000001;
            largest = isfinite(v) && fabs(v) > largest ? fabs(v) : largest;
        }
        qsort(bars, n, sizeof *bars, by_value);
        textbuf_format(b, rows > 1 ? "%s[%zu]\n" : "%s\n", key, r);
        put_row(b, bars, top < n ? top : n, probabilities ? (largest > 1 ? largest : 1) : largest, labels);
    }
    return 1;
}
