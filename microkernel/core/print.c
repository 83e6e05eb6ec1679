/* SPDX-License-Identifier: MIT
 * The kernel's last words, through the firmware's console. Nothing here is used while the system is well.
 */
#include "arch.h"

void kputs(const char *s)
{
    for (; *s; s++)
        arch_console_putc(*s);
}

void kputx(uint64_t x)
{
    kputs("0x");
    unsigned digits = 1;
    while (digits < 16 && x >> (4 * digits)) /* bound: 16 */
        digits++;
    while (digits--)
        arch_console_putc("0123456789abcdef"[(x >> (4 * digits)) & 15]);
}

/* A broken invariant of ours: say what, where and what happened last; then stop. */
_Noreturn void panic(const char *what, uint64_t a, uint64_t b)
{
    struct thread *t = this_hart()->current;
    kputs("\nkernel panic: ");
    kputs(what);
    kputs("  ");
    kputx(a);
    kputs("  ");
    kputx(b);
    kputs("\ncurrent thread ");
    kputx(t ? t->frame : 0);
    kputs(" ip ");
    kputx(t ? t->x[REG_PC] : 0);
    kputs(" state ");
    kputx(t ? t->state : 0);
    kputs("\n");
    epitaph_events();
    arch_halt();
}
