/* SPDX-License-Identifier: MIT
 * A directory as a list in memory: scandir.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct entries {
    struct dirent **name;
    size_t n, room;
};
#define ROOM_FIRST 16u

static bool add(struct entries *all, const struct dirent *e)
{
    if (all->n == all->room) {
        size_t room = all->room > 0 ? 2 * all->room : ROOM_FIRST;
        struct dirent **more = reallocarray(all->name, room, sizeof *more);
        if (more == NULL)
            return false;
        all->name = more;
        all->room = room;
    }
    struct dirent *copy = malloc(sizeof *copy);
    if (copy == NULL)
        return false;
    *copy = *e;
    all->name[all->n++] = copy;
    return true;
}

static bool read_all(DIR *d, struct entries *all, int (*select)(const struct dirent *))
{
    for (;;) { /* bound: the directory */
        errno = 0;
        const struct dirent *e = readdir(d);
        if (e == NULL)
            return errno == 0;
        if ((select == NULL || select(e) != 0) && !add(all, e))
            return false;
    }
}

static void give_up(DIR *d, struct entries *all)
{
    int error = errno;
    while (all->n > 0)
        free(all->name[--all->n]);
    free(all->name);
    (void)closedir(d);
    errno = error;
}

int scandir(const char *path, struct dirent ***list, int (*select)(const struct dirent *),
            int (*compare)(const struct dirent **, const struct dirent **))
{
    DIR *d = opendir(path);
    struct entries all = {.name = d != NULL ? malloc(ROOM_FIRST * sizeof *all.name) : NULL, .room = ROOM_FIRST};
    if (d == NULL)
        return -1;
    int before = errno;
    if (all.name == NULL || !read_all(d, &all, select)) {
        give_up(d, &all);
        return -1;
    }
    errno = before;
    (void)closedir(d);
    if (compare != NULL)
        qsort(all.name, all.n, sizeof *all.name, (int (*)(const void *, const void *))(uintptr_t)compare);
    *list = all.name;
    return (int)all.n;
}

int alphasort(const struct dirent **a, const struct dirent **b)
{
    return strcoll((*a)->d_name, (*b)->d_name);
}
