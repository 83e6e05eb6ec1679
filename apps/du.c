/* SPDX-License-Identifier: MIT
 * How much files take.
 */
#include "tool.h"

#include "walk.h"

static const char tool_name[] = "du";
static const char tool_help[] = "usage: du [-a] [-s] [-k] [-h] [FILE...]\nPrints how much directories take with all that is in them, in blocks of 512 bytes; -k of 1024,\n"
                                "-h as one reads it, -a files, too, -s only what was named.\n";

static bool all, sums, readable;
static long unit = 512;

/* Blocks of 512 in each directory around. */
static unsigned long long *totals;
static size_t room;

static void show(unsigned long long blocks, const char *path)
{
    unsigned long long bytes = blocks * 512;
    static const char units[] = "BKMGT";
    if (!readable) {
        printf("%llu\t%s\n", (bytes + (unsigned long long)unit - 1) / (unsigned long long)unit, path);
        return;
    }
    unsigned u = 0;
    for (; bytes >= 10240 && u < 4; u++)
        bytes = (bytes + 1023) / 1024;
    printf("%llu%c\t%s\n", bytes, units[u], path);
}

static int see(struct walked *w)
{
    if (w->depth + 2 > room && (totals = realloc(totals, (room = 2 * (w->depth + 2)) * sizeof *totals)) == NULL)
        exit(tool_error("memory"));
    unsigned long long own = (unsigned long long)w->st->st_blocks;
    if (w->when == WALK_BEFORE) {
        totals[w->depth] = own;
        return 0;
    }
    if (w->when == WALK_AFTER)
        own = totals[w->depth];
    if (w->depth > 0)
        totals[w->depth - 1] += own;
    if (w->depth == 0 || (!sums && (all || w->when == WALK_AFTER)))
        show(own, w->path);
    return 0;
}

int main(int argc, char **argv)
{
    static char *here[] = {".", NULL};
    int status = 0, option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "askh")) != 0) {
        all = all || option == 'a';
        sums = sums || option == 's';
        readable = readable || option == 'h';
        unit = option == 'k' ? 1024 : unit;
    }
    for (char **name = tool_at < argc ? argv + tool_at : here; *name != NULL; name++)
        status |= walk(*name, see, WALK_LINKS);
    return tool_end(status);
}
