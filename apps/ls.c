/* SPDX-License-Identifier: MIT
 * What is in directories.
 */
#include "tool.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

static const char tool_name[] = "ls";
static const char tool_help[] = "usage: ls [-a] [-l] [-1] [-d] [FILE...]\n"
                                "Lists directories, sorted; -a with names that begin with a dot, -l with kind, permissions, links, size,\n"
                                "-d directories themselves. One name a line, always.\n";

static bool all, lengthy, itself;

static char kind(mode_t mode)
{
    return S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : S_ISCHR(mode) ? 'c' : S_ISFIFO(mode) ? 'p' : S_ISBLK(mode) ? 'b' : '-';
}

static int show(const char *path, const char *name)
{
    struct stat st;
    char bits[10] = "rwxrwxrwx", target[PATH_MAX];
    if (!lengthy) {
        puts(name);
        return 0;
    }
    if (lstat(path, &st) != 0)
        return tool_error(path);
    for (int i = 0; i < 9; i++)
        if ((st.st_mode & (0400u >> i)) == 0)
            bits[i] = '-';
    printf("%c%s %3u %10ld %s", kind(st.st_mode), bits, (unsigned)st.st_nlink, (long)st.st_size, name);
    ssize_t n = S_ISLNK(st.st_mode) ? readlink(path, target, sizeof target - 1) : -1;
    if (n >= 0)
        printf(" -> %.*s", (int)n, target);
    putchar('\n');
    return 0;
}

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static int list(const char *path)
{
    char **names = NULL, whole[PATH_MAX];
    size_t n = 0, room = 0;
    int status = 0;
    DIR *d = opendir(path);
    if (d == NULL)
        return tool_error(path);
    errno = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (e->d_name[0] == '.' && !all)
            continue;
        if (n == room && (names = realloc(names, (room = room > 0 ? 2 * room : 64) * sizeof *names)) == NULL)
            exit(tool_error("memory"));
        if ((names[n++] = strdup(e->d_name)) == NULL)
            exit(tool_error("memory"));
    }
    if (errno != 0)
        status = tool_error(path);
    (void)closedir(d);
    if (n > 0)
        qsort(names, n, sizeof *names, compare);
    for (size_t i = 0; i < n; i++) {
        if (snprintf(whole, sizeof whole, "%s/%s", path, names[i]) >= (int)sizeof whole)
            errno = ENAMETOOLONG, status = tool_error(names[i]);
        else
            status |= show(whole, names[i]);
        free(names[i]);
    }
    free(names);
    return status;
}

static int one(const char *path, bool titled)
{
    struct stat st;
    if ((lengthy || itself ? lstat(path, &st) : stat(path, &st)) != 0 && lstat(path, &st) != 0)
        return tool_error(path);
    if (!S_ISDIR(st.st_mode) || itself)
        return show(path, path);
    if (titled)
        printf("%s:\n", path);
    return list(path);
}

int main(int argc, char **argv)
{
    int status = 0, option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "al1d")) != 0) {
        all = all || option == 'a';
        lengthy = lengthy || option == 'l';
        itself = itself || option == 'd';
    }
    if (tool_at == argc)
        status = one(".", false);
    for (int i = tool_at; i < argc; i++)
        status |= one(argv[i], argc - tool_at > 1);
    return tool_end(status);
}
