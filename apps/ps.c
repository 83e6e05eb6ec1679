/* SPDX-License-Identifier: MIT
 * Who runs: servers and processes, with what the pager holds for each.
 */
#include "tool.h"

#include <pagoda/system.h>

static const char tool_name[] = "ps";
static const char tool_help[] = "usage: ps [-Aef] [-p PID[,PID]...]\n"
                                "Servers and processes. TIME: seconds of a processor, an instruction counted as a nanosecond;\n"
                                "RESIDENT: pages mapped now; SHARED: of these, frames that others map or hold, too;\nTABLES: page tables; FAULTS: page "
                                "faults the pager has answered. Memory in pages of 4 KiB.\n-f: as NAME all of the command line that is kept; "
                                "-p: only these processes; -A, -e: all, as without.\n";

static void row(const char *pid, const char *ppid, const char *state, const char *threads, const char *prio)
{
    printf("%5s %5s %-8s %4s %4s", pid, ppid, state, threads, prio);
}

/* Seconds, to the microsecond. */
static void used(uint64_t ns) { printf(" %4lu.%06lu", ns / 1000000000, ns / 1000 % 1000000); }

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
        used(s.used);
        memory(s.space);
        printf("%s", names[i]);
        if (s.restarts > 0)
            printf(" (restarted %lu time%s)", s.restarts, s.restarts == 1 ? "" : "s");
        putchar('\n');
    }
}

/* With spaces between the words; a zombie has none, and then it is the name. */
static void command(const struct process_info *p)
{
    char path[32], text[512];
    (void)snprintf(path, sizeof path, "/proc/%lu/cmdline", (unsigned long)p->pid);
    int fd = open(path, O_RDONLY);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : 0;
    if (fd >= 0)
        (void)close(fd);
    for (ssize_t i = 0; i + 1 < n; i++)
        text[i] = text[i] == '\0' ? ' ' : text[i];
    puts(n > 0 ? text : p->name);
}

/* One line of it. */
static void process(const struct process_info *p, bool full)
{
    static const char *const states[] = {"?", "new", "running", "exiting", "zombie"};
    char numbers[4][12];
    const uint32_t values[4] = {p->pid, p->ppid, p->threads, p->prio};
    for (int i = 0; i < 4; i++)
        snprintf(numbers[i], sizeof numbers[i], "%lu", (unsigned long)values[i]);
    row(numbers[0], numbers[1], states[p->state <= PROC_STATE_ZOMBIE ? p->state : 0], numbers[2], numbers[3]);
    used(p->used);
    memory(p->space);
    if (full)
        command(p);
    else
        puts(p->name);
}

static void processes(bool full)
{
    struct process_info p;
    for (uint32_t pid = 0; process_next(pid, &p) == OK; pid = p.pid + 1) /* bound: the highest pid */
        process(&p, full);
}

/* Of a list with commas or blanks between. Status 1: there is none of them. */
static int chosen(const char *list, bool full)
{
    bool any = false;
    for (const char *s = list; *s != '\0';) {
        char *end;
        struct process_info p;
        unsigned long pid = strtoul(s, &end, 10);
        if (end == s || (*end != '\0' && *end != ',' && *end != ' '))
            tool_usage();
        if (pid > 0 && pid <= UINT32_MAX && process_next((uint32_t)pid, &p) == OK && p.pid == pid) {
            process(&p, full);
            any = true;
        }
        s = end + (*end != '\0');
    }
    return any ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *list = NULL;
    bool full = false;
    int option, status = 0;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "Aefp:")) != 0) {
        full = full || option == 'f';
        list = option == 'p' ? tool_arg : list;
    }
    if (argv[tool_at] != NULL)
        tool_usage();
    row("PID", "PPID", "STATE", "THR", "PRIO");
    printf(" %11s %8s %8s %6s %8s %s\n", "TIME", "RESIDENT", "SHARED", "TABLES", "FAULTS", full ? "COMMAND" : "NAME");
    if (list != NULL) {
        status = chosen(list, full);
    } else {
        servers();
        processes(full);
    }
    return tool_end(status);
}
