/* SPDX-License-Identifier: Apache-2.0 */
/* ops/io/files.c - ReadFile and WriteFile. A model's own assets may always be read; anything else only when the runtime
 * allows it (sm_runtime_options.allow_files). Tests: tests/models (an asset is read) and unit/files_test. */
#include "base/file.h"

#include "graph/op.h"

static sm_status need_scalar(call *c, int i, const char *what)
{
    str text;

    if (c->in[i]->shape.rank == 0) return SM_OK;
    str_init(&text);
    shape_print(&text, &c->in[i]->shape);
    sm_status s = CALL_FAIL(c, SM_INVALID_ARGUMENT, "%s tensor must be scalar, but had shape: %s", what, str_text(&text));
    str_clear(&text);
    return s;
}

static sm_status run_read_file(call *c)
{
    file_view file;

    TRY(need_scalar(c, 0, "Input filename"));
    TRY(call_read_file(c, tensor_text(c->in[0], 0), &file));
    bool done = tstring_set(c->out[0]->data, file.bytes);
    file_close(&file);
    return done ? SM_OK : CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory for the contents of a file");
}

/* As TensorFlow: missing directories are made first. */
static sm_status run_write_file(call *c)
{
    slice     name, folder;
    ptrdiff_t slash;

    TRY(need_scalar(c, 0, "Input filename"));
    TRY(need_scalar(c, 1, "Contents"));
    name = tensor_text(c->in[0], 0);
    TRY(call_may_write(c, name));
    slash = slice_rfind(name, '/');
    folder = slash > 0 ? slice_head(name, (size_t)slash) : slice_of(".");
    const char *path = arena_strdup(c->scratch, name), *directory = arena_strdup(c->scratch, folder);
    if (!path || !directory) return CALL_FAIL(c, SM_RESOURCE_EXHAUSTED, "out of memory for the name of a file");
    if (strlen(path) != name.len) return CALL_FAIL(c, SM_INVALID_ARGUMENT, "a file's name has a zero byte");
    if (!file_is_directory(directory)) TRY(file_make_directories(directory, c->err));
    return file_write(path, tensor_text(c->in[1], 0), c->err);
}

static const kernel read_file[] = { { .run = run_read_file }, { 0 } };
static const kernel write_file[] = { { .run = run_write_file }, { 0 } };

const op_def file_ops[] = {
    { "ReadFile", "filename:string -> contents:string", infer_scalar, read_file, NULL, OP_STATEFUL,
      "the bytes of a file: the model's assets, others if allowed" },
    { "WriteFile", "filename:string contents:string ->", infer_unknown, write_file, NULL, OP_STATEFUL,
      "writes a file, if that is allowed" },
    { 0 },
};
