/* SPDX-License-Identifier: MIT
 * The file server's protocol: a tree of files, and the descriptors of processes. Badge: CLIENT | pid, or PROCMGR.
 */
#ifndef IPC_FS_H
#define IPC_FS_H

#include <ipc/ipc.h>

/* A path is a buffer that the server reads up to its nul; FS_PATH_MAX bytes at most, the nul included. Word 6 says how many
 * bytes there are from its start to the end of its page (low half: buffer 0, high half: buffer 1), so that nothing behind the
 * path's own pages is asked for. Word 7 says in the same halves where a path without a slash before it begins: at the directory of
 * which it is 1 + the descriptor, 0: at the working directory. X(NAME, number, who may call, request words; buffers -> reply words after w[0]) */
#define FS_OPS(X) \
    X(ATTACH, 1, FROM(BADGE_CLIENT), "descriptors 0, 1 and 2 are the console from now on; OK also when there are some already") \
    X(OPEN, 2, FROM(BADGE_CLIENT), "O_*, mode; buf0 path -> descriptor") \
    X(CLOSE, 3, FROM(BADGE_CLIENT), "descriptor") \
    X(READ, 4, FROM(BADGE_CLIENT), "descriptor; buf0 (server writes) -> bytes, 0 at the end") \
    X(WRITE, 5, FROM(BADGE_CLIENT), "descriptor; buf0 -> bytes") \
    X(PREAD, 6, FROM(BADGE_CLIENT), "descriptor, offset; buf0 (server writes) -> bytes") \
    X(PWRITE, 7, FROM(BADGE_CLIENT), "descriptor, offset; buf0 -> bytes") \
    X(LSEEK, 8, FROM(BADGE_CLIENT), "descriptor, offset, SEEK_* or FS_SEEK_* -> position") \
    X(DUP, 9, FROM(BADGE_CLIENT), "descriptor, the lowest wanted, FS_DUP_* -> descriptor") \
    X(FCNTL, 10, FROM(BADGE_CLIENT), "descriptor, F_GETFD, F_SETFD, F_GETFL or F_SETFL, value -> value") \
    X(PIPE, 11, FROM(BADGE_CLIENT), "O_CLOEXEC, O_NONBLOCK -> descriptor to read, descriptor to write") \
    X(STAT, 12, FROM(BADGE_CLIENT), "FS_NOFOLLOW or 0; buf0 path, buf1 struct stat (server writes)") \
    X(FSTAT, 13, FROM(BADGE_CLIENT), "descriptor; buf0 struct stat (server writes)") \
    X(MKDIR, 14, FROM(BADGE_CLIENT), "mode; buf0 path") \
    X(UNLINK, 15, FROM(BADGE_CLIENT), "FS_DIRECTORY or 0; buf0 path") \
    X(RENAME, 16, FROM(BADGE_CLIENT), "buf0 old path, buf1 new path") \
    X(LINK, 17, FROM(BADGE_CLIENT), "FS_FOLLOW, FS_OPENED or 0, descriptor of the latter; buf0 path of the file, buf1 new path") \
    X(SYMLINK, 18, FROM(BADGE_CLIENT), "buf0 what it says, buf1 path") \
    X(READLINK, 19, FROM(BADGE_CLIENT), "buf0 path, buf1 (server writes) -> bytes") \
    X(CHDIR, 20, FROM(BADGE_CLIENT), "buf0 path; without buf0: descriptor") \
    X(GETCWD, 21, FROM(BADGE_CLIENT), "buf0 (server writes) -> bytes, the nul included") \
    X(READDIR, 22, FROM(BADGE_CLIENT), "descriptor; buf0 (server writes): struct fs_dirent after struct fs_dirent -> bytes, 0 at the end") \
    X(TRUNCATE, 23, FROM(BADGE_CLIENT), "length; buf0 path; without buf0: length, descriptor") \
    X(SYNC, 24, FROM(BADGE_CLIENT) | FROM(BADGE_INIT), "descriptor, or ~0: everything") \
    X(ACCESS, 25, FROM(BADGE_CLIENT), "R_OK, W_OK, X_OK; buf0 path") \
    X(CHMOD, 26, FROM(BADGE_CLIENT), "mode; buf0 path; without buf0: mode, descriptor") \
    X(UMASK, 27, FROM(BADGE_CLIENT), "new mask, ~0 to ask -> old mask") \
    X(TIMES, 28, FROM(BADGE_CLIENT), "time of change in ns since 1970, descriptor, time of access, FS_NOFOLLOW or 0; times may be FS_TIME_*; buf0 path; without buf0: the descriptor") \
    X(READ_SHORT, 29, FROM(BADGE_CLIENT), "descriptor, length 1..48 -> bytes, in w[2]..w[7]") \
    X(WRITE_SHORT, 30, FROM(BADGE_CLIENT), "descriptor, length 1..40, bytes in w[3]..w[7] -> bytes") \
    X(POLL, 31, FROM(BADGE_CLIENT), "how many, when to give up (absolute ticks); buf0 struct fs_poll (read and written) -> how many are ready") \
    X(CHOWN, 32, FROM(BADGE_CLIENT), "owner | group << 32 (each ~0: as it is), descriptor, FS_NOFOLLOW or 0; buf0 path; without buf0: the descriptor") \
    X(MKFIFO, 33, FROM(BADGE_CLIENT), "mode; buf0 path") \
    X(LOCK, 34, FROM(BADGE_CLIENT), "descriptor, F_GETLK, F_SETLK, F_SETLKW or FS_FLOCK*, F_RDLCK, F_WRLCK or F_UNLCK, start, length, SEEK_* -> F_GETLK: type, start, length, pid") \
    X(STATFS, 35, FROM(BADGE_CLIENT), "(nothing), descriptor; buf0 path; without buf0: the descriptor -> bytes of a block, blocks, free, inodes, free, file system << 1 | read-only") \
    X(LIMIT, 36, FROM(BADGE_CLIENT), "one more than the highest descriptor, and as far as that may be raised; ~0 to ask -> both") \
    X(MAP, 37, FROM(BADGE_CLIENT), "descriptor, start, bytes, PROT_* | FS_MAP_* << 8, offset: the file's pages are the caller's memory there") \
    X(MSYNC, 38, FROM(BADGE_CLIENT), "file, as REGION_INFO names it: what mappings stored goes to the disk") \
    X(PROC_FORK, 40, FROM(BADGE_PROCMGR), "parent's pid, child's pid, FS_FORK_* or 0: the child has the parent's descriptors; OK when it has some already") \
    X(PROC_EXEC, 41, FROM(BADGE_PROCMGR), "pid, FS_FORK_FILE or 0: close what is to be closed by exec") \
    X(PROC_EXIT, 42, FROM(BADGE_PROCMGR), "pid: release all it has; OK also when it has nothing") \
    X(PROC_PROGRAM, 45, FROM(BADGE_PROCMGR), "pid, descriptor: the file is the program that the process starts next -> its size") \
    X(PROC_READ, 46, FROM(BADGE_PROCMGR), "pid, offset: of its program -> bytes (up to 48, in w[2]..w[7]) | size of the file << 8") \
    X(PROC_MAP, 47, FROM(BADGE_PROCMGR), "pid of a process, start, end, PROT_*, offset, bytes that come from the file (0: all): a segment of its program") \
    X(INFO, 43, FROM_ANY, "-> open descriptions, processes with descriptors, pipes, waiting requests, pages of files and tables, pages in all") \
    X(CHECK, 44, FROM_ANY, "-> violations: what the server counts, counted anew; number of the first kind, detail") \
    X(INTERRUPT, 48, FROM(BADGE_PROCMGR), "frame of a thread: its request that waits ends, with ERR_CANCELLED or with what it did; ERR_NOENT nothing of it waits, ERR_BUSY it is about to go on") \
    X(FETCH, 49, FROM(BADGE_CLIENT), "file, as REGION_INFO names it, first page, pages: they will be wanted -> pages of the file") \
    X(PROC_ASKED, 50, FROM(BADGE_PROCMGR), "-> id of who waits for a page of /proc (0: nobody), FS_ASK_*, pid or place: together the name of its question") \
    X(PROC_TELL, 51, FROM(BADGE_PROCMGR), "name of a question, in three words; buf0 union fs_told: the answer; OK also when nobody waits for it any more") \
    X(ALLOCATE, 52, FROM(BADGE_CLIENT), "descriptor, offset, length: these bytes have room from now on, and the file does not end before them")

