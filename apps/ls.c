/* SPDX-License-Identifier: MIT
 * What is in directories.
 */
#include "tool.h"

#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

static const char tool_name[] = "ls";
static const char tool_help[] = "usage: ls [-aACdFhiklLmnprRsStTx1] [FILE...]\n"
                                "Lists directories, sorted; -a with names that begin with a dot, -A without . and .., -l with kind, permissions,\n"
                                "links, size, -T and time, -h sizes as one reads them, -i inodes, -d directories themselves, -R what is in them, too,\n"
                                "-F marks kinds, -p directories, -S by size, -t by time, -r the other way round, -n as -l with the numbers of user and\n"
                                "group, -s blocks of 512 bytes (-k: 1,024), -L what links lead to; -C in columns, -x across them, -m in lines with\n"
                                "commas, else one name a line: the last of these, -l and -1 counts.\n";

#define COLUMNS_DEFAULT 80u
#define LETTERS 128

static bool on[LETTERS]; /* options */
static enum { LINES, COLUMNS, ACROSS, STREAM } layout;

struct entry {
    char *name;
    struct stat st;
};
struct entries {
    struct entry *at;
    size_t n, room;
};
struct place { /* a directory to be listed yet */
    char *path;
    struct place *next;
};
static struct place *todo, **todo_insert = &todo;

static char kind(mode_t mode)
{
    return S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : S_ISCHR(mode) ? 'c' : S_ISFIFO(mode) ? 'p' : S_ISBLK(mode) ? 'b' : '-';
}

static const char *mark(mode_t mode)
{
    if (!on['F'])
        return on['p'] && S_ISDIR(mode) ? "/" : "";
    return S_ISDIR(mode) ? "/" : S_ISLNK(mode) ? "@" : S_ISFIFO(mode) ? "|" : S_ISREG(mode) && (mode & 0111) != 0 ? "*" : "";
}

/* 1234, or 1.2K; `to` has room for it. */
static const char *size_text(long long bytes, char to[24])
{
    static const char units[] = "BKMGT";
    unsigned unit = 0;
    long long tenths = bytes * 10;
    for (; tenths >= 10240 && unit < 4; unit++)
        tenths = (tenths + 1023) / 1024;
    if (!on['h'] || unit == 0)
        snprintf(to, 24, "%lld", bytes);
    else if (tenths < 100)
        snprintf(to, 24, "%lld.%lld%c", tenths / 10, tenths % 10, units[unit]);
    else
        snprintf(to, 24, "%lld%c", (tenths + 9) / 10, units[unit]);
    return to;
}

static unsigned long long blocks_of(const struct entry *e)
{
    unsigned long long n = (unsigned long long)e->st.st_blocks;
    return on['k'] ? (n + 1) / 2 : n;
}

#define PREFIX_MAX 48

/* What stands before all else. */
static const char *prefix(const struct entry *e, char to[PREFIX_MAX])
{
    int n = 0;
    to[0] = '\0';
    if (on['i'])
        n = snprintf(to, PREFIX_MAX, "%6llu ", (unsigned long long)e->st.st_ino);
    if (on['s'])
        (void)snprintf(to + n, (size_t)(PREFIX_MAX - n), "%4llu ", blocks_of(e));
    return to;
}

static void show(const char *dir, const struct entry *e)
{
    char bits[10] = "rwxrwxrwx", target[PATH_MAX], path[PATH_MAX], text[PREFIX_MAX], when[32];
    fputs(prefix(e, text), stdout);
    if (!on['l']) {
        printf("%s%s\n", e->name, mark(e->st.st_mode));
        return;
    }
    for (int i = 0; i < 9; i++)
        if ((e->st.st_mode & (0400u >> i)) == 0)
            bits[i] = '-';
    printf("%c%s %3u ", kind(e->st.st_mode), bits, (unsigned)e->st.st_nlink);
    if (on['n'])
        printf("%4lu %4lu ", (unsigned long)e->st.st_uid, (unsigned long)e->st.st_gid);
    printf("%10s ", size_text(e->st.st_size, text));
    struct tm *t = on['T'] ? gmtime(&e->st.st_mtime) : NULL;
    if (t != NULL && strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S ", t) > 0)
        fputs(when, stdout);
    printf("%s%s", e->name, S_ISLNK(e->st.st_mode) ? "" : mark(e->st.st_mode));
    bool fits = snprintf(path, sizeof path, "%s%s", dir, e->name) < (int)sizeof path;
    ssize_t n = S_ISLNK(e->st.st_mode) && fits ? readlink(path, target, sizeof target) : -1;
    if (n >= 0)
        printf(" -> %.*s", (int)n, target);
    putchar('\n');
}

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = 0;
    if (on['S'])
        order = (x->st.st_size < y->st.st_size) - (x->st.st_size > y->st.st_size);
    else if (on['t'] && x->st.st_mtim.tv_sec != y->st.st_mtim.tv_sec)
        order = x->st.st_mtim.tv_sec < y->st.st_mtim.tv_sec ? 1 : -1;
    else if (on['t'])
        order = (x->st.st_mtim.tv_nsec < y->st.st_mtim.tv_nsec) - (x->st.st_mtim.tv_nsec > y->st.st_mtim.tv_nsec);
    order = order != 0 ? order : strcmp(x->name, y->name);
    return on['r'] ? -order : order;
}

