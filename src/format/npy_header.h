/* SPDX-License-Identifier: Apache-2.0 */
/* format/npy_header.h - the dictionary at the head of an npy file. */
#ifndef FORMAT_NPY_HEADER_H
#define FORMAT_NPY_HEADER_H

#include "base/shape.h"

typedef struct npy_header {
    slice descr;  /* "<f4"; of a record the type of its only field */
    slice record; /* the name of that field, or empty              */
    bool  fortran;
    shape shape;
    bool  has_descr, has_order, has_shape;
} npy_header;

/* Reads a Python dictionary with the keys descr, fortran_order and shape and nothing else. */
sm_status npy_header_parse(slice text, npy_header *out, sm_error *err) CHECKED;

#endif
