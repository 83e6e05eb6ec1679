/* SPDX-License-Identifier: MIT
 * diff: in what two files differ, or the files of two directories.
 */
#include "names.h"
#include "tool.h"

#include "diff.h"

#include <sys/stat.h>

static const char tool_name[] = "diff";
static const char tool_help[] = "usage: diff [-u | -U LINES | -q] [-abBiNrsw] [-L LABEL]... FILE1 FILE2\n"
                                "Says in what the files differ; of directories the files with the same names, -r: theirs, too. - is the standard input.\n"
                                "-u with three lines around, -U with so many; -q only whether; -s also when they are equal; -L a name of the file's for -u.\n"
                                "-a bytes of any kind are text, -b the amount of space does not matter, -w no space does, -B no empty lines do,\n"
                                "-i nor does case; -N a file that one directory does not have is empty. Status 0: equal, 1: different, 2: an error.\n";

struct options options = {.context = 3};
static const char *words; /* the options that were given, for the headings of files in directories */

enum { EQUAL = 0, DIFFERENT = 1, TROUBLE = 2 };

static int worse(int x, int y) { return x > y ? x : y; }

static int trouble(const char *name)
{
    (void)tool_error(name);
    return TROUBLE;
}

/* A file that is not there is empty, when -N says so. */
static int open_one(struct text *t, FILE **in)
{
    bool standard = strcmp(t->name, "-") == 0;
    *in = standard ? stdin : fopen(t->name, "r");
    if (*in == NULL && errno == ENOENT && options.absent_is_empty)
        return EQUAL;
    if (*in == NULL || fstat(fileno(*in), t->st) != 0)
        return trouble(t->name);
    lines_read(t, *in);
    int status = ferror(*in) ? trouble(t->name) : EQUAL;
    if (!standard)
        (void)fclose(*in);
    return status;
}

static bool is_different(const struct text *a, const struct text *b)
{
    if (a->is_binary || b->is_binary)
        return a->len != b->len || memcmp(a->bytes, b->bytes, a->len) != 0;
    for (struct change c = {0}; change_next(a, b, &c);) /* bound: lines */
        if (change_counts(a, b, &c))
            return true;
    return false;
}

static void show(const struct text *a, const struct text *b, bool headed)
{
    if (options.brief || a->is_binary || b->is_binary) {
        printf(options.brief ? "Files %s and %s differ\n" : "Binary files %s and %s differ\n", a->name, b->name);
        return;
    }
    if (headed)
        printf("diff%s %s %s\n", words, a->name, b->name);
    if (options.unified)
        print_unified(a, b);
    else
        print_normal(a, b);
}

static int files(const char *x, const char *y, bool headed)
{
    struct stat st[2] = {{0}, {0}};
    struct text a = {.name = x, .st = &st[0]}, b = {.name = y, .st = &st[1]};
    FILE *in;
    int status = worse(open_one(&a, &in), open_one(&b, &in));
    if (status == EQUAL) {
        if (a.line == NULL)
            lines_read(&a, NULL);
        if (b.line == NULL)
            lines_read(&b, NULL);
        if (!a.is_binary && !b.is_binary) {
            lines_classify(&a, &b);
            compare(&a, &b);
        }
        status = is_different(&a, &b) ? DIFFERENT : EQUAL;
        if (status == DIFFERENT)
            show(&a, &b, headed);
        else if (options.says_same)
            printf("Files %s and %s are identical\n", x, y);
    }
    text_free(&a);
    text_free(&b);
    return status;
}

/* ---- directories ---- */

static char *join(const char *directory, const char *name)
{
    size_t len = strlen(directory);
    char *path = get(len + strlen(name) + 2);
    (void)sprintf(path, "%s%s%s", directory, len > 0 && directory[len - 1] == '/' ? "" : "/", name);
    return path;
}

static int by_name(const void *x, const void *y) { return strcmp(*(char *const *)x, *(char *const *)y); }

static int list(const char *directory, char ***names, size_t *n)
{
    DIR *d = opendir(directory);
    *names = NULL;
    *n = 0;
    if (d == NULL)
        return options.absent_is_empty && errno == ENOENT ? EQUAL : trouble(directory);
    *names = names_read(d, n);
    if (*n > 0)
        qsort(*names, *n, sizeof **names, by_name);
    return EQUAL;
}

static void names_free(char **names, size_t n)
{
    while (n > 0)
        free(names[--n]);
    free(names);
}

static const char *kind(const struct stat *st)
{
    return S_ISDIR(st->st_mode) ? "directory" : S_ISREG(st->st_mode) ? st->st_size > 0 ? "regular file" : "regular empty file" : "special file";
}

