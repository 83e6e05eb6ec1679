/* SPDX-License-Identifier: MIT
 * Copies files, and with -r what is in directories.
 */
#include "tool.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

static const char tool_name[] = "cp";
static const char tool_help[] = "usage: cp [-r] FROM... TO\nCopies files; into TO when that is a directory. -r: directories, too.\n";

#define DEPTH_MAX 64

static bool recursive;

static int copy_file(const char *from, const char *to, mode_t mode)
{
    static char piece[32768];
    struct stat a, b;
    int in = open(from, O_RDONLY), status = 0;
    if (in < 0)
        return tool_error(from);
    if (fstat(in, &a) == 0 && stat(to, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev && S_ISREG(a.st_mode)) {
        fprintf(stderr, "cp: %s and %s are the same file\n", from, to);
        (void)close(in);
        return 1;
    }
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, mode & 0777);
    if (out < 0)
        status = tool_error(to);
    for (ssize_t n; status == 0 && (n = read(in, piece, sizeof piece)) != 0;) {
        if (n < 0)
            status = tool_error(from);
        for (ssize_t done = 0, m; status == 0 && done < n; done += m) /* bound: at least a byte a turn */
            if ((m = write(out, piece + done, (size_t)(n - done))) <= 0)
                status = tool_error(to);
    }
    if (out >= 0 && close(out) != 0)
        status = tool_error(to);
    (void)close(in);
    return status;
}

static int copy(const char *from, const char *to, int depth);

static int copy_directory(const char *from, const char *to, int depth)
{
    int status = 0;
    if (mkdir(to, 0777) != 0 && errno != EEXIST)
        return tool_error(to);
    DIR *d = opendir(from);
    if (d == NULL)
        return tool_error(from);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char a[PATH_MAX], b[PATH_MAX];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (snprintf(a, sizeof a, "%s/%s", from, e->d_name) >= (int)sizeof a ||
            snprintf(b, sizeof b, "%s/%s", to, e->d_name) >= (int)sizeof b) {
            errno = ENAMETOOLONG;
            status = tool_error(e->d_name);
            continue;
        }
        status |= copy(a, b, depth + 1);
    }
    (void)closedir(d);
    return status;
}

static int copy(const char *from, const char *to, int depth)
{
    struct stat st;
    if (stat(from, &st) != 0)
        return tool_error(from);
    if (!S_ISDIR(st.st_mode))
        return copy_file(from, to, st.st_mode);
    if (!recursive || depth >= DEPTH_MAX) {
        errno = recursive ? ELOOP : EISDIR;
        return tool_error(from);
    }
    return copy_directory(from, to, depth);
}

int main(int argc, char **argv)
{
    int status = 0, option;
    struct stat st;
    char path[PATH_MAX];
    tool_start(argc, argv);
    while ((option = tool_option(argv, "rR")) != 0) {
        recursive = true;
    }
    if (argc - tool_at < 2)
        tool_usage();
    const char *to = argv[argc - 1];
    bool into = stat(to, &st) == 0 && S_ISDIR(st.st_mode);
    if (!into && argc - tool_at > 2) {
        errno = ENOTDIR;
        return tool_error(to);
    }
    for (int i = tool_at; i < argc - 1; i++) {
        if (snprintf(path, sizeof path, into ? "%s/%s" : "%s", to, tool_base(argv[i])) >= (int)sizeof path) {
            errno = ENAMETOOLONG;
            status |= tool_error(to);
            continue;
        }
        status |= copy(argv[i], path, 0);
    }
    return status;
}
