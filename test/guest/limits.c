/* SPDX-License-Identifier: MIT
 * Proves that limits hold and only for whom they are set: frames of a process, processes, threads, stack. And that arguments of 128 KiB
 * and paths of 1,024 bytes are what they are said to be, to the byte. The program runs itself with --as=edge.
 */
#define GT_NAME "limits"
#include "gtest.h"
#include "gpaths.h"
#include <pagoda/thread.h>
#include <sys/resource.h>

static uint64_t limit(uint64_t which, uint64_t value)
{
    uint64_t now = 0;
    CHECK_EQ(gt_proc(PROC_LIMIT, which, value, &now), OK);
    return now;
}
static void eats_its_frames(void *unused)
{
    (void)unused;
    uint8_t *p = gt_pages(400); /* what counts is what is touched */
    uint64_t charged = gt_stat(PAGER_STAT_POOL, 0).v[5];
    limit(PROC_LIMIT_FRAMES, charged + 100);
    CHECK(p != NULL);
    CHECK(gt_pages(400) == NULL); /* what can't be had is refused */
    for (int i = 0; i < 60; i++) /* within the limit */
        p[i * PAGE_SIZE] = 1;
    if (gt_failed)
        return;
    GT_SHARED->word[0] = 1;
    for (int i = 60; i < 400; i++)
        p[i * PAGE_SIZE] = 1;
    GT_SHARED->word[0] = 2;
    CHECK(!"the limit lets too many pages pass");
}
static void frames_of_a_process(void)
{
    REQUIRE(gt_shared_open() == OK);
    int status = gt_reap(gt_child(eats_its_frames, NULL), GT_HANG_MS);
    CHECK(status != -1 && WIFSIGNALED(status));
    CHECK_EQ(GT_SHARED->word[0], 1);
    uint8_t *p = gt_pages(400); /* the parent has no such limit */
    for (int i = 0; i < 400; i++)
        p[i * PAGE_SIZE] = 1;
    gt_pages_free(400);
    gt_shared_close();
}
static void waits(void *unused)
{
    (void)unused;
    gt_await(0, 1);
}
static void processes_in_the_system(void)
{
    REQUIRE(gt_shared_open() == OK);
    uint64_t old = limit(PROC_LIMIT_PROCESSES, ~0UL), now = gt_processes();
    limit(PROC_LIMIT_PROCESSES, now + 3);
    pid_t pid[8];
    int n = 0;
    fflush(stdout);
    while (n < 8 && (pid[n] = fork()) > 0)
        n++;
    if (n < 8 && pid[n] == 0) {
        waits(NULL);
        _exit(0);
    }
    CHECK_EQ(n, 3);
    CHECK_EQ(errno, EAGAIN);
    GT_SHARED->word[0] = 1;
    while (n-- > 0)
        gt_expect_exit(pid[n], 0);
    limit(PROC_LIMIT_PROCESSES, old);
    CHECK_EQ(limit(PROC_LIMIT_PROCESSES, ~0UL), old);
    RUN_CHILD(waits, NULL);
    gt_shared_close();
}
static void starts_nobody(void *unused)
{
    (void)unused;
    limit(PROC_LIMIT_PROCESSES, 1);
    CHECK_EQ(fork(), -1);
    CHECK_EQ(errno, EAGAIN);
}
static void does_nothing(void *unused) { (void)unused; }
static void a_limit_binds_its_owner_only(void)
{
    uint64_t before = limit(PROC_LIMIT_PROCESSES, ~0UL);
    RUN_CHILD(starts_nobody, NULL);
    CHECK_EQ(limit(PROC_LIMIT_PROCESSES, ~0UL), before);
    RUN_CHILD(does_nothing, NULL); /* the shell and all others can still start programs */
}
static void *nothing(void *p) { return p; }
static volatile bool stop;
static void *until_stop(void *p)
{
    while (!stop)
        sys_yield();
    return p;
}
static void few_threads(void *unused)
{
    (void)unused;
    struct thread *t[4] = {0};
    limit(PROC_LIMIT_THREADS, 3);
    CHECK_EQ(thread_create(&t[0], until_stop, NULL), 0);
    CHECK_EQ(thread_create(&t[1], until_stop, NULL), 0);
    CHECK_EQ(thread_create(&t[2], until_stop, NULL), EAGAIN);
    stop = true;
    CHECK_EQ(thread_join(t[0], NULL), 0);
    CHECK_EQ(thread_join(t[1], NULL), 0);
    CHECK_EQ(thread_create(&t[3], nothing, NULL), 0);
    CHECK_EQ(thread_join(t[3], NULL), 0);
}
static void threads_of_a_process(void) { RUN_CHILD(few_threads, NULL); }
static void unknown_limits_are_refused(void)
{
    CHECK_EQ(gt_proc(PROC_LIMIT, 0, ~0UL, NULL), ERR_INVAL);
    CHECK_EQ(gt_proc(PROC_LIMIT, 99, ~0UL, NULL), ERR_INVAL);
}

