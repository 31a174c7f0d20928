/* SPDX-License-Identifier: Apache-2.0 */
/* CPU quotas, read from small copies of /proc and /sys. A row lists "path=content" pairs. */
#include "base/file.h"
#include "base/pool.h"
#include "base/quota.h"
#include "base/str.h"
#include "unit.h"

#include <sched.h>
#include <unistd.h>

#define CGROUP "/proc/self/cgroup", "0::/a/b\n"
#define CGROUP1 "/proc/self/cgroup", "9:memory:/x\n4:cpu,cpuacct:/a\n0::/\n"

static const struct {
    const char *what;
    int         cpus;
    const char *files[9];
} rows[] = {
    { "no cgroups", 0, { NULL } },
    { "no limit", 0, { CGROUP, "/sys/fs/cgroup/a/b/cpu.max", "max 100000\n" } },
    { "two CPUs", 2, { CGROUP, "/sys/fs/cgroup/a/b/cpu.max", "200000 100000\n" } },
    { "rounded up", 3, { CGROUP, "/sys/fs/cgroup/a/b/cpu.max", "200001 100000\n" } },
    { "less than one", 1, { CGROUP, "/sys/fs/cgroup/a/b/cpu.max", "5000 100000\n" } },
    { "of the parent", 4, { CGROUP, "/sys/fs/cgroup/a/cpu.max", "400000 100000\n" } },
    { "of the mount", 5, { CGROUP, "/sys/fs/cgroup/cpu.max", "500000 100000\n" } },
    { "the smallest",
      2,
      { CGROUP, "/sys/fs/cgroup/a/b/cpu.max", "900000 100000\n", "/sys/fs/cgroup/a/cpu.max", "200000 100000\n" } },
    { "nonsense", 0, { CGROUP, "/sys/fs/cgroup/a/b/cpu.max", "many 0\n" } },
    { "no period", 0, { CGROUP, "/sys/fs/cgroup/a/b/cpu.max", "200000 0\n" } },
    { "version 1",
      3,
      { CGROUP1, "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "300000\n", "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n" } },
    { "version 1, of the mount",
      2,
      { CGROUP1, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us", "50000\n" } },
    { "version 1, no limit",
      0,
      { CGROUP1, "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n", "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n" } },
    { "hybrid", 6, { "/proc/self/cgroup", "4:cpuset:/\n0::/a\n", "/sys/fs/cgroup/unified/a/cpu.max", "600000 100000\n" } },
};

static void write_below(const char *root, const char *path, const char *content)
{
    str   whole = { 0 }, directory = { 0 };
    slice s;

    str_addf(&whole, "%s%s", root, path);
    s = str_slice(&whole);
    str_add(&directory, slice_head(s, (size_t)slice_rfind(s, '/')));
    assert_ok(file_make_directories(str_text(&directory), err));
    assert_ok(file_write(str_text(&whole), slice_of(content), err));
    str_clear(&whole);
    str_clear(&directory);
}

static void remove_below(const char *path)
{
    arena              a;
    const char *const *names = NULL;
    size_t             count = 0;

    arena_init(&a, 0);
    if (file_is_directory(path)) {
        assert_ok(file_list(path, &a, &names, &count, err));
        for (size_t i = 0; i < count; i++) remove_below(arena_printf(&a, "%s/%s", path, names[i]));
        assert_int_equal(rmdir(path), 0);
    } else {
        assert_int_equal(unlink(path), 0);
    }
    arena_clear(&a);
}

TEST(control_groups)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *root = unit_directory();
        int   cpus;
        for (size_t f = 0; rows[i].files[f]; f += 2) write_below(root, rows[i].files[f], rows[i].files[f + 1]);
        cpus = quota_cgroup(root);
        if (cpus != rows[i].cpus) fail_msg("%s: %d, not %d", rows[i].what, cpus, rows[i].cpus);
        remove_below(root);
        free(root);
    }
}

TEST(affinity)
{
    cpu_set_t before, one;
    int       first = 0;

    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    assert_int_equal(quota_affinity(), CPU_COUNT(&before));
    while (!CPU_ISSET(first, &before)) first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(quota_affinity(), 1);
    assert_int_equal(pool_default_threads(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}
