/* SPDX-License-Identifier: MIT
 * Proves that init supervises every server: pager, procmgr, console, fs and (with a disk) blk are killed one by one at random
 * instructions while clients fork, exec, wait, print, fault, start threads, use files and pipes and end; each gets the right
 * answer every time, or, of what the file server's death loses, the error that its page states; nobody hangs, all invariants
 * hold and every frame is back. 80 kills; with --full 1,000 of each server at least; seeded, so a run can be repeated.
 *
 * TIMEOUT: 300
 */
#define GT_NAME "serverkill"
#include "gtest.h"
#include <fcntl.h>
#include <ipc/fs.h>
#include <pagoda/thread.h>
#include <spawn.h>
#include <sys/stat.h>

#define KILLS 80
#define KILLS_FULL 1000 /* of each */
#define KILL_WITHIN_US 8000 /* of the last one's restart */
#define CLIENTS 3
#define PAGES 6
#define TEXT_BYTES 300u
#define BIG_BYTES 6000u
#define CHECK_EVERY 20 /* kills */
#define LOSSES_MAX 6u  /* for each client and kill of fs or blk: the calls of one act */
#define HANG_US 10000000UL
extern char **environ;
static uint8_t area[PAGES][PAGE_SIZE] __attribute__((aligned(4096)));

enum { STOP = 0, ROUNDS = 1, LOST = ROUNDS + CLIENTS }; /* shared words; ROUNDS + client: what it has done; how often fs had lost it */

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

/* ---- files: what a restart of the file server loses is said so ---- */

static void print_page(const char *path)
{
    char text[600];
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n > 0)
        printf("  %s:\n%.*s", path, (int)n, text);
    close(fd);
}