/* Two of the same name; *within: they are directories to be gone into. */
static int pair(char *const path[2], bool *within)
{
    struct stat st[2];
    bool there[2];
    for (int i = 0; i < 2; i++)
        there[i] = stat(path[i], &st[i]) == 0;
    if (!there[0] && !there[1])
        return trouble(path[0]);
    for (int i = 0; i < 2; i++)
        st[i] = there[i] ? st[i] : st[!i];
    if (S_ISDIR(st[0].st_mode) != S_ISDIR(st[1].st_mode)) {
        printf("File %s is a %s while file %s is a %s\n", path[0], kind(&st[0]), path[1], kind(&st[1]));
        return DIFFERENT;
    }
    if (!S_ISDIR(st[0].st_mode))
        return files(path[0], path[1], true);
    if (!options.recursive) {
        printf("Common subdirectories: %s and %s\n", path[0], path[1]);
        return EQUAL;
    }
    *within = true;
    return EQUAL;
}

static int only(const char *directory, const char *name)
{
    printf("Only in %s: %s\n", directory, name);
    return DIFFERENT;
}

/* The names of both in order; directories within come at their place, with all that is in them. */
static int directories(const char *x, const char *y)
{
    char **names[2];
    size_t n[2], at[2] = {0, 0};
    int status = worse(list(x, &names[0], &n[0]), list(y, &names[1], &n[1]));
    while (at[0] < n[0] || at[1] < n[1]) {
        int order = at[0] == n[0] ? 1 : at[1] == n[1] ? -1 : strcmp(names[0][at[0]], names[1][at[1]]);
        const char *name = order <= 0 ? names[0][at[0]] : names[1][at[1]];
        char *path[2] = {join(x, name), join(y, name)};
        bool within = false;
        if (order != 0 && !options.absent_is_empty)
            status = worse(status, only(order < 0 ? x : y, name));
        else
            status = worse(status, pair(path, &within));
        if (within)
            status = worse(status, directories(path[0], path[1]));
        at[0] += order <= 0;
        at[1] += order >= 0;
        free(path[0]);
        free(path[1]);
    }
    names_free(names[0], n[0]);
    names_free(names[1], n[1]);
    return status;
}

/* A file and a directory: the file of that name in it. */
static int both(const char *x, const char *y)
{
    struct stat st[2] = {{0}, {0}}; /* with -N one may not be there */
    bool standard[2] = {strcmp(x, "-") == 0, strcmp(y, "-") == 0};
    const char *name[2] = {x, y};
    bool absent = false;
    for (int i = 0; i < 2; i++) {
        if (standard[i] || stat(name[i], &st[i]) == 0)
            continue;
        if (!options.absent_is_empty || errno != ENOENT || absent)
            return trouble(name[i]);
        absent = true; /* one of them may be */
    }
    bool a = !standard[0] && S_ISDIR(st[0].st_mode), b = !standard[1] && S_ISDIR(st[1].st_mode);
    if (a && b)
        return directories(x, y);
    if ((a && standard[1]) || (b && standard[0]))
        tool_usage();
    return files(a ? join(x, tool_base(y)) : x, b ? join(y, tool_base(x)) : y, false);
}

static void option_set(int option)
{
    options.unified = options.unified || option == 'u' || option == 'U';
    options.context = option == 'U' ? tool_number(tool_arg) : options.context;
    options.brief = options.brief || option == 'q';
    options.recursive = options.recursive || option == 'r';
    options.absent_is_empty = options.absent_is_empty || option == 'N';
    options.says_same = options.says_same || option == 's';
    options.ignores_case = options.ignores_case || option == 'i';
    options.ignores_space_amount = options.ignores_space_amount || option == 'b';
    options.ignores_space = options.ignores_space || option == 'w';
    options.ignores_blank_lines = options.ignores_blank_lines || option == 'B';
    options.is_text = options.is_text || option == 'a';
    if (option == 'L')
        options.label[options.label[0] != NULL] = tool_arg;
}

/* For the headings: " -r -u". */
static char *words_of(char **argv, int n)
{
    size_t len = 1;
    for (int i = 1; i < n; i++)
        len += strlen(argv[i]) + 1;
    char *all = get(len);
    for (int i = 1; i < n; i++) {
        strcat(all, " ");
        strcat(all, argv[i]);
    }
    return all;
}

int main(int argc, char **argv)
{
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "uU:qrNsibwBaL:")) != 0)
        option_set(option);
    if (argc - tool_at != 2 || options.context < 0)
        tool_usage();
    words = words_of(argv, tool_at);
    int status = both(argv[tool_at], argv[tool_at + 1]);
    return tool_end(0) != 0 ? TROUBLE : status;
}
