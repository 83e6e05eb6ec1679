/* SPDX-License-Identifier: MIT
 * Redirections of the shell's own descriptors, and back again: what a program inherits is what the shell has when it starts it.
 */
#include "sh.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool save(int fd, struct saved *saved)
{
    for (int i = 0; saved != NULL && i < saved->n; i++)
        if (saved->at[i].fd == fd)
            return true;
    if (saved == NULL)
        return true;
    if (saved->n == SAVED_MAX)
        return false;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, SAVED_FD);
    if (copy < 0 && errno != EBADF)
        return false;
    saved->at[saved->n].fd = fd;
    saved->at[saved->n++].copy = copy;
    return true;
}

bool redirect_fd(int from, int to, struct saved *saved)
{
    return save(to, saved) && dup2(from, to) == to;
}

void redirect_undo(struct saved *saved)
{
    while (saved->n > 0) {
        saved->n--;
        int fd = saved->at[saved->n].fd, copy = saved->at[saved->n].copy;
        if (copy < 0) {
            (void)close(fd);
            continue;
        }
        (void)dup2(copy, fd);
        (void)close(copy);
    }
}

static int open_flags(enum token_kind kind)
{
    switch (kind) {
    case T_LESS: return O_RDONLY;
    case T_LESSGREAT: return O_RDWR | O_CREAT;
    case T_DGREAT: return O_WRONLY | O_CREAT | O_APPEND;
    default: return O_WRONLY | O_CREAT | O_TRUNC;
    }
}

/* `set -C`: > leaves files alone that are there. */
static int open_file(const struct redirection *r, const char *path)
{
    struct stat st;
    if (r->kind == T_GREAT && option('C') && stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
        errno = EEXIST;
        return -1;
    }
    return open(path, open_flags(r->kind), 0666);
}

static int redirect_to_descriptor(const struct redirection *r, const char *word, struct saved *saved)
{
    if (strcmp(word, "-") == 0) {
        if (!save(r->fd, saved))
            return complain(1, word, strerror(errno));
        (void)close(r->fd);
        return 0;
    }
    char *end;
    long from = strtol(word, &end, 10);
    if (!isdigit((unsigned char)*word) || *end != '\0' || from > 9)
        return complain(STATUS_SYNTAX, word, "not a descriptor");
    return redirect_fd((int)from, r->fd, saved) ? 0 : complain(STATUS_SYNTAX, word, strerror(errno));
}

/* It was closed before, so that open() found it free. */
static int note_opened(int fd, struct saved *saved)
{
    if (saved != NULL && saved->n < SAVED_MAX) {
        saved->at[saved->n].fd = fd;
        saved->at[saved->n++].copy = -1;
    }
    (void)fcntl(fd, F_SETFD, 0);
    return 0;
}

static int redirect_one(const struct redirection *r, struct saved *saved)
{
    bool here = r->kind == T_HERE || r->kind == T_HERE_TABS;
    char *word = here ? arena_text("<<", 2) : expand_single(r->word->start, r->word->len);
    if (expansion_failed())
        return STATUS_SYNTAX;
    if (r->kind == T_LESSAND || r->kind == T_GREATAND)
        return redirect_to_descriptor(r, word, saved);
    int fd = here ? here_document(r) : open_file(r, word);
    if (expansion_failed()) {
        if (fd >= 0)
            (void)close(fd);
        return STATUS_SYNTAX;
    }
    if (fd < 0)
        return complain(1, word, strerror(errno));
    if (fd == r->fd)
        return note_opened(fd, saved);
    bool good = redirect_fd(fd, r->fd, saved);
    int error = errno;
    (void)close(fd);
    return good ? 0 : complain(STATUS_SYNTAX, word, strerror(error));
}

int redirect(const struct redirection *list, struct saved *saved)
{
    int status = 0;
    for (; list != NULL && status == 0; list = list->next)
        status = redirect_one(list, saved);
    if (status != 0 && saved != NULL)
        redirect_undo(saved);
    return status;
}
