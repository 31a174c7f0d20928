/* SPDX-License-Identifier: Apache-2.0 */
/* base/cpu.h - which instruction sets this machine runs, and the floating-point state of a run. */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include "base/slice.h"

typedef enum isa { ISA_PORTABLE, ISA_SSE2, ISA_AVX2, ISA_AVX512, ISA_COUNT } isa; /* each includes those before */

isa         cpu_isa(void); /* best that the CPU and the OS support. AVX2: with FMA and F16C;
                                                    AVX512: F, BW, DQ and VL. Asks the CPU: keep the answer    */
const char *isa_name(isa i);
bool        isa_parse(slice name, isa *out);

/* Flush denormals for the calling thread, as TensorFlow does during a run; restore what was. */
typedef unsigned fp_state;

fp_state fp_current(void); /* rounding, flushing and traps; no sticky flags            */
fp_state fp_flush_denormals(void);
void     fp_restore(fp_state s);

#endif
