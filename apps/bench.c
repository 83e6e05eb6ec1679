/* SPDX-License-Identifier: MIT
 * bench [--json] [NAME...]: the instructions that operations cost, measured from inside by rdinstret.
 *
 * Each figure is the median of at least 32 samples with the cost of reading the counter taken off; beside it the
 * smallest and largest sample and the sfence.vma and satp writes per operation. NAME selects by the beginning of a
 * figure's name. Meaningful under icount (scons bench; ICOUNT=1): else instret counts host time.
 * Must never leave a child behind, whatever fails.
 */
#include <abi/trace.h>
#include <ipc/init.h>
#include <ipc/pager.h>
#include <ipc/procmgr.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAMPLES 33 /* odd: the median is a sample */
#define METRICS_MAX 40
#define COPY_PAGES (SAMPLES + 1)

struct metric {
    char name[24];
    uint64_t median, min, max;
    uint64_t sfence_100, satp_100; /* per operation, hundredths */
};
static struct metric metrics[METRICS_MAX];
static unsigned metric_count;
static uint64_t sample[SAMPLES];
static unsigned sample_count;
static uint64_t started, overhead, sfence_sum, satp_sum;
static char *const *wanted;
static int wanted_count;

/* ---- sampling ---- */

static uint64_t counter(unsigned which)
{
    uint64_t v = 0;
    (void)!sys_kernel_info(H_KERNEL, 0, which, &v);
    return v;
}
/* Open and close a sample: the counters are read outside the two instruction counts. */
static inline __attribute__((always_inline)) void begin(void)
{
    sfence_sum -= counter(KC_SFENCE);
    satp_sum -= counter(KC_SATP);
    started = sys_instret();
    __asm__ volatile("" ::: "memory");
}
static void end_at(uint64_t now)
{
    uint64_t cost = now - started;
    sfence_sum += counter(KC_SFENCE);
    satp_sum += counter(KC_SATP);
    if (sample_count < SAMPLES)
        sample[sample_count++] = cost > overhead ? cost - overhead : 0;
}
static inline __attribute__((always_inline)) void end(void)
{
    __asm__ volatile("" ::: "memory");
    end_at(sys_instret());
}
static void forget_samples(void) { sample_count = 0, sfence_sum = satp_sum = 0; }

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}
static void report(const char *name)
{
    if (sample_count > 0 && metric_count < METRICS_MAX) {
        struct metric *m = &metrics[metric_count++];
        qsort(sample, sample_count, sizeof sample[0], by_value);
        snprintf(m->name, sizeof m->name, "%s", name);
        m->median = sample[sample_count / 2];
        m->min = sample[0];
        m->max = sample[sample_count - 1];
        m->sfence_100 = sfence_sum * 100 / sample_count;
        m->satp_100 = satp_sum * 100 / sample_count;
    }
    forget_samples();
}
static bool is_wanted(const char *name)
{
    for (int i = 0; i < wanted_count; i++)
        if (strncmp(name, wanted[i], strlen(wanted[i])) == 0)
            return true;
    return wanted_count == 0;
}
static void calibrate(void)
{
    overhead = 0;
    for (int i = 0; i < SAMPLES; i++) {
        begin();
        end();
    }
    qsort(sample, sample_count, sizeof sample[0], by_value);
    overhead = sample[sample_count / 2];
    forget_samples();
}

/* ---- the kernel alone ---- */

