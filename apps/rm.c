/* SPDX-License-Identifier: MIT
 * Removes names of files, and with -r directories with all that is in them: it goes into them, so no path gets too long.
 */
#include "tool.h"

#include <dirent.h>
#include <sys/stat.h>

static const char tool_name[] = "rm";
static const char tool_help[] = "usage: rm [-f | -i] [-r] FILE...\nRemoves files; -r directories and what is in them, too; -f is content when there is nothing;\n"
                                "-i asks before each, and before it goes into a directory.\n";

#define DEPTH_MAX 10000 /* what the stack holds */

static bool force, recursive, asks;
static unsigned long declined; /* what was to stay */
static char *shown;             /* the path for messages */
static size_t shown_len, shown_room;

static void show(const char *name)
{
    size_t more = strlen(name) + 2;
    if (shown_len + more > shown_room) {
        shown_room = 2 * (shown_len + more);
        if ((shown = realloc(shown, shown_room)) == NULL)
            exit(tool_error("memory"));
    }
    bool joins = shown_len > 0 && shown[shown_len - 1] != '/';
    shown_len += (size_t)sprintf(shown + shown_len, "%s%s", joins ? "/" : "", name);
}

static void hide(size_t len)
{
    shown_len = len;
    shown[len] = '\0';
}

struct names {
    char **name;
    size_t n, room;
};

/* Of the working directory, all but the dots. */
static int list(struct names *out)
{
    DIR *d = opendir(".");
    *out = (struct names){0};
    if (d == NULL)
        return tool_error(shown);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (out->n == out->room) {
            out->room = out->room > 0 ? 2 * out->room : 16;
            out->name = realloc(out->name, out->room * sizeof *out->name);
        }
        if (out->name == NULL || (out->name[out->n++] = strdup(e->d_name)) == NULL)
            exit(tool_error("memory"));
    }
    (void)closedir(d);
    return 0;
}

static bool declines(const char *doing)
{
    if (!asks || tool_confirm(doing, shown))
        return false;
    declined++;
    return true;
}

static int remove_one(const char *path, int depth);

/* What is in the working directory. */
static int empty(int depth)
{
    struct names all;
    int status = list(&all);
    for (size_t i = 0; i < all.n; i++) {
        status |= remove_one(all.name[i], depth + 1);
        free(all.name[i]);
    }
    free(all.name);
    return status;
}

static int remove_directory(const char *path, int depth)
{
    errno = EISDIR;
    if (!recursive)
        return tool_error(shown);
    errno = ENAMETOOLONG;
    if (depth > DEPTH_MAX)
        return tool_error(shown);
    unsigned long stays = declined;
    if (declines("go into"))
        return 0;
    int above = depth == 0 ? open(".", O_RDONLY | O_DIRECTORY) : -1;
    if ((depth == 0 && above < 0) || chdir(path) != 0)
        return tool_error(shown);
    int status = empty(depth);
    if ((depth == 0 ? fchdir(above) : chdir("..")) != 0)
        exit(tool_error(shown)); /* somewhere else nothing may be removed */
    if (above >= 0)
        (void)close(above);
    if (status != 0 || declined != stays || declines("remove directory"))
        return status; /* something is in it, or it was to stay itself */
    return rmdir(path) == 0 ? 0 : tool_error(shown);
}

static int remove_one(const char *path, int depth)
{
    struct stat st;
    size_t len = shown_len;
    int status = 0;
    show(path);
    if (lstat(path, &st) != 0)
        status = force && errno == ENOENT ? 0 : tool_error(shown);
    else if (S_ISDIR(st.st_mode))
        status = remove_directory(path, depth);
    else if (!declines("remove") && unlink(path) != 0)
        status = tool_error(shown);
    hide(len);
    return status;
}

/* By whatever name. */
static bool is_root(const char *path)
{
    struct stat st, root;
    return lstat(path, &st) == 0 && stat("/", &root) == 0 && st.st_dev == root.st_dev && st.st_ino == root.st_ino;
}

/* Whether the last name is "." or "..". */
static bool is_dots(const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    size_t dots = 0;
    while (dots < len && path[len - 1 - dots] == '.')
        dots++;
    return (dots == 1 || dots == 2) && (dots == len || path[len - 1 - dots] == '/');
}

int main(int argc, char **argv)
{
    int status = 0, option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "firR")) != 0) {
        recursive = recursive || option == 'r' || option == 'R';
        if (option != 'f' && option != 'i')
            continue;
        force = option == 'f'; /* the last of the two */
        asks = option == 'i';
    }
    if (tool_at == argc && !force)
        tool_usage();
    for (int i = tool_at; i < argc; i++) {
        if (is_dots(argv[i]) || is_root(argv[i])) {
            errno = EINVAL; /* one is in it, and nothing would be left to be in */
            status |= tool_error(argv[i]);
        } else {
            status |= remove_one(argv[i], 0);
        }
    }
    return status;
}
