/* SPDX-License-Identifier: Apache-2.0 */
/* base/quota.c - the CPU set and the CPU quota of this process.
 *
 * A container on a machine of 64 CPUs sees all of them, but may have time for two.
 * /proc/self/cgroup names the control group ("0::/path" in version 2, "4:cpu,cpuacct:/path" in
 * version 1); a quota may stand in that group and in each one above it, and the smallest holds:
 *
 *   version 2   /sys/fs/cgroup/<path>/cpu.max               "200000 100000", "max 100000"
 *   version 1   /sys/fs/cgroup/cpu/<path>/cpu.cfs_quota_us  "200000" or "-1", and
 *                                         cpu.cfs_period_us "100000", in microseconds
 *
 * Inside a container the path may be the host's and not exist; its parents up to the mount's root
 * are tried all the same. */
#define _GNU_SOURCE 1

#include "base/quota.h"

#include "base/str.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

enum { MOST_CPUS = 1 << 16 };

int quota_affinity(void)
{
    for (int cpus = 1024; cpus <= MOST_CPUS; cpus *= 2) { /* EINVAL: the kernel's set is larger */
        cpu_set_t *set = CPU_ALLOC(cpus);
        size_t     size = CPU_ALLOC_SIZE(cpus);
        int        count = 0;
        if (!set) break;
        if (sched_getaffinity(0, size, set) == 0) count = CPU_COUNT_S(size, set);
        CPU_FREE(set);
        if (count > 0) return count;
    }
    return 1;
}

/* The beginning of the file <directory><name>; the slice is in the buffer, empty when there is
 * none. */
static slice read_small(const str *directory, const char *name, char *buffer, size_t size)
{
    str     path = { 0 };
    ssize_t n = -1;
    int     fd;

    str_addf(&path, "%s%s", str_text(directory), name);
    fd = path.failed ? -1 : open(str_text(&path), O_RDONLY | O_CLOEXEC);
    str_clear(&path);
    if (fd >= 0) {
        n = read(fd, buffer, size);
        (void)close(fd);
    }
    return slice_make(buffer, n > 0 ? (size_t)n : 0);
}

/* Cuts the text before the first `end` off s; all of s when there is none. */
static slice cut(slice *s, char end)
{
    ptrdiff_t at = slice_find(*s, end);
    slice     head = at < 0 ? *s : slice_head(*s, (size_t)at);

    *s = slice_tail(*s, at < 0 ? s->len : (size_t)at + 1);
    return head;
}

static int64_t number_in(slice s)
{
    int64_t value;
    return slice_int(s, &value) ? value : -1;
}

/* One group's quota in CPUs; 0: none. */
static int group_quota(const str *group, bool version2)
{
    char    text[128];
    slice   s;
    int64_t quota, period, cpus;

    if (version2) {
        s = read_small(group, "/cpu.max", text, sizeof text);
        s = cut(&s, '\n');
        quota = number_in(cut(&s, ' '));
        period = number_in(s);
    } else {
        s = read_small(group, "/cpu.cfs_quota_us", text, sizeof text);
        quota = number_in(cut(&s, '\n'));
        s = read_small(group, "/cpu.cfs_period_us", text, sizeof text);
        period = number_in(cut(&s, '\n'));
    }
    if (quota <= 0 || period <= 0) return 0;
    cpus = quota / period + (quota % period != 0);
    return cpus < MOST_CPUS ? (int)cpus : 0;
}

static int smaller_quota(int a, int b)
{
    return a == 0 ? b : b == 0 || a < b ? a : b;
}

/* The smallest quota of a group and those above it, up to the mount. */
static int chain_quota(const char *root, const char *mount, slice group, bool version2)
{
    str path = { 0 };
    int quota = 0;

    for (;;) {
        str_reset(&path);
        str_addf(&path, "%s%s", root, mount);
        str_add(&path, group);
        if (!path.failed) quota = smaller_quota(quota, group_quota(&path, version2));
        if (group.len == 0) break;
        ptrdiff_t up = slice_rfind(group, '/');
        group = slice_head(group, up < 0 ? 0 : (size_t)up);
    }
    str_clear(&path);
    return quota;
}

/* Whether "cpu" is in a list such as "cpu,cpuacct". */
static bool lists_cpu(slice controllers)
{
    while (controllers.len)
        if (slice_is(cut(&controllers, ','), "cpu")) return true;
    return false;
}

int quota_cgroup(const char *root)
{
    str   directory = { 0 };
    char  text[8192];
    slice rest;
    int   quota = 0;

    str_addz(&directory, root);
    rest = read_small(&directory, "/proc/self/cgroup", text, sizeof text);
    str_clear(&directory);
    while (rest.len) {
        slice line = cut(&rest, '\n');
        slice number = cut(&line, ':'), controllers = cut(&line, ':');
        if (slice_is(number, "0") && controllers.len == 0) {
            quota = smaller_quota(quota, chain_quota(root, "/sys/fs/cgroup", line, true));
            quota = smaller_quota(quota, chain_quota(root, "/sys/fs/cgroup/unified", line, true));
        } else if (lists_cpu(controllers)) {
            quota = smaller_quota(quota, chain_quota(root, "/sys/fs/cgroup/cpu", line, false));
        }
    }
    return quota;
}
