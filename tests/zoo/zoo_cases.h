/* SPDX-License-Identifier: Apache-2.0 */
/* zoo_cases.h - the cases of one model of a zoo. */
#ifndef ZOO_CASES_H
#define ZOO_CASES_H

#include <jansson.h>
#include <stddef.h>

typedef struct zoo_counts {
    size_t passed, failed, skipped;
} zoo_counts;

/* Runs a case of the model in `folder` (which has saved_model/ and the npz files) and prints what fails or is skipped. */
void zoo_run_case(const char *folder, const char *model, const json_t *c, zoo_counts *counts);

#endif
