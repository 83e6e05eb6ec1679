/* SPDX-License-Identifier: MIT
 * exec and spawn: arguments and environment packed into one buffer that the process manager reads while we wait.
 * On an error nothing has changed; the buffer, when it was not small, is the only thing to give back.
 */
#include "cancel.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <ipc/fs.h>
#include <ipc/procmgr.h>
#include <pagoda/spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int start_program(struct ipc_msg *m, const char *path, char *const argv[], char *const envp[], unsigned depth);

/* argv, then envp, each string with its nul. */
struct packed_strings {
    char *bytes;
    size_t len, room;
    uint64_t argc, envc;
};
#define STRINGS_SMALL 512 /* bytes; the usual ones need no memory of the heap's */

static size_t strings_size(char *const list[])
{
    size_t bytes = 0;
    for (; list != NULL && *list != NULL && bytes <= PROC_ARGS_MAX; list++)
        bytes += strlen(*list) + 1;
    return bytes;
}

/* false: they don't fit. */
static bool strings_append(struct packed_strings *s, char *const list[], uint64_t *count)
{
    *count = 0;
    for (; list != NULL && list[*count] != NULL; (*count)++) {
        size_t len = strlen(list[*count]) + 1;
        if (len > s->room - s->len)
            return false;
        memcpy(s->bytes + s->len, list[*count], len);
        s->len += len;
    }
    return true;
}

/* The new program has them on its stack, with a pointer to each, and needs the rest of it: half is what they may take. A half of the
 * smallest stack there is is not asked for. */
#define STACK_SURE_BYTES 8192u
static bool stack_holds(const struct packed_strings *s)
{
    struct ipc_msg m = {.w = {PROC_LIMIT, PROC_LIMIT_STACK, ~0UL}};
    size_t bytes = s->len + (s->argc + s->envc + 2) * sizeof(char *);
    return bytes <= STACK_SURE_BYTES || (proc_call(H_PROC, &m) == OK && bytes <= m.w[1] / 2);
}

static bool strings_put(struct packed_strings *s, char *const argv[], char *const envp[])
{
    s->len = 0;
    return strings_append(s, argv, &s->argc) && strings_append(s, envp, &s->envc);
}

/* Into what it has, which every stack holds, else into memory of the heap's. Returns an errno value. */
static int strings_pack(struct packed_strings *s, char *const argv[], char *const envp[])
{
    if (strings_put(s, argv, envp))
        return 0;
    s->room = strings_size(argv) + strings_size(envp);
    if (s->room > PROC_ARGS_MAX)
        return E2BIG;
    s->bytes = malloc(s->room);
    if (s->bytes == NULL)
        return ENOMEM;
    if (strings_put(s, argv, envp) && stack_holds(s))
        return 0;
    free(s->bytes);
    return E2BIG;
}

/* PROC_EXEC and PROC_SPAWN differ in one word. w[5]: a descriptor + 1, 0: a program of the boot image. Returns an errno value; the pid
 * is the reply's first word. */
static int ask(struct ipc_msg *m, const char *path, char *const argv[], char *const envp[])
{
    char small[STRINGS_SMALL];
    struct packed_strings s = {.bytes = small, .room = sizeof small};
    size_t path_len = strlen(path);
    if (path_len == 0)
        return ENOENT;
    if (path_len >= PROC_PATH_MAX)
        return ENAMETOOLONG;
    int error = strings_pack(&s, argv, envp);
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
    if (s.bytes != small)
        free(s.bytes);
    return __error_errno(err);
}

struct opened {
    const char *path; /* what a script is called */
    uint64_t fd;
    bool is_ours;     /* by FS_O_PROGRAM: the program knows nothing of it, and a full table is in nobody's way */
};
#define SCRIPT_LINE_MAX 256
#define SCRIPTS_NESTED_MAX 4

/* "#! interpreter argument" in line: splits it. */
static bool script_line(char *line, char **interpreter, char **argument)
{
    if (line[0] != '#' || line[1] != '!')
        return false;
    line[strcspn(line, "\n")] = '\0';
    *interpreter = line + 2 + strspn(line + 2, " \t");
    char *end = *interpreter + strcspn(*interpreter, " \t");
    *argument = end + strspn(end, " \t");
    size_t len = strlen(*argument);
    while (len > 0 && ((*argument)[len - 1] == ' ' || (*argument)[len - 1] == '\t' || (*argument)[len - 1] == '\r'))
        (*argument)[--len] = '\0';
    *end = '\0';
    return **interpreter != '\0';
}

/* The interpreter with its argument, then the script's path in the place of argv[0]. */
static int start_interpreter(struct ipc_msg *m, const char *const first[3], char *const argv[], char *const envp[], unsigned depth)
{
    size_t argc = 0, n = 0;
    while (argv != NULL && argv[argc] != NULL)
        argc++;
    char **list = malloc((argc + 4) * sizeof *list);
    if (list == NULL)
        return ENOMEM;
    for (unsigned i = 0; i < 3; i++)
        if (first[i][0] != '\0')
            list[n++] = (char *)(uintptr_t)first[i];
    for (size_t i = 1; i < argc; i++)
        list[n++] = argv[i];
    list[n] = NULL;
    int error = start_program(m, first[0], list, envp, depth + 1);
    free(list);
    return error;
}

