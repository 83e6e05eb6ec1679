/* SPDX-License-Identifier: MIT
 * Forks under a strategy of their own: by leaf tables that nobody shares yet, by tables that others share already, page by
 * page; and the first store after a table was shared. What fork.call and fork.cycle measure is the strategy of the boot.
 */
#include "bench.h"

#include <ipc/pager.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNSHARE_PAGES 1536u /* two leaf tables at least are all of it */

static const size_t sizes[] = {256, 4096, 65536};

static uint64_t strategy(uint64_t number)
{
    struct ipc_msg ask = {.w = {PAGER_STRATEGY, 0}}, set = {.w = {PAGER_STRATEGY, number}};
    uint64_t old = pager_call(H_PAGER, &ask) == OK ? ask.w[1] : 0;
    (void)pager_call(H_PAGER, &set);
    return old;
}
static void dirty(volatile uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i * PAGE_SIZE]++;
}
static void one_fork(void)
{
    begin();
    pid_t pid = fork();
    if (pid == 0) {
        nap();
        _exit(0);
    }
    end();
    (void)waitpid(pid, NULL, 0);
}
static void named(const char *family, size_t n)
{
    char name[24];
    snprintf(name, sizeof name, "%s.%u", family, (unsigned)n);
    report(name);
}
static bool wanted(const char *family, size_t n)
{
    char name[24];
    snprintf(name, sizeof name, "%s.%u", family, (unsigned)n);
    return is_wanted(name) && enough_memory(n);
}
/* Each page written before each fork. */
static void of_dirty_pages(const char *family, size_t n)
{
    volatile uint8_t *p = pages(n);
    for (int i = 0; p != NULL && i < SAMPLES; i++) {
        dirty(p, n);
        one_fork();
    }
    if (p != NULL)
        pages_free(n);
    named(family, n);
}
/* A child from before has the tables, and nobody writes there. */
static void again(size_t n)
{
    volatile uint8_t *p = pages(n);
    if (p != NULL) {
        dirty(p, n);
        pid_t before = idle_child();
        for (int i = 0; i < SAMPLES; i++)
            one_fork();
        end_child(before);
        pages_free(n);
    }
    named("fork.again", n);
}
void bench_fault_unshare(void)
{
    uint64_t old = strategy(FORK_TABLES);
    volatile uint8_t *p = pages(UNSHARE_PAGES);
    for (int i = 0; p != NULL && i < SAMPLES; i++) {
        dirty(p, UNSHARE_PAGES);
        pid_t pid = idle_child();
        begin();
        p[UNSHARE_PAGES / 2 * PAGE_SIZE] = 1;
        end();
        end_child(pid);
    }
    if (p != NULL)
        pages_free(UNSHARE_PAGES);
    report("fault.unshare");
    (void)strategy(old);
}
void bench_fork_strategies(void)
{
    uint64_t old = strategy(FORK_TABLES);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (wanted("fork.first", sizes[i]))
            of_dirty_pages("fork.first", sizes[i]);
        if (wanted("fork.again", sizes[i]))
            again(sizes[i]);
    }
    (void)strategy(FORK_COW);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (wanted("fork.page", sizes[i]))
            of_dirty_pages("fork.page", sizes[i]);
    (void)strategy(old);
}
