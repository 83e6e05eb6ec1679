/* SPDX-License-Identifier: MIT
 * Walks through trees of files. The names in a directory are read before it is gone through, so one directory is open at a time
 * however deep the tree is, and what fn removes or makes does not matter.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Directories that were seen: links may lead to one again, also around in a circle. Open addressing, half of it free at least. */
struct seen {
    struct place {
        dev_t dev;
        ino_t ino; /* 0: free */
    } *place;
    size_t used, room; /* room: a power of two */
};

struct walk {
    int (*fn)(const char *path, const struct stat *st, int what, struct FTW *where);
    int (*old_fn)(const char *path, const struct stat *st, int what);
    int flags;
    int home;  /* FTW_CHDIR: where paths begin */
    dev_t dev; /* FTW_MOUNT */
    struct seen seen;
    char path[PATH_MAX];
};

/* The names in a directory, one after the other. */
struct names {
    char *bytes;
    size_t len, room;
};

static int names_add(struct names *n, const char *name)
{
    size_t len = strlen(name) + 1;
    if (n->len + len > n->room) {
        char *more = realloc(n->bytes, (n->len + len) * 2);
        if (more == NULL)
            return -1;
        n->bytes = more;
        n->room = (n->len + len) * 2;
    }
    memcpy(n->bytes + n->len, name, len);
    n->len += len;
    return 0;
}

static int names_read(const char *path, struct names *n)
{
    struct dirent *e;
    int err = 0;
    *n = (struct names){0};
    DIR *d = opendir(path);
    if (d == NULL)
        return -1;
    errno = 0;
    while (err == 0 && (e = readdir(d)) != NULL) { /* bound: the directory's entries */
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            err = names_add(n, e->d_name);
        if (err == 0)
            errno = 0; /* what succeeds may set it, too */
    }
    int kept = errno;
    (void)closedir(d);
    errno = kept;
    return err != 0 || kept != 0 ? -1 : 0;
}

/* FTW_CHDIR: fn finds itself in the directory of the file. */
static int go_to(const struct walk *w, size_t base)
{
    char folder[PATH_MAX];
    memcpy(folder, w->path, base);
    folder[base] = '\0';
    return base == 0 ? 0 : chdir(folder);
}

static int tell(struct walk *w, size_t base, const struct stat *st, int what, int level)
{
    struct FTW where = {.base = (int)base, .level = level};
    if (w->old_fn != NULL)
        return w->old_fn(w->path, st, what == FTW_SLN ? FTW_NS : what);
    if (!(w->flags & FTW_CHDIR))
        return w->fn(w->path, st, what, &where);
    if (go_to(w, base) != 0)
        return -1;
    int result = w->fn(w->path, st, what, &where), kept = errno;
    if (fchdir(w->home) != 0)
        return -1;
    errno = kept;
    return result;
}

static int kind_of(const struct walk *w, struct stat *st)
{
    if (((w->flags & FTW_PHYS) ? lstat(w->path, st) : stat(w->path, st)) == 0)
        return S_ISDIR(st->st_mode) ? FTW_D : S_ISLNK(st->st_mode) ? FTW_SL : FTW_F;
    if (!(w->flags & FTW_PHYS) && (errno == ENOENT || errno == ELOOP) && lstat(w->path, st) == 0 && S_ISLNK(st->st_mode))
        return FTW_SLN;
    return errno == EACCES ? FTW_NS : -1;
}

static int visit(struct walk *w, size_t len, size_t base, int level);

static int children(struct walk *w, size_t len, const struct names *n, int level)
{
    size_t at = len + (len == 0 || w->path[len - 1] != '/');
    for (size_t i = 0; i < n->len; i += strlen(n->bytes + i) + 1) { /* bound: the directory's entries */
        size_t name_len = strlen(n->bytes + i);
        if (at + name_len >= sizeof w->path) {
            errno = ENAMETOOLONG;
            return -1;
        }
        w->path[at - 1] = '/';
        memcpy(w->path + at, n->bytes + i, name_len + 1);
        int result = visit(w, at + name_len, at, level);
        w->path[len] = '\0';
        if (result != 0)
            return result;
    }
    return 0;
}