static size_t width_of(const struct entry *e)
{
    char text[PREFIX_MAX];
    return strlen(prefix(e, text)) + strlen(e->name) + strlen(mark(e->st.st_mode));
}

static void show_short(const struct entry *e)
{
    char text[PREFIX_MAX];
    printf("%s%s%s", prefix(e, text), e->name, mark(e->st.st_mode));
}

static size_t line_width(void)
{
    const char *given = getenv("COLUMNS");
    return given != NULL && atoi(given) > 0 ? (size_t)atoi(given) : COLUMNS_DEFAULT;
}

/* As many columns as fit: down them, or across. */
static void show_columns(const struct entries *all)
{
    size_t widest = 1;
    for (size_t i = 0; i < all->n; i++)
        widest = width_of(&all->at[i]) > widest ? width_of(&all->at[i]) : widest;
    size_t fit = line_width() / (widest + 2), columns = fit > 0 ? fit : 1, rows = (all->n + columns - 1) / columns;
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column++) {
            size_t i = layout == ACROSS ? row * columns + column : column * rows + row;
            size_t next = layout == ACROSS ? i + 1 : i + rows;
            if (i >= all->n)
                break;
            bool last = column + 1 == columns || next >= all->n;
            show_short(&all->at[i]);
            printf("%*s%s", last ? 0 : (int)(widest + 2 - width_of(&all->at[i])), "", last ? "\n" : "");
        }
}

/* One after the other, as many to a line as fit. */
static void show_stream(const struct entries *all)
{
    size_t at = 0, width = line_width();
    for (size_t i = 0; i < all->n; i++) {
        size_t len = width_of(&all->at[i]);
        bool goes_on = at + len + 2 < width;
        if (i > 0)
            fputs(goes_on ? ", " : ",\n", stdout);
        at = (i == 0 ? 0 : goes_on ? at + 2 : 0) + len;
        show_short(&all->at[i]);
    }
    if (all->n > 0)
        putchar('\n');
}

static void show_all(const char *dir, struct entries *all)
{
    if (all->n > 0)
        qsort(all->at, all->n, sizeof *all->at, compare);
    if (layout == COLUMNS || layout == ACROSS)
        show_columns(all);
    else if (layout == STREAM)
        show_stream(all);
    for (size_t i = 0; i < all->n && layout == LINES; i++)
        show(dir, &all->at[i]);
}

/* Before what is in a directory. */
static void show_total(const struct entries *all)
{
    unsigned long long blocks = 0;
    for (size_t i = 0; i < all->n; i++)
        blocks += blocks_of(&all->at[i]);
    if (on['s'] || on['n'])
        printf("total %llu\n", blocks);
}

static void add(struct entries *all, const char *name, const struct stat *st)
{
    if (all->n == all->room && (all->at = realloc(all->at, (all->room = all->room > 0 ? 2 * all->room : 64) * sizeof *all->at)) == NULL)
        exit(tool_error("memory"));
    if ((all->at[all->n].name = strdup(name)) == NULL)
        exit(tool_error("memory"));
    all->at[all->n++].st = *st;
}

static void forget(struct entries *all)
{
    for (size_t i = 0; i < all->n; i++)
        free(all->at[i].name);
    free(all->at);
}

