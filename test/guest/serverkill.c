/* SPDX-License-Identifier: MIT
 * Proves that init supervises every server: pager, procmgr and console are killed one by one at random instructions while
 * clients fork, exec, wait, print, fault, start threads and end; each gets the right answer every time, nobody hangs, all
 * invariants hold and every frame is back. 60 kills, 1,000 with --full; seeded, so a run can be repeated.
 *
 * TIMEOUT: 300
 */
#define GT_NAME "serverkill"
#include "gtest.h"
#include <pagoda/thread.h>
#include <spawn.h>

#define KILLS 60
#define KILLS_FULL 1000
#define KILL_WITHIN_US 8000 /* of the last one's restart */
#define CLIENTS 3
#define PAGES 6
#define CHECK_EVERY 20 /* kills */
#define HANG_US 10000000UL
extern char **environ;
static uint8_t area[PAGES][PAGE_SIZE] __attribute__((aligned(4096)));

enum { STOP = 0, ROUNDS = 1 }; /* shared words; ROUNDS + client: what it has done */

static uint64_t restarts(uint64_t server)
{
    struct ipc_msg m = {.w = {INIT_SERVER_INFO, server}};
    return ipc_call(H_INIT, &m) == OK ? m.w[2] : ~0UL;
}

/* ---- clients ---- */
static void expect(pid_t pid, int status)
{
    int got = -1;
    CHECK(pid > 0);
    CHECK_EQ(waitpid(pid, &got, 0), pid);
    CHECK_EQ(got, status);
}
static void writes_its_pages(void *mark)
{
    CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
    gt_fill(area[0], PAGES, (uint64_t)(uintptr_t)mark);
    uint8_t *p = gt_pages(PAGES);
    CHECK(p != NULL && p[0] == 0 && p[(PAGES - 1) * PAGE_SIZE] == 0);
    gt_fill(p, PAGES, 8);
    CHECK_EQ(gt_wrong(area[0], PAGES, (uint64_t)(uintptr_t)mark) + gt_wrong(p, PAGES, 8), 0);
}
static void forks(uint64_t *rng)
{
    expect(gt_child(writes_its_pages, (void *)(uintptr_t)(2 + gt_random(rng) % 5)), 0);
    CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
}
static void execs(void *status)
{
    char text[16];
    snprintf(text, sizeof text, "exit %d", (int)(intptr_t)status);
    char *argv[] = {"sh", "-c", text, NULL};
    execv("/bin/sh", argv);
    _exit(99);
}
static void forks_and_execs(uint64_t *rng)
{
    int status = (int)(gt_random(rng) % 90);
    expect(gt_child(execs, (void *)(intptr_t)status), status << 8);
}
static void spawns(uint64_t *rng)
{
    (void)rng;
    char *argv[] = {"false", NULL};
    pid_t pid = -1;
    CHECK_EQ(posix_spawn(&pid, "/bin/false", NULL, NULL, argv, environ), 0);
    expect(pid, 1 << 8);
}
static volatile uintptr_t nowhere = 64;
static void stores_nowhere(void *unused)
{
    (void)unused;
    *(volatile uint8_t *)nowhere = 1;
}
static void faults(uint64_t *rng)
{
    (void)rng;
    expect(gt_child(stores_nowhere, NULL), SIGSEGV);
}
static void sleeps(void *unused)
{
    (void)unused;
    gt_sleep_us(1000000000UL);
}
static void kills(uint64_t *rng)
{
    pid_t pid = gt_child(sleeps, NULL);
    gt_sleep_us(gt_random(rng) % 500);
    CHECK_EQ(kill(pid, SIGKILL), 0);
    expect(pid, SIGKILL);
}
static void *returns_its_argument(void *p) { return p; }
static void starts_threads(uint64_t *rng)
{
    struct thread *t[3];
    (void)rng;
    for (uintptr_t i = 0; i < 3; i++)
        CHECK_EQ(thread_create(&t[i], returns_its_argument, (void *)i), 0);
    for (uintptr_t i = 0; i < 3 && gt_failed == 0; i++) {
        void *result = NULL;
        CHECK_EQ(thread_join(t[i], &result), 0);
        CHECK((uintptr_t)result == i);
    }
}
static void prints(uint64_t *rng)
{
    char text[64];
    int n = snprintf(text, sizeof text, "  client %d says %lu\n", (int)getpid(), (unsigned long)(gt_random(rng) % 1000));
    CHECK_EQ(write(STDOUT_FILENO, text, (size_t)n), n);
}
static void asks(uint64_t *rng)
{
    (void)rng;
    CHECK(kill(getpid(), 0) == 0);
    CHECK(getppid() > 0);
    errno = 0;
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}
static void client(void *number)
{
    static void (*const acts[])(uint64_t *) = {forks, forks_and_execs, spawns, faults, kills, starts_threads, prints, asks};
    unsigned me = (unsigned)(uintptr_t)number;
    uint64_t rng = 0x9e3779b97f4a7c15UL * (me + 1);
    while (GT_SHARED->word[STOP] == 0 && gt_failed == 0) { /* bound: until the last kill */
        acts[gt_random(&rng) % (sizeof acts / sizeof acts[0])](&rng);
        GT_SHARED->word[ROUNDS + me]++;
    }
}

