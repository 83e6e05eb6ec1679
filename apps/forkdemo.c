/* SPDX-License-Identifier: MIT
 * Shows what fork costs, and when: a parent and two children write to the same eight pages, one after the other. Every
 * store is followed through the kernel's event ring, from the trap to the pager and back. The three take turns through
 * a page of shared memory, where each also writes down what its faults looked like; only the parent prints.
 */
#include <pagoda/system.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring.h"

#define PAGES 8
#define TOUCHED 6            /* pages the parent writes before it forks */
#define RECORDS_MAX 32
#define BOARD_VA 0x3800000000UL
#define CALIBRATION_ROUNDS 1000u

/* The points of a fault at which instructions are counted. */
enum point { BEFORE, TRAPPED, DELIVERED, REPLIED, RESUMED, AFTER, POINTS };

struct record {
    char who;                /* 'P', 'A' or 'B' */
    bool store, faulted;
    unsigned page;
    struct page_info was, is;
    uint64_t at[POINTS];     /* instret */
    uint64_t verdict;        /* as in FAULT_REPLY */
};

/* Shared by the three. */
struct board {
    volatile char turn;
    unsigned used;
    struct record record[RECORDS_MAX];
};

static struct board *board = (struct board *)BOARD_VA;
static volatile uint64_t *arena; /* PAGES pages */

static vaddr_t page_va(unsigned page)
{
    return (vaddr_t)(uintptr_t)arena + page * PAGE_SIZE;
}

/* ---- the event ring ---- */

/* Find the fault of this page behind `seq`, and where it went. */
static void follow(unsigned hart, uint64_t seq, struct record *r)
{
    struct trace_event e;
    uint32_t thread = 0;
    while (ring_read(hart, &seq, &e)) { /* bound: events since the store */
        if (thread == 0 && e.kind == TRACE_FAULT && (e.a & ~PAGE_MASK) == page_va(r->page)) {
            thread = e.thread;
            r->faulted = true;
            r->at[TRAPPED] = e.instret;
        } else if (thread == 0 || e.thread != thread) {
            continue;
        } else if (e.kind == TRACE_DELIVER) {
            r->at[DELIVERED] = e.instret;
        } else if (e.kind == TRACE_FAULT_REPLY) {
            r->at[REPLIED] = e.instret;
            r->verdict = e.a;
        } else if (e.kind == TRACE_RESUME) {
            r->at[RESUMED] = e.instret;
            return;
        }
    }
}

/* ---- touching a page under observation ---- */

static void touch(char who, unsigned page, bool store)
{
    if (board->used == RECORDS_MAX)
        return;
    struct record *r = &board->record[board->used++];
    *r = (struct record){.who = who, .page = page, .store = store};
    volatile uint64_t *word = (volatile uint64_t *)page_va(page);
    (void)page_info(0, page_va(page), &r->was);
    uint64_t mark = ring_end(0), before, after;
    if (store) {
        before = sys_instret();
        *word = (uint64_t)who;
        after = sys_instret();
    } else {
        before = sys_instret();
        (void)*word;
        after = sys_instret();
    }
    r->at[BEFORE] = before;
    r->at[AFTER] = after;
    follow(0, mark, r);
    (void)page_info(0, page_va(page), &r->is);
}

/* ---- pictures ---- */

static const char *name_of(char who)
{
    return who == 'P' ? "parent " : who == 'A' ? "child A" : "child B";
}

enum outcome { QUIET, ZEROED, ZERO_PAGE, COPIED, UPGRADED, OTHER, OUTCOMES };

static enum outcome outcome(const struct record *r)
{
    unsigned verdict = r->verdict & 0xff;
    if (!r->faulted)
        return QUIET;
    if (verdict == FAULT_UPGRADE)
        return UPGRADED;
    if (verdict != FAULT_MAP)
        return OTHER;
    if ((r->was.pte & PTE_V) != 0)
        return COPIED;
    return r->store ? ZEROED : ZERO_PAGE;
}

static void outcome_print(const struct record *r)
{
    switch (outcome(r)) {
    case QUIET: printf("no fault: the page is %s already", r->store ? "its own" : "mapped"); break;
    case ZEROED: printf("ZERO FILL  nothing was there: a fresh zeroed frame %05x", (unsigned)r->is.frame); break;
    case ZERO_PAGE: printf("ZERO PAGE  only read: the shared page of zeros, %05x", (unsigned)r->is.frame); break;
    case COPIED:
        printf("COPY       frame %05x had %lu references: copied to %05x", (unsigned)r->was.frame, r->was.refs,
               (unsigned)r->is.frame);
        break;
    case UPGRADED: printf("UPGRADE    frame %05x had one reference left: writable in place", (unsigned)r->is.frame); break;
    default: printf("verdict %lu", r->verdict & 0xff); break;
    }
}