static void syscall_null(void)
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
    started = before;
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
/* A child that serves; a handle to call it. */
static pid_t start_server(handle_t *server)
{
    struct ipc_msg m = {.w = {PROC_ENDPOINT}};
    struct ipc_event ev;
    if (proc_call(H_PROC, &m) != OK)
        return -1;
    pid_t pid = fork();
    if (pid == 0)
        ipc_child();
    if (pid > 0 && ipc_recv(H_SELF, &ev, sys_time() + 100000000) == MSG_CALL) {
        *server = (handle_t)ev.w[7];
        m.w[0] = OK;
        (void)ipc_reply(ev.id, &m);
    }
    return pid;
}
static void end_child(pid_t pid)
{
    if (pid > 0) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
    }
}
static void ipc(void)
{
    handle_t server = NO_HANDLE;
    pid_t pid = start_server(&server);
    for (int i = 0; i < 4 && server != NO_HANDLE; i++) /* its pages are in, its registers loaded */
        (void)call_words(server);
    for (int i = 0; i < SAMPLES && server != NO_HANDLE; i++) {
        begin();
        uint64_t there = call_words(server);
        end_at(there);
    }
    sfence_sum /= 2, satp_sum /= 2; /* the brackets hold the way back as well, which is alike */
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

/* ---- faults ---- */

static volatile uint8_t *pages(size_t n)
{
    uintptr_t brk = (uintptr_t)sbrk(0);
    uintptr_t pad = -brk & PAGE_MASK;
    void *p = sbrk((ptrdiff_t)(pad + n * PAGE_SIZE));
    return p == (void *)-1 ? NULL : (volatile uint8_t *)p + pad;
}
static void pages_free(size_t n) { (void)sbrk(-(ptrdiff_t)(n * PAGE_SIZE)); }

static void fault_zero(void)
{
    volatile uint8_t *p = pages(COPY_PAGES);
    if (p == NULL)
        return;
    p[SAMPLES * PAGE_SIZE] = 1; /* the tables are there */
    for (size_t i = 0; i < SAMPLES; i++) {
        begin();
        p[i * PAGE_SIZE] = 1;
        end();
    }
    pages_free(COPY_PAGES);
    report("fault.zero");
}
/* A first load maps the shared zero page: the frame is ready, nothing is copied or cleared. */
static void fault_map_only(void)
{
    volatile uint8_t *p = pages(COPY_PAGES);
    if (p == NULL)
        return;
    p[SAMPLES * PAGE_SIZE] = 1;
    for (size_t i = 0; i < SAMPLES; i++) {
        begin();
        (void)p[i * PAGE_SIZE];
        end();
    }
    pages_free(COPY_PAGES);
    report("fault.map_only");
}
static void nap(void)
{
    uint64_t bits;
    (void)sys_wait(0, sys_time() + 10000, &bits);
}
static pid_t idle_child(void)
{
    pid_t pid = fork();
    while (pid == 0) /* forever: until killed */
        nap();
    return pid;
}
static void store_to_each(volatile uint8_t *p)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        begin();
        p[i * PAGE_SIZE] = 2;
        end();
    }
}
static void fault_cow(void)
{
    volatile uint8_t *p = pages(COPY_PAGES);
    if (p == NULL)
        return;
    for (size_t i = 0; i < COPY_PAGES; i++)
        p[i * PAGE_SIZE] = 1;
    pid_t pid = idle_child();
    nap();
    store_to_each(p);
    report("fault.cow_copy");
    end_child(pid);
    pid = idle_child();
    nap();
    end_child(pid); /* now every page has one holder again, and is still mapped COW */
    store_to_each(p);
    report("fault.cow_reuse");
    pages_free(COPY_PAGES);
}
/* The next event of this kind, and for a fault of this address, from *seq on. */
static bool find_event(uint64_t *seq, unsigned kind, uint64_t va, uint64_t *instret)
{
    uint64_t w[4];
    for (int i = 0; i < 200; i++, ++*seq) {
        if (sys_trace_read(H_KERNEL, 0, seq, w) != OK)
            return false;
        if (((w[1] >> 32) & 0xffff) == kind && w[kind == TRACE_RESUME ? 3 : 2] == va) {
            *instret = w[0];
            return true;
        }
    }
    return false;
}
static uint64_t newest_event(uint64_t from)
{
    uint64_t w[4], seq = from;
    for (uint64_t step = 1UL << 20; step > 0; step >>= 1) {
        uint64_t next = seq + step;
        if (sys_trace_read(H_KERNEL, 0, &next, w) == OK)
            seq = next;
    }
    return seq;
}
/* The pager can't read the counter for us without paying for it in every fault; so: from the store to the kernel's
 * DELIVER event, plus the way out of the kernel as this thread's own return from the fault shows it. */
