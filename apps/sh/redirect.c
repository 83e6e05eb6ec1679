/* SPDX-License-Identifier: MIT
 * Redirections of the shell's own descriptors, and back again: what a program inherits is what the shell has when it starts it.
 */
#include "sh.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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
    return redirect_fd((int)from, r->fd, saved) ? 0 : complain(1, word, strerror(errno));
}

static int redirect_one(const struct redirection *r, struct saved *saved)
{
    char *word = expand_single(r->word->start, r->word->len);
    if (expansion_failed())
        return STATUS_SYNTAX;
    if (r->kind == T_LESSAND || r->kind == T_GREATAND)
        return redirect_to_descriptor(r, word, saved);
    int fd = open(word, open_flags(r->kind), 0666);
    if (fd < 0)
        return complain(1, word, strerror(errno));
    if (fd == r->fd) { /* it was closed before */
        if (saved != NULL && saved->n < SAVED_MAX) {
            saved->at[saved->n].fd = fd;
            saved->at[saved->n++].copy = -1;
        }
        return 0;
    }
    bool good = redirect_fd(fd, r->fd, saved);
    int error = errno;
    (void)close(fd);
    return good ? 0 : complain(1, word, strerror(error));
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
