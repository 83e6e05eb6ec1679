/* SPDX-License-Identifier: MIT
 * Proves that /proc/PID says of a process what is so, of every process and of no other, and nothing of one that has ended; and that
 * who looks always gets an answer or an error, though procmgr or the file server are killed meanwhile.
 *
 * TIMEOUT: 200
 */
#define GT_NAME "procpages"
#include "gtest.h"
#include "gprockill.h"
#include "gfiles.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>

extern char **environ;

static char text[1200];

static const char *path_of(pid_t pid, const char *page)
{
    static char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, page);
    return path;
}
/* All of the page; its length, or -1. */
static long page_read(pid_t pid, const char *page)
{
    int fd = open(path_of(pid, page), O_RDONLY);
    long n = fd >= 0 ? (long)read(fd, text, sizeof text - 1) : -1;
    int error = errno;
    if (fd >= 0)
        (void)close(fd); /* EIO when the file server was killed */
    text[n > 0 ? n : 0] = '\0';
    errno = error;
    return n;
}
/* What stands behind "Name:\t" in the status that was read. */
static const char *line(const char *name)
{
    const char *at = strstr(text, name);
    return at != NULL ? at + strlen(name) + 2 : "?";
}
static long number(const char *name) { return strtol(line(name), NULL, 10); }

static void sleeps(void *unused)
{
    (void)unused;
    for (;;) /* forever: until it is killed */
        pause();
}
static void end(pid_t pid)
{
    CHECK_EQ(kill(pid, SIGKILL), 0);
    expect(pid, SIGKILL);
}
static char state_of(pid_t pid) { return page_read(pid, "status") > 0 ? *line("State") : '?'; }
static void until_state(pid_t pid, char state)
{
    for (unsigned i = 0; i < GT_HANG_MS * 10 && state_of(pid) != state; i++)
        gt_sleep_us(100);
    CHECK_EQ(state_of(pid), state);
}

static void catches(int sig) { (void)sig; }
static void in_its_own_group(void *unused)
{
    sigset_t blocked;
    struct sigaction caught = {.sa_handler = catches};
    CHECK_EQ(setpgid(0, 0), 0);
    (void)signal(SIGHUP, SIG_IGN);
    (void)sigaction(SIGUSR1, &caught, NULL);
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGUSR2);
    (void)sigprocmask(SIG_BLOCK, &blocked, NULL);
    (void)raise(SIGUSR2);
    sleeps(unused);
}
static void status_says_what_is_so(void)
{
    pid_t pid = gt_child(in_its_own_group, NULL);
    until_state(pid, 'S');
    CHECK(strncmp(text, "Name:\tt_procpages\n", 18) == 0);
    CHECK_EQ(number("\nPid"), pid);
    CHECK_EQ(number("PPid"), getpid());
    CHECK_EQ(number("Group"), pid);
    CHECK_EQ(number("Session"), getsid(0));
    CHECK_EQ(number("Threads"), 1);
    CHECK_EQ(number("Priority"), 100);
    CHECK(number("VmRSS") >= 4 && number("VmPTE") >= 4 && number("Faults") > 0);
    CHECK_EQ(strtoul(line("SigPnd"), NULL, 16), 1ul << (SIGUSR2 - 1));
    CHECK_EQ(strtoul(line("SigBlk"), NULL, 16), 1ul << (SIGUSR2 - 1));
    CHECK_EQ(strtoul(line("SigIgn"), NULL, 16), 1ul << (SIGHUP - 1));
    CHECK_EQ(strtoul(line("SigCgt"), NULL, 16), 1ul << (SIGUSR1 - 1));
    CHECK_EQ(kill(pid, SIGSTOP), 0);
    until_state(pid, 'T');
    CHECK_EQ(kill(pid, SIGCONT), 0);
    until_state(pid, 'S');
    CHECK_EQ(kill(pid, SIGKILL), 0);
    until_state(pid, 'Z');
    CHECK_EQ(number("VmRSS"), 0);
    CHECK_EQ(page_read(pid, "cmdline"), 0);
    CHECK_EQ(page_read(1, "comm"), 5);
    CHECK(strcmp(text, "init\n") == 0);
    expect(pid, SIGKILL);
    CHECK_EQ(page_read(pid, "status"), -1);
    CHECK_EQ(errno, ENOENT);
}