static void fault_deliver(void)
{
    volatile uint8_t *p = pages(COPY_PAGES);
    uint64_t seq = 1, delivered, resumed;
    if (p == NULL)
        return;
    p[SAMPLES * PAGE_SIZE] = 1;
    for (size_t i = 0; i < SAMPLES; i++) {
        seq = newest_event(seq);
        begin();
        p[i * PAGE_SIZE] = 1;
        uint64_t back = sys_instret(), va = (uint64_t)(uintptr_t)&p[i * PAGE_SIZE];
        if (find_event(&seq, TRACE_DELIVER, va, &delivered) && find_event(&seq, TRACE_RESUME, va, &resumed))
            end_at(delivered + (back - resumed));
    }
    pages_free(COPY_PAGES);
    sfence_sum = satp_sum = 0; /* the brackets hold more than the delivery */
    report("fault.deliver");
}

/* ---- processes ---- */

static const size_t fork_pages[] = {0, 1, 16, 256, 4096, 65536};

static bool enough_memory(size_t n)
{
    struct ipc_msg m = {.w = {PAGER_STAT, PAGER_STAT_MEMORY}};
    return pager_call(H_PAGER, &m) == OK && m.w[2] > n + n / 16 + 2048;
}
static void dirty(volatile uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i * PAGE_SIZE]++;
}
static void fork_call(size_t n)
{
    char name[24];
    volatile uint8_t *p = pages(n);
    for (int i = 0; p != NULL && i < SAMPLES; i++) {
        dirty(p, n);
        begin();
        pid_t pid = fork();
        if (pid == 0) {
            nap();
            _exit(0);
        }
        end();
        (void)waitpid(pid, NULL, 0);
    }
    pages_free(n);
    snprintf(name, sizeof name, "fork.call.%u", (unsigned)n);
    report(name);
}
static void fork_cycle(size_t n)
{
    char name[24];
    volatile uint8_t *p = pages(n);
    for (int i = 0; p != NULL && i < SAMPLES; i++) {
        dirty(p, n);
        begin();
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        (void)waitpid(pid, NULL, 0);
        end();
    }
    pages_free(n);
    snprintf(name, sizeof name, "fork.cycle.%u", (unsigned)n);
    report(name);
}
static void forks(void)
{
    for (size_t i = 0; i < sizeof fork_pages / sizeof fork_pages[0]; i++) {
        char name[24];
        size_t n = fork_pages[i];
        if (!enough_memory(n))
            continue;
        snprintf(name, sizeof name, "fork.call.%u", (unsigned)n);
        if (is_wanted(name))
            fork_call(n);
        snprintf(name, sizeof name, "fork.cycle.%u", (unsigned)n);
        if (is_wanted(name))
            fork_cycle(n);
    }
}
static char *const true_argv[] = {"true", NULL};
extern char **environ;
static void fork_exec(void)
{
    for (int i = 0; i < SAMPLES; i++) {
        begin();
        pid_t pid = fork();
        if (pid == 0) {
            execv("/bin/true", true_argv);
            _exit(1);
        }
        (void)waitpid(pid, NULL, 0);
        end();
    }
    report("fork_exec");
}
static void spawn(void)
{
    for (int i = 0; i < SAMPLES; i++) {
        pid_t pid = 0;
        begin();
        if (posix_spawn(&pid, "/bin/true", NULL, NULL, true_argv, environ) == 0)
            (void)waitpid(pid, NULL, 0);
        end();
    }
    report("spawn");
}
static uint64_t setting(uint64_t which)
{
    struct ipc_msg m = {.w = {INIT_SETTING, which}};
    return ipc_call(H_INIT, &m) == OK ? m.w[1] : 0;
}
static void boot_shell(void)
{
    sample[sample_count++] = setting(SETTING_SHELL_INSTRET) - setting(SETTING_BOOT_INSTRET); /* happens once */
    report("boot.shell");
}

/* ---- the store ---- */

#define SWAP_PAGES (4 * COPY_PAGES)
#define SWAP_FRAMES 64u

static err_t pager_ask(uint64_t op, uint64_t a, uint64_t b, uint64_t c)
{
    struct ipc_msg m = {.w = {op, a, b, c}};
    return pager_call(H_PAGER, &m);
}
/* Frames for programs; 0: all there are. */
static bool frames_limit(uint64_t frames) { return pager_ask(PAGER_FRAMES, 0, frames, PAGER_FRAMES_SET) == OK; }

