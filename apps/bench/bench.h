/* SPDX-License-Identifier: MIT
 * What the files of the bench program share: taking samples, and the families of figures. A family takes at most SAMPLES
 * samples between begin() and end(), or end_at(), and names the figure with report(); then the next figure starts empty.
 */
#ifndef BENCH_H
#define BENCH_H

#include <abi/trace.h> /* KC_* */
#include <ipc/ipc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SAMPLES 33 /* odd: the median is a sample */
#define COPY_PAGES (SAMPLES + 1)

/* ---- sampling (sample.c) ---- */

struct sampling {
    uint64_t sample[SAMPLES];
    unsigned count;
    uint64_t started;              /* instret when the operation under way began */
    uint64_t overhead;             /* of reading the counter */
    uint64_t sfence_sum, satp_sum; /* of all samples; 0: not known */
};
extern struct sampling sampling;

static inline uint64_t counter(unsigned which)
{
    uint64_t v = 0;
    (void)!sys_kernel_info(H_KERNEL, 0, which, &v);
    return v;
}
/* Open and close a sample: the counters are read outside the two instruction counts. */
static inline __attribute__((always_inline)) void begin(void)
{
    sampling.sfence_sum -= counter(KC_SFENCE);
    sampling.satp_sum -= counter(KC_SATP);
    sampling.started = sys_instret();
    __asm__ volatile("" ::: "memory");
}
void end_at(uint64_t now);
static inline __attribute__((always_inline)) void end(void)
{
    __asm__ volatile("" ::: "memory");
    end_at(sys_instret());
}
void forget_samples(void);
void calibrate(void);
/* A sample that was not taken with begin() and end(). */
void sample_add(uint64_t value);
/* The samples so far are this figure: median, least, greatest. unit: a static string. Without a sample there is no figure. */
void report_unit(const char *name, const char *unit);
static inline void report(const char *name) { report_unit(name, "instructions"); }

/* ---- what the user asked for: beginnings of names, all when there are none ---- */

void want(char *const *names, int count);
bool is_wanted(const char *figure);
bool family_wanted(const char *family); /* it, one of its figures, or one that its name begins with */

/* ---- output (output.c) ---- */

struct metric {
    char name[24];
    const char *unit;
    uint64_t median, min, max;
    uint64_t sfence_100, satp_100; /* per operation, hundredths */
};
extern struct metric metrics[];
extern unsigned metric_count;
void print_table(void);
void print_json(void);

/* ---- pages and children (place.c) ---- */

volatile uint8_t *pages(size_t n); /* fresh ones at the end of the heap; NULL: no memory */
void pages_free(size_t n);
bool enough_memory(size_t n); /* for so many pages, and what else a fork takes (process.c) */
void nap(void);        /* 1 ms */
pid_t idle_child(void);
void end_child(pid_t pid); /* kill it and wait; nothing if pid <= 0 */
/* A child that runs introduce(), which sends a handle to H_PARENT and never returns. *handle: ours of it, NO_HANDLE if it failed. */
pid_t child_with_handle(void (*introduce)(void), handle_t *handle);
/* A setting of the pager's (PAGER_TUNE_*): the new value, or PAGER_TUNE_ASK. Returns the value before. */
uint64_t pager_tune(uint64_t what, uint64_t value);
err_t pager_ask(uint64_t op, uint64_t a, uint64_t b, uint64_t c);

/* For figures taken from outside (outside.c); exit statuses. A child computes while so many lines are read. */
int bench_spin(const char *lines);
/* After each of so many lines an absent page is stored to. */
int bench_touch(const char *lines);

/* ---- families of figures ---- */

void bench_syscall_null(void);
void bench_ipc(void);
void bench_notify(void);
void bench_fault_map_only(void);
void bench_fault_cow(void);
void bench_fault_zero(void);
void bench_fault_around(void);
void bench_forks(void);
void bench_fork_strategies(void);
void bench_fault_unshare(void);
void bench_fork_exec(void);
void bench_spawn(void);
void bench_boot_shell(void);
void bench_swap_in(void);
void bench_swap_cycle(void);
void bench_pipe_roundtrip(void);

#endif
