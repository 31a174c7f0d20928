/* SPDX-License-Identifier: Apache-2.0 */
/* npy_objects.h - npy files that hold Python objects, which the library leaves alone.
 *
 * numpy stores arrays of strings that way: a normal npy header with descr '|O', then a pickle. */
#ifndef CLI_NPY_OBJECTS_H
#define CLI_NPY_OBJECTS_H

#include "python_value.h"

/* An npy file or npz member in memory, of objects or of numbers. */
sm_status npy_objects_parse(const void *bytes, size_t size, const py **out, sm_error *err);
/* Writes t as np.save() writes what TensorFlow returns: strings as objects (a lone string as 'S'). */
sm_status npy_objects_save(const sm_tensor *t, const char *path, sm_error *err);

#endif
