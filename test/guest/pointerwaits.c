/* SPDX-License-Identifier: MIT
 * Proves of waits with a mask of signals, of directories as lists and of programs that are open files what pointercalls.c proves of the
 * functions there.
 * TIMEOUT: 120
 */
#define GT_NAME "pointerwaits"
#include "gtest.h"
#include "gcalls.h"
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/select.h>
#include <time.h>

static char dir[] = "/dev/shm";
static const struct timespec no_wait;
static struct pollfd polled[2];
static sigset_t no_signals;
static fd_set no_set;
#define SET_BYTES sizeof(long) /* of which select() looks at those of the first 8 descriptors */
static char *const no_strings[1] = {NULL};
static int fd;

static int c_ppoll(void *p) { return ppoll(p, 2, &no_wait, &no_signals) < 0 ? -1 : 0; }
static int c_ppoll_time(void *p) { return ppoll(polled, 2, not_null(p), NULL) < 0 ? -1 : 0; }
static int c_ppoll_mask(void *p) { return ppoll(polled, 2, &no_wait, not_null(p)) < 0 ? -1 : 0; }
static int c_pselect_in(void *p) { return pselect(8, not_null(p), NULL, NULL, &no_wait, NULL); }
static int c_pselect_out(void *p) { return pselect(8, NULL, not_null(p), NULL, &no_wait, NULL); }
static int c_pselect_except(void *p) { return pselect(8, NULL, NULL, not_null(p), &no_wait, NULL); }
static int c_pselect_time(void *p) { return pselect(0, NULL, NULL, NULL, not_null(p), NULL); }
static int c_pselect_mask(void *p) { return pselect(0, NULL, NULL, NULL, &no_wait, not_null(p)); }
static int nothing(const struct dirent *e) { return e == NULL; }
static int c_scandir(void *p)
{
    struct dirent **list;
    if (scandir(p, &list, nothing, NULL) < 0)
        return -1;
    free(list);
    return 0;
}
static int c_scandir_to(void *p)
{
    struct dirent ***list = p;
    if (scandir(dir, p, nothing, NULL) < 0)
        return -1;
    free(*list);
    return 0;
}
static int c_fexecve_args(void *p) { return fexecve(fd, not_null(p), environ); }
static int c_fexecve_env(void *p) { return fexecve(fd, (char *const[]){dir, NULL}, not_null(p)); }
static int c_psiginfo(void *p)
{
    (void)dup2(open("/dev/null", O_WRONLY), 2);
    psiginfo(p, "signal");
    return 0;
}

static const struct call rows[] = {
    {"ppoll", c_ppoll, polled, sizeof polled, OUT, 0},
    {"ppoll, time", c_ppoll_time, &no_wait, sizeof no_wait, IN, 0},
    {"ppoll, mask", c_ppoll_mask, &no_signals, sizeof no_signals, IN, 0},
    {"pselect", c_pselect_in, &no_set, SET_BYTES, IN, 0},
    {"pselect, to write", c_pselect_out, &no_set, SET_BYTES, IN, 0},
    {"pselect, exceptions", c_pselect_except, &no_set, SET_BYTES, IN, 0},
    {"pselect, time", c_pselect_time, &no_wait, sizeof no_wait, IN, 0},
    {"pselect, mask", c_pselect_mask, &no_signals, sizeof no_signals, IN, 0},
    {"scandir", c_scandir, dir, sizeof dir, IN, 0},
    {"scandir, list", c_scandir_to, NULL, sizeof(struct dirent **), OUT, 0},
    {"fexecve, arguments", c_fexecve_args, no_strings, sizeof no_strings, IN, EACCES},
    {"fexecve, environment", c_fexecve_env, no_strings, sizeof no_strings, IN, EACCES},
    {"psiginfo", c_psiginfo, &(siginfo_t){.si_signo = SIGTERM}, sizeof(int), IN, 0},
};

static void waits_lists_and_open_programs(void)
{
    fd = open("/tmp/waits", O_RDWR | O_CREAT, 0644);
    REQUIRE(gt_shared_open() == OK && fd >= 0);
    polled[0].fd = polled[1].fd = -1;
    TRY_ALL(rows, try_own);
    CHECK(close(fd) == 0 && unlink("/tmp/waits") == 0);
    gt_shared_close();
}

GT_MAIN(CASE(waits_lists_and_open_programs))