/* The first fault, drawn out. */
static void picture(const struct record *r)
{
    uint64_t d[POINTS];
    for (int i = 1; i < POINTS; i++)
        d[i] = r->at[i] - r->at[i - 1];
    printf("\n  app     ---.  sd to 0x%lx                                  instructions\n"
           "             |  trap                                                   %6lu\n"
           "  kernel     '-->.  fault record, message, direct switch               %6lu\n"
           "                 |\n"
           "  pager          '-->  region? refs? -> verdict, one system call       %6lu\n"
           "                 .--'\n"
           "  kernel     .<--'  maps the frame, resumes the thread                 %6lu\n"
           "             |  back to user mode                                      %6lu\n"
           "  app     <--'  the same sd, again                            total    %6lu\n\n",
           page_va(r->page), d[TRAPPED], d[DELIVERED], d[REPLIED], d[RESUMED], d[AFTER], r->at[AFTER] - r->at[BEFORE]);
}

static void record_print(const struct record *r)
{
    printf("  %s %s page %u  ", name_of(r->who), r->store ? "writes" : "reads ", r->page);
    outcome_print(r);
    if (r->faulted) {
        uint64_t d[POINTS];
        for (int i = 1; i < POINTS; i++)
            d[i] = r->at[i] - r->at[i - 1];
        printf("\n      app --%lu--> kernel --%lu--> pager --%lu--> kernel --%lu--> app      %lu in all", d[TRAPPED],
               d[DELIVERED], d[REPLIED], d[RESUMED] + d[AFTER], r->at[AFTER] - r->at[BEFORE]);
    }
    putchar('\n');
}

/* References of each page as this process sees them. */
static void row_print(const char *who)
{
    printf("      %s ", who);
    for (unsigned page = 0; page < PAGES; page++) {
        struct page_info p;
        if (page_info(0, page_va(page), &p) != OK || (p.pte & PTE_V) == 0)
            printf(" [ ]");
        else
            printf(" [%lu%s]", p.refs, (p.pte & PTE_COW) != 0 ? "c" : "");
    }
    puts("    references; c: copy on write");
}

/* ---- turns ---- */

static void wait_turn(char who)
{
    while (board->turn != who) /* bound: the others' turns */
        usleep(1000);
}

static void child_a(void)
{
    wait_turn('A');
    touch('A', 0, true);
    touch('A', 1, true);
    board->turn = 'P';
    wait_turn('a');
    _exit(0);
}

static void child_b(void)
{
    wait_turn('B');
    touch('B', 1, true);
    touch('B', 2, true);
    touch('B', 6, false);
    board->turn = 'P';
    wait_turn('b');
    _exit(0);
}

static void give_turn(char who)
{
    board->turn = who;
    wait_turn('P');
}

static unsigned print_from(unsigned first)
{
    for (; first < board->used; first++)
        record_print(&board->record[first]);
    return first;
}

/* ---- the story ---- */

static pid_t fork_observed(void (*child)(void))
{
    fflush(stdout);
    uint64_t before = sys_instret();
    pid_t pid = fork();
    if (pid == 0)
        child();
    uint64_t after = sys_instret();
    if (pid < 0) {
        perror("forkdemo: fork");
        exit(1);
    }
    printf("  fork: process %d, %lu instructions\n", (int)pid, after - before);
    return pid;
}

static void child_end(pid_t pid, char turn)
{
    int status = 0;
    board->turn = turn;
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        printf("forkdemo: process %d ended with status word 0x%x\n", (int)pid, status);
        exit(1);
    }
    board->turn = 'P';
}

static void act_alone(void)
{
    printf("\n1. The parent writes to %d of its %d fresh pages. The first fault in full:\n", TOUCHED, PAGES);
    for (unsigned page = 0; page < TOUCHED; page++)
        touch('P', page, true);
    if (board->record[0].faulted)
        picture(&board->record[0]);
}

static void act_family(bool cow)
{
    unsigned printed = print_from(0);
    printf("\n2. It forks twice. %s\n", cow ? "Nothing is copied; the pages become read-only in all three."
                                         : "Each child gets copies of all pages at once.");
    pid_t a = fork_observed(child_a), b = fork_observed(child_b);
    row_print("parent ");
    puts("\n3. Child A writes, then child B, then the parent; whoever writes to a shared page gets a copy of its own.");
    give_turn('A');
    give_turn('B');
    touch('P', 0, true);
    touch('P', 1, true);
    touch('P', 3, true);
    printed = print_from(printed);
    row_print("parent ");
    puts("\n4. The children end. What the parent now holds alone is upgraded in place: no frame, no copy.");
    child_end(a, 'a');
    child_end(b, 'b');
    touch('P', 4, true);
    (void)print_from(printed);
    row_print("parent ");
}

