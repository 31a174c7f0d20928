/* SPDX-License-Identifier: Apache-2.0 */
/* ops/nn/window.c - the arithmetic of sliding windows, with TensorFlow's checks in its order. */
#include "ops/nn/window.h"

sm_status window_padding(const node *n, padding_kind *out, sm_error *err)
{
    static const char *const names[] = { "VALID", "SAME", "EXPLICIT" };
    slice padding = node_string(n, "padding");
    for (int i = 0; i < 3; i++)
        if (slice_is(padding, names[i])) {
            *out = (padding_kind)i;
            return SM_OK;
        }
    return FAIL(err, SM_INVALID_ARGUMENT, "padding is '" SLICE_FMT "', expected SAME, VALID or EXPLICIT", SLICE_ARG(padding));
}

sm_status window_solve(window *w, padding_kind padding, sm_error *err)
{
    if (w->stride <= 0) return FAIL(err, SM_INVALID_ARGUMENT, "Stride must be > 0, but got %lld", (long long)w->stride);
    if (w->dilation < 1) return FAIL(err, SM_INVALID_ARGUMENT, "Dilation rate must be >= 1, but got %lld", (long long)w->dilation);
    w->out = UNKNOWN_DIM;
    if (padding != PADDING_EXPLICIT) w->before = w->after = 0;
    if (w->in < 0 || w->size < 0) return SM_OK;
    if (w->size > 0 && w->size - 1 > (INT64_MAX / 4) / w->dilation) return FAIL(err, SM_INVALID_ARGUMENT, "the window is too large");
    int64_t effective = (w->size - 1) * w->dilation + 1;
    if (padding == PADDING_SAME) {
        w->out = w->in / w->stride + (w->in % w->stride != 0);
        int64_t missing = (w->out - 1) * w->stride + effective - w->in;
        if (missing < 0) missing = 0;
        w->before = missing / 2;
        w->after = missing - w->before;
    } else {
        if (w->before < 0 || w->after < 0 || w->before > INT64_MAX / 8 || w->after > INT64_MAX / 8)
            return FAIL(err, SM_INVALID_ARGUMENT, "explicit_paddings must be nonnegative");
        int64_t room = w->in + w->before + w->after - effective + w->stride;
        w->out = room >= 0 ? room / w->stride : -((-room + w->stride - 1) / w->stride);
    }
    if (w->out >= 0) return SM_OK;
    return FAIL(err, SM_INVALID_ARGUMENT,
                "Computed output size would be negative: %lld [input_size: %lld, effective_filter_size: %lld, stride: %lld]",
                (long long)w->out, (long long)w->in, (long long)effective, (long long)w->stride);
}
