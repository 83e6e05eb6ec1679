/* SPDX-License-Identifier: MIT
 * Hostile requests to the file server, as a table: act -> exact error. As abuseops.c, which has the other servers.
 */
#define GT_NAME "abusefiles"
#include "grows.h"
#include <fcntl.h>
#include <ipc/fs.h>

static void file_servers_descriptors(void)
{
    static char big[8];
    const struct request_act rows[] = {
        {"descriptors, with garbage", H_FS, {FS_ATTACH, WILD, WILD}, .want = OK},
        {"to close what is not open", H_FS, {FS_CLOSE, 700}, .want = FS_ERR_BADF},
        {"to close descriptor 1 << 32", H_FS, {FS_CLOSE, HIGH}, .want = FS_ERR_BADF},
        {"to close descriptor -1", H_FS, {FS_CLOSE, WILD}, .want = FS_ERR_BADF},
        {"to read what is not open", H_FS, {FS_READ, 700}, {{big, 8, BUF_W}}, FS_ERR_BADF},
        {"to read the console, which others do", H_FS, {FS_READ, 0}, {{big, 8, BUF_W}}, FS_ERR_CONSOLE},
        {"to write what is not open", H_FS, {FS_WRITE, WILD}, {{big, 8, BUF_R}}, FS_ERR_BADF},
        {"to read at an offset what is not open", H_FS, {FS_PREAD, HIGH, 0}, {{big, 8, BUF_W}}, FS_ERR_BADF},
        {"to read the console at an offset", H_FS, {FS_PREAD, 0, 0}, {{big, 8, BUF_W}}, FS_ERR_SPIPE},
        {"to write the console at an offset", H_FS, {FS_PWRITE, 1, 0}, {{big, 8, BUF_R}}, FS_ERR_SPIPE},
        {"to seek the console", H_FS, {FS_LSEEK, 0, 0, 0}, .want = FS_ERR_SPIPE},
        {"to seek descriptor 1 << 32", H_FS, {FS_LSEEK, HIGH, 0, 0}, .want = FS_ERR_BADF},
        {"to seek a hole of the console", H_FS, {FS_LSEEK, 0, 0, FS_SEEK_HOLE}, .want = FS_ERR_SPIPE},
        {"room for what is not open", H_FS, {FS_ALLOCATE, 700, 0, 1}, .want = FS_ERR_BADF},
        {"room for descriptor 1 << 32", H_FS, {FS_ALLOCATE, HIGH, 0, 1}, .want = FS_ERR_BADF},
        {"room for the console", H_FS, {FS_ALLOCATE, 1, WILD, WILD}, .want = FS_ERR_NODEV},
        {"to duplicate what is not open", H_FS, {FS_DUP, WILD, 0}, .want = FS_ERR_BADF},
        {"to duplicate above all numbers", H_FS, {FS_DUP, 0, 1024}, .want = ERR_INVAL},
        {"to duplicate to 1 << 32", H_FS, {FS_DUP, 0, HIGH, FS_DUP_EXACT}, .want = FS_ERR_BADF},
        {"a question that there is not", H_FS, {FS_FCNTL, 0, 99}, .want = ERR_INVAL},
        {"a question about 1 << 32", H_FS, {FS_FCNTL, HIGH, F_GETFD}, .want = FS_ERR_BADF},
        {"a pipe with all flags", H_FS, {FS_PIPE, WILD}, .want = ERR_INVAL},
        {"a stat of what is not open", H_FS, {FS_FSTAT, WILD}, {{big, 8, BUF_W}}, FS_ERR_BADF},
        {"a stat into too little", H_FS, {FS_FSTAT, 0}, {{big, 8, BUF_W}}, ERR_INVAL},
        {"a stat into nothing", H_FS, {FS_FSTAT, 0}, .want = ERR_INVAL},
        {"to map the console", H_FS, {FS_MAP, 0, 0x1400000000UL, PAGE_SIZE, PROT_R}, .want = FS_ERR_NODEV},
        {"to map nothing", H_FS, {FS_MAP, 0, 0x1400000000UL, 0, PROT_R}, .want = ERR_INVAL},
        {"to map a part of a page", H_FS, {FS_MAP, 0, 0x1400000000UL, 5, PROT_R}, .want = ERR_INVAL},
        {"to map from inside a page", H_FS, {FS_MAP, 0, 0x1400000000UL, PAGE_SIZE, PROT_R, 7}, .want = ERR_INVAL},
        {"to map beyond all files", H_FS, {FS_MAP, 0, 0x1400000000UL, PAGE_SIZE, PROT_R, WILD & ~PAGE_MASK}, .want = FS_ERR_OVERFLOW},
        {"to map with a flag that there is not", H_FS, {FS_MAP, 0, 0x1400000000UL, PAGE_SIZE, PROT_R | 0x80UL << 8}, .want = ERR_INVAL},
        {"to map descriptor -1", H_FS, {FS_MAP, WILD, 0x1400000000UL, PAGE_SIZE, PROT_R}, .want = FS_ERR_BADF},
        {"to write back what is not mapped", H_FS, {FS_MSYNC, WILD}, .want = ERR_IO},
        {"to fetch what is not mapped", H_FS, {FS_FETCH, WILD, 0, 1}, .want = ERR_IO},
        {"to fetch beyond all pages", H_FS, {FS_FETCH, 1, HIGH, 1}, .want = ERR_INVAL},
        {"to fetch more than all pages", H_FS, {FS_FETCH, 1, 1, HIGH - 1}, .want = ERR_INVAL},
        {"to sync the console", H_FS, {FS_SYNC, 0}, .want = ERR_INVAL},
        {"a short read of nothing", H_FS, {FS_READ_SHORT, 0, 0}, .want = ERR_INVAL},
        {"a short read of 49 bytes", H_FS, {FS_READ_SHORT, 0, 49}, .want = ERR_INVAL},
        {"a short write of 41 bytes", H_FS, {FS_WRITE_SHORT, 1, 41}, .want = ERR_INVAL},
        {"a short write of 2^32 + 1 bytes", H_FS, {FS_WRITE_SHORT, 1, HIGH | 1}, .want = ERR_INVAL},
        {"to poll too many", H_FS, {FS_POLL, 1025, 0}, {{big, 8, BUF_R | BUF_W}}, ERR_INVAL},
        {"to poll 2^61 and one", H_FS, {FS_POLL, (1UL << 61) + 1, 0}, {{big, 8, BUF_R | BUF_W}}, ERR_INVAL},
        {"to poll more than the buffer holds", H_FS, {FS_POLL, 2, 0}, {{big, 8, BUF_R | BUF_W}}, ERR_INVAL},
        {"to poll what can't be written", H_FS, {FS_POLL, 1, 0}, {{big, 8, BUF_R}}, ERR_INVAL},
        {"entries of the console", H_FS, {FS_READDIR, 0}, {{big, 8, BUF_W}}, FS_ERR_NOTDIR},
        {"a mask with garbage", H_FS, {FS_UMASK, 0xffff0000 | 022}, .want = OK},
        {"to lock what is not open", H_FS, {FS_LOCK, WILD, F_SETLK, F_WRLCK, 0, 0, 0}, .want = FS_ERR_BADF},
        {"to lock the console", H_FS, {FS_LOCK, 0, F_SETLK, F_WRLCK, 0, 0, 0}, .want = ERR_INVAL},
        {"a lock of no kind", H_FS, {FS_LOCK, 0, WILD, WILD, 0, 0, 0}, .want = ERR_INVAL},
        {"more descriptors than there are", H_FS, {FS_LIMIT, 10, 1025}, .want = ERR_PERM},
        {"a limit above its own", H_FS, {FS_LIMIT, WILD - 1, WILD}, .want = ERR_INVAL},
        {"what the limit is", H_FS, {FS_LIMIT, WILD, WILD}, .want = OK},
        {"figures", H_FS, {FS_INFO, WILD}, .want = OK},
        {"a check", H_FS, {FS_CHECK, WILD}, .want = OK},
    };
    REQUIRE(access("/", F_OK) == 0);
    DO_ROWS(rows);
}
static void what_programs_may_not_ask_of_files(void)
{
#define FS_FORBIDDEN(name, number, who, words) FORBIDDEN(H_FS, #name, number, who)
    FS_OPS(FS_FORBIDDEN)
    const struct request_act x = {"no operation", H_FS, {63, 1}, .want = ERR_NOSYS};
    ga_expect_answer(&x);
}
static void file_servers_paths(void)
{
    static char big[8], root[] = "/", file[] = "/bin/true", no_end[] = {'/', 'x'};
#define PATH_IN(p) {p, sizeof p, BUF_R}
    const struct request_act rows[] = {
        {"to open nothing", H_FS, {FS_OPEN}, .want = ERR_INVAL},
        {"to open what can't be read", H_FS, {FS_OPEN}, {{root, 2, BUF_W}}, ERR_INVAL},
        {"to open the kernel", H_FS, {FS_OPEN}, {{(void *)KERNEL_VA, 100, BUF_R}}, ERR_FAULT},
        {"to open the null page", H_FS, {FS_OPEN}, {{(void *)8, 100, BUF_R}}, ERR_FAULT},
        {"to open a path without an end", H_FS, {FS_OPEN}, {{no_end, 2, BUF_R}}, ERR_INVAL},
        {"to open a path of a page", H_FS, {FS_OPEN, 0, 0, 0, 0, 0, WILD}, {{no_end, 0, BUF_R}}, ERR_INVAL},
        {"to open with all flags", H_FS, {FS_OPEN, WILD}, {PATH_IN(root)}, ERR_INVAL},
        {"a lie about the page's end", H_FS, {FS_ACCESS, 0, 0, 0, 0, 0, 1}, {PATH_IN(root)}, OK},
        {"to access with all bits", H_FS, {FS_ACCESS, WILD}, {PATH_IN(root)}, ERR_INVAL},
        {"a stat into too little", H_FS, {FS_STAT}, {PATH_IN(root), {big, 8, BUF_W}}, ERR_INVAL},
        {"a stat into nothing", H_FS, {FS_STAT}, {PATH_IN(root)}, ERR_INVAL},
        {"to make the root", H_FS, {FS_MKDIR, WILD}, {PATH_IN(root)}, ERR_EXIST},
        {"to remove the root", H_FS, {FS_UNLINK, FS_DIRECTORY}, {PATH_IN(root)}, ERR_BUSY},
        {"to remove a program", H_FS, {FS_UNLINK}, {PATH_IN(file)}, FS_ERR_ROFS},
        {"to rename the root", H_FS, {FS_RENAME}, {PATH_IN(root), PATH_IN(root)}, ERR_BUSY},
        {"to rename to nothing", H_FS, {FS_RENAME}, {PATH_IN(file)}, ERR_INVAL},
        {"to link what is not open", H_FS, {FS_LINK, FS_OPENED, WILD}, {PATH_IN(file), PATH_IN(root)}, FS_ERR_BADF},
        {"to link the console", H_FS, {FS_LINK, FS_OPENED, 0}, {PATH_IN(file), PATH_IN(root)}, ERR_NOENT},
        {"to open the kernel without a name", H_FS, {FS_OPEN, FS_O_NAMELESS | O_RDWR}, {{(void *)KERNEL_VA, 100, BUF_R}}, ERR_FAULT},
        {"to open a program without a name", H_FS, {FS_OPEN, FS_O_NAMELESS | O_RDWR}, {PATH_IN(file)}, FS_ERR_NOTDIR},
        {"to execute what is written", H_FS, {FS_OPEN, FS_O_PROGRAM | O_RDWR}, {PATH_IN(file)}, ERR_INVAL},
        {"to execute the root", H_FS, {FS_OPEN, FS_O_PROGRAM}, {PATH_IN(root)}, FS_ERR_ACCES},
        {"to execute the kernel", H_FS, {FS_OPEN, FS_O_PROGRAM}, {{(void *)KERNEL_VA, 100, BUF_R}}, ERR_FAULT},
        {"to link to nothing", H_FS, {FS_LINK}, {PATH_IN(file)}, ERR_INVAL},
        {"to link the root", H_FS, {FS_LINK}, {PATH_IN(root), PATH_IN(root)}, ERR_EXIST},
        {"a symbolic link to nothing", H_FS, {FS_SYMLINK}, .want = ERR_INVAL},
        {"what a file says", H_FS, {FS_READLINK}, {PATH_IN(file), {big, 8, BUF_W}}, ERR_INVAL},
        {"what a file says, into nothing", H_FS, {FS_READLINK}, {PATH_IN(file)}, ERR_INVAL},
        {"to go into a file", H_FS, {FS_CHDIR}, {PATH_IN(file)}, FS_ERR_NOTDIR},
        {"to go into descriptor 700", H_FS, {FS_CHDIR, 0, 700}, .want = FS_ERR_BADF},
        {"where, into nothing", H_FS, {FS_GETCWD}, .want = ERR_INVAL},
        {"where, into too little", H_FS, {FS_GETCWD}, {{big, 1, BUF_W}}, FS_ERR_RANGE},
        {"to cut a program", H_FS, {FS_TRUNCATE, 0}, {PATH_IN(file)}, FS_ERR_ROFS},
        {"to cut below zero", H_FS, {FS_TRUNCATE, WILD}, {PATH_IN(file)}, ERR_INVAL},
        {"to cut descriptor -1", H_FS, {FS_TRUNCATE, 0, WILD}, .want = FS_ERR_BADF},
        {"a program's mode", H_FS, {FS_CHMOD, WILD}, {PATH_IN(file)}, FS_ERR_ROFS},
        {"a path from descriptor 700", H_FS, {FS_ACCESS, 0, 0, 0, 0, 0, 0, 701}, {{(void *)(uintptr_t)"x", 2, BUF_R}}, FS_ERR_BADF},
        {"a path from descriptor 2^32 - 2", H_FS, {FS_ACCESS, 0, 0, 0, 0, 0, 0, UINT32_MAX}, {{(void *)(uintptr_t)"x", 2, BUF_R}}, FS_ERR_BADF},
        {"a path from the console", H_FS, {FS_ACCESS, 0, 0, 0, 0, 0, 0, 1}, {{(void *)(uintptr_t)"x", 2, BUF_R}}, FS_ERR_NOTDIR},
        {"a program's owner", H_FS, {FS_CHOWN, 0}, {PATH_IN(file)}, FS_ERR_ROFS},
        {"another owner", H_FS, {FS_CHOWN, 7}, {PATH_IN(root)}, ERR_PERM},
        {"an owner of descriptor 700", H_FS, {FS_CHOWN, 0, 700}, .want = FS_ERR_BADF},
        {"a pipe where a directory is", H_FS, {FS_MKFIFO, WILD}, {PATH_IN(root)}, ERR_EXIST},
        {"room of descriptor -1", H_FS, {FS_STATFS, 0, WILD}, .want = FS_ERR_BADF},
        {"room of the console", H_FS, {FS_STATFS, 0, 0}, .want = ERR_INVAL},
        {"a program's time", H_FS, {FS_TIMES, 0}, {PATH_IN(file)}, FS_ERR_ROFS},
    };
    DO_ROWS(rows);
}

static void every_operation_was_tried(void)
{
#define FS_TRIED(name, number, who, words) TRIED(H_FS, "fs: " #name, number)
    FS_OPS(FS_TRIED)
}

GT_MAIN(CASE(file_servers_descriptors), CASE(file_servers_paths), CASE(what_programs_may_not_ask_of_files), CASE(every_operation_was_tried))