/* The parent's pages hold what the parent wrote last, whatever the children did. */
static bool content_right(void)
{
    for (unsigned page = 0; page < TOUCHED; page++)
        if (*(volatile uint64_t *)page_va(page) != (uint64_t)'P')
            return false;
    return true;
}

/* Pages that somebody (*touched) and pages that somebody behind the forks (*again) used: sets, a bit a page. */
static void pages_used(unsigned *touched, unsigned *again)
{
    *touched = *again = 0;
    for (unsigned i = 0; i < board->used; i++) {
        unsigned bit = 1u << board->record[i].page;
        *touched |= bit;
        *again |= i >= TOUCHED ? bit : 0;
    }
}

static void summary(const struct pager_stats *before)
{
    unsigned count[OUTCOMES] = {0}, touched, again;
    struct pager_stats now;
    for (unsigned i = 0; i < board->used; i++)
        count[outcome(&board->record[i])]++;
    pages_used(&touched, &again);
    puts("\nSummary");
    printf("  %u pages zero-filled before the forks\n", count[ZEROED]);
    printf("  %u copied, because somebody wrote while others still had the page\n", count[COPIED]);
    printf("  %u upgraded in place, because nobody else had it any more\n", count[UPGRADED]);
    printf("  %u read from the shared page of zeros\n", count[ZERO_PAGE]);
    printf("  %u stores needed no fault at all\n", count[QUIET]);
    printf("  %d of the zero-filled never used again after the forks, %d of all %d pages never touched: these cost nothing\n",
           __builtin_popcount(touched & ~again), PAGES - __builtin_popcount(touched), PAGES);
    if (pager_stat(PAGER_STAT_FORKS, 0, &now) == OK)
        printf("  both forks together, stack and data included: %lu pages shared, %lu copied at once\n",
               now.v[2] - before->v[2], now.v[3] - before->v[3]);
}

/* Whether instret counts instructions here: the same loop twice must take the same number, a small one per round. */
static bool counts_exact(void)
{
    uint64_t took[2];
    for (int i = 0; i < 2; i++) {
        uint64_t start = sys_instret();
        for (unsigned n = 0; n < CALIBRATION_ROUNDS; n++)
            __asm__ volatile("nop");
        took[i] = sys_instret() - start;
    }
    return took[0] == took[1] && took[0] < 10 * CALIBRATION_ROUNDS;
}

static bool prepare(void)
{
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, 0, BOARD_VA, BOARD_VA + 4 * PAGE_SIZE,
                              PROT_R | PROT_W | REGION_SHARED << 8, BACKING_ANON}};
    _Static_assert(sizeof(struct board) <= 4 * PAGE_SIZE, "the board's region");
    err_t err = pager_call(H_PAGER, &m);
    if (err != OK) {
        fprintf(stderr, "forkdemo: no shared memory: %s\n", error_text(err));
        return false;
    }
    memset(board, 0, sizeof *board);
    uintptr_t end = (uintptr_t)sbrk((PAGES + 1) * PAGE_SIZE);
    if (end == (uintptr_t)-1) {
        perror("forkdemo: sbrk");
        return false;
    }
    arena = (volatile uint64_t *)((end + PAGE_MASK) & ~(uintptr_t)PAGE_MASK);
    board->turn = 'P';
    return true;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        bool asked = strcmp(argv[1], "--help") == 0;
        fputs("usage: forkdemo\nA parent and two children write to the same pages; every page fault is shown with its way "
              "through kernel and pager.\nCompare `pagerctl strategy eager` and `pagerctl strategy tables`.\n",
              asked ? stdout : stderr);
        return asked ? 0 : 2;
    }
    struct ipc_msg m = {.w = {PAGER_STRATEGY, 0}};
    struct pager_stats before;
    if (!prepare() || pager_call(H_PAGER, &m) != OK || pager_stat(PAGER_STAT_FORKS, 0, &before) != OK)
        return 1;
    static const char *const name[] = FORK_TEXTS();
    printf("Fork strategy: %s. Pages at 0x%lx, 4 KiB each.\n", m.w[1] < sizeof name / sizeof name[0] ? name[m.w[1]] : "?", page_va(0));
    if (!counts_exact())
        puts("The counter is not exact here (boot with ICOUNT=1 for instructions); read the figures as rough times.");
    act_alone();
    act_family(m.w[1] != FORK_EAGER);
    summary(&before);
    bool right = content_right();
    printf("  the parent's pages hold %s\n", right ? "what the parent wrote" : "WRONG BYTES");
    return right ? 0 : 1;
}
