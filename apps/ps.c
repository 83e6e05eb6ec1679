/* SPDX-License-Identifier: MIT
 * Who runs: servers and processes, with what the pager holds for each.
 */
#include <pagoda/system.h>
#include <stdio.h>
#include <string.h>

static void row(const char *pid, const char *ppid, const char *state, const char *threads, const char *prio)
{
    printf("%5s %5s %-8s %4s %4s", pid, ppid, state, threads, prio);
}

static void memory(uint64_t space)
{
    struct pager_stats s;
    if (space == 0 || pager_stat(PAGER_STAT_SPACE, space, &s) != OK)
        printf(" %8s %8s %6s %8s ", "-", "-", "-", "-");
    else
        printf(" %8lu %8lu %6lu %8lu ", s.v[1], s.v[2], s.v[3], s.v[6]);
}

static void servers(void)
{
    static const char *const names[] = {[SERVER_PAGER] = "pager", [SERVER_PROCMGR] = "procmgr",
                                        [SERVER_CONSOLE] = "console", [SERVER_FS] = "fs", [SERVER_BLK] = "blk"};
    for (unsigned i = 1; i < sizeof names / sizeof names[0]; i++) {
        struct server_info s;
        if (server_info(i, &s) != OK)
            continue;
        row("-", "-", s.alive ? "server" : "down", "", "");
        memory(s.space);
        printf("%s", names[i]);
        if (s.restarts > 0)
            printf(" (restarted %lu time%s)", s.restarts, s.restarts == 1 ? "" : "s");
        putchar('\n');
    }
}

static void processes(void)
{
    static const char *const states[] = {"?", "new", "running", "exiting", "zombie"};
    struct process_info p;
    for (uint32_t pid = 0; process_next(pid, &p) == OK; pid = p.pid + 1) { /* bound: the highest pid */
        char numbers[4][12];
        const uint32_t values[4] = {p.pid, p.ppid, p.threads, p.prio};
        for (int i = 0; i < 4; i++)
            snprintf(numbers[i], sizeof numbers[i], "%lu", (unsigned long)values[i]);
        row(numbers[0], numbers[1], states[p.state <= PROC_STATE_ZOMBIE ? p.state : 0], numbers[2], numbers[3]);
        memory(p.space);
        puts(p.name);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        bool asked = strcmp(argv[1], "--help") == 0;
        fputs("usage: ps\nServers and processes. RESIDENT: pages mapped now; SHARED: of these, frames that others map or "
              "hold, too;\nTABLES: page tables; FAULTS: page faults the pager has answered. Memory in pages of 4 KiB.\n",
              asked ? stdout : stderr);
        return asked ? 0 : 2;
    }
    row("PID", "PPID", "STATE", "THR", "PRIO");
    printf(" %8s %8s %6s %8s %s\n", "RESIDENT", "SHARED", "TABLES", "FAULTS", "NAME");
    servers();
    processes();
    return 0;
}
