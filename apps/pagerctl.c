/* SPDX-License-Identifier: MIT
 * The pager's levers: fork strategy, replacement policy, frame limits, counters, and killing it (or another server) to watch
 * init bring it back.
 */
#include <pagoda/system.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const server_names[] = {[SERVER_PAGER] = "pager", [SERVER_PROCMGR] = "procmgr",
                                           [SERVER_CONSOLE] = "console", [SERVER_FS] = "fs", [SERVER_BLK] = "blk"};
#define SERVERS (sizeof server_names / sizeof server_names[0])

static int failed(const char *what, err_t err)
{
    fprintf(stderr, "pagerctl: %s: %s\n", what, error_text(err));
    return 1;
}

/* A number on the command line; false: it is none, or none that any of these can be (the pager takes the greatest for a question). */
static bool number(const char *text, uint64_t *n)
{
    char *end;
    *n = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == 0 && *n < UINT32_MAX;
}

/* The space of the process with this pid, said on stderr when there is none. NULL: 0, everybody. */
static bool space_of(const char *pid, uint64_t *space)
{
    struct process_info p = {.pid = 0};
    uint64_t n = 0;
    *space = 0;
    if (pid == NULL)
        return true;
    if (!number(pid, &n) || n == 0 || process_next((uint32_t)n, &p) != OK || p.pid != n || p.space == 0) {
        fprintf(stderr, "pagerctl: there is no process %s\n", pid);
        return false;
    }
    *space = p.space;
    return true;
}

static const char *const strategy_names[] = FORK_TEXTS();
#define STRATEGIES (sizeof strategy_names / sizeof strategy_names[0])

static const char *strategy_name(uint64_t strategy)
{
    return strategy > 0 && strategy < STRATEGIES ? strategy_names[strategy] : "?";
}

static int strategy(const char *name)
{
    uint64_t wanted = 0;
    if (name != NULL)
        for (wanted = 1; wanted < STRATEGIES && strcmp(name, strategy_names[wanted]) != 0; wanted++) {
        }
    if (wanted == STRATEGIES)
        return failed("strategy is cow, eager or tables", ERR_INVAL);
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
        printf("%s killed; init brings it back (restart %lu)\n", name, m.w[1] + 1);
        return 0;
    }
    fprintf(stderr, "pagerctl: no server %s (pager, procmgr, console, fs, and blk with a disk)\n", name);
    return 1;
}

static int stat_print(void)
{
    struct pager_stats f, c, p, t;
    struct ipc_msg m = {.w = {PAGER_STRATEGY, 0}};
    err_t err = pager_stat(PAGER_STAT_FORKS, 0, &f);
    if (err == OK)
        err = pager_stat(PAGER_STAT_FAULTS, 0, &c);
    if (err == OK)
        err = pager_stat(PAGER_STAT_POOL, 0, &p);
    if (err == OK)
        err = pager_stat(PAGER_STAT_TABLES, 0, &t);
    if (err == OK)
        err = pager_call(H_PAGER, &m);
    if (err != OK)
        return failed("stat", err);
    printf("forks          %8lu   %s; pages shared %lu, copied at once %lu\n", f.v[1], strategy_name(m.w[1]), f.v[2], f.v[3]);
    printf("tables shared  %8lu   by forks; of their own again %lu, set aside for that now %lu\n", t.v[1], t.v[2], t.v[3]);
    printf("faults         %8lu   copies %lu, upgrades %lu, zero fills %lu, zero page %lu, image %lu, retries %lu\n",
           c.v[1] + c.v[2] + c.v[3] + c.v[4] + c.v[5] + c.v[6], c.v[1], c.v[2], c.v[3], c.v[4], c.v[5], c.v[6]);
    printf("refused        %8lu\n", c.v[7]);
    printf("restarts       %8lu\n", f.v[4]);
    printf("deferred now   %8lu\n", f.v[5]);
    printf("spaces         %8lu\n", f.v[6]);
    printf("out of memory  %8lu\n", p.v[6]);
    return 0;
}

/* ---- replacement policies ---- */

#define NAME_BYTES 16u

struct policy_info {
    char name[NAME_BYTES + 1];
    char idea[3 * PAGER_IDEA_PART];
    struct ipc_msg stat; /* POLICY_STAT's answer */
};

static err_t policy_stat(uint64_t number, struct ipc_msg *m)
{
    *m = (struct ipc_msg){.w = {PAGER_POLICY_STAT, number}};
    return pager_call(H_PAGER, m);
}

/* Policy `number`, 1.. ERR_NOENT past the last. */
static err_t policy_info(uint64_t number, struct policy_info *p)
{
    memset(p, 0, sizeof *p);
    for (size_t from = 0; from + PAGER_IDEA_PART < sizeof p->idea; from += PAGER_IDEA_PART) {
        struct ipc_msg m = {.w = {PAGER_POLICY_INFO, number, from}};
        err_t err = pager_call(H_PAGER, &m);
        if (err != OK)
            return err;
        memcpy(p->name, &m.w[1], NAME_BYTES);
        memcpy(p->idea + from, &m.w[3], PAGER_IDEA_PART);
    }
    return policy_stat(number, &p->stat);
}

