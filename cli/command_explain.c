/* SPDX-License-Identifier: Apache-2.0 */
/* command_explain.c - explain: how a signature is computed. */
#include <stdio.h>
#include <string.h>

#include "columns.h"
#include "explanation.h"
#include "inputs.h"
#include "model_choice.h"
#include "python_value.h"

static sm_status print_explanation(const invocation *v, const explanation *x, sm_error *err)
{
    textbuf   b = { 0 };
    char     *json = NULL;
    sm_status s;
    if (program_switch(v, "json")) {
        s = explanation_json(x, &json, err);
        if (s == SM_OK && !json) s = py_fail(err, SM_UNIMPLEMENTED, "", "this program was built without JSON");
        if (s == SM_OK) puts(json);
        return s;
    }
    s = explanation_text(&b, x, columns_width(), err);
    if (s == SM_OK) fwrite(textbuf_string(&b), 1, b.length, stdout);
    textbuf_clear(&b);
    return s;
}

static sm_status explain(const invocation *v, sm_model *m, sm_error *err)
{
    const char *key = program_flag(v, "signature"), *file = program_flag(v, "inputs");
    input_list  inputs = { 0 };
    explanation x = { .node = program_flag(v, "node"), .all = program_switch(v, "all") };
    sm_tensor **in = NULL;
    sm_status   s = key ? model_choice_signature(m, key, &x.f, err) : model_choice_default_signature(m, &x.f, err);
    if (s == SM_OK) s = file && !strchr(file, '=') ? inputs_read_npz(file, &inputs, err) : inputs_read(v, &inputs, err);
    if (s == SM_OK) s = inputs_bind_shapes(&inputs, x.f, &in, err);
    x.in = in;
    if (s == SM_OK) s = print_explanation(v, &x, err);
    inputs_release(in, in ? sm_function_input_count(x.f) : 0);
    return s;
}

int command_explain(invocation *v)
{
    sm_load_options o = SM_LOAD_OPTIONS_INIT;
    sm_saved_model *model = NULL;
    sm_model       *m = NULL;
    sm_runtime     *runtime = NULL;
    sm_error        err = { 0 };
    sm_status       s = model_choice_runtime(v, &runtime, &err);
    o.runtime = runtime;
    o.passes = program_flag(v, "passes");
    if (s == SM_OK) s = model_choice_load(v, &o, &model, &m, &err);
    if (s == SM_OK) s = explain(v, m, &err);
    sm_model_free(m);
    sm_saved_model_close(model);
    keep_release();
    sm_runtime_free(runtime);
    return s == SM_OK ? 0 : program_error(v, &err);
}
