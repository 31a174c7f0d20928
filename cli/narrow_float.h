/* SPDX-License-Identifier: Apache-2.0 */
/* narrow_float.h - half and bfloat16 to double and back. */
#ifndef CLI_NARROW_FLOAT_H
#define CLI_NARROW_FLOAT_H

#include <stdint.h>

double   narrow_from_half(uint16_t bits);
double   narrow_from_bfloat16(uint16_t bits);
uint16_t narrow_to_half(double value); /* rounded to nearest even */
uint16_t narrow_to_bfloat16(double value);

#endif
