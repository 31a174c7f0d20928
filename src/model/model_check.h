/* SPDX-License-Identifier: Apache-2.0 */
/* model/model_check.h - all that would keep a model from running, found without running it. */
#ifndef MODEL_MODEL_CHECK_H
#define MODEL_MODEL_CHECK_H

#include "savedmodel.h"

/* Reports every op, attribute, type and function that would not run: per signature, then for functions that no signature uses
 * (except those that only save and restore). SM_OK also when there are findings. */
sm_status model_check(sm_model *m, sm_report *report, void *context, sm_error *err) SM_CHECKED;

#endif
