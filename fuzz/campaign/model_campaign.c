/* SPDX-License-Identifier: Apache-2.0 */
/* model_campaign.c - many mutated models, counted.
 *
 *     model_campaign COUNT [FIRST]
 *
 * Runs mutants FIRST, FIRST+1, ... in child processes of 500 each, under a limit of 2 GiB of address space and 10 s for a mutant.
 * A child that crashes or hangs is reported with the number of its mutant (run it again with COUNT 1), and the
 * campaign goes on behind it. Ends with "N passed, N failed" and the share of mutants that reached execution. */
#include "../fuzz_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PER_CHILD 500

typedef struct shared_counts {
    volatile uint64_t next, executed, refused;
} shared_counts;

static void limit_child(void)
{
#if !defined(__SANITIZE_ADDRESS__) /* the sanitizer's shadow needs terabytes of address space */
    struct rlimit memory = { (rlim_t)2 << 30, (rlim_t)2 << 30 };
    setrlimit(RLIMIT_AS, &memory);
#endif
    struct rlimit core = { 0, 0 };
    setrlimit(RLIMIT_CORE, &core);
}

static void run_child(shared_counts *shared, uint64_t end)
{
    limit_child();
    for (uint64_t i = shared->next; i < end; i++) {
        uint64_t executed = model_fuzz_progress()->executed, refused = model_fuzz_progress()->refused;
        shared->next = i;
        alarm(10);
        LLVMFuzzerTestOneInput((const uint8_t *)&i, sizeof i);
        shared->executed += model_fuzz_progress()->executed - executed;
        shared->refused += model_fuzz_progress()->refused - refused;
    }
    shared->next = end;
    alarm(0);
    model_fuzz_clean();
    exit(0);
}

int main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000, first = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    uint64_t end = first + count, failed = 0;
    shared_counts *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return 2;
    shared->next = first;
    while (shared->next < end) {
        uint64_t stop = shared->next + PER_CHILD < end ? shared->next + PER_CHILD : end;
        int      status = 0;
        pid_t    child = fork();
        if (child < 0) return 2;
        if (child == 0) run_child(shared, stop);
        if (waitpid(child, &status, 0) != child) return 2;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
        failed++;
        printf("mutant %llu: %s %d\n", (unsigned long long)shared->next, WIFSIGNALED(status) ? "signal" : "exit",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        fflush(stdout);
        shared->next++;
    }
    printf("%llu mutants, %.1f %% reached execution, %llu refusals with a sentence\n", (unsigned long long)count,
           100.0 * (double)shared->executed / (double)count, (unsigned long long)shared->refused);
    printf("%llu passed, %llu failed\n", (unsigned long long)(count - failed), (unsigned long long)failed);
    return failed != 0;
}
