/* SPDX-License-Identifier: Apache-2.0 */
/* zoo_values.h - the values of a case: JSON that names arrays of an npz file, as sm_value and compared with sm_value. */
#ifndef ZOO_VALUES_H
#define ZOO_VALUES_H

#include <jansson.h>
#include <savedmodel.h>
#include <stddef.h>

typedef struct zoo_data {
    sm_model     *model;
    sm_npz       *npz;
    const json_t *dtypes; /* of arrays whose type in the npz differs */
    double        rtol, atol;
    int           shape_only;
    char          why[4096]; /* what did not fit */
} zoo_data;

/* The array under key (owned); NULL: none, or it cannot be read (d->why says so). */
sm_tensor *zoo_tensor(zoo_data *d, const char *key);
/* v as an argument, owned. */
sm_value *zoo_value(zoo_data *d, const json_t *v);
/* Whether a result is what v says; d->why says what is not. */
int zoo_same(zoo_data *d, const json_t *want, const sm_value *got, const char *where);
int zoo_same_tensor(zoo_data *d, const char *key, const sm_tensor *got, const char *where);

#endif
