/* SPDX-License-Identifier: MIT
 * Files in trees that fit.
 */
#include "tool.h"

#include "walk.h"

#include <fnmatch.h>
#include <pagoda/spawn.h>
#include <sys/wait.h>

static const char tool_name[] = "find";
static const char tool_help[] = "usage: find [PATH...] [TEST...]\nPrints the paths in trees for which all tests hold: -name PATTERN, -path PATTERN, -type f|d|l|p|c|b, -size [+-]N[c|k|M],\n"
                                "-newer FILE, -empty, -maxdepth N, -mindepth N, ! TEST, TEST -o TEST, ( ), -prune, -depth;\n"
                                "-print, -print0, -delete, -exec PROGRAM [WORD...] ;\n";

enum kind { ALWAYS, NAME, PATH, TYPE, SIZE, NEWER, EMPTY, PRUNE, PRINT, PRINT0, DELETE, EXEC, NOT, AND, OR };
struct test {
    enum kind kind;
    const char *text;
    char **words; /* of -exec, up to a ; */
    long long number;
    int sign;     /* +: more, -: less */
    struct test *a, *b;
};

static char **at; /* the words that are not read yet */
static bool acts, depth_first;
static long most_depth = -1, least_depth = 0;
static int worst;
static struct test *root;

static struct test *new_test(enum kind kind)
{
    struct test *t = calloc(1, sizeof *t);
    if (t == NULL)
        exit(tool_error("memory"));
    t->kind = kind;
    return t;
}

static char *take(void)
{
    if (*at == NULL)
        tool_usage();
    return *at++;
}

/* ---- reading ---- */

static struct test *size_test(void)
{
    struct test *t = new_test(SIZE);
    const char *s = take();
    char *end;
    t->sign = *s == '+' || *s == '-' ? *s++ : 0;
    t->number = strtoll(s, &end, 10);
    long long unit = *end == 'c' ? 1 : *end == 'k' ? 1024 : *end == 'M' ? 1024 * 1024 : 512;
    if (end == s || (*end != '\0' && (end[1] != '\0' || strchr("ckM", *end) == NULL)))
        tool_usage();
    t->text = unit == 1 ? "c" : unit == 1024 ? "k" : unit == 512 ? "b" : "M";
    return t;
}

static struct test *newer_test(void)
{
    struct test *t = new_test(NEWER);
    struct stat st;
    const char *file = take();
    if (stat(file, &st) != 0)
        exit(tool_error(file));
    t->number = (long long)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    return t;
}

static struct test *exec_test(void)
{
    struct test *t = new_test(EXEC);
    t->words = at;
    while (strcmp(take(), ";") != 0) {
        /* bound: the words */
    }
    at[-1] = NULL;
    if (*t->words == NULL)
        tool_usage();
    acts = true;
    return t;
}

static struct test *text_test(enum kind kind)
{
    struct test *t = new_test(kind);
    t->text = take();
    return t;
}

static struct test *action(enum kind kind)
{
    acts = acts || kind != PRUNE;
    depth_first = depth_first || kind == DELETE;
    return new_test(kind);
}

static struct test *limit(long *which)
{
    *which = tool_number(take());
    if (*which < 0)
        tool_usage();
    return new_test(ALWAYS);
}

static struct test *any_of(void);

static struct test *parenthesis(void)
{
    static unsigned depth;
    if (++depth > 64)
        tool_usage();
    struct test *t = any_of();
    depth--;
    if (strcmp(take(), ")") != 0)
        tool_usage();
    return t;
}

static struct test *one(void)
{
    const char *word = take();
    if (strcmp(word, "!") == 0) {
        struct test *t = new_test(NOT);
        t->a = one();
        return t;
    }
    static const struct {
        const char *word;
        enum kind kind;
        struct test *(*read)(enum kind kind);
    } tests[] = {{"-name", NAME, text_test}, {"-path", PATH, text_test}, {"-type", TYPE, text_test}, {"-empty", EMPTY, new_test}, {"-prune", PRUNE, action},
                 {"-print", PRINT, action}, {"-print0", PRINT0, action}, {"-delete", DELETE, action}};
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        if (strcmp(word, tests[i].word) == 0)
            return tests[i].read(tests[i].kind);
    if (strcmp(word, "(") == 0)
        return parenthesis();
    if (strcmp(word, "-size") == 0)
        return size_test();
    if (strcmp(word, "-newer") == 0)
        return newer_test();
    if (strcmp(word, "-exec") == 0)
        return exec_test();
    if (strcmp(word, "-maxdepth") == 0)
        return limit(&most_depth);
    if (strcmp(word, "-mindepth") == 0)
        return limit(&least_depth);
    if (strcmp(word, "-depth") != 0)
        tool_usage();
    depth_first = true;
    return new_test(ALWAYS);
}