static void stat_has_the_fields_of_linux(void)
{
    REQUIRE(page_read(getpid(), "stat") > 0);
    unsigned fields = 0;
    unsigned long field[64] = {0};
    for (char *word = strtok(text, " \n"); word != NULL && fields < 64; word = strtok(NULL, " \n"))
        field[++fields] = strtoul(word, NULL, 10);
    CHECK_EQ(fields, 52);
    CHECK_EQ(field[1], getpid());
    CHECK_EQ(field[4], getppid());
    CHECK_EQ(field[5], getpgrp());
    CHECK(field[14] > 0 && field[24] > 0);
    CHECK_EQ(field[20], 1);
}

static volatile unsigned long work;
static void works(void *unused)
{
    for (unsigned i = 0; i < 3000000; i++)
        work += i;
    GT_SHARED->word[0] = 1;
    sleeps(unused);
}
static void processor_time_is_its_own(void)
{
    REQUIRE(gt_shared_open() == OK);
    pid_t pid = gt_child(works, NULL);
    gt_await(0, 1);
    until_state(pid, 'S');
    double used = strtod(line("\nTime"), NULL);
    struct ipc_msg m = {.w = {PROC_INFO, (uint64_t)pid}};
    CHECK_EQ(proc_call(H_PROC, &m), OK);
    if (gt_exact()) /* an instruction is a nanosecond */
        CHECK(used > 0.006 && used < 0.060);
    CHECK_EQ((long)(used * 1e6), (long)(m.w[7] / 1000));
    CHECK(strtod(line("Started"), NULL) > 0);
    end(pid);
    gt_shared_close();
}

static void a_command_line_is_kept(void)
{
    static char lots[400];
    char *argv[] = {"sleep", "1000", NULL};
    pid_t pid = -1;
    REQUIRE(posix_spawn(&pid, "/bin/sleep", NULL, NULL, argv, environ) == 0);
    CHECK_EQ(page_read(pid, "cmdline"), 11);
    CHECK(memcmp(text, "sleep\0001000", 11) == 0);
    CHECK(page_read(pid, "comm") == 6 && strcmp(text, "sleep\n") == 0);
    end(pid);
    memset(lots, 'a', sizeof lots - 1);
    char *more[] = {"sh", "-c", "kill -STOP $$", lots, NULL}; /* it does not end: then they would be gone */
    REQUIRE(posix_spawn(&pid, "/bin/sh", NULL, NULL, more, environ) == 0);
    CHECK_EQ(page_read(pid, "cmdline"), 256);
    CHECK(text[19] == '\0' && text[254] == 'a' && text[255] == '\0');
    (void)kill(pid, SIGKILL);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    pid = gt_child(sleeps, NULL);
    CHECK(page_read(pid, "cmdline") > 0 && strstr(text, "t_procpages") != NULL); /* a fork runs the same program */
    end(pid);
}

static void sees_itself(void *parent)
{
    char buf[16] = "";
    CHECK_EQ(readlink("/proc/self", buf, sizeof buf), snprintf(text, sizeof text, "%d", (int)getpid()));
    CHECK(atoi(buf) == getpid() && atoi(buf) != (int)(intptr_t)parent);
    int fd = open("/proc/self/status", O_RDONLY);
    CHECK(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
    CHECK_EQ(number("\nPid"), getpid());
    CHECK_EQ(number("PPid"), (intptr_t)parent);
}
static void self_is_who_looks(void)
{
    sees_itself((void *)(intptr_t)getppid());
    gt_expect_exit(gt_child(sees_itself, (void *)(intptr_t)getpid()), 0);
    CHECK_EQ(chdir(path_of(getpid(), ".")), 0);
    CHECK(getcwd(text, sizeof text) != NULL && strncmp(text, "/proc/", 6) == 0 && atoi(text + 6) == getpid());
    CHECK_EQ(access("status", R_OK), 0);
    CHECK_EQ(access("../1/../self/./stat", R_OK), 0);
    CHECK_EQ(access("../1/../4000000/stat", R_OK), -1);
    CHECK_EQ(chdir("/"), 0);
}

/* How often each of the n pids is in /proc; of other names: of meminfo and self. */
static void look_for(const pid_t *pid, unsigned *seen, unsigned n)
{
    DIR *d = opendir("/proc");
    CHECK(d != NULL);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        for (unsigned i = 0; i < n; i++)
            seen[i] += atoi(e->d_name) == pid[i];
        seen[n] += strcmp(e->d_name, "meminfo") == 0 || strcmp(e->d_name, "self") == 0;
    }
    CHECK_EQ(closedir(d), 0);
}
static void every_process_is_in_the_list_once(void)
{
    enum { MANY = 80 }; /* more than procmgr tells at once */
    static pid_t pid[MANY];
    static unsigned seen[MANY + 1];
    for (unsigned i = 0; i < MANY; i++)
        pid[i] = gt_child(sleeps, NULL);
    look_for(pid, seen, MANY);
    for (unsigned i = 0; i < MANY; i++)
        CHECK_EQ(seen[i], 1);
    CHECK_EQ(seen[MANY], 2);
    for (unsigned i = 0; i < MANY; i++)
        end(pid[i]);
    memset(seen, 0, sizeof seen);
    look_for(pid, seen, MANY);
    for (unsigned i = 0; i < MANY; i++)
        CHECK_EQ(seen[i], 0);
}

