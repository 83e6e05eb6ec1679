/* SPDX-License-Identifier: MIT
 * The event ring of each hart, and the counters. User level reads both through system calls.
 */
#include "arch.h"

/* Measured builds start with the ring off, like their other debugging aids; TRACE_MASK switches it on. */
#ifdef PAGODA_BENCH
uint64_t trace_mask = 0;
#else
uint64_t trace_mask = ~0UL;
#endif

void trace_record(unsigned kind, const struct thread *t, uint64_t a, uint64_t b)
{
    struct hart *h = this_hart();
    if (!((trace_mask >> kind) & 1))
        return;
    struct trace_event *e = &h->ring[h->trace_next++ & (TRACE_RING - 1)];
    e->instret = arch_instret();
    e->thread = t ? t->frame : 0;
    e->kind = kind;
    e->hart = h->index;
    e->a = a;
    e->b = b;
}

/* The last events, for a dying kernel. */
void epitaph_events(void)
{
    static const char *const name[TRACE_KINDS_END] = {
#define TRACE_NAME(name, number, a, b) [number] = #name,
        TRACE_KINDS(TRACE_NAME)
#undef TRACE_NAME
    };
    struct hart *h = this_hart();
    if (!h->ring)
        return;
    kputs("last events (instret thread kind a b):\n");
    for (uint64_t n = h->trace_next > 16 ? h->trace_next - 16 : 1; n < h->trace_next; n++) { /* bound: 16 */
        struct trace_event *e = &h->ring[n & (TRACE_RING - 1)];
        uint64_t words[] = {e->instret, e->thread};
        for (unsigned i = 0; i < 2; i++) {
            kputs("  ");
            kputx(words[i]);
        }
        kputs("  ");
        kputs(e->kind < TRACE_KINDS_END && name[e->kind] ? name[e->kind] : "?");
        kputs("  ");
        kputx(e->a);
        kputs("  ");
        kputx(e->b);
        kputs("\n");
    }
}

syscall_fn sys_trace_read, sys_trace_mask, sys_kernel_info, sys_kernel_check, sys_debug_putc;

static err_t kernel_right(struct thread *cur, handle_t h, unsigned right)
{
    struct handle *slot;
    return handle_find(cur->space, h, OBJ_KERNEL, right, &slot);
}

/* a0 kernel, a1 hart, a2 sequence -> a1 sequence, a2 instret, a3 thread | kind << 32 | hart << 48, a4 a, a5 b */
long sys_trace_read(struct thread *cur, uint64_t *a)
{
    err_t e = kernel_right(cur, a[0], RIGHT_K_TRACE);
    if (e != OK)
        return e;
    if (a[1] >= hart_count)
        return ERR_INVAL;
    struct hart *h = &harts[a[1]];
    uint64_t seq = a[2], oldest = h->trace_next > TRACE_RING ? h->trace_next - TRACE_RING : 1;
    if (seq < oldest)
        seq = oldest;
    a[1] = seq;
    if (seq >= h->trace_next)
        return ERR_NOENT;
    struct trace_event *ev = &h->ring[seq & (TRACE_RING - 1)];
    a[2] = ev->instret;
    a[3] = ev->thread | (uint64_t)ev->kind << 32 | (uint64_t)ev->hart << 48;
    a[4] = ev->a;
    a[5] = ev->b;
    return OK;
}

long sys_trace_mask(struct thread *cur, uint64_t *a)
{
    err_t e = kernel_right(cur, a[0], RIGHT_K_CHECK);
    if (e != OK)
        return e;
    uint64_t old = trace_mask;
    trace_mask = a[1];
    for (unsigned i = 0; i < hart_count; i++) /* bound: HARTS_MAX */
        harts[i].traced = trace_mask != 0;
    a[1] = old;
    return OK;
}

/* Each way of the fast path is counted once for all that it does. */
static uint64_t counter_value(const struct hart *h, unsigned which)
{
    uint64_t value = h->counter[which], faults = 0, flushes = h->fast[FAST_UPGRADE] + h->fast[FAST_MAP] + h->fast[FAST_REMAP];
    uint64_t woken = h->fast[FAST_SIGNAL] + h->fast[FAST_IRQ];
    uint64_t answers = h->fast[FAST_RETRY] + flushes, calls = h->fast[FAST_CALL] + h->fast[FAST_REPLY_RECV] + answers;
    for (unsigned i = 0; i < FAST_CAUSES; i++) /* bound: FAST_CAUSES */
        faults += h->fast_fault[i];
    switch (which) {
    case KC_TRAP + 8:
        return value + calls + h->fast[FAST_NULL] + h->fast[FAST_SIGNAL] + h->fast[FAST_REPLY] + h->fast[FAST_RECV];
    case KC_TRAP + 16 + 9:
        return value + h->fast[FAST_IRQ];
    case KC_TRAP + 12:
    case KC_TRAP + 13:
    case KC_TRAP + 15:
        return value + h->fast_fault[which - KC_TRAP - FAST_CAUSE_FIRST];
    case KC_SWITCHES:
    case KC_SATP:
        return value + calls + faults + woken + h->fast[FAST_RECV];
    case KC_CALLS:
        return value + h->fast[FAST_CALL];
    case KC_REPLIES:
        return value + h->fast[FAST_REPLY_RECV] + h->fast[FAST_REPLY];
    case KC_FAULT_MSGS:
        return value + faults;
    case KC_FAULT_REPLIES:
        return value + answers;
    case KC_SFENCE:
        return value + flushes;
    case KC_SHOOTDOWNS:
        return value + h->fast[FAST_REMAP];
    default:
        return value;
    }
}

/* a0 kernel, a1 hart, a2 KC_* -> a1 value */
long sys_kernel_info(struct thread *cur, uint64_t *a)
{
    err_t e = kernel_right(cur, a[0], RIGHT_K_TRACE);
    if (e != OK)
        return e;
    if (a[1] >= hart_count)
        return ERR_INVAL;
    if (a[2] == KC_HARTS)
        a[1] = hart_count;
    else if (a[2] == KC_INSTRET_BOOT)
        a[1] = arch_boot_instret();
    else if (a[2] == KC_SYSCALLS)
        a[1] = counter_value(&harts[a[1]], KC_TRAP + 8); /* the same thing, counted once */
    else if (a[2] < KC_COUNT)
        a[1] = counter_value(&harts[a[1]], a[2]);
    else
        return ERR_INVAL;
    return OK;
}

long sys_kernel_check(struct thread *cur, uint64_t *a)
{
    err_t e = kernel_right(cur, a[0], RIGHT_K_CHECK);
    if (e != OK)
        return e;
    a[1] = kernel_check(&a[2]);
    return OK;
}

long sys_debug_putc(struct thread *cur, uint64_t *a)
{
    err_t e = kernel_right(cur, a[0], RIGHT_K_DEBUG);
    if (e == OK)
        arch_console_putc((char)a[1]);
    return e;
}