static int open_ours(const char *path, struct opened *out)
{
    *out = (struct opened){.path = path, .is_ours = true};
    return __path_call((struct ipc_msg){.w = {FS_OPEN, O_RDONLY | O_CLOEXEC | FS_O_PROGRAM}}, AT_FDCWD, path, &out->fd) == 0 ? 0 : errno;
}

static void close_ours(struct opened *file)
{
    struct ipc_msg m = {.w = {FS_CLOSE, file->fd}};
    if (file->is_ours)
        (void)__files_call_fd(&m, NULL, 0);
    file->is_ours = false;
}

/* Its first bytes: how many, negative with errno. */
static ssize_t first_bytes(const struct opened *file, char *to, size_t len)
{
    struct ipc_msg m = {.w = {FS_PREAD, file->fd}};
    const struct ipc_buf buf = {to, len, BUF_W};
    if (!file->is_ours)
        return pread((int)file->fd, to, len, 0);
    return __error_set(__files_call_fd(&m, &buf, 1)) == 0 ? (ssize_t)m.w[1] : -1;
}

static int stat_of(const struct opened *file, struct stat *st)
{
    struct ipc_msg m = {.w = {FS_FSTAT, file->fd}};
    const struct ipc_buf buf = {st, sizeof *st, BUF_W};
    return file->is_ours ? __error_set(__files_call_fd(&m, &buf, 1)) : fstat((int)file->fd, st);
}

static int executable(const struct opened *file)
{
    struct stat st;
    if (stat_of(file, &st) != 0)
        return errno;
    return S_ISREG(st.st_mode) && (st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0 ? 0 : EACCES;
}

/* An open file, that is not needed afterwards. A script's is closed before its interpreter is opened: a thread has one at a time. */
static int start_open(struct ipc_msg *m, struct opened *file, char *const argv[], char *const envp[], unsigned depth)
{
    char line[SCRIPT_LINE_MAX] = {0}, *interpreter, *argument;
    const char *path = file->path;
    struct ipc_msg script = *m;
    ssize_t got = first_bytes(file, line, sizeof line - 1);
    int error = got < 0 ? (errno == EISDIR || errno == ESPIPE ? EACCES : errno) : 0;
    if (error == 0 && script_line(line, &interpreter, &argument)) {
        error = executable(file);
        close_ours(file);
        if (error == 0 && depth == SCRIPTS_NESTED_MAX)
            error = ELOOP;
        if (error == 0)
            error = start_interpreter(&script, (const char *const[3]){interpreter, argument, path}, argv, envp, depth);
        *m = script;
    } else if (error == 0) {
        m->w[5] = file->fd + 1;
        error = ask(m, path, argv, envp);
    }
    close_ours(file);
    return error;
}

/* A file, not of the boot image. No cancellation point: it would be left open. */
static int start_file(struct ipc_msg *m, const char *path, char *const argv[], char *const envp[], unsigned depth)
{
    struct opened file;
    __cancel_held++;
    int error = open_ours(path, &file);
    if (error == 0)
        error = start_open(m, &file, argv, envp, depth);
    __cancel_held--;
    return error;
}

static int start_program(struct ipc_msg *m, const char *path, char *const argv[], char *const envp[], unsigned depth)
{
    const struct ipc_msg request = *m;
    bool whole = strchr(path, '/') != NULL; /* else a file of this directory, not one of the image */
    int error = whole ? ask(m, path, argv, envp) : ENOENT;
    if (error != ENOENT || path[0] == '\0')
        return error;
    *m = request;
    return start_file(m, path, argv, envp, depth);
}

int execve(const char *path, char *const argv[], char *const envp[])
{
    struct ipc_msg m = {.w = {PROC_EXEC}};
    errno = start_program(&m, path, argv, envp, 0); /* that it returned is the error */
    return -1;
}

int fexecve(int fd, char *const argv[], char *const envp[])
{
    char path[] = "/dev/fd/\0\0\0\0\0\0\0\0\0\0", *end = path + strlen(path);
    struct ipc_msg m = {.w = {PROC_EXEC}};
    for (int left = fd; left > 0 || end[0] == '\0'; left /= 10) { /* bound: digits */
        memmove(end + 1, end, strlen(end));
        *end = (char)('0' + left % 10);
    }
    errno = start_open(&m, &(struct opened){path, (uint64_t)fd, false}, argv, envp, 0);
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
    int error = start_program(&m, path, s->argv, s->envp, 0);
    if (error == ENOEXEC) { /* a script that does not say so */
        m = s->m;
        error = start_interpreter(&m, (const char *const[3]){"/bin/sh", "", path}, s->argv, s->envp, 0);
    }
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

int __spawn_file(const char *path, char *const argv[], char *const envp[], pid_t *pid)
{
    struct ipc_msg m = {.w = {PROC_SPAWN}};
    int error = start_program(&m, path, argv, envp, 0);
    if (error == 0 && pid != NULL)
        *pid = (pid_t)m.w[1];
    return error;
}
