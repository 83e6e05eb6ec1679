/* SPDX-License-Identifier: MIT
 * Processes: fork of so many dirtied pages, its whole life, exec, spawn; and the boot.
 */
#include "bench.h"

#include <ipc/init.h>
#include <ipc/pager.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const size_t fork_pages[] = {0, 1, 16, 256, 4096, 65536};

bool enough_memory(size_t n)
{
    struct ipc_msg m = {.w = {PAGER_STAT, PAGER_STAT_MEMORY}};
    return pager_call(H_PAGER, &m) == OK && m.w[2] > n + n / 16 + 2048;
}
static void dirty(volatile uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i * PAGE_SIZE]++;
}
static void fork_call(size_t n)
{
    char name[24];
    volatile uint8_t *p = pages(n);
    for (int i = 0; p != NULL && i < SAMPLES; i++) {
        dirty(p, n);
        begin();
        pid_t pid = fork();
        if (pid == 0) {
            nap();
            _exit(0);
        }
        end();
        (void)waitpid(pid, NULL, 0);
    }
    if (p != NULL)
        pages_free(n);
    snprintf(name, sizeof name, "fork.call.%u", (unsigned)n);
    report(name);
}
static void fork_cycle(size_t n)
{
    char name[24];
    volatile uint8_t *p = pages(n);
    for (int i = 0; p != NULL && i < SAMPLES; i++) {
        dirty(p, n);
        begin();
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        (void)waitpid(pid, NULL, 0);
        end();
    }
    if (p != NULL)
        pages_free(n);
    snprintf(name, sizeof name, "fork.cycle.%u", (unsigned)n);
    report(name);
}
void bench_forks(void)
{
    for (size_t i = 0; i < sizeof fork_pages / sizeof fork_pages[0]; i++) {
        char name[24];
        size_t n = fork_pages[i];
        if (!enough_memory(n))
            continue;
        snprintf(name, sizeof name, "fork.call.%u", (unsigned)n);
        if (is_wanted(name))
            fork_call(n);
        snprintf(name, sizeof name, "fork.cycle.%u", (unsigned)n);
        if (is_wanted(name))
            fork_cycle(n);
    }
}
static char *const true_argv[] = {"true", NULL};
extern char **environ;
void bench_fork_exec(void)
{
    for (int i = 0; i < SAMPLES; i++) {
        begin();
        pid_t pid = fork();
        if (pid == 0) {
            execv("/bin/true", true_argv);
            _exit(1);
        }
        (void)waitpid(pid, NULL, 0);
        end();
    }
    report("fork_exec");
}
void bench_spawn(void)
{
    for (int i = 0; i < SAMPLES; i++) {
        pid_t pid = 0;
        begin();
        if (posix_spawn(&pid, "/bin/true", NULL, NULL, true_argv, environ) == 0)
            (void)waitpid(pid, NULL, 0);
        end();
    }
    report("spawn");
}
static uint64_t setting(uint64_t which)
{
    struct ipc_msg m = {.w = {INIT_SETTING, which}};
    return ipc_call(H_INIT, &m) == OK ? m.w[1] : 0;
}
void bench_boot_shell(void)
{
    sample_add(setting(SETTING_SHELL_INSTRET) - setting(SETTING_BOOT_INSTRET)); /* happens once */
    report("boot.shell");
}

