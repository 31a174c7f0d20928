/* SPDX-License-Identifier: Apache-2.0 */
/* base/quota.h - how many CPUs this process may use. */
#ifndef BASE_QUOTA_H
#define BASE_QUOTA_H

/* CPUs that the scheduler may put this process on. At least 1. */
int quota_affinity(void);
/* CPUs that the control group's quota pays for, rounded up; 0: no limit. `root` is put before
 * /proc and /sys: "" but in tests. */
int quota_cgroup(const char *root);

#endif
