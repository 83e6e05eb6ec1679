/* SPDX-License-Identifier: MIT
 * Asks the pager to check its invariants against the page tables, and says the result in words.
 */
#include <pagoda/system.h>
#include <stdio.h>
#include <string.h>

/* In the order of the pager's list (servers/pager/vmcheck.h, docs/invariants.md): what is broken when one does not hold. */
static const char *const invariants[] = {
    [1] = "the references of a frame are not the entries and holds there are",
    [2] = "the kernel counts other mappings of a frame than the pager",
    [3] = "a frame on a free list is mapped or referred to",
    [4] = "a writable page of a private region has more than one owner",
    [5] = "free, used, table and object frames do not add up",
    [6] = "an entry allows both writing and executing",
    [7] = "a program maps a frame that is not the pager's user frame",
    [8] = "an entry is copy on write and writable",
    [9] = "a page table is reached twice or not at all, or counts its entries wrong",
    [10] = "an entry allows more than its region does",
    [11] = "a page is mapped outside every region, or regions overlap",
    [12] = "pages, tables, objects or charges of a space are counted wrong",
    [13] = "an image frame or the zero page is writable",
    [14] = "a kernel object is missing in the ledger",
    [15] = "the kernel's own check failed (its number is the detail)",
    [16] = "the zero page is not zero",
};
#define INVARIANTS (sizeof invariants / sizeof invariants[0])

static int usage(FILE *to)
{
    fputs("usage: vmcheck [--quiet]\nChecks the pager's books against all page tables. Prints `vmcheck: ok`, or what is "
          "broken (exit status 1).\n--quiet prints only what is broken.\n", to);
    return to == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    bool quiet = argc == 2 && strcmp(argv[1], "--quiet") == 0;
    if (argc > 1 && !quiet)
        return usage(strcmp(argv[1], "--help") == 0 ? stdout : stderr);
    struct ipc_msg m = {.w = {PAGER_VMCHECK}};
    err_t err = pager_call(H_PAGER, &m);
    if (err != OK) {
        printf("vmcheck: the pager says: %s\n", error_text(err));
        return 1;
    }
    if (m.w[1] == 0) {
        if (!quiet)
            puts("vmcheck: ok");
        return 0;
    }
    uint64_t which = m.w[2];
    printf("vmcheck: %lu violation%s; the first, of invariant %lu: %s (frame or space 0x%lx, detail 0x%lx)\n", m.w[1],
           m.w[1] == 1 ? "" : "s", which,
           which < INVARIANTS && invariants[which] != NULL ? invariants[which] : "not one of the list", m.w[3], m.w[4]);
    return 1;
}