enum fs_op {
#define FS_ENUM(name, number, who, text) FS_##name = (number),
    FS_OPS(FS_ENUM)
#undef FS_ENUM
    FS_OP_LIMIT = 53,
};

/* Errors that only files have, besides those of abi/error.h: X(NAME, number, the errno that libc makes of it) */
#define FS_ERRORS(X) \
    X(NOTDIR, -101, ENOTDIR) \
    X(ISDIR, -102, EISDIR) \
    X(NOTEMPTY, -103, ENOTEMPTY) \
    X(NOSPC, -104, ENOSPC) \
    X(FBIG, -105, EFBIG) \
    X(ROFS, -106, EROFS) \
    X(XDEV, -107, EXDEV) \
    X(LOOP, -108, ELOOP) \
    X(MLINK, -109, EMLINK) \
    X(PIPE, -110, EPIPE) \
    X(SPIPE, -111, ESPIPE) \
    X(NXIO, -112, ENXIO) \
    X(BADF, -113, EBADF) \
    X(MFILE, -114, EMFILE) \
    X(NFILE, -115, ENFILE) \
    X(NOTTY, -116, ENOTTY) \
    X(RANGE, -117, ERANGE) \
    X(OVERFLOW, -118, EOVERFLOW) \
    X(ACCES, -119, EACCES) \
    X(NOLCK, -122, ENOLCK) \
    X(DEADLK, -123, EDEADLK) \
    X(NODEV, -124, ENODEV) \
    X(OPNOTSUPP, -125, EOPNOTSUPP) \
    X(TXTBSY, -126, ETXTBSY) /* a file that runs is not written, one that is written not run */ \
    X(SRCH, -127, ESRCH) /* the process whose page it is has ended */ \
    X(CONSOLE, -120, EIO) /* not an error: the descriptor is the console, who is asked directly */ \
    X(UNKNOWN, -121, EIO) /* the caller has no descriptors here: the server was restarted, or ATTACH is due */