/* -1, with an error that docs/servers/fs.md states. */
static bool is_lost(long result)
{
    if (result >= 0)
        return false;
    __atomic_add_fetch(&GT_SHARED->word[LOST], 1, __ATOMIC_SEQ_CST);
    if (errno != EIO && errno != ENOENT) {
        gt_fail("what is lost is EIO or ENOENT", __FILE__, __LINE__);
        printf("  errno %d\n", errno);
        print_page("/proc/disk");
    }
    return true;
}
static void make_text(uint8_t *text, size_t n, uint64_t *rng)
{
    for (size_t i = 0; i < n; i++)
        text[i] = (uint8_t)gt_random(rng);
}
/* The descriptor has this text from its start; or it is lost. */
static void has_text(int fd, const uint8_t *text, size_t n)
{
    static uint8_t back[BIG_BYTES + 1];
    ssize_t got = pread(fd, back, n + 1, 0);
    if (is_lost(got))
        return;
    CHECK_EQ(got, n);
    CHECK(memcmp(back, text, n) == 0);
}
static void uses_a_file(uint64_t *rng)
{
    char path[32];
    uint8_t text[TEXT_BYTES];
    struct stat st;
    make_text(text, sizeof text, rng);
    snprintf(path, sizeof path, "/tmp/k%d", (int)getpid());
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (is_lost(fd))
        return;
    ssize_t n = write(fd, text, sizeof text);
    if (!is_lost(n)) {
        CHECK_EQ(n, sizeof text);
        has_text(fd, text, sizeof text);
        if (!is_lost(stat(path, &st)))
            CHECK_EQ(st.st_size, sizeof text);
    }
    (void)close(fd); /* EIO or EBADF when it is gone */
    (void)is_lost(unlink(path));
}
static int ends[2];
static void reads_the_pipe(void *text)
{
    uint8_t back[TEXT_BYTES];
    (void)close(ends[1]);
    ssize_t n = read(ends[0], back, sizeof back);
    if (is_lost(n))
        return;
    if (n != 0) /* 0: the writer has lost it before it wrote */
        CHECK(n == TEXT_BYTES && memcmp(back, text, TEXT_BYTES) == 0);
}
static void uses_a_pipe(uint64_t *rng)
{
    uint8_t text[TEXT_BYTES];
    make_text(text, sizeof text, rng);
    if (is_lost(pipe(ends)))
        return;
    pid_t pid = gt_child(reads_the_pipe, text);
    ssize_t n = write(ends[1], text, sizeof text);
    if (!is_lost(n))
        CHECK_EQ(n, sizeof text);
    (void)close(ends[0]);
    (void)close(ends[1]);
    expect(pid, 0);
}
/* On the disk: what was synced is never lost, only the descriptor may be. */
static void uses_the_disk(uint64_t *rng)
{
    char path[32];
    static uint8_t text[BIG_BYTES];
    make_text(text, sizeof text, rng);
    snprintf(path, sizeof path, "/disk/k%d", (int)getpid());
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (is_lost(fd))
        return;
    ssize_t n = write(fd, text, sizeof text);
    bool synced = !is_lost(n) && !is_lost(fsync(fd));
    (void)close(fd);
    fd = synced ? open(path, O_RDONLY) : -1;
    if (synced && !(fd == -1 && errno == EIO)) {
        CHECK(fd >= 0);
        has_text(fd, text, sizeof text);
        (void)close(fd);
    }
    (void)is_lost(unlink(path));
}
static void client(void *number)
{
    static void (*const acts[])(uint64_t *) = {forks, forks_and_execs, spawns, faults, kills, starts_threads, prints, asks, uses_a_file, uses_a_pipe,
                                               uses_the_disk};
    const unsigned count = sizeof acts / sizeof acts[0] - (restarts(SERVER_BLK) == ~0UL); /* no disk */
    unsigned me = (unsigned)(uintptr_t)number;
    uint64_t rng = 0x9e3779b97f4a7c15UL * (me + 1);
    while (GT_SHARED->word[STOP] == 0 && gt_failed == 0) { /* bound: until the last kill */
        acts[gt_random(&rng) % count](&rng);
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
static void check_all(uint64_t seen[CLIENTS])
{
    struct ipc_msg m = {.w = {FS_CHECK}};
    check_alive(seen);
    CHECK_EQ(gt_vmcheck(), 0);
    if (ipc_call(H_FS, &m) == OK) /* not everybody who starts a test has files */
        CHECK_EQ(m.w[1], 0);
}
static bool is_enough(const unsigned *killed, unsigned count)
{
    unsigned total = 0, least = ~0u;
    for (unsigned i = 0; i < count; i++) {
        total += killed[i];
        least = killed[i] < least ? killed[i] : least;
    }
    if (gt_full && !gt_count)
        return least >= KILLS_FULL;
    return total >= (gt_count ? (unsigned)gt_count : KILLS);
}
/* Returns how many kills files may suffer from. */
static unsigned kill_at_random(const uint64_t *servers, unsigned count, uint64_t seen[CLIENTS])
{
    unsigned of_files = 0;
    uint64_t rng = 0x5eed0f5e27e25UL;
    unsigned killed[SERVER_BLK] = {0};
    for (unsigned i = 0; !is_enough(killed, count) && gt_failed == 0; i++) { /* bound: numbers at random come to all */
        unsigned which = gt_random(&rng) % count;
        gt_progress(i, gt_count ? gt_count : KILLS_FULL * (long)count);
        kill_one(servers[which], &rng);
        killed[which]++;
        if (i % CHECK_EVERY == CHECK_EVERY - 1)
            check_all(seen);
    }
    for (unsigned i = 0; i < count; i++) {
        printf("  server %lu: %u kills\n", (unsigned long)servers[i], killed[i]);
        CHECK(killed[i] > 0);
        of_files += servers[i] == SERVER_FS || servers[i] == SERVER_BLK ? killed[i] : 0;
    }
    return of_files;
}
/* Nobody is killed any more: nothing is lost. */
static void files_are_as_ever(void)
{
    uint64_t rng = 1, lost = GT_SHARED->word[LOST];
    uses_a_file(&rng);
    uses_a_pipe(&rng);
    if (restarts(SERVER_BLK) != ~0UL)
        uses_the_disk(&rng);
    CHECK_EQ(GT_SHARED->word[LOST], lost);
}
static void killed_at_random(const uint64_t *servers, unsigned count)
{
    uint64_t seen[CLIENTS] = {0}, processes = gt_processes();
    pid_t pid[CLIENTS];
    gt_fill(area[0], PAGES, 1);
    REQUIRE(gt_shared_open() == OK);
    for (uintptr_t i = 0; i < CLIENTS; i++)
        pid[i] = gt_child(client, (void *)i);
    unsigned of_files = kill_at_random(servers, count, seen);
    GT_SHARED->word[STOP] = 1;
    for (unsigned i = 0; i < CLIENTS; i++)
        gt_expect_exit(pid[i], 0);
    gt_until_processes(processes);
    CHECK(GT_SHARED->word[LOST] <= LOSSES_MAX * CLIENTS * of_files);
    files_are_as_ever();
    printf("  %lu, %lu and %lu acts, %lu times something was lost\n", (unsigned long)seen[0], (unsigned long)seen[1],
           (unsigned long)seen[2], (unsigned long)GT_SHARED->word[LOST]);
    gt_shared_close();
}
static void all_servers(void)
{
    static const uint64_t servers[] = {SERVER_PAGER, SERVER_PROCMGR, SERVER_CONSOLE, SERVER_FS, SERVER_BLK};
    killed_at_random(servers, restarts(SERVER_BLK) == ~0UL ? 4 : 5);
}
static void procmgr_alone(void)
{
    static const uint64_t servers[] = {SERVER_PROCMGR};
    killed_at_random(servers, 1);
}

GT_MAIN(CASE(all_servers), CASE(procmgr_alone))
