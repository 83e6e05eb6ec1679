/* SPDX-License-Identifier: MIT
 * Runs a program and prints what the kernel recorded meanwhile, of everybody: its faults, where they went, calls, signals.
 * The events are read before the first line is printed, since printing makes events, too.
 */
#include "tool.h"

#include <pagoda/spawn.h>
#include <sys/wait.h>

#include "ring.h"

#define HARTS_MAX 8

static const char tool_name[] = "trace";
static const char tool_help[] =
    "usage: trace [-k KIND[,KIND]...] PROGRAM [WORD...]\n"
    "Runs the program and prints the kernel's events meanwhile, hart by hart: when (instructions since boot), how long\n"
    "after the line before, of which thread (the frame of its control block), what. A ring keeps 8192.\n"
    "-k: these kinds only, such as FAULT,DELIVER,FAULT_REPLY,RESUME (docs/trace.md).\n";

struct kind {
    const char *name, *a, *b;
};
#define KIND(name, number, a, b) [number] = {#name, a, b},
static const struct kind kinds[TRACE_KINDS_END] = {TRACE_KINDS(KIND)};

static uint32_t wanted = ~0u; /* bit k: kind k */

struct part { /* of a ring */
    uint64_t begin, end, lost;
    struct trace_event *event;
    size_t events;
};

static void choose(const char *list)
{
    for (wanted = 0; *list != '\0'; list += strspn(list, ",")) {
        size_t length = strcspn(list, ",");
        unsigned k = 1;
        while (k < TRACE_KINDS_END && (strncmp(kinds[k].name, list, length) != 0 || kinds[k].name[length] != '\0'))
            k++;
        if (k == TRACE_KINDS_END) {
            fprintf(stderr, "trace: there is no kind %.*s; there are:", (int)length, list);
            for (k = 1; k < TRACE_KINDS_END; k++)
                fprintf(stderr, " %s", kinds[k].name);
            fputc('\n', stderr);
            exit(TOOL_USAGE_STATUS);
        }
        wanted |= 1u << k;
        list += length;
    }
}

/* The events from `begin` to `end` that are still there. False: no memory. */
static bool collect(unsigned hart, struct part *p)
{
    p->event = malloc(TRACE_RING * sizeof *p->event);
    if (p->event == NULL)
        return false;
    for (uint64_t seq = p->begin, next = seq; seq < p->end && p->events < TRACE_RING; seq = next) {
        struct trace_event *e = &p->event[p->events];
        if (!ring_read(hart, &next, e))
            break;
        p->lost += next - 1 - seq;
        p->events += next <= p->end;
    }
    return true;
}

static void print(const struct part *p)
{
    uint64_t before = 0;
    if (p->lost > 0)
        printf("the first %lu events were overwritten\n", (unsigned long)p->lost);
    printf("%12s %8s %7s EVENT\n", "INSTRUCTIONS", "SINCE", "THREAD");
    for (size_t i = 0; i < p->events; i++) {
        const struct trace_event *e = &p->event[i];
        if (e->kind >= TRACE_KINDS_END || (wanted & 1u << e->kind) == 0)
            continue;
        const struct kind *k = &kinds[e->kind];
        uint64_t since = before != 0 ? e->instret - before : 0;
        printf("%12lu %8lu %7x %-11s ", (unsigned long)e->instret, (unsigned long)since, e->thread, k->name);
        printf("%s=%#lx, %s=%#lx\n", k->a, (unsigned long)e->a, k->b, (unsigned long)e->b);
        before = e->instret;
    }
}

/* Runs the program; its exit status. */
static int run(char **argv)
{
    pid_t pid;
    int word;
    errno = spawn_program(argv[0], argv, environ, 0, &pid);
    if (errno != 0) {
        int status = errno == ENOENT ? 127 : 126;
        (void)tool_error(argv[0]);
        exit(status);
    }
    while (waitpid(pid, &word, 0) < 0 && errno == EINTR) /* bound: EINTR only while signals arrive */
        continue;
    return WIFSIGNALED(word) ? 128 + WTERMSIG(word) : WEXITSTATUS(word);
}

int main(int argc, char **argv)
{
    struct part part[HARTS_MAX] = {0};
    uint64_t harts = 1;
    bool read = true;
    tool_start(argc, argv);
    while (tool_option(argv, "k:") != 0)
        choose(tool_arg);
    if (argv[tool_at] == NULL)
        tool_usage();
    if (sys_kernel_info(H_KERNEL, 0, KC_HARTS, &harts) != OK || harts > HARTS_MAX)
        harts = 1;
    for (unsigned h = 0; h < harts; h++)
        part[h].begin = ring_end(h);
    int status = run(argv + tool_at);
    for (unsigned h = 0; h < harts; h++)
        part[h].end = ring_end(h);
    for (unsigned h = 0; h < harts; h++)
        read = collect(h, &part[h]) && read;
    if (!read)
        return tool_error("events");
    for (unsigned h = 0; h < harts; h++) {
        if (harts > 1)
            printf("hart %u\n", h);
        print(&part[h]);
    }
    return tool_end(status);
}
