/* SPDX-License-Identifier: Apache-2.0 */
/* model/verify.h - is every byte of a SavedModel as it was written, and everything there that something refers to? */
#ifndef MODEL_VERIFY_H
#define MODEL_VERIFY_H

#include "savedmodel.h"

/* Reports everything that is wrong. SM_OK also when there are findings; CANCELLED when progress returned non-zero. */
sm_status saved_model_verify(sm_saved_model *s, const sm_verify_options *o, sm_error *err) SM_CHECKED;

#endif
