/* SPDX-License-Identifier: MIT
 * Asks the pager to check its invariants (DESIGN, "Invariants") against the page tables, and says the result in words.
 */
#include <pagoda/system.h>
#include <stdio.h>
#include <string.h>

static const char *const invariants[] = {
    [1] = "the references of a frame are not the mappings and holds there are",
    [2] = "a frame is free and also mapped or held",
    [3] = "a writable private page has more than one owner",
    [4] = "free, used, table and object frames do not add up to all frames",
    [5] = "a page is writable and executable, or a program maps a frame that is not a user frame",
    [6] = "a frame was given away unzeroed",
    [7] = "a fault was answered twice, or never",
    [8] = "the pager waits for somebody, or faulted",
    [9] = "a frame was freed before all harts had let go of it",
    [10] = "an error path kept what it should have given back",
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
