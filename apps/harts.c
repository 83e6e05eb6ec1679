/* SPDX-License-Identifier: MIT
 * The work behind the figures of several harts in `scons bench` (tools/harts.py).
 *
 *   harts own      one process per hart stores to pages that nobody touched before
 *   harts shared   ... to pages that all of them share since a fork, so that each store breaks COW
 *   harts bytes    prints what the kernel keeps per process, per thread and per mapped MiB, in bytes
 */
#include <pagoda/system.h>
#include <pagoda/thread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES 4096u
#define PROCESSES 16
#define THREADS 16
#define MIB (1UL << 20)

volatile uint64_t harts_mark; /* tools/plugin/harts.c watches it: 1 a worker begins, 2 it has done its work */

static void need(bool true_now, const char *what)
{
    if (!true_now) {
        fprintf(stderr, "harts: %s failed\n", what);
        exit(1);
    }
}
static uint8_t *pages_new(size_t n)
{
    uintptr_t brk = (uintptr_t)sbrk(0), pad = -brk & PAGE_MASK;
    uint8_t *p = sbrk((ptrdiff_t)(pad + n * PAGE_SIZE));
    need(p != (void *)-1, "sbrk");
    return p + pad;
}
static void store_to(volatile uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i * PAGE_SIZE] = 1;
}
static void work(unsigned hart, uint8_t *p)
{
    need(thread_set_hart(hart) == 0, "going to a hart");
    harts_mark = 1;
    store_to(p, PAGES);
    harts_mark = 2;
    _exit(0);
}
static void workers(bool shared)
{
    uint8_t *p = pages_new(PAGES);
    if (shared)
        store_to(p, PAGES);
    for (unsigned hart = 0; hart < thread_harts(); hart++) {
        pid_t pid = fork();
        if (pid == 0)
            work(hart, p);
        need(pid > 0, "fork");
    }
    for (unsigned i = 0; i < thread_harts(); i++) {
        int status = -1;
        need(wait(&status) > 0 && status == 0, "a worker");
    }
}

/* ---- bytes ---- */

static long kernel_frames(void)
{
    struct pager_stats m;
    need(pager_stat(PAGER_STAT_MEMORY, 0, &m) == OK, "asking the pager");
    return (long)(m.v[4] + m.v[5]); /* tables, objects */
}
static void *naps(void *unused)
{
    uint64_t bits;
    (void)sys_wait(0, ~0UL, &bits);
    return unused;
}
static void per_process(void)
{
    pid_t pids[PROCESSES];
    long before = kernel_frames();
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(naps(NULL) != NULL);
        need(pids[i] > 0, "fork");
    }
    printf("process %ld\n", (kernel_frames() - before) * (long)PAGE_SIZE / PROCESSES);
    for (int i = 0; i < PROCESSES; i++) {
        (void)kill(pids[i], SIGKILL);
        (void)waitpid(pids[i], NULL, 0);
    }
}
static void per_thread(void)
{
    struct thread *t;
    long before = kernel_frames();
    for (int i = 0; i < THREADS; i++)
        need(thread_create(&t, naps, NULL) == 0, "a thread");
    printf("thread %ld\n", (kernel_frames() - before) * (long)PAGE_SIZE / THREADS);
}
static void per_mib(void)
{
    long before = kernel_frames(), mib = PAGES * PAGE_SIZE / MIB;
    store_to(pages_new(PAGES), PAGES);
    printf("mib %ld\n", (kernel_frames() - before) * (long)PAGE_SIZE / mib);
}
int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    if (strcmp(what, "bytes") == 0) {
        per_process();
        per_mib();
        per_thread();
    } else if (strcmp(what, "own") == 0 || strcmp(what, "shared") == 0) {
        workers(strcmp(what, "shared") == 0);
    } else {
        bool asked = strcmp(what, "--help") == 0;
        fputs("usage: harts own|shared|bytes\nWork on every hart, for a plugin of QEMU that counts: stores to pages of one's own, or shared "
              "since a fork.\nbytes: what the kernel keeps per process, per thread and per mapped MiB.\n", asked ? stdout : stderr);
        return asked ? 0 : 2;
    }
    return 0;
}
