/* SPDX-License-Identifier: MIT
 * Where the memory is. Every frame of the machine is in exactly one of the lines.
 */
#include <pagoda/system.h>
#include <stdio.h>
#include <string.h>

static void line(const char *what, uint64_t frames, uint64_t total, const char *note)
{
    uint64_t permille = total > 0 ? frames * 1000 / total : 0;
    printf("  %-16s %9lu frames %8lu KiB %3lu.%lu %%   %s\n", what, frames, frames * PAGE_SIZE / 1024, permille / 10,
           permille % 10, note);
}

static int report(const struct pager_stats *m)
{
    struct pager_stats p;
    uint64_t total = m->v[1];
    line("free, user", m->v[2], total, "for pages of programs");
    line("free, kernel", m->v[6], total, "for page tables and kernel objects");
    line("pages", m->v[3], total, "mapped or held: programs, servers, the boot image");
    line("page tables", m->v[4], total, "");
    line("kernel objects", m->v[5], total, "threads, spaces, endpoints, handle tables");
    line("system", m->v[7], total, "firmware, kernel, init, the pager itself");
    line("total", total, total, "");
    if (pager_stat(PAGER_STAT_POOL, 0, &p) == OK)
        printf("  of the pages %lu are the boot image and %lu held; references to the zero page: %lu\n", p.v[1], p.v[2],
               p.v[3]);
    struct ipc_msg zeroed = {.w = {PAGER_TUNE, PAGER_TUNE_ZEROED, PAGER_TUNE_ASK}};
    if (pager_call(H_PAGER, &zeroed) == OK)
        printf("  of the free ones %lu were zeroed while idle\n", zeroed.w[2]);
    if (pager_stat(PAGER_STAT_STORE, 0, &p) == OK && p.v[2] > 0)
        printf("  of those held %lu are the store's; %lu of them in use\n", p.v[2], p.v[1]);
    uint64_t sum = m->v[2] + m->v[3] + m->v[4] + m->v[5] + m->v[6] + m->v[7];
    if (sum == m->v[1])
        return 0;
    printf("free: the frames do not add up: %lu of %lu\n", sum, m->v[1]);
    return 1;
}

int main(int argc, char **argv)
{
    bool frames = argc == 2 && strcmp(argv[1], "--frames") == 0;
    if (argc > 1 && !frames) {
        bool asked = strcmp(argv[1], "--help") == 0;
        fputs("usage: free [--frames]\nWhere the memory is; --frames prints only the number of free frames, user and kernel "
              "together.\n", asked ? stdout : stderr);
        return asked ? 0 : 2;
    }
    struct pager_stats m;
    err_t err = pager_stat(PAGER_STAT_MEMORY, 0, &m);
    if (err != OK) {
        fprintf(stderr, "free: the pager says: %s\n", error_text(err));
        return 1;
    }
    int status = 0;
    if (frames)
        printf("%lu\n", m.v[2] + m.v[6]);
    else
        status = report(&m);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    perror("free: standard output");
    return 1;
}
