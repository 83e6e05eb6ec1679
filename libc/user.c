/* SPDX-License-Identifier: MIT
 * Who one is: there is one user, 0, called root, who may do all that there is. Becoming somebody else is refused.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define NAME "root"

uid_t getuid(void) { return 0; }
uid_t geteuid(void) { return 0; }
gid_t getgid(void) { return 0; }
gid_t getegid(void) { return 0; }

static int become(id_t id)
{
    if (id == 0)
        return 0;
    errno = EPERM;
    return -1;
}

int setuid(uid_t id) { return become(id); }
int seteuid(uid_t id) { return become(id); }
int setgid(gid_t id) { return become(id); }
int setegid(gid_t id) { return become(id); }

int setreuid(uid_t real, uid_t effective)
{
    return (real == (uid_t)-1 || become(real) == 0) && (effective == (uid_t)-1 || become(effective) == 0) ? 0 : -1;
}

int setregid(gid_t real, gid_t effective)
{
    return (real == (gid_t)-1 || become(real) == 0) && (effective == (gid_t)-1 || become(effective) == 0) ? 0 : -1;
}

int getgroups(int size, gid_t list[])
{
    if (size < 0) {
        errno = EINVAL;
        return -1;
    }
    if (size > 0)
        list[0] = 0;
    return 1;
}

/* ---- names ---- */

static char *const no_members[] = {NULL};
static struct passwd root = {.pw_name = NAME, .pw_passwd = "*", .pw_comment = "", .pw_gecos = "", .pw_dir = "/", .pw_shell = "/bin/sh"};
static struct group wheel = {.gr_name = NAME, .gr_passwd = "*", .gr_mem = (char **)(uintptr_t)no_members};

struct passwd *getpwuid(uid_t id) { return id == 0 ? &root : NULL; }
struct passwd *getpwnam(const char *name) { return strcmp(name, NAME) == 0 ? &root : NULL; }
struct group *getgrgid(gid_t id) { return id == 0 ? &wheel : NULL; }
struct group *getgrnam(const char *name) { return strcmp(name, NAME) == 0 ? &wheel : NULL; }

/* Nothing in these is ever written, so no room is needed. */
static int found_user(struct passwd *user, struct passwd *to, struct passwd **out)
{
    *out = NULL;
    if (user != NULL)
        *(*out = to) = *user;
    return 0;
}

static int found_group(struct group *group, struct group *to, struct group **out)
{
    *out = NULL;
    if (group != NULL)
        *(*out = to) = *group;
    return 0;
}

int getpwuid_r(uid_t id, struct passwd *to, char *room, size_t size, struct passwd **out)
{
    return (void)room, (void)size, found_user(getpwuid(id), to, out);
}

int getpwnam_r(const char *name, struct passwd *to, char *room, size_t size, struct passwd **out)
{
    return (void)room, (void)size, found_user(getpwnam(name), to, out);
}

int getgrgid_r(gid_t id, struct group *to, char *room, size_t size, struct group **out)
{
    return (void)room, (void)size, found_group(getgrgid(id), to, out);
}

int getgrnam_r(const char *name, struct group *to, char *room, size_t size, struct group **out)
{
    return (void)room, (void)size, found_group(getgrnam(name), to, out);
}

char *getlogin(void) { return NAME; }

int getlogin_r(char *to, size_t size)
{
    if (size < sizeof NAME)
        return ERANGE;
    memcpy(to, NAME, sizeof NAME);
    return 0;
}