static void who_has_ended_has_no_pages(void)
{
    struct stat st;
    pid_t pid = gt_child(sleeps, NULL);
    int fd = open(path_of(pid, "status"), O_RDONLY), dir = open(path_of(pid, ""), O_RDONLY | O_DIRECTORY);
    CHECK(fd >= 0 && dir >= 0);
    CHECK_EQ(read(fd, text, 5), 5);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK(S_ISREG(st.st_mode) && (st.st_mode & 0777) == 0444);
    end(pid);
    CHECK_EQ(read(fd, text, 5), 5); /* of what was said then */
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_ERRNO(read(fd, text, 5), ESRCH);
    CHECK_ERRNO(openat(dir, "stat", O_RDONLY), ENOENT);
    CHECK_ERRNO(open(path_of(pid, "stat"), O_RDONLY), ENOENT);
    CHECK_ERRNO(stat(path_of(pid, ""), &st), ENOENT);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(close(dir), 0);
}

static void nothing_there_can_be_changed(void)
{
    int fd = open("/proc/self/status", O_RDONLY);
    CHECK_ERRNO(open("/proc/self/status", O_WRONLY), EROFS);
    CHECK_ERRNO(open("/proc/self/status", O_RDWR | O_TRUNC), EROFS);
    CHECK_ERRNO(open("/proc/self/new", O_RDWR | O_CREAT, 0600), EROFS);
    CHECK_ERRNO(mkdir("/proc/4000000", 0700), EROFS);
    CHECK_ERRNO(rmdir("/proc/self/."), EINVAL);
    CHECK_ERRNO(rmdir(path_of(getpid(), "")), EROFS);
    CHECK_ERRNO(unlink("/proc/self"), EROFS);
    CHECK_ERRNO(rename("/proc/self/stat", "/proc/self/status"), EROFS);
    CHECK_ERRNO(chmod("/proc/self/stat", 0777), EROFS);
    CHECK_ERRNO(truncate("/proc/self/stat", 0), EROFS);
    CHECK(mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == ENODEV);
    CHECK_ERRNO(open("/proc/007/status", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("/proc/99999999999/status", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("/proc/self/status/x", O_RDONLY), ENOTDIR);
    CHECK_EQ(close(fd), 0);
}

static void operation_look(void)
{
    unsigned seen[2] = {0, 0};
    pid_t me = getpid();
    CHECK(page_read(me, "status") > 0);
    CHECK_EQ(number("\nPid"), me);
    look_for(&me, seen, 1);
    CHECK_EQ(seen[0], 1);
}
static void procmgr_dies_at_every_call(void) { every_call(nothing, operation_look); }

static void looks_again_and_again(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 400; i++) {
        long n = page_read(getpid(), "status"); /* with ENOENT, EIO, EBADF when the descriptor was of a former life */
        bool lost = n < 0 && (errno == EIO || errno == EBADF);
        CHECK(n > 0 || lost);
        if (n <= 0 && !lost)
            printf("  read %ld, errno %d\n", n, errno);
        CHECK(n <= 0 || number("\nPid") == getpid());
    }
}
static void the_file_server_dies_meanwhile(void)
{
    gt_loose = 1; /* its tree is made anew */
    pid_t pid = gt_child(looks_again_and_again, NULL);
    for (unsigned i = 0; i < 6; i++) {
        struct ipc_msg m = {.w = {INIT_KILL_SERVER, i % 3 == 2 ? SERVER_PROCMGR : SERVER_FS}};
        gt_sleep_us(700 + 130 * i);
        CHECK_EQ(ipc_call(H_INIT, &m), OK);
        gt_sleep_us(3000);
    }
    gt_expect_exit(pid, 0);
    CHECK(page_read(getpid(), "status") > 0);
}

GT_MAIN(CASE(status_says_what_is_so), CASE(stat_has_the_fields_of_linux), CASE(processor_time_is_its_own), CASE(a_command_line_is_kept),
        CASE(self_is_who_looks), CASE(every_process_is_in_the_list_once), CASE(who_has_ended_has_no_pages),
        CASE(nothing_there_can_be_changed), CASE(procmgr_dies_at_every_call), CASE(the_file_server_dies_meanwhile))
