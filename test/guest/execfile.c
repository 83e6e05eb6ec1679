/* SPDX-License-Identifier: MIT
 * Proves that any file with an x bit is executed: copies of programs in memory and on the disk, scripts with an interpreter line;
 * that their text is in memory once; that what is no program, or may not be executed, is refused and nothing has changed; that
 * a program goes on when its name is gone.
 * DISK: 8M
 */
#define GT_NAME "execfile"
#include "gtest.h"
#include "gwaits.h"
#include "gfiles.h"

#include <fcntl.h>
#include <limits.h>
#include <ipc/procmgr.h>
#include <pagoda/spawn.h>
#include <spawn.h>
#include <sys/stat.h>

static bool copy(const char *from, const char *to, mode_t mode)
{
    static char piece[8192];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ssize_t n = in < 0 || out < 0 ? -1 : 1;
    while (n > 0 && (n = read(in, piece, sizeof piece)) > 0)
        n = write(out, piece, (size_t)n) == n ? n : -1;
    close(in);
    close(out);
    return n == 0 && chmod(to, mode) == 0;
}
static void text(const char *path, const char *what, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK_EQ(write(fd, what, strlen(what)), (ssize_t)strlen(what));
    close(fd);
    CHECK_EQ(chmod(path, mode), 0);
}

static char *const *exec_argv;
static void executes(void *path)
{
    (void)execve(path, exec_argv, environ);
    _exit(100 + errno % 100);
}
/* The exit status of the program at path; 100 + errno: it can't be executed. */
static int status_of(const char *path, char *const argv[])
{
    exec_argv = argv;
    int s = gt_reap(gt_child(executes, (void *)(uintptr_t)path), GT_HANG_MS);
    return WIFEXITED(s) ? WEXITSTATUS(s) : -1;
}

static void a_copy_runs_as_the_program_does(void)
{
    static const char *const where[] = {"/tmp/prog", "/disk/prog"};
    for (unsigned i = 0; i < 2; i++) {
        REQUIRE(copy("/bin/false", where[i], 0755));
        CHECK_EQ(status_of(where[i], (char *const[]){"prog", NULL}), 1);
        REQUIRE(copy("/bin/sh", where[i], 0755));
        CHECK_EQ(status_of(where[i], (char *const[]){"sh", "-c", "x=3; exit $((x * 14))", NULL}), 42);
        pid_t pid = -1;
        CHECK_EQ(spawn_program(where[i], (char *const[]){"sh", "-c", "exit 7", NULL}, environ, 0, &pid), 0);
        gt_expect_exit(pid, 7);
        CHECK_EQ(unlink(where[i]), 0);
        CHECK_EQ(status_of(where[i], (char *const[]){"sh", NULL}), 100 + ENOENT);
    }
}

static void scripts_name_their_interpreter(void)
{
    text("/tmp/script", "#! /bin/sh\nexit $(($# * 10 + $1))\n", 0755);
    CHECK_EQ(status_of("/tmp/script", (char *const[]){"script", "4", "x", NULL}), 24);
    text("/tmp/script", "#!/bin/sh -e\nfalse\nexit 9\n", 0755);
    CHECK_EQ(status_of("/tmp/script", (char *const[]){"script", NULL}), 1);
    text("/tmp/script", "#!/tmp/script\n", 0755);
    CHECK_EQ(status_of("/tmp/script", (char *const[]){"script", NULL}), 100 + ELOOP % 100);
    text("/tmp/script", "#!/tmp/nothing\n", 0755);
    CHECK_EQ(status_of("/tmp/script", (char *const[]){"script", NULL}), 100 + ENOENT);
    text("/tmp/script", "exit 5\n", 0755);
    CHECK_EQ(status_of("/tmp/script", (char *const[]){"script", NULL}), 100 + ENOEXEC);
    pid_t pid = -1; /* who looks a program up as a shell does runs it with one */
    CHECK_EQ(spawn_program("/tmp/script", (char *const[]){"script", NULL}, environ, 0, &pid), 0);
    gt_expect_exit(pid, 5);
    CHECK_EQ(unlink("/tmp/script"), 0);
}

