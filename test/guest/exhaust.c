/* SPDX-License-Identifier: MIT
 * Proves that what runs out runs out cleanly and comes back: descriptors, pipes, files' room, threads, processes, the heap, each taken
 * until it is refused, with the standard's error, given back, and taken again: as much as the first time. And that each allocation of
 * the pager may fail under calls that need files, threads, pipes and programs.
 * TIMEOUT: 240
 */
#define GT_NAME "exhaust"
#include "gtest.h"
#include "gfiles.h"
#include <pthread.h>
#include <semaphore.h>
#include <spawn.h>
#include <sys/statvfs.h>

#define TURNS 2 /* the second shows that the first left nothing behind */

static int fds[FS_DESCRIPTORS_MAX];

static void same_again(long count[TURNS])
{
    CHECK(count[0] > 0);
    CHECK_EQ(count[1], count[0]);
}
/* What the file server holds: descriptions, pipes, waiting requests. */
static uint64_t held_by_files(void)
{
    struct ipc_msg m = fs_info();
    fs_check();
    return m.w[1] + (m.w[3] << 20) + (m.w[4] << 40);
}

/* ---- descriptors and pipes ---- */

static long open_all(void)
{
    long n = 0;
    while (n < FS_DESCRIPTORS_MAX && (fds[n] = open("/bin/true", O_RDONLY)) >= 0)
        n++;
    CHECK_EQ(errno, EMFILE);
    return n;
}
static void close_all(long n)
{
    while (n > 0)
        CHECK_EQ(close(fds[--n]), 0);
}
static void a_process_runs_out_of_descriptors(void)
{
    long count[TURNS];
    CHECK_EQ(access("/", F_OK), 0); /* we have a table now */
    uint64_t before = held_by_files();
    for (int turn = 0; turn < TURNS; turn++) {
        int p[2] = {-1, -1};
        count[turn] = open_all();
        CHECK_ERRNO(dup(0), EMFILE);
        CHECK_ERRNO(fcntl(0, F_DUPFD, 1000), EMFILE);
        CHECK_ERRNO(pipe(p), EMFILE);
        CHECK(p[0] == -1 && p[1] == -1);
        CHECK_EQ(close(fds[--count[turn]]), 0);
        CHECK_ERRNO(pipe(p), EMFILE); /* it takes two */
        FILE *f = fopen("/bin/true", "r"); /* but one does for that */
        CHECK(f != NULL);
        CHECK(fopen("/bin/true", "r") == NULL && errno == EMFILE);
        CHECK(f == NULL || fclose(f) == 0);
        close_all(count[turn]++);
    }
    same_again(count);
    CHECK_EQ(count[0], FS_DESCRIPTORS_MAX - 3);
    CHECK_EQ(held_by_files(), before);
}
static void takes_pipes_until_told(void *unused)
{
    (void)unused;
    int p[2], error = 0;
    uint64_t n = 0;
    while (n < 600 && (error = pipe(p) == 0 ? 0 : errno) == 0)
        n++;
    CHECK(error == EMFILE || error == ENFILE);
    GT_SHARED->word[1] += n;
    GT_SHARED->word[2] += error == ENFILE;
    GT_SHARED->word[0]++;
    while (GT_SHARED->word[3] == 0)
        gt_sleep_us(1000);
}
/* Many processes with as many pipes as they may have. */
static void the_system_runs_out_of_open_files(void)
{
    enum { PROCESSES = 10 };
    long count[TURNS];
    pid_t pid[PROCESSES];
    CHECK_EQ(access("/", F_OK), 0);
    uint64_t before = held_by_files();
    for (int turn = 0; turn < TURNS; turn++) {
        REQUIRE(gt_shared_open() == OK);
        for (unsigned i = 0; i < PROCESSES; i++) {
            pid[i] = gt_child(takes_pipes_until_told, NULL);
            CHECK(gt_await(0, i + 1));
        }
        count[turn] = (long)GT_SHARED->word[1];
        CHECK(GT_SHARED->word[2] > 0); /* somebody met the system's limit */
        int left = open("/bin/true", O_RDONLY); /* a pipe takes two: there may be one */
        CHECK_ERRNO(open("/bin/true", O_RDONLY), ENFILE);
        CHECK(left < 0 || close(left) == 0);
        GT_SHARED->word[3] = 1;
        for (unsigned i = 0; i < PROCESSES; i++)
            gt_expect_exit(pid[i], 0);
        gt_shared_close();
        CHECK_EQ(held_by_files(), before);
    }
    same_again(count);
}

/* ---- room for files ---- */

