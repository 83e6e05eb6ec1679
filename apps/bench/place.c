/* SPDX-License-Identifier: MIT
 * What measuring needs around an operation: pages, children that idle or serve, the pager's ear. A child is never left
 * behind.
 */
#include "bench.h"

#include <ipc/pager.h>
#include <ipc/procmgr.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAP_TICKS 10000u
#define CHILD_TICKS 100000000u /* 10 s until a child has introduced itself */

volatile uint8_t *pages(size_t n)
{
    uintptr_t brk = (uintptr_t)sbrk(0);
    uintptr_t pad = -brk & PAGE_MASK;
    void *p = sbrk((ptrdiff_t)(pad + n * PAGE_SIZE));
    return p == (void *)-1 ? NULL : (volatile uint8_t *)p + pad;
}

void pages_free(size_t n) { (void)sbrk(-(ptrdiff_t)(n * PAGE_SIZE)); }

void nap(void)
{
    uint64_t bits;
    (void)sys_wait(0, sys_time() + NAP_TICKS, &bits);
}

pid_t idle_child(void)
{
    uint64_t bits;
    pid_t pid = fork();
    while (pid == 0) /* forever: until killed; never ready meanwhile, or a fault beside an equal would be measured */
        (void)sys_wait(0, DEADLINE_NONE, &bits);
    return pid;
}

void end_child(pid_t pid)
{
    if (pid > 0) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
    }
}

pid_t child_with_handle(void (*introduce)(void), handle_t *handle)
{
    struct ipc_msg m = {.w = {PROC_ENDPOINT}};
    struct ipc_event ev;
    *handle = NO_HANDLE;
    if (proc_call(H_PROC, &m) != OK)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        introduce();
        _exit(1);
    }
    if (pid > 0 && ipc_recv(H_SELF, &ev, sys_time() + CHILD_TICKS) == MSG_CALL) {
        *handle = (handle_t)ev.w[7];
        m.w[0] = OK;
        (void)ipc_reply(ev.id, &m);
    }
    return pid;
}

err_t pager_ask(uint64_t op, uint64_t a, uint64_t b, uint64_t c)
{
    struct ipc_msg m = {.w = {op, a, b, c}};
    return pager_call(H_PAGER, &m);
}
uint64_t pager_tune(uint64_t what, uint64_t value)
{
    struct ipc_msg m = {.w = {PAGER_TUNE, what, value}};
    return pager_call(H_PAGER, &m) == OK ? m.w[1] : PAGER_TUNE_ASK;
}