/* ---- the killer ---- */
static void kill_one(uint64_t server, uint64_t *rng)
{
    uint64_t before = restarts(server);
    struct ipc_msg m = {.w = {INIT_KILL_SERVER, server, sys_time() + 1 + gt_random(rng) % gt_us(KILL_WITHIN_US)}};
    ticks_t end = sys_time() + gt_us(HANG_US);
    CHECK_EQ(ipc_call(H_INIT, &m), OK);
    while (restarts(server) == before && sys_time() < end)
        gt_sleep_us(200);
    CHECK(restarts(server) > before);
}
/* Each client has done something since the last look. */
static void check_alive(uint64_t seen[CLIENTS])
{
    ticks_t end = sys_time() + gt_us(HANG_US);
    for (unsigned i = 0; i < CLIENTS; i++) {
        while (GT_SHARED->word[ROUNDS + i] == seen[i] && sys_time() < end)
            gt_sleep_us(500);
        if (GT_SHARED->word[ROUNDS + i] == seen[i]) {
            gt_fail("no client hangs", __FILE__, __LINE__);
            printf("  client %u after %lu acts\n", i, (unsigned long)seen[i]);
        }
        seen[i] = GT_SHARED->word[ROUNDS + i];
    }
}
static void killed_at_random(const uint64_t *servers, unsigned count)
{
    unsigned n = gt_count ? (unsigned)gt_count : gt_full ? KILLS_FULL : KILLS;
    uint64_t rng = 0x5eed0f5e27e25UL, seen[CLIENTS] = {0}, processes = gt_processes();
    pid_t pid[CLIENTS];
    gt_fill(area[0], PAGES, 1);
    REQUIRE(gt_shared_open() == OK);
    for (uintptr_t i = 0; i < CLIENTS; i++)
        pid[i] = gt_child(client, (void *)i);
    for (unsigned i = 0; i < n && gt_failed == 0; i++) {
        gt_progress(i, n);
        kill_one(servers[gt_random(&rng) % count], &rng);
        if (i % CHECK_EVERY == CHECK_EVERY - 1) {
            check_alive(seen);
            CHECK_EQ(gt_vmcheck(), 0);
        }
    }
    GT_SHARED->word[STOP] = 1;
    for (unsigned i = 0; i < CLIENTS; i++)
        gt_expect_exit(pid[i], 0);
    gt_until_processes(processes);
    printf("  %u kills; %lu, %lu and %lu acts\n", n, (unsigned long)seen[0], (unsigned long)seen[1], (unsigned long)seen[2]);
    gt_shared_close();
}
static void all_servers(void)
{
    static const uint64_t servers[] = {SERVER_PAGER, SERVER_PROCMGR, SERVER_CONSOLE};
    killed_at_random(servers, 3);
}
static void procmgr_alone(void)
{
    static const uint64_t servers[] = {SERVER_PROCMGR};
    killed_at_random(servers, 1);
}

GT_MAIN(CASE(all_servers), CASE(procmgr_alone))
