/* SPDX-License-Identifier: MIT
 * init's voice: a small formatter, the way to the console server, and a ring of lines for the supervisor, which must
 * not call anybody. Must never fail and never wait longer than SAY_PATIENCE_TICKS.
 */
#include <ipc/console.h>

#include <stdarg.h>
#include <string.h>

#include "init.h"

#define LINE_MAX 256u
#define SAY_PATIENCE_TICKS 5000000u /* half a second at 10 MHz: then the line goes by the kernel's console */
#define KEPT_LINES 16u

static handle_t console;

struct line {
    char text[LINE_MAX];
    unsigned length;
};

static void put(struct line *l, char c)
{
    if (l->length < LINE_MAX)
        l->text[l->length++] = c;
}

static void put_number(struct line *l, uint64_t n, unsigned base)
{
    char digits[20];
    unsigned count = 0;
    do { /* bound: 20 decimal digits of 64 bits */
        digits[count++] = "0123456789abcdef"[n % base];
        n /= base;
    } while (n);
    while (count > 0)
        put(l, digits[--count]);
}

static void put_argument(struct line *l, const char *spec, bool is_long, va_list *args)
{
    switch (*spec) {
    case 's':
        for (const char *s = va_arg(*args, const char *); *s; s++)
            put(l, *s);
        break;
    case 'c':
        put(l, (char)va_arg(*args, int));
        break;
    case 'd': {
        long n = is_long ? va_arg(*args, long) : va_arg(*args, int);
        if (n < 0)
            put(l, '-');
        put_number(l, n < 0 ? -(uint64_t)n : (uint64_t)n, 10);
        break;
    }
    case 'u':
    case 'x':
        put_number(l, is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned), *spec == 'u' ? 10 : 16);
        break;
    default:
        put(l, *spec);
    }
}

static void format_line(struct line *l, const char *format, va_list *args)
{
    l->length = 0;
    for (; *format; format++) {
        if (*format != '%') {
            put(l, *format);
            continue;
        }
        bool is_long = *++format == 'l';
        if (is_long)
            format++;
        put_argument(l, format, is_long, args);
    }
}

static void raw(const struct line *l)
{
    for (unsigned i = 0; i < l->length; i++)
        sys_debug_putc(INIT_H_KERNEL, l->text[i]);
}

static void emit(struct line *l)
{
    if (console != NO_HANDLE) {
        ticks_t deadline = sys_time() + SAY_PATIENCE_TICKS;
        err_t err = ERR_PEER_DEAD;
        while (err == ERR_PEER_DEAD && sys_time() < deadline) { /* it died under the line and comes back */
            struct ipc_msg m = {.w = {CONSOLE_WRITE}};
            struct ipc_buf b = {.addr = l->text, .len_bytes = l->length, .access = BUF_R};
            err = ipc_call_full(console, &m, &b, 1, deadline);
        }
        if (err == OK)
            return;
    }
    raw(l);
}

void say(const char *format, ...)
{
    struct line l;
    va_list args;
    va_start(args, format);
    format_line(&l, format, &args);
    va_end(args);
    emit(&l);
}

void say_through(handle_t console_ep) { console = console_ep; }

/* One writer (the supervisor), one reader (the worker, or the supervisor itself at the very end). */
static struct line kept[KEPT_LINES];
static unsigned kept_in, kept_out, kept_lost;

void say_later(const char *format, ...)
{
    unsigned in = __atomic_load_n(&kept_in, __ATOMIC_RELAXED);
    if (in - __atomic_load_n(&kept_out, __ATOMIC_ACQUIRE) >= KEPT_LINES) {
        __atomic_fetch_add(&kept_lost, 1, __ATOMIC_RELAXED);
        return;
    }
    va_list args;
    va_start(args, format);
    format_line(&kept[in % KEPT_LINES], format, &args);
    va_end(args);
    __atomic_store_n(&kept_in, in + 1, __ATOMIC_RELEASE);
}

static void flush(void (*out)(const struct line *))
{
    unsigned lost = __atomic_exchange_n(&kept_lost, 0, __ATOMIC_RELAXED);
    unsigned limit = __atomic_load_n(&kept_in, __ATOMIC_ACQUIRE);
    while (kept_out != limit) { /* bound: KEPT_LINES */
        out(&kept[kept_out % KEPT_LINES]);
        __atomic_store_n(&kept_out, kept_out + 1, __ATOMIC_RELEASE);
    }
    if (lost)
        say("init: %u further reports were dropped\n", lost);
}

static void emit_const(const struct line *l)
{
    struct line copy = *l;
    emit(&copy);
}

void say_flush_kept(void) { flush(emit_const); }

void say_flush_raw(void)
{
    console = NO_HANDLE;
    flush(raw);
}
