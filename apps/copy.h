/* SPDX-License-Identifier: MIT
 * Copying files and trees, for cp and for mv between file systems. Directories are gone into on both sides at once, so neither path gets
 * too long: descriptors are kept of the two directories where one is, and no others.
 */
#ifndef APPS_COPY_H
#define APPS_COPY_H

#include "names.h"
#include "tool.h"

#include <sys/stat.h>
#include <utime.h>

#define COPY_LINK_MAX 4096

static bool copy_forced, copy_exact, copy_deep, copy_asks;
/* What becomes of links. COPY_USUAL: with copy_deep as COPY_AS_LINKS, else as COPY_FOLLOW. */
static enum { COPY_USUAL, COPY_AS_LINKS, COPY_NAMED, COPY_FOLLOW } copy_links;

/* One directory that is being copied. */
struct copy_level {
    char **names;
    size_t n, at;
    char *made;     /* its name where it goes, for its attributes */
    struct stat st;
    int back;       /* the directory where the link is by which it was reached, else -1 */
    struct copy_level *above;
};
static struct {
    struct copy_level *top;
    int base, from, to; /* where one began, and the two directories where one is */
    struct stat made;   /* the first directory that was made: it is not copied into itself */
} copy_state;

static int copy_bytes(int in, int out, const char *from, const char *to)
{
    static char piece[32768];
    ssize_t n;
    while ((n = read(in, piece, sizeof piece)) > 0)
        for (ssize_t done = 0, m; done < n; done += m) /* bound: at least a byte a turn */
            if ((m = write(out, piece + done, (size_t)(n - done))) <= 0)
                return tool_error(to);
    return n < 0 ? tool_error(from) : 0;
}

static int copy_attributes(const char *to, const struct stat *st)
{
    struct utimbuf times = {.actime = st->st_atime, .modtime = st->st_mtime};
    return chmod(to, st->st_mode & 07777) == 0 && utime(to, &times) == 0 ? 0 : tool_error(to);
}

/* In the directory that is written to. */
static int copy_file(const char *from, const char *to, int in, const struct stat *st)
{
    struct stat there;
    if (stat(to, &there) == 0 && there.st_ino == st->st_ino && there.st_dev == st->st_dev) {
        fprintf(stderr, "%s: %s and %s are the same file\n", tool_name, from, to);
        return 1;
    }
    if (copy_asks && lstat(to, &there) == 0 && !S_ISDIR(there.st_mode) && !tool_confirm("write over", to))
        return 0;
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, st->st_mode & 0777);
    if (out < 0 && copy_forced && unlink(to) == 0)
        out = open(to, O_WRONLY | O_CREAT | O_TRUNC, st->st_mode & 0777);
    if (out < 0)
        return tool_error(to);
    int status = copy_bytes(in, out, from, to);
    if (close(out) != 0)
        status = tool_error(to);
    return status != 0 || !copy_exact ? status : copy_attributes(to, st);
}

static int copy_link(const char *name, const char *to)
{
    char text[COPY_LINK_MAX];
    if (fchdir(copy_state.from) != 0)
        return tool_error(name);
    ssize_t n = readlink(name, text, sizeof text - 1);
    if (n < 0 || fchdir(copy_state.to) != 0)
        return tool_error(name);
    text[n] = '\0';
    struct stat there;
    bool is_there = copy_asks && lstat(to, &there) == 0 && !S_ISDIR(there.st_mode);
    if (is_there && !tool_confirm("replace", to))
        return 0;
    if (copy_forced || is_there)
        (void)unlink(to);
    return symlink(text, to) == 0 ? 0 : tool_error(to);
}

static int copy_list(struct copy_level *l, const char *name)
{
    int fd = dup(copy_state.from);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (d == NULL)
        return tool_error(name);
    l->names = names_read(d, &l->n);
    return 0;
}

/* The two directories where one is from now on. */
static void copy_move(int from, int to)
{
    bool is_kept = copy_state.top != NULL && copy_state.top->back == copy_state.from;
    if (copy_state.from != copy_state.base && !is_kept)
        (void)close(copy_state.from);
    if (copy_state.to != copy_state.base)
        (void)close(copy_state.to);
    copy_state.from = from;
    copy_state.to = to;
}

static int copy_refuse(const char *name, int error)
{
    errno = error;
    return tool_error(name);
}

