/* SPDX-License-Identifier: MIT
 * Which pages of a process are shared, with whom, how often: a table of runs of like pages, then a picture with a
 * character a page. Reads page by page while the process runs, so a busy one may change under the eye.
 */
#include <pagoda/system.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES_MAX 65536u  /* looked at, at most */
#define SHARERS_MAX 4     /* named in a row; the rest are counted */
#define SHARER_STEPS 4096 /* answers of the pager to one question, "go on" included */
#define PICTURE_COLUMNS 64

/* Who else maps a frame. */
struct sharers {
    unsigned count;           /* mappings in other spaces */
    uint64_t key[SHARERS_MAX];
    uint64_t signature;       /* equal for equal sets, as good as surely */
};

struct page {
    vaddr_t va;
    struct page_info info;
    struct sharers with;
};

struct totals {
    uint64_t present, private, cow, shared, zero_refs;
};

static uint64_t space; /* of the process */

/* The next space behind *after that maps the frame; false: no more. */
static bool sharer_next(frame_t frame, vaddr_t hint, uint64_t *after, uint64_t *key)
{
    for (int step = 0; step < SHARER_STEPS; step++) {
        struct ipc_msg m = {.w = {PAGER_SHARER, frame, *after, hint}};
        err_t err = pager_call(H_PAGER, &m);
        if (err != OK && err != ERR_AGAIN)
            return false;
        if (m.w[1] == *after)
            return false;
        *after = m.w[1];
        *key = m.w[2];
        if (err == OK)
            return true;
    }
    return false;
}

static void sharers_find(struct page *p)
{
    uint64_t after = 0, key = 0;
    p->with = (struct sharers){.count = 0};
    if (p->info.refs < 2)
        return;
    /* Private memory is shared by fork alone, so at the same address; a page of the image may stand anywhere. */
    vaddr_t hint = (p->info.prot & PROT_W) != 0 ? p->va : 0;
    while (sharer_next(p->info.frame, hint, &after, &key)) { /* bound: spaces */
        if (after == space)
            continue;
        if (p->with.count < SHARERS_MAX)
            p->with.key[p->with.count] = key;
        p->with.count++;
        p->with.signature = p->with.signature * 0x100000001b3UL + after;
    }
}

/* The first present page at or after va. */
static bool page_next(vaddr_t va, struct page *p)
{
    if (page_info(space, va, &p->info) != OK)
        return false;
    if ((p->info.pte & PTE_V) == 0) {
        va = p->info.next;
        if (va == 0 || page_info(space, va, &p->info) != OK || (p->info.pte & PTE_V) == 0)
            return false;
    }
    p->va = va;
    sharers_find(p);
    return true;
}

/* ---- the table ---- */

static bool alike(const struct page *a, const struct page *b)
{
    const uint64_t bits = PTE_R | PTE_W | PTE_X | PTE_COW;
    return (a->info.pte & bits) == (b->info.pte & bits) && a->info.refs == b->info.refs && a->info.prot == b->info.prot &&
           a->with.signature == b->with.signature;
}

static void who_print(uint64_t key)
{
    struct process_info p;
    for (unsigned i = SERVER_PAGER; i <= SERVER_BLK; i++) {
        static const char *const names[] = {[SERVER_PAGER] = "pager", [SERVER_PROCMGR] = "procmgr",
                                            [SERVER_CONSOLE] = "console", [SERVER_FS] = "fs", [SERVER_BLK] = "blk"};
        struct server_info s;
        if (server_info(i, &s) == OK && s.key == key) {
            printf(" %s", names[i]);
            return;
        }
    }
    if (process_next((uint32_t)key, &p) == OK && p.pid == key)
        printf(" %s(%lu)", p.name, key);
    else
        printf(" %lu", key);
}

