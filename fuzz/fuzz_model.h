/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_model.h - what the campaign wants to know of the target that loads and runs mutants. */
#ifndef FUZZ_FUZZ_MODEL_H
#define FUZZ_FUZZ_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct model_fuzz_counts {
    uint64_t mutants, executed, refused; /* executed: at least one signature was compiled and called */
    bool     executed_now;
} model_fuzz_counts;

int                      LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const model_fuzz_counts *model_fuzz_progress(void);
void                     model_fuzz_clean(void); /* removes the folder of mutants */

#endif