static struct place *place_of(const struct seen *n, dev_t dev, ino_t ino)
{
    size_t i = (size_t)(ino * 2654435761u + dev) & (n->room - 1);
    while (n->place[i].ino != 0 && (n->place[i].ino != ino || n->place[i].dev != dev)) /* bound: half of the places is free */
        i = (i + 1) & (n->room - 1);
    return &n->place[i];
}

static int seen_grow(struct seen *n)
{
    struct seen more = {.room = n->room != 0 ? n->room * 2 : 32};
    more.place = calloc(more.room, sizeof *more.place);
    if (more.place == NULL)
        return -1;
    for (size_t i = 0; i < n->room; i++)
        if (n->place[i].ino != 0)
            *place_of(&more, n->place[i].dev, n->place[i].ino) = n->place[i];
    more.used = n->used;
    free(n->place);
    *n = more;
    return 0;
}

/* Notes the directory. 1: it was seen before; -1: no memory. */
static int was_seen(struct seen *n, const struct stat *st)
{
    if ((n->used + 1) * 2 > n->room && seen_grow(n) != 0)
        return -1;
    struct place *at = place_of(n, st->st_dev, st->st_ino);
    if (at->ino != 0)
        return 1;
    *at = (struct place){st->st_dev, st->st_ino};
    n->used++;
    return 0;
}

/* Where a directory is: its path, and how deep. */
struct spot {
    size_t len, base;
    int level;
};

static int directory(struct walk *w, struct spot at, const struct stat *st)
{
    struct names n;
    int again = w->flags & FTW_PHYS ? 0 : was_seen(&w->seen, st);
    if (again != 0 || ((w->flags & FTW_MOUNT) && st->st_dev != w->dev))
        return again < 0 ? -1 : 0;
    if (names_read(w->path, &n) != 0) {
        free(n.bytes);
        if (errno == ENOENT && at.level > 0)
            return 0; /* it is gone again */
        return errno == EACCES ? tell(w, at.base, st, FTW_DNR, at.level) : -1;
    }
    int result = w->flags & FTW_DEPTH ? 0 : tell(w, at.base, st, FTW_D, at.level);
    if (result == 0)
        result = children(w, at.len, &n, at.level + 1);
    free(n.bytes);
    if (result == 0 && (w->flags & FTW_DEPTH))
        result = tell(w, at.base, st, FTW_DP, at.level);
    return result;
}

/* The file that the path names. Calls itself for what is in it: a path has no more levels than PATH_MAX / 2. */
static int visit(struct walk *w, size_t len, size_t base, int level)
{
    struct stat st;
    memset(&st, 0, sizeof st);
    int what = kind_of(w, &st);
    if (what < 0)
        return level > 0 && errno == ENOENT ? 0 : -1; /* it is gone again */
    if (level == 0)
        w->dev = st.st_dev;
    return what == FTW_D ? directory(w, (struct spot){len, base, level}, &st) : tell(w, base, &st, what, level);
}

static int begin(struct walk *w, const char *path)
{
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof w->path) {
        errno = len == 0 ? ENOENT : ENAMETOOLONG;
        return -1;
    }
    memcpy(w->path, path, len + 1);
    while (len > 1 && w->path[len - 1] == '/')
        w->path[--len] = '\0';
    const char *slash = strrchr(w->path, '/');
    return visit(w, len, slash != NULL && len > 1 ? (size_t)(slash + 1 - w->path) : 0, 0);
}

int nftw(const char *path, int (*fn)(const char *path, const struct stat *st, int what, struct FTW *where), int open_max, int flags)
{
    (void)open_max;
    struct walk *w = malloc(sizeof *w);
    if (w == NULL)
        return -1;
    *w = (struct walk){.fn = fn, .flags = flags, .home = -1};
    if (flags & FTW_CHDIR)
        w->home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = (flags & FTW_CHDIR) && w->home < 0 ? -1 : begin(w, path), kept = errno;
    if (w->home >= 0)
        (void)close(w->home);
    free(w->seen.place);
    free(w);
    errno = kept;
    return result;
}

int ftw(const char *path, int (*fn)(const char *path, const struct stat *st, int what), int open_max)
{
    (void)open_max;
    struct walk *w = malloc(sizeof *w);
    if (w == NULL)
        return -1;
    *w = (struct walk){.old_fn = fn, .home = -1};
    int result = begin(w, path), kept = errno;
    free(w->seen.place);
    free(w);
    errno = kept;
    return result;
}
