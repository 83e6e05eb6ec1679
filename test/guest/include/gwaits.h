/* SPDX-License-Identifier: MIT
 * Waiting until others wait, for tests of what wakes or interrupts them: a pause would only guess how long they take to come so far,
 * and guesses wrong where several harts share a busy host.
 */
#ifndef GUEST_GWAITS_H
#define GUEST_GWAITS_H

#include <fcntl.h>

/* Until a condition holds that others make true; no later than a hang is one, and then with a FAIL line. */
#define GT_UNTIL(cond) \
    do { \
        ticks_t gw_end = sys_time() + gt_us(GT_HANG_MS * 1000UL); \
        bool gw_late = false; \
        while (!(cond) && !gw_late) { \
            gt_sleep_us(100); \
            gw_late = sys_time() > gw_end; \
        } \
        if (gw_late) \
            gt_fail(#cond, __FILE__, __LINE__); \
    } while (0)

static inline uint64_t gt_restarts_of(uint64_t server)
{
    struct ipc_msg m = {.w = {INIT_SERVER_INFO, server}};
    return ipc_call(H_INIT, &m) == OK ? m.w[2] : ~0UL;
}
/* It has died, and its successor runs, when this returns. */
static inline void gt_kill_server(uint64_t server)
{
    uint64_t before = gt_restarts_of(server);
    struct ipc_msg m = {.w = {INIT_KILL_SERVER, server}};
    CHECK_EQ(ipc_call(H_INIT, &m), OK);
    GT_UNTIL(gt_restarts_of(server) > before);
}

/* Threads of all processes that wait for a word of memory: at semaphores, mutexes and their like between processes. */
static inline uint64_t gt_word_waits(void)
{
    struct ipc_msg m = {.w = {PROC_STAT}};
    return proc_call(H_PROC, &m) == OK ? m.w[7] : 0;
}

/* 'S': none of its threads has anything to do; 0: it is no process. */
static inline char gt_state_of(pid_t pid)
{
    char path[32], text[256];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    const char *name_end = strrchr(text, ')');
    return name_end ? name_end[2] : 0;
}
static inline uint64_t gt_used_by(pid_t pid)
{
    uint64_t used = 0;
    (void)gt_proc(PROC_TIMES, (uint64_t)pid, 0, &used);
    return used;
}
/* Whether all threads of it sleep, or are in calls that their servers have set aside. Seen to do nothing twice, it is in one and the
 * same call; and the servers served what had come before our own questions: who still has no answer, then, waits. Not for who prints. */
static inline bool gt_is_waiting(pid_t pid)
{
    uint64_t used = gt_used_by(pid);
    if (gt_state_of(pid) != 'S')
        return false;
    (void)gt_stat(PAGER_STAT_FRAMES, 0);
    (void)gt_used_by(pid);
    return gt_state_of(pid) == 'S' && gt_used_by(pid) == used;
}
static inline void gt_until_waits(pid_t pid) { GT_UNTIL(gt_is_waiting(pid)); }

/* For threads of the caller's own: it waits meanwhile, too, for a child that looks. */
static inline void gw_looks(void *unused)
{
    (void)unused;
    gt_until_waits(getppid());
}
static inline void gt_until_threads_wait(void)
{
    int status = -1;
    pid_t pid = gt_child(gw_looks, NULL);
    while (waitpid(pid, &status, 0) == -1 && errno == EINTR) /* bound: signals that the test sends */
        ;
    CHECK_EQ(status, 0);
}

#endif
