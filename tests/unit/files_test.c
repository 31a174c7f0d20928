/* SPDX-License-Identifier: Apache-2.0 */
/* ReadFile and WriteFile: refused unless allowed, the model's assets apart. */
#include "unit.h"

#include "runner.h"

#include <unistd.h>

static sm_status read_file(runner *r, const char *path, tensor **out, sm_error *e)
{
    graph     g;
    function *f = NULL;

    graph_init(&g, 0);
    graph_add_output(&g, emit(&g, "ReadFile", text_value(&g, path)));
    sm_status s = function_new(&r->env, SLICE("read"), &g, &f, e);
    if (s == SM_OK) s = function_run(f, NULL, 0, out, 1, NULL, e);
    function_free(f);
    return s;
}

static sm_status write_file(runner *r, const char *path, const char *contents, sm_error *e)
{
    graph     g;
    function *f = NULL;

    graph_init(&g, 0);
    (void)emit(&g, "WriteFile", text_value(&g, path), text_value(&g, contents));
    graph_add_target(&g, (node_id)(g.node_count - 1));
    sm_status s = function_new(&r->env, SLICE("write"), &g, &f, e);
    if (s == SM_OK) s = function_run(f, NULL, 0, NULL, 0, NULL, e);
    function_free(f);
    return s;
}

TEST(files_need_permission)
{
    runner  r;
    char   *directory = unit_directory(), path[300], below[300];
    tensor *t = NULL;

    (void)snprintf(below, sizeof below, "%s/new", directory);
    (void)snprintf(path, sizeof path, "%s/new/file", directory);
    runner_start(&r);
    assert_fails(write_file(&r, path, "some text", err), SM_PERMISSION_DENIED, "WriteFile may not write");
    assert_fails(read_file(&r, path, &t, err), SM_PERMISSION_DENIED, "ReadFile may not read");
    r.runtime->allow_files = true;
    assert_fails(read_file(&r, path, &t, err), SM_NOT_FOUND, "no such file");
    assert_ok(write_file(&r, path, "some text", err)); /* makes the directory */
    r.runtime->allow_files = false;
    r.env.asset_directory = directory;
    assert_ok(read_file(&r, path, &t, err));
    assert_true(slice_is(tensor_text(t, 0), "some text"));
    tensor_unref(t);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(below), 0);
    assert_int_equal(rmdir(directory), 0);
    free(directory);
    runner_end(&r);
}