static char block[32768];
static long fill(const char *path)
{
    long bytes = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    CHECK(fd >= 0);
    for (;;) { /* bound: the room for files */
        ssize_t n = write(fd, block, sizeof block);
        if (n < 0)
            break;
        bytes += n; /* the last one may be a part */
    }
    CHECK_EQ(errno, ENOSPC);
    CHECK_ERRNO(write(fd, block, sizeof block), ENOSPC);
    CHECK_EQ(lseek(fd, 0, SEEK_END), bytes);
    CHECK_EQ(close(fd), 0);
    return bytes;
}
static void files_run_out_of_room(void)
{
    long count[TURNS];
    struct statvfs v;
    CHECK_EQ(mkdir("/tmp/full", 0755) | statvfs("/tmp", &v), 0);
    CHECK(v.f_blocks * v.f_frsize >= (sysconf(_SC_PHYS_PAGES) / 2 - 16) * PAGE_SIZE); /* half of memory */
    for (int turn = 0; turn < TURNS; turn++) {
        count[turn] = fill("/tmp/full/file");
        int p[2] = {-1, -1};
        CHECK_EQ(pipe(p), 0); /* pipes have room all the same */
        CHECK_EQ(write(p[1], block, 4096), 4096);
        CHECK_EQ(close(p[0]) | close(p[1]), 0);
        CHECK_EQ(unlink("/tmp/full/file"), 0);
        make_file("/tmp/full/small", "there is room again");
        check_content("/tmp/full/small", "there is room again");
        CHECK_EQ(unlink("/tmp/full/small"), 0);
        fs_check();
    }
    CHECK(count[0] > (long)(v.f_bavail * v.f_frsize) / 100 * 98); /* one file has all of it, but for its index */
    same_again(count);
    CHECK_EQ(rmdir("/tmp/full"), 0);
}

/* ---- threads, processes, memory ---- */

static sem_t go;
static void *waits_for_all(void *unused)
{
    CHECK_EQ(sem_wait(&go), 0);
    return unused;
}
static void threads_run_out(void)
{
    static pthread_t t[PROC_THREADS_MAX];
    long count[TURNS];
    for (int turn = 0; turn < TURNS; turn++) {
        long n = 0;
        int err = 0;
        CHECK_EQ(sem_init(&go, 0, 0), 0);
        while (n < PROC_THREADS_MAX && (err = pthread_create(&t[n], NULL, waits_for_all, NULL)) == 0)
            n++;
        CHECK_EQ(err, EAGAIN);
        for (long i = 0; i < n; i++)
            CHECK_EQ(sem_post(&go), 0);
        for (long i = 0; i < n; i++)
            CHECK_EQ(pthread_join(t[i], NULL), 0);
        count[turn] = n;
    }
    same_again(count);
}
static void stays(void *unused)
{
    (void)unused;
    for (;;) /* forever: it is killed */
        gt_sleep_us(1000000);
}
static void processes_run_out(void)
{
    enum { MAX = 60 };
    static pid_t pid[MAX];
    long count[TURNS];
    uint64_t old;
    CHECK_EQ(gt_proc(PROC_LIMIT, PROC_LIMIT_PROCESSES, ~0UL, &old), OK);
    CHECK_EQ(gt_proc(PROC_LIMIT, PROC_LIMIT_PROCESSES, gt_processes() + 40, NULL), OK);
    for (int turn = 0; turn < TURNS; turn++) {
        char *argv[] = {"true", NULL};
        long n = 0;
        pid_t none;
        while (n < MAX && (pid[n] = fork()) > 0)
            n++;
        if (n < MAX && pid[n] == 0)
            stays(NULL);
        CHECK_EQ(errno, EAGAIN);
        CHECK_EQ(posix_spawn(&none, "/bin/true", NULL, NULL, argv, environ), EAGAIN);
        count[turn] = n;
        while (n > 0) {
            CHECK_EQ(kill(pid[--n], SIGKILL), 0);
            gt_expect_signal(pid[n], SIGKILL);
        }
    }
    same_again(count);
    CHECK_EQ(gt_proc(PROC_LIMIT, PROC_LIMIT_PROCESSES, old, NULL), OK);
}
/* Addresses, not frames: those are taken when they are touched, and oom.c and limits.c run out of them. */
static void the_heap_runs_out(void)
{
    static char *piece[4096];
    long count[TURNS];
    for (int turn = 0; turn < TURNS; turn++) {
        long n = 0;
        while (n < 4096 && (piece[n] = malloc(64UL << 20)) != NULL)
            n++;
        CHECK(n < 4096 && errno == ENOMEM);
        count[turn] = n;
        while (n > 0)
            free(piece[--n]);
    }
    same_again(count);
    volatile size_t too_much = SIZE_MAX / 2; /* the compiler knows that it fails */
    CHECK(sbrk(1L << 40) == (void *)-1 && errno == ENOMEM);
    CHECK(malloc(too_much) == NULL && errno == ENOMEM);
    CHECK(calloc(too_much, 4) == NULL && errno == ENOMEM);
}

