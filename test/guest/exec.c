/* SPDX-License-Identifier: MIT
 * Proves exec and spawn: arguments and environment arrive whole, the old memory is gone, the pid stays, failures
 * come back with the right errno and the caller goes on. The program runs itself with --as=ROLE.
 * SHORT: 16
 */
#define GT_NAME "exec"
#include "gtest.h"
#include <pagoda/thread.h>
#include <spawn.h>

#define SELF "/bin/t_exec"
#define FAULTS_OF_TRUE 4u /* text, stack, data, constants */
extern char **environ;
static int data_word = 1;
static uint8_t bss[PAGE_SIZE * 4];

static void runs(void *argv) { execv(SELF, argv); }
static void arguments_arrive(void)
{
    char *argv[] = {"name", "--as=args", "", "a b", "\xff\x01", "last", NULL};
    gt_expect_exit(gt_child(runs, argv), 20);
}
static int role_args(int argc, char **argv)
{
    return argc == 6 && !strcmp(argv[0], "name") && !strcmp(argv[2], "") && !strcmp(argv[3], "a b") &&
                   !strcmp(argv[4], "\xff\x01") && !strcmp(argv[5], "last") && argv[6] == NULL
               ? 20
               : 1;
}
static void runs_with_env(void *unused)
{
    (void)unused;
    char *argv[] = {SELF, "--as=env", NULL}, *env[] = {"PATH=/bin", "GT=value=with=signs", "EMPTY=", NULL};
    execve(SELF, argv, env);
}
static void the_environment_arrives(void) { gt_expect_exit(gt_child(runs_with_env, NULL), 21); }
static int role_env(void)
{
    const char *gt = getenv("GT"), *empty = getenv("EMPTY");
    return gt && !strcmp(gt, "value=with=signs") && empty && *empty == 0 && getenv("HOME") == NULL && environ[3] == NULL
               ? 21
               : 1;
}
static void runs_after_writing(void *unused)
{
    char *argv[] = {SELF, "--as=fresh", NULL};
    (void)unused;
    data_word = 2;
    memset(bss, 9, sizeof bss);
    gt_fill(gt_pages(50), 50, 1);
    char pid[20];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WASPID", pid, 1);
    setenv("WASPPID", (snprintf(pid, sizeof pid, "%d", (int)getppid()), pid), 1);
    execv(SELF, argv);
}
static void memory_is_fresh_and_the_pid_stays(void) { gt_expect_exit(gt_child(runs_after_writing, NULL), 22); }
static int role_fresh(void)
{
    const char *pid = getenv("WASPID"), *ppid = getenv("WASPPID");
    for (size_t i = 0; i < sizeof bss; i++)
        if (bss[i] != 0)
            return 1;
    return data_word == 1 && pid && atoi(pid) == getpid() && ppid && atoi(ppid) == getppid() ? 22 : 2;
}
static void failures_come_back(void)
{
    static char *argv[] = {"x", NULL};
    errno = 0;
    CHECK_EQ(execv("/bin/does-not-exist", argv), -1);
    CHECK_EQ(errno, ENOENT);
    errno = 0;
    CHECK_EQ(execv("", argv), -1);
    CHECK_EQ(errno, ENOENT);
    size_t len = PROC_ARGS_MAX + 100;
    char *big = malloc(len), *big_argv[] = {"x", big, NULL};
    REQUIRE(big != NULL);
    memset(big, 'a', len);
    big[len - 1] = 0;
    errno = 0;
    CHECK_EQ(execv(SELF, big_argv), -1);
    CHECK_EQ(errno, E2BIG);
    big[0] = '/';
    errno = 0;
    CHECK_EQ(execv(big, argv), -1);
    CHECK(errno == ENAMETOOLONG || errno == ENOENT);
    free(big);
}
static void runs_big(void *unused)
{
    (void)unused;
    static char text[60000];
    static char *argv[1003];
    memset(text, 'b', sizeof text - 1);
    argv[0] = SELF;
    argv[1] = "--as=big";
    argv[2] = text;
    for (int i = 3; i < 1002; i++)
        argv[i] = "12345678901234567890";
    execv(SELF, argv);
}
static void many_and_long_arguments_arrive(void) { gt_expect_exit(gt_child(runs_big, NULL), 23); }
static int role_big(int argc, char **argv)
{
    if (argc != 1002 || strlen(argv[2]) != 59999)
        return 1;
    for (int i = 3; i < 1002; i++)
        if (strcmp(argv[i], "12345678901234567890") != 0)
            return 2;
    return 23;
}
static void *spins(void *p)
{
    for (;;) /* forever: until exec ends it */
        sys_yield();
    return p;
}
static void runs_with_threads(void *unused)
{
    (void)unused;
    char *argv[] = {SELF, "--as=one", NULL};
    struct thread *t;
    for (int i = 0; i < 3; i++)
        CHECK_EQ(thread_create(&t, spins, NULL), 0);
    sys_yield();
    execv(SELF, argv);
}
static void exec_ends_the_other_threads(void) { gt_expect_exit(gt_child(runs_with_threads, NULL), 24); }
static int role_one(void)
{
    struct ipc_msg m = {.w = {PROC_GETPID}};
    return proc_call(H_PROC, &m) == OK && m.w[4] == 1 ? 24 : 1;
}
static void exec_again_and_again(void *n)
{
    char number[20], *argv[] = {SELF, "--as=again", number, NULL};
    snprintf(number, sizeof number, "%d", (int)(intptr_t)n);
    execv(SELF, argv);
}
static void a_hundred_execs_in_a_row(void) { gt_expect_exit(gt_child(exec_again_and_again, (void *)100), 25); }
static int role_again(char **argv)
{
    int n = atoi(argv[2]);
    if (n > 0)
        exec_again_and_again((void *)(intptr_t)(n - 1));
    return n == 0 ? 25 : 1;
}
static void spawn_runs_a_program(void)
{
    for (int i = 0; i < 20; i++) {
        pid_t pid = 0;
        char *argv[] = {"name", "--as=args", "", "a b", "\xff\x01", "last", NULL};
        CHECK_EQ(posix_spawn(&pid, SELF, NULL, NULL, argv, environ), 0);
        gt_expect_exit(pid, 20);
    }
    pid_t none = -5;
    char *argv[] = {"x", NULL};
    CHECK_EQ(posix_spawn(&none, "/bin/does-not-exist", NULL, NULL, argv, environ), ENOENT);
}

