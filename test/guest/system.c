/* SPDX-License-Identifier: MIT
 * Proves what programs are told of the system and of themselves: who they are, limits, names.
 */
#define GT_NAME "system"
#include "gtest.h"
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <sys/utsname.h>

static void there_is_one_user(void)
{
    CHECK(getuid() == 0 && geteuid() == 0 && getgid() == 0 && getegid() == 0);
    CHECK(setuid(0) == 0 && setgid(0) == 0);
    errno = 0;
    CHECK(setuid(1) == -1 && errno == EPERM);
    gid_t groups[4] = {9, 9, 9, 9};
    CHECK(getgroups(0, NULL) == 1 && getgroups(4, groups) == 1 && groups[0] == 0);
    struct passwd *p = getpwuid(0), copy, *found = NULL;
    REQUIRE(p != NULL);
    CHECK(strcmp(p->pw_name, "root") == 0 && strcmp(p->pw_dir, "/") == 0 && access(p->pw_shell, X_OK) == 0);
    CHECK(getpwnam("root") == p && getpwnam("nobody") == NULL && getpwuid(7) == NULL);
    CHECK(getpwnam_r("root", &copy, NULL, 0, &found) == 0 && found == &copy && copy.pw_uid == 0);
    CHECK(getgrgid(0) != NULL && getgrnam("nobody") == NULL);
}

static void limits_are_told(void)
{
    CHECK_EQ(sysconf(_SC_PAGESIZE), 4096);
    CHECK_EQ(getpagesize(), 4096);
    CHECK_EQ(sysconf(_SC_OPEN_MAX), 1024);
    CHECK_EQ(sysconf(_SC_ARG_MAX), 128 * 1024);
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1 && sysconf(_SC_PHYS_PAGES) * 4096L == 128L << 20);
    CHECK(sysconf(_SC_AVPHYS_PAGES) > 1000 && sysconf(_SC_AVPHYS_PAGES) < sysconf(_SC_PHYS_PAGES));
    errno = 0;
    CHECK(sysconf(_SC_CHILD_MAX) == -1 && errno == 0); /* no limit is no error */
    CHECK(sysconf(100000) == -1 && errno == EINVAL);
    CHECK_EQ(pathconf("/", _PC_NAME_MAX), 255);
    CHECK_EQ(fpathconf(0, _PC_PIPE_BUF), 4096);
    errno = 0;
    CHECK(pathconf("/none", _PC_NAME_MAX) == -1 && errno == ENOENT);
    char path[20];
    CHECK(confstr(_CS_PATH, path, sizeof path) == 5 && strcmp(path, "/bin") == 0);
    CHECK(confstr(_CS_PATH, path, 3) == 5 && strcmp(path, "/b") == 0);
    struct utsname u;
    CHECK(uname(&u) == 0 && strcmp(u.sysname, "Pagoda") == 0 && strcmp(u.machine, "riscv64") == 0);
    char name[64];
    CHECK(gethostname(name, sizeof name) == 0 && strcmp(name, u.nodename) == 0);
    errno = 0;
    CHECK(gethostname(name, 3) == -1 && errno == ENAMETOOLONG);
}

GT_MAIN(CASE(there_is_one_user), CASE(limits_are_told))
