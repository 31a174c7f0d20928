/* SPDX-License-Identifier: Apache-2.0 */
/* model/fingerprint.h - fingerprint.pb: hashes of a SavedModel's parts that stay the same when it is saved again. */
#ifndef MODEL_FINGERPRINT_H
#define MODEL_FINGERPRINT_H

#include "model/saved_model.h"

typedef struct fingerprint {
    sm_fingerprint hashes;                  /* as TensorFlow writes them now                             */
    uint64_t       signature_def_hash_2023; /* as writers of early 2023 did: without the keys */
} fingerprint;

/* Computes them from the model's files. INVALID_ARGUMENT, in TensorFlow's words, for a function whose name has no number. */
sm_status fingerprint_compute(sm_saved_model *s, fingerprint *out, sm_error *err) CHECKED;
/* What fingerprint.pb says. NOT_FOUND, kind FileNotFoundError, when there is none. */
sm_status fingerprint_read(sm_saved_model *s, sm_fingerprint *out, sm_error *err) CHECKED;

#endif
