/* SPDX-License-Identifier: MIT
 * The subset of posix_spawn that makes sense without files and process groups: attributes and file actions exist and
 * are empty; whoever asks for more is told ENOSYS.
 */
#include <errno.h>
#include <pagoda/spawn.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>

int posix_spawnp(pid_t *restrict pid, const char *restrict file, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *restrict attr, char *const argv[], char *const envp[])
{
    (void)actions, (void)attr; /* can't hold anything, see below */
    return spawn_program(file, argv, envp, 0, pid);
}

int posix_spawn(pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *restrict attr, char *const argv[], char *const envp[])
{
    if (strchr(path, '/') == NULL)
        return ENOENT; /* relative to a current directory that does not exist */
    return posix_spawnp(pid, path, actions, attr, argv, envp);
}

int posix_spawn_file_actions_init(posix_spawn_file_actions_t *a)
{
    *a = NULL;
    return 0;
}

int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *a)
{
    (void)a;
    return 0;
}

int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *restrict a, int fd, const char *restrict path, int flags,
                                     mode_t mode)
{
    (void)a, (void)fd, (void)path, (void)flags, (void)mode;
    return ENOSYS;
}

int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *a, int from, int to)
{
    (void)a, (void)from, (void)to;
    return ENOSYS;
}

int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *a, int fd)
{
    (void)a, (void)fd;
    return ENOSYS;
}

int posix_spawnattr_init(posix_spawnattr_t *a)
{
    *a = NULL;
    return 0;
}

int posix_spawnattr_destroy(posix_spawnattr_t *a)
{
    (void)a;
    return 0;
}
