/* SPDX-License-Identifier: MIT
 * Proves that a signal is not lost whenever in an exec it comes: a program that does nothing but exec itself, with memory that takes a
 * while to be given back, is stopped, continued and ended at times that move along its exec. And that threads which a stopped process
 * was about to make stay where they are.
 *
 * TIMEOUT: 60
 */
#define GT_NAME "sigexec"
#include "gtest.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/time.h>

#define SELF "/bin/t_sigexec"
#define APART_BYTES (2UL << 20) /* each page has a table of its own: a step of the pager's */
#define ROOM_VA 0x1400000000UL
#define PAGES 96u
#define TIMES 24u
#define STEP_US 130u

static int ends[2];

static bool fill_room(void)
{
    for (uintptr_t i = 0; i < PAGES; i++) {
        void *page = mmap((void *)(ROOM_VA + i * APART_BYTES), 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (page == MAP_FAILED)
            return false;
        *(volatile char *)page = 1;
    }
    return true;
}

/* Each life of it writes a byte to its standard output. */
static int once_more(void)
{
    static char *argv[] = {SELF, "--once-more", NULL};
    if (fill_room() && write(1, "x", 1) == 1)
        execv(SELF, argv);
    return 1;
}

static void execs_for_ever(void *unused)
{
    (void)unused;
    dup2(ends[1], 1);
    _exit(once_more());
}

static bool comes(void)
{
    char c;
    for (unsigned i = 0; i < GT_HANG_MS; i++) {
        if (read(ends[0], &c, 1) == 1)
            return true;
        gt_sleep_us(1000);
    }
    return false;
}

static void drain(void)
{
    char text[256];
    while (read(ends[0], text, sizeof text) > 0) /* bound: what fits */
        ;
}

static bool open_pipe(void) { return pipe(ends) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0; }
static void close_pipe(void)
{
    close(ends[0]);
    close(ends[1]);
}

static bool ended_by(pid_t pid, int sig)
{
    int word = 0;
    for (unsigned i = 0; i < GT_HANG_MS; i++) {
        if (waitpid(pid, &word, WNOHANG) == pid)
            return WIFSIGNALED(word) && WTERMSIG(word) == sig;
        drain();
        gt_sleep_us(1000);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &word, 0);
    return false;
}

static void what_ends_it_ends_it(void)
{
    REQUIRE(open_pipe());
    for (unsigned i = 0; i < TIMES && gt_failed == 0; i++) {
        pid_t pid = gt_child(execs_for_ever, NULL);
        CHECK(comes());
        gt_sleep_us(i * STEP_US);
        CHECK_EQ(kill(pid, SIGTERM), 0);
        CHECK(ended_by(pid, SIGTERM));
        drain();
    }
    close_pipe();
}

/* By the clock of the process manager: nobody else needs to run for it. */
static void execs_under_an_alarm(void *us)
{
    static char *argv[] = {"sleep", "1000", NULL};
    struct itimerval soon = {{0, 0}, {0, (long)(intptr_t)us}};
    if (fill_room() && setitimer(ITIMER_REAL, &soon, NULL) == 0)
        execvp("sleep", argv);
    _exit(1);
}

static void an_alarm_in_it_ends_it(void)
{
    REQUIRE(open_pipe());
    for (unsigned i = 0; i < TIMES && gt_failed == 0; i++)
        CHECK(ended_by(gt_child(execs_under_an_alarm, (void *)(intptr_t)(1 + i * STEP_US)), SIGALRM));
    close_pipe();
}

static bool stopped(pid_t pid)
{
    int word = 0;
    for (unsigned i = 0; i < GT_HANG_MS; i++) {
        if (waitpid(pid, &word, WUNTRACED | WNOHANG) == pid)
            return WIFSTOPPED(word) && WSTOPSIG(word) == SIGSTOP;
        drain();
        gt_sleep_us(1000);
    }
    return false;
}

/* Stopped at ever other moments of what it does, it writes nothing more, and goes on when it is told. */
static void stops_and_goes(void (*act)(void *), unsigned step_us)
{
    REQUIRE(open_pipe());
    pid_t pid = gt_child(act, NULL);
    CHECK(comes());
    for (unsigned i = 0; i < TIMES && gt_failed == 0; i++) {
        gt_sleep_us(i * step_us);
        CHECK_EQ(kill(pid, SIGSTOP), 0);
        CHECK(stopped(pid));
        drain(); /* a write that was under way included */
        gt_sleep_us(10000);
        char c;
        CHECK(read(ends[0], &c, 1) != 1);
        CHECK_EQ(kill(pid, SIGCONT), 0);
        CHECK(comes());
        drain();
    }
    CHECK_EQ(kill(pid, SIGTERM), 0);
    CHECK(ended_by(pid, SIGTERM));
    close_pipe();
}

static void who_is_stopped_does_not_go_on_with_another_program(void) { stops_and_goes(execs_for_ever, STEP_US); }

static void *writes(void *unused)
{
    (void)unused;
    (void)write(ends[1], "x", 1);
    return NULL;
}

static void makes_threads(void *unused)
{
    pthread_t t;
    (void)unused;
    while (pthread_create(&t, NULL, writes, NULL) == 0) /* until it is killed */
        (void)pthread_join(t, NULL);
    _exit(1);
}

static void who_is_stopped_begins_no_threads(void) { stops_and_goes(makes_threads, STEP_US / 8); }

int main(int argc, char **argv)
{
    static const struct gt_case cases[] = {
        CASE(what_ends_it_ends_it),
        CASE(an_alarm_in_it_ends_it),
        CASE(who_is_stopped_does_not_go_on_with_another_program),
        CASE(who_is_stopped_begins_no_threads),
        {NULL, NULL},
    };
    if (argc > 1 && strcmp(argv[1], "--once-more") == 0)
        return once_more();
    return gt_main(argc, argv, cases);
}
