/* SPDX-License-Identifier: MIT
 * A path without links, dots and double slashes.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
    char done[PATH_MAX]; /* what is resolved; empty: the root */
    size_t len;
    char rest[PATH_MAX]; /* what is not */
    unsigned links;
};

static int fail(int error)
{
    errno = error;
    return -1;
}

/* What the link says comes before what is left. */
static int splice(struct walk *w)
{
    char said[PATH_MAX];
    ssize_t n = readlink(w->done, said, sizeof said - 1);
    if (n < 0)
        return -1;
    size_t rest = strlen(w->rest);
    if (++w->links > SYMLOOP_MAX)
        return fail(ELOOP);
    if ((size_t)n + 1 + rest + 1 > sizeof w->rest)
        return fail(ENAMETOOLONG);
    memmove(w->rest + n + 1, w->rest, rest + 1);
    memcpy(w->rest, said, (size_t)n);
    w->rest[n] = '/';
    w->len = said[0] == '/' ? 0 : (size_t)(strrchr(w->done, '/') - w->done);
    w->done[w->len] = '\0';
    return 0;
}

static int step(struct walk *w, const char *name, size_t len)
{
    struct stat st;
    if (len == 1 && name[0] == '.')
        return 0;
    if (len == 2 && name[0] == '.' && name[1] == '.') {
        char *slash = strrchr(w->done, '/');
        w->len = slash != NULL ? (size_t)(slash - w->done) : 0;
        w->done[w->len] = '\0';
        return 0;
    }
    if (w->len + 1 + len >= sizeof w->done)
        return fail(ENAMETOOLONG);
    w->done[w->len++] = '/';
    memcpy(w->done + w->len, name, len);
    w->len += len;
    w->done[w->len] = '\0';
    if (lstat(w->done, &st) != 0)
        return -1;
    if (S_ISLNK(st.st_mode))
        return splice(w);
    return w->rest[0] != '\0' && !S_ISDIR(st.st_mode) ? fail(ENOTDIR) : 0;
}

static int resolve(struct walk *w)
{
    char name[NAME_MAX + 1];
    while (w->rest[0] != '\0') { /* bound: names of a path, SYMLOOP_MAX times */
        size_t len = strcspn(w->rest, "/");
        bool more = w->rest[len] == '/';
        if (len > NAME_MAX)
            return fail(ENAMETOOLONG);
        memcpy(name, w->rest, len);
        memmove(w->rest, w->rest + len + more, strlen(w->rest + len + more) + 1);
        if (more && w->rest[0] == '\0' && len > 0) /* a slash at the end: a directory is meant */
            strcpy(w->rest, ".");
        if (len > 0 && step(w, name, len) != 0)
            return -1;
    }
    return 0;
}

char *realpath(const char *restrict path, char *restrict to)
{
    struct walk w = {.len = 0};
    if (path == NULL || *path == '\0') {
        errno = path == NULL ? EINVAL : ENOENT;
        return NULL;
    }
    if (strlen(path) >= sizeof w.rest) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    strcpy(w.rest, path);
    if (*path != '/') {
        if (getcwd(w.done, sizeof w.done) == NULL) {
            errno = errno == ERANGE ? ENAMETOOLONG : errno;
            return NULL;
        }
        w.len = strcmp(w.done, "/") == 0 ? 0 : strlen(w.done);
        w.done[w.len] = '\0';
    }
    if (resolve(&w) != 0)
        return NULL;
    if (w.len == 0)
        strcpy(w.done, "/");
    return to != NULL ? strcpy(to, w.done) : strdup(w.done);
}