enum fs_error {
#define FS_ERROR_ENUM(name, number, text) FS_ERR_##name = (number),
    FS_ERRORS(FS_ERROR_ENUM)
#undef FS_ERROR_ENUM
};

#define FS_PATH_MAX 1024u /* bytes, the nul included */
#define FS_NAME_MAX 255u
#define FS_DESCRIPTORS_MAX 1024u /* of a process */
#define FS_PROGRAMS_MAX 64u      /* descriptors from FS_DESCRIPTORS_MAX on, for files that its threads are about to execute */
#define FS_NO_DESCRIPTOR (~0UL)  /* nobody's */
#define FS_PIPE_BUF 4096u /* a write of so many bytes or fewer is never torn */

#define FS_RDEV_CONSOLE 1u /* st_rdev of the console */
#define FS_RDEV_ZERO 3u    /* of /dev/zero */
#define FS_SEEK_DATA 3u   /* LSEEK: the first byte from the offset on that is not in a hole, */
#define FS_SEEK_HOLE 4u   /* or that is; behind the end is one */
#define FS_DUP_EXACT 1u   /* that number and no other: what it was is closed */
#define FS_DUP_CLOEXEC 2u
#define FS_NOFOLLOW 1u    /* a symbolic link at the end of the path is meant itself */
#define FS_O_NAMELESS 0x800000u /* OPEN: O_TMPFILE, which not every <fcntl.h> has */
#define FS_O_PROGRAM 0x40000000u /* OPEN: to be executed, by a descriptor that counts for no limit and that no child gets */
#define FS_OPENED 4u      /* LINK: of the file that w[2] has open, whatever the first path says */
#define FS_FOLLOW 2u      /* LINK: a symbolic link at the end of the first path is not */
#define FS_TIME_NOW (~0UL)
#define FS_TIME_KEEP (~0UL - 1)
#define FS_FLOCK 100u      /* LOCK: the description's, the whole file */
#define FS_FLOCK_WAIT 101u
#define FS_DIRECTORY 1u   /* UNLINK: a directory, and only an empty one */
#define FS_FORK_EXEC 1u   /* and at once as by PROC_EXEC */
#define FS_FORK_FILE 2u   /* it runs the file of PROC_PROGRAM; else one of the boot image, or what its parent runs */
#define FS_MAP_SHARED 1u  /* stores go to the file */
#define FS_MAP_REPLACE 2u /* what is mapped there goes */
#define FS_READ_SHORT_MAX 48u
#define FS_WRITE_SHORT_MAX 40u

/* POLL: as struct pollfd; the bits are POLL* of <poll.h>. A negative descriptor is passed over. */
struct fs_poll {
    int32_t fd;
    int16_t events, revents;
};
#define FS_POLL_MAX 1024u
#define FS_POLLIN 1
#define FS_POLLPRI 2
#define FS_POLLOUT 4
#define FS_POLLERR 8
#define FS_POLLHUP 16
#define FS_POLLNVAL 32

/* PROC_ASKED: what the file server has to know of processes for somebody who looks into /proc. It is signalled to procmgr
 * (PROC_NTFN_FILES), which comes for it: the file server calls nobody. */
enum fs_ask {
    FS_ASK_PROCESS = 1, /* a pid: what procmgr knows of it */
    FS_ASK_LIST = 2,    /* a place in procmgr's table: the pids of processes from there on */
};
#define FS_TOLD_PIDS 64u
#define FS_COMMAND_MAX 256u /* of the argument strings so many bytes are kept */
struct fs_process {
    uint32_t pid;          /* 0: there is none such */
    uint32_t parent, group, session, space, threads, prio;
    uint32_t state;        /* a letter: N starts, R has work, S waits, T was stopped, X ends, Z was not waited for */
    uint64_t born;         /* ticks */
    uint64_t used, used_children; /* instructions: of its threads, and of the children it has waited for */
    uint64_t pending, blocked, ignored, caught; /* signals: 1 << number; blocked: by its first thread */
    char name[32];
    uint32_t command_bytes;
    char command[FS_COMMAND_MAX]; /* argument strings, each with its nul */
};
struct fs_place {
    uint32_t place, pid;
};
struct fs_list {
    uint32_t n;
    uint32_t next; /* place to go on from; 0: there are no more */
    struct fs_place at[FS_TOLD_PIDS];
};
union fs_told {
    struct fs_process process;
    struct fs_list list;
};

/* One entry of READDIR; the next one follows after `bytes`, a multiple of eight. */
struct fs_dirent {
    uint64_t number;
    uint64_t next;   /* position of the entry behind it */
    uint16_t bytes;  /* of this record */
    uint8_t type;    /* mode >> 12: DT_* */
    uint8_t name_len;
    char name[];     /* and a nul */
};
_Static_assert(offsetof(struct fs_dirent, name) == 20, "the layout is the protocol's");

#endif