static struct test *joined(enum kind kind, struct test *a, struct test *b)
{
    struct test *t = new_test(kind);
    t->a = a;
    t->b = b;
    return t;
}

static struct test *all_of(void)
{
    struct test *t = one();
    while (*at != NULL && strcmp(*at, "-o") != 0 && strcmp(*at, ")") != 0) {
        if (strcmp(*at, "-a") == 0)
            at++;
        t = joined(AND, t, one());
    }
    return t;
}

static struct test *any_of(void)
{
    struct test *t = all_of();
    while (*at != NULL && strcmp(*at, "-o") == 0) {
        at++;
        t = joined(OR, t, all_of());
    }
    return t;
}

/* ---- judging ---- */

static bool has_type(const char *letters, mode_t mode)
{
    char is = S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : S_ISFIFO(mode) ? 'p' : S_ISCHR(mode) ? 'c' : S_ISBLK(mode) ? 'b' : 'f';
    return *letters == is;
}

static bool has_size(const struct test *t, long long size)
{
    long long unit = *t->text == 'c' ? 1 : *t->text == 'k' ? 1024 : *t->text == 'b' ? 512 : 1024 * 1024, n = (size + unit - 1) / unit;
    return t->sign == '+' ? n > t->number : t->sign == '-' ? n < t->number : n == t->number;
}

static bool is_empty(const struct walked *w)
{
    if (!S_ISDIR(w->st->st_mode))
        return S_ISREG(w->st->st_mode) && w->st->st_size == 0;
    DIR *d = opendir(w->name);
    bool empty = d != NULL;
    for (struct dirent *e; empty && (e = readdir(d)) != NULL;)
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    if (d != NULL)
        (void)closedir(d);
    return empty;
}

static bool delete(const struct walked *w)
{
    if ((S_ISDIR(w->st->st_mode) ? rmdir(w->name) : unlink(w->name)) == 0)
        return true;
    worst = tool_error(w->path);
    return false;
}

/* In the directory where one began, as the words are meant. */
static bool exec(const struct test *t, const struct walked *w)
{
    size_t n = 0;
    int status = -1;
    pid_t pid;
    while (t->words[n] != NULL)
        n++;
    char **words = calloc(n + 1, sizeof *words);
    int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (words == NULL || here < 0)
        exit(tool_error("memory"));
    for (size_t i = 0; i < n; i++)
        words[i] = strcmp(t->words[i], "{}") == 0 ? (char *)(uintptr_t)w->path : t->words[i];
    fflush(stdout);
    if (fchdir(walk_state.start) != 0)
        exit(tool_error("."));
    errno = spawn_program(words[0], words, environ, 0, &pid);
    if (errno != 0)
        worst = tool_error(words[0]);
    else
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) /* bound: EINTR only while signals arrive */
            continue;
    if (fchdir(here) != 0)
        exit(tool_error("."));
    (void)close(here);
    free(words);
    return status == 0;
}

static bool holds(const struct test *t, struct walked *w)
{
    switch (t->kind) {
    case NAME: return fnmatch(t->text, tool_base(w->name), 0) == 0;
    case PATH: return fnmatch(t->text, w->path, 0) == 0;
    case TYPE: return has_type(t->text, w->st->st_mode);
    case SIZE: return has_size(t, w->st->st_size);
    case NEWER: return (long long)w->st->st_mtim.tv_sec * 1000000000 + w->st->st_mtim.tv_nsec > t->number;
    case EMPTY: return is_empty(w);
    case PRUNE: w->skip = true; return true;
    case PRINT: puts(w->path); return true;
    case PRINT0: fputs(w->path, stdout); putchar('\0'); return true;
    case DELETE: return delete(w);
    case EXEC: return exec(t, w);
    case NOT: return !holds(t->a, w);
    case AND: return holds(t->a, w) && holds(t->b, w);
    case OR: return holds(t->a, w) || holds(t->b, w);
    default: return true;
    }
}

static int see(struct walked *w)
{
    if (w->when == WALK_BEFORE && most_depth >= 0 && (long)w->depth >= most_depth)
        w->skip = true;
    bool turn = w->when == WALK_FILE || w->skip || (w->when == WALK_AFTER) == depth_first;
    if (turn && (long)w->depth >= least_depth && holds(root, w) && !acts)
        puts(w->path);
    return 0;
}

int main(int argc, char **argv)
{
    static char *here[] = {".", NULL};
    tool_start(argc, argv);
    int n = 1;
    while (n < argc && argv[n][0] != '-' && strcmp(argv[n], "!") != 0 && strcmp(argv[n], "(") != 0)
        n++;
    at = argv + n;
    root = *at != NULL ? any_of() : new_test(ALWAYS);
    if (*at != NULL)
        tool_usage();
    argv[n] = NULL;
    for (char **path = n > 1 ? argv + 1 : here; *path != NULL; path++)
        worst |= walk(*path, see, WALK_LINKS);
    return tool_end(worst);
}