/* Ask or set. The name in charge in name. */
static err_t policy_call(uint64_t space, unsigned what, const char *wanted, char name[NAME_BYTES + 1], bool *own)
{
    struct ipc_msg m = {.w = {PAGER_POLICY, space, what}};
    if (strlen(wanted) >= NAME_BYTES)
        return ERR_NOENT;
    memcpy(&m.w[3], wanted, strlen(wanted));
    err_t err = pager_call(H_PAGER, &m);
    if (err != OK)
        return err;
    memcpy(name, &m.w[1], NAME_BYTES);
    name[NAME_BYTES] = 0;
    *own = m.w[3] != 0;
    return OK;
}

static void list_names(FILE *to)
{
    struct policy_info p;
    for (uint64_t i = 1; policy_info(i, &p) == OK; i++)
        fprintf(to, "%s%s", i > 1 ? ", " : "", p.name);
    fputs("\n", to);
}

static int policy(const char *wanted, const char *pid)
{
    char name[NAME_BYTES + 1];
    uint64_t space;
    bool own;
    bool common = wanted != NULL && strcmp(wanted, "common") == 0;
    if (!space_of(pid, &space))
        return 1;
    if (common && space == 0) {
        fputs("pagerctl: policy common PID: only a process can give up a policy of its own\n", stderr);
        return 1;
    }
    unsigned what = wanted == NULL ? PAGER_POLICY_ASK : common ? PAGER_POLICY_COMMON : PAGER_POLICY_SET;
    err_t err = policy_call(space, what, what == PAGER_POLICY_SET ? wanted : "", name, &own);
    if (err == ERR_NOENT) {
        fprintf(stderr, "pagerctl: there is no policy %s; there are: ", wanted);
        list_names(stderr);
        return 1;
    }
    if (err != OK)
        return failed("policy", err);
    if (space == 0)
        printf("replacement policy: %s\n", name);
    else
        printf("replacement policy of process %s: %s%s\n", pid, name, own ? "" : ", as everybody's");
    return 0;
}

static int policies(void)
{
    struct policy_info p;
    char name[NAME_BYTES + 1];
    bool own;
    err_t err = policy_call(0, PAGER_POLICY_ASK, "", name, &own);
    for (uint64_t i = 1; err == OK && (err = policy_info(i, &p)) == OK; i++)
        printf("%c %-15s %s\n", strcmp(p.name, name) == 0 ? '*' : ' ', p.name, p.idea);
    return err == ERR_NOENT ? 0 : failed("policies", err);
}

/* ---- frames ---- */

static int limit(const char *frames, const char *pid)
{
    uint64_t space, n = 0;
    if (!space_of(pid, &space))
        return 1;
    if (frames != NULL && strcmp(frames, "none") != 0 && (!number(frames, &n) || n == 0)) {
        fprintf(stderr, "pagerctl: limit %s: a number of frames, or none\n", frames);
        return 1;
    }
    struct ipc_msg m = {.w = {PAGER_FRAMES, space, n, frames ? PAGER_FRAMES_SET : PAGER_FRAMES_ASK}};
    err_t err = pager_call(H_PAGER, &m);
    if (err != OK)
        return failed(err == ERR_INVAL ? "limit: too few frames to run at all"
                      : err == ERR_NOMEM ? "limit: too few frames for what is pinned and shared, and others" : "limit", err);
    uint64_t now = frames ? n : m.w[1];
    printf("frame limit%s%s: ", pid ? " of process " : "", pid ? pid : "");
    if (now)
        printf("%lu; %lu pages resident\n", now, m.w[2]);
    else
        printf("none; %lu pages resident\n", m.w[2]);
    return 0;
}

static void show_policy(const char *name, const struct ipc_msg *m)
{
    if (m->w[1] | m->w[2] | m->w[3] | m->w[4])
        printf("%-15s %9lu %9lu %9lu %9lu\n", name, m->w[1], m->w[2], m->w[3], m->w[4]);
}