static void what_may_not_run_is_refused(void)
{
    REQUIRE(copy("/bin/true", "/tmp/prog", 0644));
    CHECK_EQ(status_of("/tmp/prog", (char *const[]){"prog", NULL}), 100 + EACCES);
    CHECK_EQ(chmod("/tmp/prog", 0755), 0);
    CHECK_EQ(status_of("/tmp/prog", (char *const[]){"prog", NULL}), 0);
    CHECK_EQ(status_of("/tmp", (char *const[]){"tmp", NULL}), 100 + EACCES);
    text("/tmp/script", "#!/bin/sh\n", 0644);
    CHECK_EQ(status_of("/tmp/script", (char *const[]){"script", NULL}), 100 + EACCES);
    text("/tmp/script", "", 0755);
    CHECK_EQ(status_of("/tmp/script", (char *const[]){"script", NULL}), 100 + ENOEXEC);
    text("/tmp/script", "\177ELF and then nothing that could be meant", 0755);
    CHECK_EQ(status_of("/tmp/script", (char *const[]){"script", NULL}), 100 + ENOEXEC);
    CHECK_EQ(truncate("/tmp/prog", 300), 0); /* its headers and no segment */
    CHECK_EQ(status_of("/tmp/prog", (char *const[]){"prog", NULL}), 100 + ENOEXEC);
    CHECK(unlink("/tmp/prog") == 0 && unlink("/tmp/script") == 0);
}

static int spawned(const char *path, char *const argv[], bool with_actions)
{
    posix_spawn_file_actions_t a;
    pid_t pid = -1;
    CHECK_EQ(posix_spawn_file_actions_init(&a) | posix_spawn_file_actions_addclose(&a, 99), 0);
    int error = posix_spawn(&pid, path, with_actions ? &a : NULL, NULL, argv, environ);
    CHECK_EQ(posix_spawn_file_actions_destroy(&a), 0);
    int s = error == 0 ? gt_reap(pid, GT_HANG_MS) : 0;
    return error != 0 ? 100 + error % 100 : WIFEXITED(s) ? WEXITSTATUS(s) : -1;
}
/* exec and posix_spawn take a path: what has no slash is a file of this directory, and nothing is looked for. */
static void names_without_a_slash_are_paths(void)
{
    char *const argv[] = {"true", NULL};
    CHECK_EQ(chdir("/tmp"), 0);
    CHECK_EQ(status_of("true", argv), 100 + ENOENT);
    REQUIRE(copy("/bin/false", "true", 0755));
    text("script", "exit 5\n", 0755);
    CHECK_EQ(status_of("true", argv), 1);
    CHECK_EQ(status_of("./true", argv), 1);
    for (int with_actions = 0; with_actions < 2; with_actions++) {
        CHECK_EQ(spawned("true", argv, with_actions), 1);
        CHECK_EQ(spawned("/bin/true", argv, with_actions), 0);
        CHECK_EQ(spawned("false", argv, with_actions), 100 + ENOENT);
        CHECK_EQ(spawned("script", argv, with_actions), 100 + ENOEXEC); /* only posix_spawnp() gives it to a shell */
    }
    CHECK_EQ(setenv("PATH", ":/bin", 1), 0); /* an empty entry is this directory */
    pid_t pid = -1;
    CHECK_EQ(posix_spawnp(&pid, "true", NULL, NULL, argv, environ), 0);
    gt_expect_exit(pid, 1);
    CHECK_EQ(posix_spawnp(&pid, "script", NULL, NULL, argv, environ), 0);
    gt_expect_exit(pid, 5);
    CHECK_EQ(setenv("PATH", "/bin", 1), 0);
    CHECK_EQ(unlink("true") | unlink("script") | chdir("/"), 0);
}

/* POSIX: ETXTBSY for either. */
static void what_runs_is_not_written_and_what_is_written_does_not_run(void)
{
    static const char *const where[] = {"/tmp/prog", "/disk/prog"};
    for (unsigned i = 0; i < 2; i++) {
        uint64_t before = gt_processes();
        pid_t pid = -1;
        REQUIRE(copy("/bin/sh", where[i], 0755));
        int fd = open(where[i], O_RDWR);
        CHECK(fd >= 0);
        CHECK_EQ(status_of(where[i], (char *const[]){"sh", "-c", "exit 0", NULL}), 100 + ETXTBSY % 100);
        CHECK_EQ(close(fd), 0);
        CHECK_EQ(spawn_program(where[i], (char *const[]){"sh", "-c", "sleep 60 & wait", NULL}, environ, SPAWN_GROUP, &pid), 0);
        gt_sleep_us(100000);
        CHECK_ERRNO(open(where[i], O_WRONLY), ETXTBSY);
        CHECK_ERRNO(open(where[i], O_RDWR | O_TRUNC), ETXTBSY);
        CHECK_ERRNO(truncate(where[i], 0), ETXTBSY);
        fd = open(where[i], O_RDONLY); /* and others may run it */
        CHECK(fd >= 0);
        CHECK_EQ(status_of(where[i], (char *const[]){"sh", "-c", "exit 5", NULL}), 5);
        CHECK_EQ(close(fd), 0);
        CHECK_EQ(kill(-pid, SIGKILL), 0);
        (void)gt_reap(pid, GT_HANG_MS);
        gt_until_processes(before); /* its children are not ours to wait for */
        CHECK_EQ(truncate(where[i], 0), 0);
        CHECK_EQ(unlink(where[i]), 0);
    }
}