static volatile uint8_t *swapping_pages(void)
{
    while (pager_ask(PAGER_STORE, 2 * SWAP_PAGES, 0, 0) == ERR_AGAIN) { /* bound: the store's size */
    }
    volatile uint8_t *p = frames_limit(SWAP_FRAMES) ? pages(SWAP_PAGES) : NULL;
    for (size_t i = 0; p != NULL && i < SWAP_PAGES; i++)
        p[i * PAGE_SIZE] = 1;
    return p;
}
/* A load of a page that is in the store, with frames to be had: after the limit was lifted. */
static void swap_in(void)
{
    volatile uint8_t *p = swapping_pages();
    if (p == NULL)
        return;
    (void)frames_limit(0);
    for (size_t i = 0; i < SAMPLES; i++) {
        begin();
        (void)p[i * PAGE_SIZE];
        end();
    }
    pages_free(SWAP_PAGES);
    report("swap.in");
}
/* A store to a page in the store when every frame is used and every other page is dirty: one is written out and its frame reused. */
static void swap_cycle(void)
{
    volatile uint8_t *p = swapping_pages();
    if (p == NULL)
        return;
    for (size_t i = 0; i < SAMPLES + SWAP_FRAMES; i++) { /* the first ones make the rest dirty */
        begin();
        p[i * PAGE_SIZE] = 2;
        if (i >= SWAP_FRAMES)
            end();
        else
            forget_samples();
    }
    (void)frames_limit(0);
    pages_free(SWAP_PAGES);
    report("swap.cycle");
}

/* ---- output ---- */

static void print_table(void)
{
    printf("%-20s %12s %12s %12s %8s %8s\n", "instructions", "median", "min", "max", "sfence", "satp");
    for (unsigned i = 0; i < metric_count; i++) {
        const struct metric *m = &metrics[i];
        printf("%-20s %12lu %12lu %12lu %5lu.%02lu %5lu.%02lu\n", m->name, m->median, m->min, m->max,
               m->sfence_100 / 100, m->sfence_100 % 100, m->satp_100 / 100, m->satp_100 % 100);
    }
}
static void print_json(void)
{
    printf("BENCH-JSON-BEGIN\n{\"metrics\": {");
    for (unsigned i = 0; i < metric_count; i++) {
        const struct metric *m = &metrics[i];
        printf("%s\n \"%s\": {\"median\": %lu, \"min\": %lu, \"max\": %lu, \"unit\": \"instructions\", "
               "\"sfence\": %lu.%02lu, \"satp\": %lu.%02lu}",
               i ? "," : "", m->name, m->median, m->min, m->max, m->sfence_100 / 100, m->sfence_100 % 100,
               m->satp_100 / 100, m->satp_100 % 100);
    }
    printf("\n}}\nBENCH-JSON-END\n");
}

static const struct {
    const char *name;
    void (*run)(void);
} benches[] = {{"syscall.null", syscall_null}, {"ipc.", ipc}, {"fault.deliver", fault_deliver},
               {"fault.map_only", fault_map_only}, {"fault.cow", fault_cow}, {"fault.zero", fault_zero},
               {"fork_exec", fork_exec}, {"spawn", spawn}, {"boot.shell", boot_shell}};
/* Last: from then on the pager keeps account of resident pages. */
static const struct {
    const char *name;
    void (*run)(void);
} swap_benches[] = {{"swap.in", swap_in}, {"swap.cycle", swap_cycle}};

/* A family of figures is run when the word names the family, one of it, or begins its name. */
static bool family_wanted(const char *name)
{
    for (int i = 0; i < wanted_count; i++)
        if (strncmp(wanted[i], name, strlen(name)) == 0)
            return true;
    return is_wanted(name);
}
int main(int argc, char **argv)
{
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    wanted = argv + 1 + json;
    wanted_count = argc - 1 - json;
    calibrate();
    for (unsigned i = 0; i < sizeof benches / sizeof benches[0]; i++)
        if (family_wanted(benches[i].name))
            benches[i].run();
    forks();
    for (unsigned i = 0; i < sizeof swap_benches / sizeof swap_benches[0]; i++)
        if (family_wanted(swap_benches[i].name))
            swap_benches[i].run();
    if (metric_count == 0) {
        fprintf(stderr, "bench: nothing measured; a NAME is the beginning of a figure's name, such as fork.call\n");
        return 1;
    }
    if (json)
        print_json();
    else
        print_table();
    return 0;
}