/* Behind those that are to come next; they are listed in the order in which they are added. */
static void list_later(const char *dir, const char *name)
{
    struct place *p = calloc(1, sizeof *p);
    if (p == NULL || (p->path = malloc(strlen(dir) + strlen(name) + 1)) == NULL)
        exit(tool_error("memory"));
    sprintf(p->path, "%s%s", dir, name);
    p->next = *todo_insert;
    *todo_insert = p;
    todo_insert = &p->next;
}

static bool is_dots(const char *name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

/* A link that leads nowhere is shown itself. */
static int stat_of(const char *path, struct stat *st) { return on['L'] && stat(path, st) == 0 ? 0 : lstat(path, st); }

static int read_entries(const char *path, const char *dir, struct entries *all)
{
    char whole[PATH_MAX];
    struct stat st = {0};
    int status = 0;
    bool needs = on['l'] || on['i'] || on['F'] || on['R'] || on['S'] || on['t'] || on['s'] || on['p'];
    DIR *d = opendir(path);
    if (d == NULL)
        return tool_error(path);
    for (struct dirent *e; errno = 0, (e = readdir(d)) != NULL;) {
        if (e->d_name[0] == '.' && !on['a'] && (!on['A'] || is_dots(e->d_name)))
            continue;
        errno = ENAMETOOLONG;
        if (needs && (snprintf(whole, sizeof whole, "%s%s", dir, e->d_name) >= (int)sizeof whole || stat_of(whole, &st) != 0))
            status = tool_error(e->d_name);
        else
            add(all, e->d_name, &st);
    }
    if (errno != 0)
        status = tool_error(path);
    (void)closedir(d);
    return status;
}

static int list(const char *path)
{
    struct entries all = {0};
    size_t len = strlen(path);
    char *dir = malloc(len + 2);
    if (dir == NULL)
        exit(tool_error("memory"));
    sprintf(dir, "%s%s", path, len > 0 && path[len - 1] == '/' ? "" : "/");
    int status = read_entries(path, dir, &all);
    show_total(&all);
    show_all(dir, &all);
    todo_insert = &todo;
    for (size_t i = 0; on['R'] && i < all.n; i++)
        if (S_ISDIR(all.at[i].st.st_mode) && !is_dots(all.at[i].name))
            list_later(dir, all.at[i].name);
    forget(&all);
    free(dir);
    return status;
}

/* What was named: files together first, directories noted. */
static int sort_out(char **names, struct entries *files)
{
    int status = 0;
    struct entries dirs = {0};
    for (; *names != NULL; names++) {
        struct stat st;
        bool as_it_is = (on['d'] || on['l'] || on['F']) && !on['L'];
        if ((as_it_is ? lstat(*names, &st) : stat(*names, &st)) != 0 && lstat(*names, &st) != 0)
            status = tool_error(*names);
        else
            add(S_ISDIR(st.st_mode) && !on['d'] ? &dirs : files, *names, &st);
    }
    if (dirs.n > 0)
        qsort(dirs.at, dirs.n, sizeof *dirs.at, compare);
    for (size_t i = 0; i < dirs.n; i++)
        list_later("", dirs.at[i].name);
    forget(&dirs);
    return status;
}

/* The last one that says how the names are laid out counts; -1 leaves a long listing as it is. */
static void take_option(int option)
{
    static const struct {
        char letter;
        uint8_t layout;
    } layouts[] = {{'1', LINES}, {'l', LINES}, {'n', LINES}, {'C', COLUMNS}, {'x', ACROSS}, {'m', STREAM}};
    on[option] = true;
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        if (layouts[i].letter != option)
            continue;
        layout = layouts[i].layout;
        on['l'] = layout == LINES && (option != '1' || on['l']);
        on['n'] = on['l'] && on['n'];
    }
}

int main(int argc, char **argv)
{
    static char *here[] = {".", NULL};
    struct entries files = {0};
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "aACdFhiklLmnprRsStTx1")) != 0)
        take_option(option);
    int status = sort_out(tool_at < argc ? argv + tool_at : here, &files);
    show_all("", &files);
    bool titled = on['R'] || argc - tool_at > 1, gap = files.n > 0;
    while (todo != NULL) { /* bound: the directories */
        struct place *p = todo;
        todo = p->next;
        if (titled)
            printf("%s%s:\n", gap ? "\n" : "", p->path);
        gap = true;
        status |= list(p->path);
        free(p->path);
        free(p);
    }
    return tool_end(status);
}