static int show(void)
{
    struct pager_stats e, s, f;
    struct policy_info p;
    struct ipc_msg m;
    char name[NAME_BYTES + 1];
    bool own;
    err_t err = policy_call(0, PAGER_POLICY_ASK, "", name, &own);
    if (err == OK)
        err = pager_stat(PAGER_STAT_EVICT, 0, &e);
    if (err == OK)
        err = pager_stat(PAGER_STAT_STORE, 0, &s);
    if (err == OK)
        err = pager_stat(PAGER_STAT_FRAMES, 0, &f);
    if (err == OK)
        err = policy_stat(0, &m);
    if (err != OK)
        return failed("show", err);
    uint64_t bad = 0;
    for (uint64_t i = 1; policy_info(i, &p) == OK; i++)
        bad += p.stat.w[3];
    printf("policy         %9s\n", name);
    printf("resident       %9lu   pages; limit %lu%s, pinned %lu, ready to leave %lu\n", f.v[1], f.v[2],
           f.v[2] ? "" : " (none)", f.v[3], f.v[6]);
    printf("evictions      %9lu   clean %lu; could not leave %lu; without a victim %lu\n", e.v[1], e.v[2], e.v[6], e.v[7]);
    printf("bad proposals  %9lu\n", bad);
    printf("writes         %9lu   ahead %lu; errors %lu; store full %lu\n", e.v[3], e.v[5], s.v[3], s.v[5]);
    printf("reads          %9lu   errors %lu\n", e.v[4], s.v[4]);
    printf("store          %9lu   of %lu slots; only there: %lu pages\n", s.v[1], s.v[2], s.v[7]);
    printf("\n%-15s %9s %9s %9s %9s\n", "POLICY", "VICTIMS", "FAULTS", "BAD", "REPLACED");
    for (uint64_t i = 1; policy_info(i, &p) == OK; i++)
        show_policy(p.name, &p.stat);
    show_policy("(built-in)", &m);
    return 0;
}

static int reset(void)
{
    struct ipc_msg m = {.w = {PAGER_POLICY_RESET}};
    err_t err = pager_call(H_PAGER, &m);
    return err == OK ? 0 : failed("reset", err);
}

/* ---- what the pager does ahead ---- */

static int tune(uint64_t what, const char *verb, const char *value)
{
    uint64_t n = PAGER_TUNE_ASK;
    if (value != NULL && !number(value, &n)) {
        fprintf(stderr, "pagerctl: %s %s: a number\n", verb, value);
        return 1;
    }
    struct ipc_msg m = {.w = {PAGER_TUNE, what, n}};
    err_t err = pager_call(H_PAGER, &m);
    if (err == ERR_INVAL)
        fprintf(stderr, what == PAGER_TUNE_AROUND ? "pagerctl: around: a power of two up to 64; 1: off\n"
                                                  : "pagerctl: zeroed: at most 64 frames; 0: off\n");
    if (err != OK)
        return err == ERR_INVAL ? 1 : failed(verb, err);
    uint64_t now = value ? n : m.w[1];
    if (what == PAGER_TUNE_AROUND)
        printf("fault-around: %lu page%s a fault%s; %lu mapped by it since boot\n", now, now == 1 ? "" : "s",
               now == 1 ? " (off)" : "", m.w[2]);
    else
        printf("frames zeroed while idle: up to %lu; %lu now\n", now, m.w[2]);
    return 0;
}

/* ---- the command line ---- */

static int usage(FILE *to)
{
    fputs("usage: pagerctl policy [NAME [PID]]    replacement policy from now on, of all processes or of one;\n"
          "                                       common: the process has none of its own any longer\n"
          "       pagerctl policies               which there are; * is in charge\n"
          "       pagerctl limit [FRAMES [PID]]   frames for pages of all programs or of one, none: as many as there are\n"
          "       pagerctl show                   evictions, reads, writes; victims, faults and bad proposals by policy\n"
          "       pagerctl reset                  counters of show to 0\n"
          "       pagerctl strategy [cow|eager|tables]   how fork gives the child its pages, from the next fork on\n"
          "       pagerctl around [PAGES]         pages of a file that one fault maps; 1: only the one touched\n"
          "       pagerctl zeroed [FRAMES]        frames kept zeroed for first stores; 0: none\n"
          "       pagerctl stat                   what the pager has done since boot\n"
          "       pagerctl kill [SERVER]          kill the pager (or procmgr, console, fs; with a disk blk): init restarts it\n"
          "                                       and nobody notices; of fs, files in memory and descriptors are lost\n",
          to);
    return to == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    const char *verb = argc >= 2 ? argv[1] : "", *first = argc >= 3 ? argv[2] : NULL, *second = argc >= 4 ? argv[3] : NULL;
    if (argc <= 4 && strcmp(verb, "policy") == 0)
        return policy(first, second);
    if (argc <= 4 && strcmp(verb, "limit") == 0)
        return limit(first, second);
    if (argc <= 3 && strcmp(verb, "strategy") == 0)
        return strategy(first);
    if (argc <= 3 && strcmp(verb, "around") == 0)
        return tune(PAGER_TUNE_AROUND, verb, first);
    if (argc <= 3 && strcmp(verb, "zeroed") == 0)
        return tune(PAGER_TUNE_ZEROED, verb, first);
    if (argc <= 3 && strcmp(verb, "kill") == 0)
        return kill_server(first ? first : "pager");
    if (argc == 2 && strcmp(verb, "policies") == 0)
        return policies();
    if (argc == 2 && strcmp(verb, "show") == 0)
        return show();
    if (argc == 2 && strcmp(verb, "reset") == 0)
        return reset();
    if (argc == 2 && strcmp(verb, "stat") == 0)
        return stat_print();
    return usage(argc == 2 && strcmp(verb, "--help") == 0 ? stdout : stderr);
}