static void text_is_in_memory_once(void)
{
    pid_t pid[6];
    REQUIRE(copy("/bin/sh", "/tmp/prog", 0755));
    CHECK_EQ(status_of("/tmp/prog", (char *const[]){"sh", "-c", "exit 0", NULL}), 0);
    long before = gt_frames_free();
    for (unsigned i = 0; i < 6; i++)
        CHECK_EQ(spawn_program("/tmp/prog", (char *const[]){"sh", "-c", "sleep 1", NULL}, environ, 0, &pid[i]), 0);
    CHECK_EQ(unlink("/tmp/prog"), 0); /* they go on without its name */
    gt_sleep_us(400000);
    struct stat st;
    CHECK_EQ(stat("/bin/sh", &st), 0);
    CHECK(before - gt_frames_free() < 6 * (40 + (long)(st.st_size / 4096) / 2)); /* far less than a copy each */
    for (unsigned i = 0; i < 6; i++)
        gt_expect_exit(pid[i], 0);
}

static void the_process_manager_dies_meanwhile(void)
{
    REQUIRE(copy("/bin/sh", "/tmp/prog", 0755));
    for (unsigned i = 0; i < 6; i++) {
        struct ipc_msg m = {.w = {INIT_KILL_SERVER, i % 2 ? SERVER_PROCMGR : SERVER_PAGER, sys_time() + gt_us(200 + 150 * i)}};
        CHECK_EQ(ipc_call(H_INIT, &m), OK);
        CHECK_EQ(status_of("/tmp/prog", (char *const[]){"sh", "-c", "exit 3", NULL}), 3);
    }
    CHECK_EQ(unlink("/tmp/prog"), 0);
}

/* To execute a file takes no descriptor of the program's, and leaves none behind. */
static int fills_its_table(void)
{
    int last = -1, fd;
    while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0) /* bound: OPEN_MAX */
        last = fd;
    CHECK_EQ(errno, EMFILE);
    return last;
}
static void executes_with_all_open(void *path)
{
    char *const argv[] = {"sh", "-c", "exit 42", NULL};
    pid_t pid = -1;
    int last = fills_its_table();
    for (unsigned i = 0; i < 70; i++) { /* more often than there is room */
        CHECK_EQ(execve("/tmp/not", argv, environ), -1);
        CHECK_EQ(errno, ENOEXEC);
    }
    CHECK_EQ(posix_spawn(&pid, path, NULL, NULL, argv, environ), 0);
    gt_expect_exit(pid, 42);
    CHECK_EQ(spawn_program(path, argv, environ, 0, &pid), 0);
    gt_expect_exit(pid, 42);
    CHECK_EQ(fcntl(OPEN_MAX, F_GETFD), -1);
    CHECK_EQ(open("/dev/null", O_RDONLY), -1);
    CHECK_EQ(close(last), 0);
    CHECK_EQ(open("/dev/null", O_RDONLY), last);
    executes(path);
}
static void a_full_table_is_in_nobodys_way(void)
{
    REQUIRE(copy("/bin/sh", "/tmp/prog", 0755));
    text("/tmp/script", "#!/tmp/prog\nexit 42\n", 0755);
    text("/tmp/not", "exit 1\n", 0755);
    exec_argv = (char *const[]){"sh", "-c", "exit 42", NULL};
    gt_expect_exit(gt_child(executes_with_all_open, "/tmp/prog"), 42);
    gt_expect_exit(gt_child(executes_with_all_open, "/tmp/script"), 42);
    CHECK_EQ(mkfifo("/tmp/fifo", 0755), 0);
    CHECK_EQ(status_of("/tmp/fifo", exec_argv), 100 + EACCES); /* and nobody waits for the other end */
    CHECK_EQ(unlink("/tmp/prog") | unlink("/tmp/script") | unlink("/tmp/not") | unlink("/tmp/fifo"), 0);
}

GT_MAIN(CASE(a_copy_runs_as_the_program_does), CASE(scripts_name_their_interpreter), CASE(what_may_not_run_is_refused), CASE(names_without_a_slash_are_paths),
        CASE(what_runs_is_not_written_and_what_is_written_does_not_run), CASE(text_is_in_memory_once), CASE(the_process_manager_dies_meanwhile), CASE(a_full_table_is_in_nobodys_way))
