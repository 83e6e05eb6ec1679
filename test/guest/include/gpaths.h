/* SPDX-License-Identifier: MIT
 * Every call that takes a path, as a table: what must be refused of a path, or not, is so for all of them. None of them changes anything when
 * the path is one of /bin, or can't be.
 */
#ifndef GPATHS_H
#define GPATHS_H

#include "gfiles.h"
#include <limits.h>
#include <spawn.h>
#include <sys/statvfs.h>
#include <utime.h>

static int p_open(const char *p)
{
    int fd = open(p, O_RDONLY);
    return fd < 0 ? -1 : close(fd);
}
static int p_openat(const char *p)
{
    int fd = openat(AT_FDCWD, p, O_RDONLY | O_CREAT | O_EXCL, 0600);
    return fd < 0 ? -1 : close(fd);
}
static int p_creat(const char *p) { return creat(p, 0600); }
static int p_stat(const char *p)
{
    struct stat st;
    return stat(p, &st);
}
static int p_lstat(const char *p)
{
    struct stat st;
    return lstat(p, &st);
}
static int p_access(const char *p) { return access(p, F_OK); }
static int p_mkdir(const char *p) { return mkdir(p, 0700); }
static int p_rmdir(const char *p) { return rmdir(p); }
static int p_unlink(const char *p) { return unlink(p); }
static int p_remove(const char *p) { return remove(p); }
static int p_rename(const char *p) { return rename(p, "/tmp/other"); }
static int p_rename_to(const char *p) { return rename("/dev/null", p); }
static int p_link(const char *p) { return link(p, "/tmp/other"); }
static int p_link_to(const char *p) { return link("/dev/null", p); }
static int p_symlink(const char *p) { return symlink("x", p); }
static int p_readlink(const char *p)
{
    char to[8];
    return readlink(p, to, sizeof to) < 0 ? -1 : 0;
}
static int p_chdir(const char *p) { return chdir(p); }
static int p_truncate(const char *p) { return truncate(p, 0); }
static int p_chmod(const char *p) { return chmod(p, 0700); }
static int p_chown(const char *p) { return chown(p, 0, 0); }
static int p_lchown(const char *p) { return lchown(p, 0, 0); }
static int p_mkfifo(const char *p) { return mkfifo(p, 0600); }
static int p_utime(const char *p) { return utime(p, NULL); }
static int p_utimensat(const char *p) { return utimensat(AT_FDCWD, p, NULL, 0); }
static int p_statvfs(const char *p)
{
    struct statvfs v;
    return statvfs(p, &v);
}
static int p_pathconf(const char *p) { return pathconf(p, _PC_NAME_MAX) < 0 ? -1 : 0; }
static int p_opendir(const char *p)
{
    DIR *d = opendir(p);
    return d == NULL ? -1 : closedir(d);
}
static int p_fopen(const char *p) { return fopen(p, "w") == NULL ? -1 : 0; }
static int p_realpath(const char *p)
{
    char to[PATH_MAX];
    return realpath(p, to) == NULL ? -1 : 0;
}
static int p_execv(const char *p) { return execv(p, (char *[]){"x", NULL}); }
static int p_spawn(const char *p)
{
    pid_t pid;
    errno = posix_spawn(&pid, p, NULL, NULL, (char *[]){"x", NULL}, environ);
    return -1;
}

/* WRITES: it makes, changes or removes what the path names. MAKES: nothing has to be there. */
enum { READS = 0, WRITES = 1, MAKES = 2 };
static const struct path_call {
    const char *what;
    int (*fn)(const char *path);
    unsigned how;
} path_call[] = {
    {"open", p_open, READS},
    {"openat", p_openat, WRITES | MAKES},
    {"creat", p_creat, WRITES | MAKES},
    {"stat", p_stat, READS},
    {"lstat", p_lstat, READS},
    {"access", p_access, READS},
    {"mkdir", p_mkdir, WRITES | MAKES},
    {"rmdir", p_rmdir, WRITES},
    {"unlink", p_unlink, WRITES},
    {"remove", p_remove, WRITES},
    {"rename", p_rename, WRITES},
    {"rename, to", p_rename_to, WRITES | MAKES},
    {"link", p_link, READS},
    {"link, to", p_link_to, WRITES | MAKES},
    {"symlink", p_symlink, WRITES | MAKES},
    {"readlink", p_readlink, READS},
    {"chdir", p_chdir, READS},
    {"truncate", p_truncate, WRITES},
    {"chmod", p_chmod, WRITES},
    {"chown", p_chown, WRITES},
    {"lchown", p_lchown, WRITES},
    {"mkfifo", p_mkfifo, WRITES | MAKES},
    {"utime", p_utime, WRITES},
    {"utimensat", p_utimensat, WRITES},
    {"statvfs", p_statvfs, READS},
    {"pathconf", p_pathconf, READS},
    {"opendir", p_opendir, READS},
    {"fopen", p_fopen, WRITES | MAKES},
    {"realpath", p_realpath, READS},
    {"execv", p_execv, READS},
    {"posix_spawn", p_spawn, READS},
};
#define PATH_CALLS (sizeof path_call / sizeof path_call[0])

#endif