/* ---- the pager's k-th allocation fails ---- */

#define FAILS 30u

static void *ends_at_once(void *p) { return p; }
static int does_thread(void)
{
    pthread_t t;
    int err = pthread_create(&t, NULL, ends_at_once, NULL);
    if (err == 0)
        CHECK_EQ(pthread_join(t, NULL), 0);
    return err;
}
static int does_file(void)
{
    int fd = open("/tmp/k", O_RDWR | O_CREAT | O_TRUNC, 0644), error = fd < 0 ? errno : 0;
    for (unsigned i = 0; i < 4 && error == 0; i++) {
        ssize_t n = write(fd, block, sizeof block); /* a part, when only that had room */
        error = n < 0 ? errno : n < (ssize_t)sizeof block ? ENOSPC : 0;
    }
    if (fd >= 0)
        CHECK_EQ(close(fd), 0);
    (void)unlink("/tmp/k");
    return error;
}
static int does_directory(void)
{
    int error = mkdir("/tmp/k", 0755) == 0 ? 0 : errno;
    if (error == 0)
        CHECK_EQ(rmdir("/tmp/k"), 0);
    return error;
}
static int does_pipe(void)
{
    int p[2];
    if (pipe(p) != 0)
        return errno;
    int error = write(p[1], block, 4096) == 4096 ? 0 : errno;
    CHECK_EQ(close(p[0]) | close(p[1]), 0);
    return error;
}
static int does_spawn(void)
{
    char *argv[] = {"true", NULL};
    pid_t pid;
    int status, err = posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ);
    if (err == 0)
        CHECK_EQ(waitpid(pid, &status, 0), pid); /* how it ended: its own allocations may be the one that fails */
    return err;
}
static int does_budget(void)
{
    struct ipc_msg m = {.w = {PROC_BUDGET, 0, 0, 1000000, 2000000}};
    err_t err = proc_call(H_PROC, &m);
    m = (struct ipc_msg){.w = {PROC_BUDGET, 0, 0, 0, 0}};
    CHECK_EQ(err == OK ? proc_call(H_PROC, &m) : OK, OK);
    return err == OK ? 0 : err == ERR_NOMEM ? ENOMEM : EIO;
}
/* In a child, for the allocation that fails may be one for a page that it touches: then nothing but SIGKILL is left. */
static bool fails_cleanly(int (*fn)(void), unsigned k)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        gt_pager_debug(PAGER_DEBUG_FAIL_ALLOC, k);
        _exit(fn());
    }
    int status = gt_reap(pid, GT_HANG_MS);
    gt_pager_debug(PAGER_DEBUG_FAIL_ALLOC, 0);
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGKILL;
    int error = WEXITSTATUS(status);
    return error == 0 || error == ENOMEM || error == EAGAIN || error == ENOSPC || error == ENFILE;
}
static void each_fails_once_and_then_works(void)
{
    static const struct {
        const char *what;
        int (*fn)(void);
    } act[] = {{"a thread", does_thread}, {"a file", does_file}, {"a directory", does_directory},
               {"a pipe", does_pipe},     {"a program", does_spawn}, {"a budget", does_budget}};
    for (unsigned i = 0; i < sizeof act / sizeof act[0]; i++) {
        CHECK_EQ(act[i].fn(), 0);
        for (unsigned k = 1; k <= FAILS; k++) {
            if (!fails_cleanly(act[i].fn, k)) {
                gt_fail(act[i].what, __FILE__, __LINE__);
                printf("  with allocation %u failing\n", k);
            }
            (void)unlink("/tmp/k");
            (void)rmdir("/tmp/k");
            CHECK_EQ(act[i].fn(), 0);
        }
        fs_check();
        CHECK_EQ(gt_vmcheck(), 0);
    }
}

GT_MAIN(CASE(a_process_runs_out_of_descriptors), CASE(the_system_runs_out_of_open_files), CASE(files_run_out_of_room),
        CASE(threads_run_out), CASE(processes_run_out), CASE(the_heap_runs_out), CASE(each_fails_once_and_then_works))
