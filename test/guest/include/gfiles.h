/* SPDX-License-Identifier: MIT
 * What tests of files share, on top of gtest.h.
 */
#ifndef GFILES_H
#define GFILES_H

#include <dirent.h>
#include <fcntl.h>
#include <ipc/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK_ERRNO(call, wanted) \
    do { \
        errno = 0; \
        long long gf_result = (long long)(call); \
        int gf_errno = errno; \
        if (gf_result != -1 || gf_errno != (wanted)) { \
            gt_fail(#call ": " #wanted, __FILE__, __LINE__); \
            printf("  gave %lld, errno %d (%s), wanted %d\n", gf_result, gf_errno, strerror(gf_errno), (wanted)); \
        } \
    } while (0)

static inline void make_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) != 0)
        gt_fail(path, __FILE__, __LINE__);
}
static inline void check_content(const char *path, const char *text)
{
    char back[256];
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, back, sizeof back);
    if (n != (ssize_t)strlen(text) || memcmp(back, text, strlen(text)) != 0 || close(fd) != 0)
        gt_fail(path, __FILE__, __LINE__);
}
/* FS_INFO: v[1] descriptions, [2] processes, [3] pipes, [4] waiting requests, [5] pages. */
static inline struct ipc_msg fs_info(void)
{
    struct ipc_msg m = {.w = {FS_INFO}};
    if (ipc_call(H_FS, &m) != OK)
        gt_fail("FS_INFO", __FILE__, __LINE__);
    return m;
}
/* Until so many requests wait there. */
static inline void fs_until_wait(uint64_t n)
{
    ticks_t end = sys_time() + gt_us(GT_HANG_MS * 1000UL);
    while (fs_info().w[4] != n && sys_time() < end)
        gt_sleep_us(100);
    CHECK_EQ(fs_info().w[4], n);
}
static inline void fs_check(void)
{
    struct ipc_msg m = {.w = {FS_CHECK}};
    if (ipc_call(H_FS, &m) != OK || m.w[1] != 0)
        gt_fail("FS_CHECK", __FILE__, __LINE__);
}

#endif
