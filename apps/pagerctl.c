/* SPDX-License-Identifier: MIT
 * The pager's levers: fork strategy, counters, and killing it (or another server) to watch init bring it back.
 */
#include <pagoda/system.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const server_names[] = {[SERVER_PAGER] = "pager", [SERVER_PROCMGR] = "procmgr",
                                           [SERVER_CONSOLE] = "console"};
#define SERVERS (sizeof server_names / sizeof server_names[0])

static int failed(const char *what, err_t err)
{
    fprintf(stderr, "pagerctl: %s: %s\n", what, error_text(err));
    return 1;
}

static const char *strategy_name(uint64_t strategy)
{
    return strategy == FORK_COW ? "cow" : strategy == FORK_EAGER ? "eager" : "?";
}

static int strategy(const char *name)
{
    uint64_t wanted = 0;
    if (name != NULL && strcmp(name, "cow") == 0)
        wanted = FORK_COW;
    else if (name != NULL && strcmp(name, "eager") == 0)
        wanted = FORK_EAGER;
    else if (name != NULL)
        return failed("strategy is cow or eager", ERR_INVAL);
    struct ipc_msg m = {.w = {PAGER_STRATEGY, wanted}};
    err_t err = pager_call(H_PAGER, &m);
    if (err != OK)
        return failed("strategy", err);
    printf("fork strategy: %s\n", strategy_name(m.w[1]));
    return 0;
}

static int kill_server(const char *name)
{
    for (unsigned i = 1; i < SERVERS; i++) {
        if (strcmp(name, server_names[i]) != 0)
            continue;
        struct ipc_msg m = {.w = {INIT_KILL_SERVER, i}};
        err_t err = ipc_call(H_INIT, &m);
        if (err != OK)
            return failed(name, err);
        if (i == SERVER_PROCMGR)
            printf("procmgr killed; with it the processes are lost, and init turns the machine off\n");
        else
            printf("%s killed; init brings it back (restart %lu)\n", name, m.w[1] + 1);
        return 0;
    }
    fprintf(stderr, "pagerctl: no server %s (pager, procmgr, console)\n", name);
    return 1;
}

static int stat_print(void)
{
    struct pager_stats f, c, p;
    struct ipc_msg m = {.w = {PAGER_STRATEGY, 0}};
    err_t err = pager_stat(PAGER_STAT_FORKS, 0, &f);
    if (err == OK)
        err = pager_stat(PAGER_STAT_FAULTS, 0, &c);
    if (err == OK)
        err = pager_stat(PAGER_STAT_POOL, 0, &p);
    if (err == OK)
        err = pager_call(H_PAGER, &m);
    if (err != OK)
        return failed("stat", err);
    printf("forks          %8lu   %s; pages shared %lu, copied at once %lu\n", f.v[1], strategy_name(m.w[1]), f.v[2], f.v[3]);
    printf("faults         %8lu   copies %lu, upgrades %lu, zero fills %lu, zero page %lu, image %lu, retries %lu\n",
           c.v[1] + c.v[2] + c.v[3] + c.v[4] + c.v[5] + c.v[6], c.v[1], c.v[2], c.v[3], c.v[4], c.v[5], c.v[6]);
    printf("refused        %8lu\n", c.v[7]);
    printf("restarts       %8lu\n", f.v[4]);
    printf("deferred now   %8lu\n", f.v[5]);
    printf("spaces         %8lu\n", f.v[6]);
    printf("out of memory  %8lu\n", p.v[6]);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && argc <= 3 && strcmp(argv[1], "strategy") == 0)
        return strategy(argc == 3 ? argv[2] : NULL);
    if (argc >= 2 && argc <= 3 && strcmp(argv[1], "kill") == 0)
        return kill_server(argc == 3 ? argv[2] : "pager");
    if (argc == 2 && strcmp(argv[1], "stat") == 0)
        return stat_print();
    bool asked = argc == 2 && strcmp(argv[1], "--help") == 0;
    fputs("usage: pagerctl strategy [cow|eager]   how fork gives the child its pages, from the next fork on\n"
          "       pagerctl stat                   what the pager has done since boot\n"
          "       pagerctl kill [SERVER]          kill the pager (or console): init restarts it and nobody notices;\n"
          "                                       procmgr takes all processes along, so the machine goes off\n",
          asked ? stdout : stderr);
    return asked ? 0 : 2;
}
