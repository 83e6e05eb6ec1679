/* SPDX-License-Identifier: MIT
 * posix_spawn. Without file actions and attributes it is one request to the process manager; with some a forked child performs
 * them in order and becomes the program, and a pipe that closes at exec tells whether it could.
 */
#include "internal.h"
#include "spawnattr.h"

#include <errno.h>
#include <fcntl.h>
#include <ipc/fs.h>
#include <pagoda/spawn.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum action_kind { ACTION_OPEN, ACTION_DUP2, ACTION_CLOSE };
struct action {
    enum action_kind kind;
    int fd, from, flags;
    mode_t mode;
    char *path;
    struct action *next;
};
struct __posix_spawn_file_actions {
    struct action *first, **end;
};

/* ---- file actions ---- */

int posix_spawn_file_actions_init(posix_spawn_file_actions_t *a)
{
    *a = malloc(sizeof **a);
    if (*a == NULL)
        return ENOMEM;
    (*a)->first = NULL;
    (*a)->end = &(*a)->first;
    return 0;
}

int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *a)
{
    while ((*a)->first != NULL) { /* bound: its actions */
        struct action *gone = (*a)->first;
        (*a)->first = gone->next;
        free(gone->path);
        free(gone);
    }
    free(*a);
    *a = NULL;
    return 0;
}

static bool in_range(int fd) { return fd >= 0 && fd < (int)FS_DESCRIPTORS_MAX; }

static int action_add(posix_spawn_file_actions_t *a, struct action what)
{
    struct action *new = malloc(sizeof *new);
    if (new == NULL)
        return ENOMEM;
    *new = what;
    *(*a)->end = new;
    (*a)->end = &new->next;
    return 0;
}

int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *restrict a, int fd, const char *restrict path, int flags,
                                     mode_t mode)
{
    if (!in_range(fd))
        return EBADF;
    char *copy = strdup(path);
    if (copy == NULL)
        return ENOMEM;
    int error = action_add(a, (struct action){.kind = ACTION_OPEN, .fd = fd, .flags = flags, .mode = mode, .path = copy});
    if (error != 0)
        free(copy);
    return error;
}

int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *a, int from, int to)
{
    if (!in_range(from) || !in_range(to))
        return EBADF;
    return action_add(a, (struct action){.kind = ACTION_DUP2, .fd = to, .from = from});
}

int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *a, int fd)
{
    return in_range(fd) ? action_add(a, (struct action){.kind = ACTION_CLOSE, .fd = fd}) : EBADF;
}

/* ---- in the child ---- */

static int perform_open(const struct action *a)
{
    int fd = open(a->path, a->flags, a->mode);
    if (fd < 0 || fd == a->fd)
        return fd < 0 ? errno : 0;
    int error = dup2(fd, a->fd) < 0 ? errno : 0;
    (void)close(fd);
    return error;
}

static int perform(const struct action *a)
{
    switch (a->kind) {
    case ACTION_OPEN: return perform_open(a);
    case ACTION_CLOSE: return close(a->fd) == 0 || errno == EBADF ? 0 : errno;
    default: break;
    }
    if (a->from == a->fd) /* then it is to stay open */
        return fcntl(a->fd, F_SETFD, 0) < 0 ? errno : 0;
    return dup2(a->from, a->fd) < 0 ? errno : 0;
}

/* `report` must not be in the way of an action. */
static int report_aside(int report, const struct action *list)
{
    int above = 0;
    for (const struct action *a = list; a != NULL; a = a->next)
        above = a->fd >= above ? a->fd + 1 : above;
    return report >= above ? report : fcntl(report, F_DUPFD_CLOEXEC, above);
}

struct wanted {
    const struct action *list;
    const posix_spawnattr_t *attr;
    const char *file;
    char *const *argv, *const *envp;
    int (*exec)(const char *file, char *const argv[], char *const envp[]);
};

static _Noreturn void child(const struct wanted *w, int report)
{
    const struct action *list = w->list;
    int error = 0, aside = report_aside(report, list);
    if (aside < 0)
        error = errno;
    if (error == 0 && __spawnattr_any(w->attr))
        error = __spawnattr_perform(w->attr);
    for (const struct action *a = list; a != NULL && error == 0; a = a->next)
        error = perform(a);
    if (error == 0) {
        (void)w->exec(w->file, w->argv, w->envp);
        error = errno;
    }
    (void)write(aside < 0 ? report : aside, &error, sizeof error);
    _exit(127);
}

/* ---- spawn ---- */

static int spawn_with(const struct wanted *w, pid_t *pid)
{
    int p[2], error = 0;
    if (pipe2(p, O_CLOEXEC) != 0)
        return errno;
    pid_t made = fork();
    if (made == 0)
        child(w, p[1]);
    error = made < 0 ? errno : 0;
    (void)close(p[1]);
    if (made > 0 && read(p[0], &error, sizeof error) != (ssize_t)sizeof error)
        error = 0; /* it closed when the program began */
    (void)close(p[0]);
    if (made > 0 && error != 0)
        (void)waitpid(made, NULL, 0);
    else if (pid != NULL && error == 0)
        *pid = made;
    return error;
}

static const struct action *listed(const posix_spawn_file_actions_t *actions)
{
    return actions != NULL && *actions != NULL ? (*actions)->first : NULL;
}

int posix_spawnp(pid_t *restrict pid, const char *restrict file, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *restrict attr, char *const argv[], char *const envp[])
{
    const struct wanted w = {.list = listed(actions), .attr = attr, .file = file, .argv = argv, .envp = envp, .exec = execvpe};
    if (w.list != NULL || __spawnattr_any(attr))
        return spawn_with(&w, pid);
    return spawn_program(file, argv, envp, 0, pid);
}

int posix_spawn(pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *restrict attr, char *const argv[], char *const envp[])
{
    const struct wanted w = {.list = listed(actions), .attr = attr, .file = path, .argv = argv, .envp = envp, .exec = execve};
    if (w.list != NULL || __spawnattr_any(attr))
        return spawn_with(&w, pid);
    return __spawn_file(path, argv, envp, pid);
}
