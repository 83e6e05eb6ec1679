/* SPDX-License-Identifier: MIT
 * The kernel's own paths: a system call, a call to a server in another space and its answer.
 */
#include "bench.h"

#include <ipc/procmgr.h>
#include <unistd.h>

/* ---- the kernel alone ---- */

void bench_syscall_null(void)
{
    for (int i = 0; i < SAMPLES; i++) {
        begin();
        (void)sys_null();
        end();
    }
    report("syscall.null");
}

/* ---- IPC: a server in a child process ---- */

/* Answers every call with the instruction count at its first instruction; for ever, until it is killed. */
static _Noreturn void serve(void)
{
    __asm__ volatile("mv s1, %0\n"
                     "mv a0, s1\n"
                     "li a7, %1\n"
                     "ecall\n"
                     "1: rdinstret a1\n"
                     "mv t3, t2\n" /* the reply id */
                     "mv a0, s1\n"
                     "li a7, %2\n"
                     "ecall\n"
                     "j 1b\n" ::"r"((uint64_t)H_SELF),
                     "i"(SYS_RECV), "i"(SYS_REPLY_RECV)
                     : "memory", "s1", "a0", "a1", "a7", "t3");
    __builtin_unreachable();
}
/* One call with four words; the server's instruction count. The samples bracket the ecall and nothing else. */
static inline __attribute__((always_inline)) uint64_t call_words(handle_t server)
{
    register uint64_t a0 __asm__("a0") = server;
    register uint64_t a1 __asm__("a1") = 1;
    register uint64_t a2 __asm__("a2") = 2;
    register uint64_t a3 __asm__("a3") = 3;
    register uint64_t a4 __asm__("a4") = 4;
    register uint64_t a7 __asm__("a7") = SYS_CALL;
    uint64_t before, after;
    __asm__ volatile("rdinstret %0\n"
                     "ecall\n"
                     "rdinstret %1"
                     : "=&r"(before), "=&r"(after), "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a7)
                     :
                     : "memory", "a5", "a6", "t0", "t1", "t2", "t3", "t4", "t5", "t6");
    sampling.started = before;
    (void)after;
    return a1;
}
static void ipc_child(void)
{
    struct ipc_msg m = {.w = {PROC_ENDPOINT}};
    if (proc_call(H_PROC, &m) != OK)
        _exit(1);
    m = (struct ipc_msg){.w = {0}};
    if (ipc_call_handle(H_PARENT, &m, H_SELF, RIGHT_SEND, 0) != OK)
        _exit(1);
    serve();
}
void bench_ipc(void)
{
    handle_t server;
    pid_t pid = child_with_handle(ipc_child, &server);
    for (int i = 0; i < 4 && server != NO_HANDLE; i++) /* its pages are in, its registers loaded */
        (void)call_words(server);
    for (int i = 0; i < SAMPLES && server != NO_HANDLE; i++) {
        begin();
        uint64_t there = call_words(server);
        end_at(there);
    }
    sampling.sfence_sum /= 2, sampling.satp_sum /= 2; /* the brackets hold the way back as well, which is alike */
    report("ipc.call");
    for (int i = 0; i < SAMPLES && server != NO_HANDLE; i++) {
        begin();
        (void)call_words(server);
        end();
    }
    report("ipc.roundtrip"); /* with the server's five user instructions */
    (void)sys_handle_close(0, server);
    end_child(pid);
}

