/* SPDX-License-Identifier: Apache-2.0 */
/* bar_chart.h - the largest values of a row of numbers as bars in the terminal. */
#ifndef CLI_BAR_CHART_H
#define CLI_BAR_CHART_H

#include <savedmodel.h>

#include "textbuf.h"

typedef struct label_list {
    const char **names;
    size_t       count;
} label_list;

/* A bar of share (0 to 1) times width columns, drawn to an eighth of one, and blanks up to width. */
void bar_chart_bar(textbuf *b, double share, int width);
/* One label a line. */
sm_status bar_chart_labels(const char *path, label_list *out, sm_error *err);
/* 0 when t has no rows of numbers to show. */
int bar_chart_print(textbuf *b, const char *key, const sm_tensor *t, size_t top, const label_list *labels);

#endif