/* Strings are counted in words and packed on the stack when they are few: all lengths around where either ends. */
static void arguments_of_every_length_arrive(void)
{
    static char text[601], number[12];
    char *argv[] = {SELF, "--as=length", text, number, NULL}, *none[] = {NULL};
    for (size_t n = 0; n < sizeof text; n += n < 20 || (n > 470 && n < 500) ? 1 : 31) {
        pid_t pid = 0;
        memset(text, n % 2 ? 'x' : 0x80, n);
        text[n] = 0;
        snprintf(number, sizeof number, "%u", (unsigned)n);
        CHECK_EQ(posix_spawn(&pid, SELF, NULL, NULL, argv, none), 0);
        gt_expect_exit(pid, 26);
    }
}
static int role_length(int argc, char **argv)
{
    size_t n = argc == 4 ? (size_t)atoi(argv[3]) : 0;
    for (size_t i = 0; argc == 4 && i < n; i++)
        if ((unsigned char)argv[2][i] != (n % 2 ? 'x' : 0x80))
            return 1;
    return argc == 4 && argv[2][n] == 0 && environ[0] == NULL ? 26 : 2;
}
static uint64_t pager_says(struct ipc_msg m, unsigned first, unsigned last)
{
    uint64_t sum = 0;
    CHECK_EQ(ipc_call(H_PAGER, &m), OK);
    for (unsigned i = first; i <= last; i++)
        sum += m.w[i];
    return sum;
}
static uint64_t faults_of_true(void)
{
    const struct ipc_msg faults = {.w = {PAGER_STAT, PAGER_STAT_FAULTS}};
    uint64_t before = pager_says(faults, 1, 5);
    char *argv[] = {"true", NULL};
    pid_t pid = 0;
    CHECK_EQ(posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ), 0);
    gt_expect_exit(pid, 0);
    return pager_says(faults, 1, 5) - before;
}
/* Text comes by one run, to its end; TLS, of which errno is, lies with the data and not in a page of its own. */
static void a_program_begins_with_few_faults(void)
{
    CHECK_EQ((uintptr_t)&errno / PAGE_SIZE, (uintptr_t)&environ / PAGE_SIZE);
    if (pager_says((struct ipc_msg){.w = {PAGER_FRAMES, 0, 0, PAGER_FRAMES_ASK}}, 1, 1) != 0)
        return; /* pages come and go */
    (void)faults_of_true();
    CHECK_EQ(faults_of_true(), FAULTS_OF_TRUE);
}

static const struct gt_case cases[] = {CASE(arguments_arrive), CASE(the_environment_arrives),
                                       CASE(memory_is_fresh_and_the_pid_stays), CASE(failures_come_back),
                                       CASE(many_and_long_arguments_arrive), CASE(exec_ends_the_other_threads),
                                       CASE(a_hundred_execs_in_a_row), CASE(spawn_runs_a_program),
                                       CASE(arguments_of_every_length_arrive), CASE(a_program_begins_with_few_faults), {NULL, NULL}};
int main(int argc, char **argv)
{
    const char *role = argc > 1 && strncmp(argv[1], "--as=", 5) == 0 ? argv[1] + 5 : "";
    if (!strcmp(role, "args"))
        return role_args(argc, argv);
    if (!strcmp(role, "env"))
        return role_env();
    if (!strcmp(role, "fresh"))
        return role_fresh();
    if (!strcmp(role, "big"))
        return role_big(argc, argv);
    if (!strcmp(role, "one"))
        return role_one();
    if (!strcmp(role, "again"))
        return role_again(argv);
    if (!strcmp(role, "length"))
        return role_length(argc, argv);
    return gt_main(argc, argv, cases);
}