static void run_print(const struct page *p, uint64_t pages)
{
    bool cow = (p->info.pte & PTE_COW) != 0;
    printf("0x%010lx %7lu  %c%c%c  %-8s %6lu ", p->va, pages, (p->info.prot & PROT_R) ? 'r' : '-',
           (p->info.prot & PROT_W) ? 'w' : '-', (p->info.prot & PROT_X) ? 'x' : '-',
           cow ? "cow" : (p->info.pte & PTE_W) ? "own" : "read", p->info.refs);
    for (unsigned i = 0; i < p->with.count && i < SHARERS_MAX; i++)
        who_print(p->with.key[i]);
    if (p->with.count > SHARERS_MAX)
        printf(" and %u more", p->with.count - SHARERS_MAX);
    if (p->info.refs > p->with.count + 1)
        printf(" (%s)", (p->info.prot & PROT_W) != 0 ? "held by the pager" : "boot image");
    putchar('\n');
}

static void total_add(struct totals *t, const struct page *p)
{
    bool cow = (p->info.pte & PTE_COW) != 0;
    t->present++;
    t->cow += cow;
    t->shared += p->info.refs > 1;
    t->private += p->info.refs <= 1;
}

static struct totals table_print(void)
{
    struct totals t = {0};
    struct page first, here;
    uint64_t pages = 0;
    puts("ADDRESS        PAGES MAY  NOW        REFS  ALSO IN");
    for (vaddr_t va = 0; t.present < PAGES_MAX && page_next(va, &here); va = here.va + PAGE_SIZE) {
        total_add(&t, &here);
        if (pages > 0 && here.va == first.va + pages * PAGE_SIZE && alike(&first, &here)) {
            pages++;
            continue;
        }
        if (pages > 0)
            run_print(&first, pages);
        first = here;
        pages = 1;
    }
    if (pages > 0)
        run_print(&first, pages);
    return t;
}

/* ---- the picture ---- */

static char page_char(const struct page_info *p)
{
    if (p->refs <= 1)
        return (p->pte & PTE_COW) != 0 ? 'c' : '.';
    return p->refs <= 9 ? (char)('0' + p->refs) : '+';
}

/* Rows of up to 64 pages that follow each other; a gap in the addresses starts a new row. */
static void picture_print(void)
{
    struct page_info p;
    vaddr_t va = 0, expected = 0;
    unsigned column = PICTURE_COLUMNS;
    puts("\nA character a page: . own, c own after sharing (not written since), 2..9 references, + more");
    for (uint64_t n = 0; n < PAGES_MAX && page_info(space, va, &p) == OK; n++) {
        if ((p.pte & PTE_V) != 0) {
            if (column == PICTURE_COLUMNS || va != expected) {
                printf("%s  0x%010lx ", n > 0 && expected != 0 ? "\n" : "", va);
                column = 0;
            }
            putchar(page_char(&p));
            column++;
            expected = va + PAGE_SIZE;
        }
        va = p.next;
        if (va == 0)
            break;
    }
    putchar('\n');
}

static int usage(FILE *to)
{
    fputs("usage: cowmap PID\nWhich pages of the process are shared, with whom, how often. MAY: what the program may do; "
          "NOW: own (writable),\ncow (copied at the next store while others have it), read. REFS: mappings and holds of the "
          "frame.\n", to);
    return to == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    struct process_info p;
    if (argc != 2 || strcmp(argv[1], "--help") == 0)
        return usage(argc == 2 ? stdout : stderr);
    uint32_t pid = (uint32_t)strtoul(argv[1], NULL, 10);
    if (pid == 0 || process_next(pid, &p) != OK || p.pid != pid || p.space == 0) {
        fprintf(stderr, "cowmap: there is no process %s\n", argv[1]);
        return 1;
    }
    space = p.space;
    printf("process %lu, %s\n\n", (unsigned long)pid, p.name);
    struct totals t = table_print();
    picture_print();
    printf("\n%lu pages present: %lu with one reference, %lu shared; %lu copy on write\n", t.present, t.private, t.shared,
           t.cow);
    return 0;
}
