/* SPDX-License-Identifier: MIT
 * The event ring (one per hart, newest TRACE_RING events) and the kernel's counters.
 */
#ifndef ABI_TRACE_H
#define ABI_TRACE_H

#include "types.h"

/* X(NAME, number, meaning of a, meaning of b) */
#define TRACE_KINDS(X) \
    X(FAULT, 1, "va", "access") \
    X(DELIVER, 2, "va", "fault id") \
    X(FAULT_REPLY, 3, "verdict|prot<<8|reason<<16", "fault id") \
    X(RESUME, 4, "ip", "va") \
    X(CALL, 5, "w[0]", "endpoint frame") \
    X(RECV, 6, "w[0]", "badge") \
    X(REPLY, 7, "w[0]", "reply id") \
    X(EXCEPTION, 8, "cause", "value") \
    X(IRQ, 9, "source", "0") \
    X(TIMER, 10, "now", "woken") \
    X(SIGNAL, 11, "bits", "notification frame") \
    X(THREAD, 12, "1 start, 2 stop, 3 destroy", "thread frame") \
    X(SPACE, 13, "system call", "space frame") \
    X(COPY, 14, "bytes", "reply id") \
    X(CANCEL, 15, "reply id", "endpoint frame")

enum trace_kind {
#define TRACE_ENUM(name, number, a, b) TRACE_##name = (number),
    TRACE_KINDS(TRACE_ENUM)
#undef TRACE_ENUM
    TRACE_KINDS_END = 16,
};

struct trace_event {
    uint64_t instret;
    uint32_t thread; /* frame of the control block of the thread it is about */
    uint16_t kind;   /* enum trace_kind */
    uint16_t hart;
    uint64_t a, b;
};
_Static_assert(sizeof(struct trace_event) == 32, "trace_event is ABI");
#define TRACE_RING 8192u /* events per hart */

/* SYS_KERNEL_INFO: counters per hart. Indices 0..15 count exceptions by scause, 16..31 interrupts by scause. */
enum kernel_counter {
    KC_TRAP = 0,        /* + scause; interrupts at 16 + code */
    KC_SYSCALLS = 32,
    KC_SFENCE = 33,     /* sfence.vma instructions executed */
    KC_SATP = 34,       /* satp writes */
    KC_TIMER_SET = 35,
    KC_SWITCHES = 36,
    KC_FAULT_MSGS = 37,
    KC_FAULT_REPLIES = 38,
    KC_CALLS = 39,
    KC_REPLIES = 40,
    KC_FPU_LOADS = 41,
    KC_SHOOTDOWNS = 42,
    KC_ASID_ROLLS = 43,
    KC_IPIS = 45,       /* inter-processor interrupts sent */
    KC_COUNT = 48,
    KC_HARTS = 100,     /* not a counter: number of harts */
    KC_INSTRET_BOOT = 101,
};

#endif
