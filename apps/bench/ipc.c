/* SPDX-License-Identifier: MIT
 * The kernel's own paths: a system call; a call to a server in another space and its answer; a signal.
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

/* ---- a signal: the waiter is a child of higher priority ---- */

#define PRIO_WAITER 199u /* the highest of programs */

/* Tells the parent the instruction count at the first instruction after each wake-up; for ever, until it is killed. */
static _Noreturn void wait_for_signals(void)
{
    __asm__ volatile("1: li a0, 0\n" /* its own notification */
                     "li a7, %1\n"
                     "ecall\n"
                     "rdinstret a1\n"
                     "mv a0, %0\n"
                     "li a7, %2\n"
                     "ecall\n"
                     "j 1b\n" ::"r"((uint64_t)H_PARENT),
                     "i"(SYS_WAIT), "i"(SYS_CALL)
                     : "memory", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3", "t4", "t5", "t6");
    __builtin_unreachable();
}
static void waiting_child(void)
{
    struct ipc_msg prio = {.w = {PROC_PRIO, 0, PRIO_WAITER}}, waker = {.w = {PROC_WAKER, ~0UL}};
    if (proc_call(H_PROC, &prio) != OK || proc_call(H_PROC, &waker) != OK)
        _exit(1);
    handle_t own = (handle_t)waker.w[1];
    waker = (struct ipc_msg){.w = {0}};
    if (ipc_call_handle(H_PARENT, &waker, own, RIGHT_SIGNAL, 0) != OK)
        _exit(1);
    wait_for_signals();
}
/* The samples bracket the ecall and nothing else. */
static inline __attribute__((always_inline)) void signal_bit(handle_t waiter)
{
    register uint64_t a0 __asm__("a0") = waiter;
    register uint64_t a1 __asm__("a1") = 1;
    register uint64_t a7 __asm__("a7") = SYS_SIGNAL;
    uint64_t before, after;
    __asm__ volatile("rdinstret %0\n"
                     "ecall\n"
                     "rdinstret %1"
                     : "=&r"(before), "=&r"(after), "+r"(a0), "+r"(a1), "+r"(a7)
                     :
                     : "memory", "a2", "a3", "a4", "a5", "a6", "t0", "t1", "t2", "t3", "t4", "t5", "t6");
    sampling.started = before;
    (void)after;
}
void bench_notify(void)
{
    handle_t waiter;
    struct ipc_event ev;
    pid_t pid = child_with_handle(waiting_child, &waiter);
    for (int i = 0; i < SAMPLES + 2 && waiter != NO_HANDLE; i++) {
        begin();
        signal_bit(waiter);
        if (ipc_recv(H_SELF, &ev, DEADLINE_POLL) != MSG_CALL)
            break; /* it has not run: no figure */
        end_at(ev.w[0]);
        struct ipc_msg m = {.w = {0}};
        (void)ipc_reply(ev.id, &m);
        if (i < 2)
            forget_samples(); /* its pages come in */
    }
    sampling.sfence_sum /= 2, sampling.satp_sum /= 2; /* the brackets hold the way back as well, which is alike */
    report("notify.wake");
    (void)sys_handle_close(0, waiter);
    end_child(pid);
}
