/* SPDX-License-Identifier: Apache-2.0 */
/* graph/op.h - what an op is: one row of a table; and what its functions see: infer, call.
 *
 * An op is declared by one row in the table that ends its family's file (src/ops/); ops/registry.c joins the tables and
 * implements op_find. Passes, planner, executor and loader know ops only through this header. What an op needs of
 * the engine (memory, threads, variables, functions) it gets through the call_ functions, which runtime/ implements.
 *
 * The life of a kernel:  prepare once per plan (attributes -> params) ; infer for each set of shapes ; run. */
#ifndef GRAPH_OP_H
#define GRAPH_OP_H

#include "base/cpu.h"
#include "base/file.h"
#include "base/pool.h"
#include "graph/graph.h"
#include "graph/variable.h"

typedef struct call     call;
typedef struct infer    infer;
typedef struct gradient gradient; /* train/: how a gradient function emits nodes */
typedef struct function function; /* runtime/function.h: a compiled function      */
typedef struct map_args map_args;

/* Traits of an op. */
enum {
    OP_ELEMENTWISE = 1 << 0, /* output element i depends on input elements i only (after broadcasting)   */
    OP_INPLACE = 1 << 1,     /* output 0 may be written over input 0 when types and sizes agree            */
    OP_COMMUTATIVE = 1 << 2,
    OP_STATEFUL = 1 << 3,   /* has an effect or hidden state: not hoisted, not merged, kept if reached by control */
    OP_VIEW = 1 << 4,       /* output 0 is input 0's elements (maybe under another shape): call_forward    */
    OP_SHAPE_ONLY = 1 << 5, /* looks at the shapes of its inputs, never at their elements                  */
    OP_HANDLE = 1 << 6,     /* makes or looks up a resource by name: the same one each time, so it may be hoisted */
    OP_READS = 1 << 7,      /* reads the variable of input 0 and does nothing else                         */
    OP_WRITES = 1 << 8,     /* may change a resource among its inputs (comes with OP_STATEFUL)             */
    OP_LAZY = 1 << 9,       /* runs though inputs are dead (Merge): TensorFlow 1 control flow              */
    OP_FLOW = 1 << 10,      /* Switch, Merge, Enter, Exit, NextIteration, LoopCond                       */
    OP_GIVES = 1 << 11      /* hands over counted tensors (call_give): outputs get no memory beforehand   */
};

typedef struct kernel {
    const char *types;                   /* pattern over type attributes: "T: float", "T: half|bfloat16, Tidx: int32",
                                                "T: 4 bytes" (any plain type of that size); NULL: any      */
    void (*map)(const map_args *);       /* elementwise: a loop over n elements                         */
    sm_status (*run)(call *);            /* anything else                                               */
    sm_status (*prepare)(call *);        /* optional, once per plan: attributes -> c->params            */
    const char *(*refuse)(const call *); /* NULL, or why not for these shapes (in[i]->shape is set, data is not) */
    isa         isa;                     /* needs at least this; the portable row (ISA_PORTABLE) comes last    */
    bool        widen;                   /* this row computes in float: half and bfloat16 inputs and outputs are
                                                converted around it (so `types` names float)                       */
    const char *name;                    /* "avx2": for explain and profile; NULL: "portable"                  */
} kernel;

struct op_def {
    const char *name;            /* TensorFlow's op type                                           */
    const char *signature;       /* graph/signature.h                                              */
    sm_status (*infer)(infer *); /* output shapes from input shapes and known inputs               */
    const kernel *kernels;       /* best first; ends with a row of zeros                           */
    void (*grad)(gradient *);    /* NULL: none known                                               */
    unsigned    traits;
    const char *doc; /* one line                                                       */
};

/* ops/registry.c */
const op_def *op_find(slice name); /* NULL: not built in */
size_t        op_count(void);
const op_def *op_at(size_t i); /* sorted by name     */

/* ops/cost.c: additions and multiplications of a convolution or a matrix product, from the shapes of inputs and
 * outputs; 0 for all other ops. */
double op_flops(const call *c);

/* Does a kernel row's pattern fit the type attributes of n? (a widening row fits half and bfloat16 where it says float) */
bool kernel_fits(const kernel *k, const node *n);
/* The best loop over floats of an elementwise op that takes and gives tensors of one type T and reads no other attribute;
 * NULL: the op is not of that kind. *inputs: how many it takes. */
const kernel *op_float_map(const op_def *op, isa most, int *inputs);
/* SM_OK, or UNIMPLEMENTED "no kernel of <op> for T=..." when no row fits. */
sm_status op_supports(const op_def *op, const node *n, sm_error *err) CHECKED;

/* -- Shape inference --------------------------------------------------------------------------------------------- */

struct infer {
    const node          *node;
    int                  n_in, n_out;
    const shape         *in;    /* may be unknown or partly so when a graph is checked; known when it runs  */
    const tensor *const *value; /* value[i]: input i if it is known already, else NULL                       */
    shape               *out;   /* unknown before the call; left unknown when it depends on data           */
    sm_error            *err;
};

#define INFER_FAIL(c, ...) error_set((c)->err, SM_INVALID_ARGUMENT, __VA_ARGS__)

