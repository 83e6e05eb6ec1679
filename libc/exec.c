/* SPDX-License-Identifier: MIT
 * exec and spawn: arguments and environment packed into one buffer that the process manager reads while we wait.
 * On an error nothing has changed; the buffer is the only thing to give back.
 */
#include "internal.h"

#include <errno.h>
#include <ipc/procmgr.h>
#include <pagoda/spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t strings_size(char *const list[], uint64_t *count)
{
    size_t bytes = 0;
    *count = 0;
    if (list == NULL)
        return 0;
    for (; list[*count] != NULL && bytes <= PROC_ARGS_MAX; (*count)++)
        bytes += strlen(list[*count]) + 1;
    return bytes;
}

static char *strings_append(char *to, char *const list[], uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        size_t len = strlen(list[i]) + 1;
        memcpy(to, list[i], len);
        to += len;
    }
    return to;
}

/* Returns an errno value. */
int __strings_pack(char *const argv[], char *const envp[], struct packed_strings *out)
{
    out->len = strings_size(argv, &out->argc);
    out->len += strings_size(envp, &out->envc);
    if (out->len > PROC_ARGS_MAX)
        return E2BIG;
    out->bytes = malloc(out->len + 1);
    if (out->bytes == NULL)
        return ENOMEM;
    (void)strings_append(strings_append(out->bytes, argv, out->argc), envp, out->envc);
    return 0;
}

/* Why there is no program of that name: the files may know better. */
static int why_none(const char *path)
{
    struct stat st;
    if (strchr(path, '/') == NULL)
        return ENOENT;
    if (stat(path, &st) != 0)
        return errno == ENOTDIR || errno == ENAMETOOLONG || errno == ELOOP ? errno : ENOENT;
    return S_ISDIR(st.st_mode) || !(st.st_mode & 0111) ? EACCES : ENOENT;
}

/* PROC_EXEC and PROC_SPAWN differ in one word. Returns an errno value; *pid is the reply's first word. */
static int start_program(struct ipc_msg *m, const char *path, char *const argv[], char *const envp[])
{
    struct packed_strings s;
    size_t path_len = strlen(path);
    if (path_len == 0)
        return ENOENT;
    if (path_len >= PROC_PATH_MAX)
        return ENAMETOOLONG;
    int error = __strings_pack(argv, envp, &s);
    if (error != 0)
        return error;
    m->w[1] = path_len;
    m->w[2] = s.argc;
    m->w[3] = s.envc;
    const struct ipc_buf bufs[2] = {
        {.addr = (char *)(uintptr_t)path, .len_bytes = path_len, .access = BUF_R},
        {.addr = s.bytes, .len_bytes = s.len, .access = BUF_R},
    };
    __stderr_push();
    err_t err = proc_call_full(H_PROC, m, bufs, 2);
    free(s.bytes);
    return err == ERR_NOENT ? why_none(path) : __error_errno(err);
}

int execve(const char *path, char *const argv[], char *const envp[])
{
    struct ipc_msg m = {.w = {PROC_EXEC}};
    errno = start_program(&m, path, argv, envp); /* that it returned is the error */
    return -1;
}

int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

struct search {
    struct ipc_msg m;
    char *const *argv;
    char *const *envp;
};

static int try_path(const char *path, void *context)
{
    struct search *s = context;
    struct ipc_msg m = s->m;
    int error = start_program(&m, path, s->argv, s->envp);
    if (error == 0)
        s->m = m;
    return error;
}

int execvpe(const char *file, char *const argv[], char *const envp[])
{
    struct search s = {.m = {.w = {PROC_EXEC}}, .argv = argv, .envp = envp};
    errno = __path_search(file, try_path, &s);
    return -1;
}

int execvp(const char *file, char *const argv[])
{
    return execvpe(file, argv, environ);
}

int spawn_program(const char *file, char *const argv[], char *const envp[], unsigned long flags, pid_t *pid)
{
    struct search s = {.m = {.w = {PROC_SPAWN, 0, 0, 0, flags}}, .argv = argv, .envp = envp};
    int error = __path_search(file, try_path, &s);
    if (error == 0 && pid != NULL)
        *pid = (pid_t)s.m.w[1];
    return error;
}