/* ---- arguments and environment ---- */

#define SELF "/bin/t_limits"
#define ARGC_MOST 140000
static char *list[ARGC_MOST], text[PROC_ARGS_MAX + 2], variable[] = "EDGE=in the environment", *env[] = {variable, NULL};

/* argv and environment of `bytes` together, each with its nul: one long argument, or as many empty ones. */
static void strings_of(size_t bytes, bool empty)
{
    size_t rest = bytes - sizeof SELF - sizeof "--as=edge" - sizeof variable, n = empty ? rest : 1;
    list[0] = SELF;
    list[1] = "--as=edge";
    memset(text, 'a', rest - 1);
    text[rest - 1] = '\0';
    for (size_t i = 0; i < n; i++)
        list[2 + i] = empty ? "" : text;
    list[2 + n] = NULL;
}
static int role_edge(int argc, char **argv)
{
    size_t bytes = 0;
    for (int i = 0; i < argc; i++)
        bytes += strlen(argv[i]) + 1;
    const char *e = getenv("EDGE");
    bool whole = e != NULL && strcmp(e, variable + 5) == 0 && environ[1] == NULL && argv[argc] == NULL;
    return !whole ? 1 : bytes + sizeof variable == PROC_ARGS_MAX ? 20 : 21;
}
static void executes(void *unused)
{
    (void)unused;
    (void)execve(SELF, list, env);
    _exit(errno);
}
static int spawns(void)
{
    pid_t pid = -1;
    int error = posix_spawn(&pid, SELF, NULL, NULL, list, env), status = error != 0 ? 0 : gt_reap(pid, GT_HANG_MS);
    return error != 0 ? error : WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
static int actions_spawn(void)
{
    posix_spawn_file_actions_t a;
    pid_t pid = -1;
    CHECK_EQ(posix_spawn_file_actions_init(&a) | posix_spawn_file_actions_addclose(&a, 99), 0);
    int error = posix_spawn(&pid, SELF, &a, NULL, list, env), status = error != 0 ? 0 : gt_reap(pid, GT_HANG_MS);
    CHECK_EQ(posix_spawn_file_actions_destroy(&a), 0);
    return error != 0 ? error : WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
static void arguments_to_the_byte(void)
{
    for (int empty = 0; empty < 2; empty++) {
        strings_of(PROC_ARGS_MAX, empty);
        gt_expect_exit(gt_child(executes, NULL), 20);
        CHECK_EQ(spawns(), 20);
        CHECK_EQ(actions_spawn(), 20);
        strings_of(PROC_ARGS_MAX + 1, empty);
        gt_expect_exit(gt_child(executes, NULL), E2BIG);
        CHECK_EQ(spawns(), E2BIG);
        CHECK_EQ(actions_spawn(), E2BIG);
    }
}
/* They are on the new program's stack, and a pointer to each: what does not leave half of it free is refused, and does not end it. */
static void on_a_small_stack(void *unused)
{
    struct rlimit l = {64 << 10, 64 << 10};
    (void)unused;
    CHECK_EQ(setrlimit(RLIMIT_STACK, &l), 0);
    strings_of(32 << 10, false); /* and the pointers */
    CHECK_EQ(spawns(), E2BIG);
    CHECK_ERRNO(execve(SELF, list, env), E2BIG);
    strings_of((32 << 10) - 64, false);
    CHECK_EQ(spawns(), 21);
    strings_of(6000, true);
    CHECK_EQ(spawns(), E2BIG);
    strings_of(3000, true);
    CHECK_EQ(spawns(), 21);
}
static void arguments_have_to_fit_the_stack(void) { RUN_CHILD(on_a_small_stack, NULL); }

/* ---- paths ---- */

static int p_symlink_what(const char *p) { return symlink(p, "/bin/other"); }
/* To a directory in which nothing changes: of each call the answer must not depend on how the path is written. */
static void paths_to_the_byte(void)
{
    static char path[PATH_MAX + 1];
    memset(path, '/', sizeof path - 1);
    memcpy(path + PATH_MAX - 4, "/bin", 5); /* 1,024 bytes and the nul */
    for (unsigned i = 0; i < PATH_CALLS; i++) {
        const char *const at[] = {"/bin", path + 1, path}; /* plain, 1,023 bytes and the nul, one more */
        int result[3], error[3];
        for (unsigned k = 0; k < 3; k++) {
            errno = 0;
            result[k] = path_call[i].fn(at[k]);
            error[k] = errno;
        }
        if (result[0] != result[1] || error[0] != error[1] || result[2] != -1 || error[2] != ENAMETOOLONG) {
            gt_fail(path_call[i].what, __FILE__, __LINE__);
            printf("  plain: errno %d, the longest: %d, longer: %d\n", error[0], error[1], error[2]);
        }
    }
    CHECK_EQ(chdir("/"), 0);
    CHECK_ERRNO(p_symlink_what(path), ENAMETOOLONG); /* no path, but to be one */
    CHECK_ERRNO(p_symlink_what(path + 1), EROFS);
}
/* The longest path there is, and a byte more. */
static void where_we_are_to_the_byte(void)
{
    char cwd[PATH_MAX + 1], name[205], *made;
    memset(name, 'n', sizeof name);
    name[203] = 0;
    CHECK_EQ(chdir("/tmp"), 0);
    for (unsigned i = 0; i < 5; i++) {
        name[i == 4 ? 202 : 203] = 0;
        CHECK_EQ(mkdir(name, 0700) | chdir(name), 0);
    }
    CHECK(getcwd(cwd, PATH_MAX - 1) == NULL && errno == ERANGE);
    CHECK(getcwd(cwd, PATH_MAX) == cwd && strlen(cwd) == PATH_MAX - 1);
    CHECK_EQ(access(cwd, F_OK), 0);
    char after[205];
    memset(after, 'm', 203);
    after[203] = 0;
    CHECK_EQ(chdir(".."), 0);
    CHECK_EQ(rename(name, after) | chdir(after), 0);
    CHECK(getcwd(cwd, PATH_MAX) == NULL && errno == ERANGE);
    CHECK(getcwd(cwd, PATH_MAX + 1) == cwd && strlen(cwd) == PATH_MAX && strcmp(cwd + PATH_MAX - 203, after) == 0);
    CHECK((made = getcwd(NULL, 0)) != NULL && strcmp(made, cwd) == 0);
    free(made);
    CHECK_ERRNO(access(cwd, F_OK), ENAMETOOLONG);
    CHECK(realpath(".", NULL) == NULL && errno == ENAMETOOLONG);
    CHECK_EQ(chdir("..") | rmdir(after), 0);
    name[202] = 'n';
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(chdir("..") | rmdir(name), 0);
    CHECK_EQ(chdir("/"), 0);
}
/* Deeper than a path can say. */
#define DEEP 700
static void a_tree_deeper_than_any_path(void)
{
    char cwd[PATH_MAX], longer[4 + 2 * DEEP + 1], *made;
    CHECK_EQ(chdir("/tmp"), 0);
    for (unsigned i = 0; i < DEEP; i++)
        if (mkdir("d", 0700) != 0 || chdir("d") != 0)
            CHECK(!"one deeper");
    errno = 0;
    CHECK(getcwd(cwd, sizeof cwd) == NULL && errno == ERANGE);
    CHECK(getcwd(longer, sizeof longer - 1) == NULL && errno == ERANGE);
    CHECK(getcwd(longer, sizeof longer) == longer && strlen(longer) == sizeof longer - 1 && strncmp(longer, "/tmp/d/d/", 9) == 0);
    CHECK((made = getcwd(NULL, 0)) != NULL && strcmp(made, longer) == 0);
    free(made);
    CHECK_ERRNO(rename("/tmp/d", "under"), EINVAL);
    CHECK_EQ(mkdir("a", 0700) | rename("a", "b") | mkdir("c", 0700) | rename("b", "c/b"), 0); /* however deep */
    CHECK_EQ(rmdir("c/b") | rmdir("c"), 0);
    for (unsigned i = 0; i < DEEP; i++)
        if (chdir("..") != 0 || rmdir("d") != 0)
            CHECK(!"one up");
    CHECK(getcwd(cwd, sizeof cwd) == cwd && strcmp(cwd, "/tmp") == 0);
    CHECK_EQ(chdir("/"), 0);
}

static const struct gt_case cases[] = {CASE(frames_of_a_process), CASE(processes_in_the_system), CASE(a_limit_binds_its_owner_only),
                                       CASE(threads_of_a_process), CASE(unknown_limits_are_refused), CASE(arguments_to_the_byte),
                                       CASE(arguments_have_to_fit_the_stack), CASE(paths_to_the_byte), CASE(where_we_are_to_the_byte), CASE(a_tree_deeper_than_any_path),
                                       {NULL, NULL}};
int main(int argc, char **argv)
{
    return argc > 1 && strcmp(argv[1], "--as=edge") == 0 ? role_edge(argc, argv) : gt_main(argc, argv, cases);
}