sm_status infer_same(infer *c);       /* every output has input 0's shape        */
sm_status infer_same_pair(infer *c);  /* inputs 0 and 1 have the same shape, and so has output 0 */
sm_status infer_broadcast(infer *c);  /* output 0: inputs 0 and 1 broadcast; "Incompatible shapes: [2] vs. [3]" */
sm_status infer_broadcast3(infer *c); /* three inputs                            */
sm_status infer_scalar(infer *c);     /* every output is a scalar                */
sm_status infer_unknown(infer *c);    /* outputs depend on data                  */
/* For use inside infer functions. */
sm_status infer_rank(infer *c, int input,
                     int rank); /* INVALID_ARGUMENT "input must be ...-dimensional" unless rank unknown or equal */
sm_status infer_rank_at_least(infer *c, int input, int rank);
/* The integers of input i as a shape: false when they are not known yet; c->err is set by a bad value (*s = SM_INVALID_ARGUMENT). */
bool infer_shape_value(infer *c, int input, shape *out, sm_status *s);
/* A scalar integer input; false when unknown. */
bool infer_int_value(infer *c, int input, int64_t *out);

/* -- Running ------------------------------------------------------------------------------------------------------ */

struct call {
    const node    *node; /* attributes: node_int(c->node, "N")                                         */
    int            n_in, n_out;
    const tensor **in;     /* inputs; at refuse time only their shapes and types                          */
    tensor       **out;    /* outputs; data is ready (not zeroed) when infer gave the shape, else call_output */
    void          *params; /* what prepare made                                                           */
    const kernel  *kernel;
    pool          *pool;
    memory        *memory;  /* account for what must outlive the call (list elements, table entries)       */
    arena         *scratch; /* reset after the node                                                        */
    struct engine *engine;  /* runtime's                                                                   */
    sm_error      *err;
};

#define CALL_FAIL(c, status, ...) error_set((c)->err, status, __VA_ARGS__)

/* In prepare: zeroed memory in the plan's arena, also put into c->params. NULL when spent. */
void *call_params(call *c, size_t size);
/* Scratch for this node, 64-byte aligned; NULL (err is set) when memory is spent. */
void *call_scratch(call *c, size_t size);
/* Memory for output i, whose shape was not known before. */
sm_status call_output(call *c, int i, const shape *s) CHECKED;
/* Output i is input j's elements under shape s (which has as many); no copy where that is possible. */
sm_status call_forward(call *c, int i, int j, const shape *s) CHECKED;
/* Output i is t (consumed, also on failure). */
sm_status call_give(call *c, int i, tensor *t) CHECKED;
/* Output i is a scalar object (variant or resource); takes its own reference. */
sm_status call_give_object(call *c, int i, object *o) CHECKED;
/* TensorFlow 1 control flow: output i is dead in this run (the branch that a Switch did not take). Of a Merge (OP_LAZY)
 * the inputs that are dead are NULL in c->in. */
void call_dead(call *c, int i);
/* Nobody needs input i after this node: an op may take over what the input holds alone (tensor lists). */
bool call_last_use(const call *c, int i);
/* work over [0, n) in pieces of grain, on the runtime's threads. */
void call_for(call *c, int64_t n, int64_t grain, pool_work *work, void *context);

/* The variable of resource input i: its tensor element. INVALID_ARGUMENT when it is something else. */
sm_status call_variable(const call *c, int i, variable **out) CHECKED;
sm_status call_object(const call *c, int i, const object_type *type, object **out) CHECKED; /* borrowed */
/* The model's named resources; an op that owns a nameless one uses its node's name. */
registry *call_registry(const call *c);
/* A name that no other node of the model has: shared_name, or the node's own name (made unique per function). */
slice call_resource_name(const call *c);
/* The function that attribute `name` (func, or element k of a list of funcs) refers to. */
sm_status call_function(const call *c, const char *name, size_t k, function **out) CHECKED;
/* Runs f: in are borrowed, out are owned counted tensors. */
sm_status call_run(call *c, function *f, const tensor *const *in, size_t n_in, tensor **out, size_t n_out) CHECKED;
/* The same, and gives inputs away: given[i] is NULL or in[i] as an owned tensor, which f may release (and set to NULL here)
 * when it does not need it any more; so f can change in place what nobody else holds. What is left stays the caller's. */
sm_status call_run_given(call *c, function *f, const tensor *const *in, tensor **given, size_t n_in, tensor **out,
                         size_t n_out) CHECKED;
/* Hidden state of this node in this function (random streams ...): made by make(context) at first use, lives as
 * long as the function; borrowed. */
sm_status call_state(call *c, object_make *make, void *context, object **out) CHECKED;
/* The bytes of a file, if the op may read it: the model's own assets always, others when the runtime allows it, else
 * PERMISSION_DENIED. file_close it. */
sm_status call_read_file(const call *c, slice path, file_view *out) CHECKED;
/* May the op write to this path? PERMISSION_DENIED if not. */
sm_status call_may_write(const call *c, slice path) CHECKED;

/* -- Elementwise -------------------------------------------------------------------------------------------------- */

/* A map loop computes n elements: out[i] = f(x[0][i*step[0]], x[1][i*step[1]], ...), step 0 or 1. Broadcasting, threads,
 * half and bfloat16 are the map driver's (ops/formula.c). */
struct map_args {
    size_t       n;
    const void  *x[3];
    size_t       step[3];
    void        *out;
    const void  *params;
    const node  *node;
    _Atomic int *failed; /* set to 1: the driver reports kernel failure (integer division by zero)       */
};

/* ops/formula.c: the driver that runtime calls for kernels that have `map` */
sm_status map_run(call *c);

#endif