/* One of the directories around is this one: a link leads back. */
static bool copy_is_around(const struct stat *st)
{
    const struct copy_level *l = copy_state.top;
    while (l != NULL && (l->st.st_ino != st->st_ino || l->st.st_dev != st->st_dev)) /* bound: levels */
        l = l->above;
    return l != NULL;
}

static int copy_enter(const char *name, const char *to, const struct stat *st)
{
    struct stat made, here;
    if (copy_is_around(st))
        return copy_refuse(name, ELOOP);
    if (fchdir(copy_state.from) != 0)
        return tool_error(name);
    bool by_link = copy_links == COPY_FOLLOW && lstat(name, &here) == 0 && S_ISLNK(here.st_mode);
    int in = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (in < 0 || fchdir(copy_state.to) != 0)
        return tool_error(name);
    bool good = (mkdir(to, (st->st_mode & 0777) | 0700) == 0 || errno == EEXIST) && stat(to, &made) == 0;
    int out = good ? open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (out < 0) {
        int status = tool_error(to);
        (void)close(in);
        return status;
    }
    struct copy_level *l = calloc(1, sizeof *l);
    if (l == NULL || (l->made = strdup(to)) == NULL)
        exit(tool_error("memory"));
    l->st = *st;
    l->back = by_link && copy_state.top != NULL ? copy_state.from : -1;
    l->above = copy_state.top;
    if (l->above == NULL)
        copy_state.made = made;
    copy_state.top = l;
    copy_move(in, out);
    return copy_list(l, name);
}

/* Back to the two directories around. */
static int copy_leave(void)
{
    struct copy_level *l = copy_state.top;
    int from = copy_state.base, to = copy_state.base, status = 0;
    copy_state.top = l->above;
    if (l->above != NULL) {
        from = l->back >= 0 ? l->back : fchdir(copy_state.from) == 0 ? open("..", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        to = fchdir(copy_state.to) == 0 ? open("..", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        if (from < 0 || to < 0)
            exit(tool_error(l->made)); /* somewhere else nothing may be written */
    }
    copy_move(from, to);
    if (copy_exact && fchdir(copy_state.to) == 0)
        status = copy_attributes(l->made, &l->st);
    for (size_t i = 0; i < l->n; i++)
        free(l->names[i]);
    free(l->names);
    free(l->made);
    free(l);
    return status;
}

static int copy_one(const char *name, const char *to)
{
    struct stat st;
    bool follows = copy_links == COPY_USUAL ? !copy_deep
                   : copy_links == COPY_NAMED ? !copy_deep || copy_state.top == NULL : copy_links == COPY_FOLLOW;
    if (fchdir(copy_state.from) != 0 || (follows ? stat(name, &st) : lstat(name, &st)) != 0)
        return tool_error(name);
    if (S_ISDIR(st.st_mode) && !copy_deep)
        return copy_refuse(name, EISDIR);
    if (copy_state.top != NULL && st.st_ino == copy_state.made.st_ino && st.st_dev == copy_state.made.st_dev)
        return copy_refuse(name, EINVAL); /* into itself */
    if (S_ISDIR(st.st_mode))
        return copy_enter(name, to, &st);
    if (S_ISLNK(st.st_mode))
        return copy_link(name, to);
    if (!S_ISREG(st.st_mode) && copy_deep)
        return copy_refuse(name, EINVAL);
    int in = open(name, O_RDONLY | O_CLOEXEC);
    if (in < 0 || fchdir(copy_state.to) != 0)
        return tool_error(name);
    int status = copy_file(name, to, in, &st);
    (void)close(in);
    return status;
}

/* One file or tree; the worst status. */
TOOL_UNUSED static int copy(const char *from, const char *to)
{
    copy_state.base = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy_state.base < 0)
        return tool_error(".");
    copy_state.from = copy_state.to = copy_state.base;
    int status = copy_one(from, to);
    while (copy_state.top != NULL) { /* bound: the files */
        struct copy_level *l = copy_state.top;
        if (l->at < l->n) {
            const char *name = l->names[l->at++];
            status |= copy_one(name, name);
        } else {
            status |= copy_leave();
        }
    }
    if (fchdir(copy_state.base) != 0)
        status = tool_error(".");
    (void)close(copy_state.base);
    return status;
}

#endif
