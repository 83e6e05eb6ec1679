/* SPDX-License-Identifier: MIT
 * Proves what POSIX says of fnmatch(), glob(), ftw() and nftw(): patterns by a table, names that are found and their order, walks through
 * a tree with links, circles and directories that go away (two harts: also while they are looked at), and what each of them refuses.
 * SMP: 2
 */
#define _GNU_SOURCE /* FNM_CASEFOLD and FNM_LEADING_DIR */
#define GT_NAME "walks"
#include "gtest.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <glob.h>
#include <sys/stat.h>

static void patterns_match_what_they_say(void)
{
    static const struct {
        const char *pattern, *name;
        int flags, is;
    } rows[] = {
        {"", "", 0, 0}, {"", "a", 0, 1}, {"a", "", 0, 1}, {"abc", "abc", 0, 0}, {"a?c", "abc", 0, 0}, {"a?c", "ac", 0, 1},
        {"*", "", 0, 0}, {"*", "anything", 0, 0}, {"a*b*c", "aXbYbZc", 0, 0}, {"a*b*c", "aXbYbZ", 0, 1}, {"*.c", "x.c.c", 0, 0},
        {"[abc]", "b", 0, 0}, {"[abc]", "d", 0, 1}, {"[!abc]", "d", 0, 0}, {"[!abc]", "a", 0, 1}, {"[a-cx-z]", "y", 0, 0},
        {"[a-c]", "d", 0, 1}, {"[]]", "]", 0, 0}, {"[!]]", "]", 0, 1}, {"[]-]", "-", 0, 0}, {"[a-]", "-", 0, 0}, {"[-a]", "-", 0, 0},
        {"[[:digit:]]", "7", 0, 0}, {"[[:digit:]]", "x", 0, 1}, {"[![:alpha:]_]", "_", 0, 1}, {"[[:upper:][:digit:]]", "Q", 0, 0},
        {"[[:nothing:]]", "n", 0, 1}, {"[[.-.]]", "-", 0, 0}, {"[[=a=]]", "a", 0, 0}, {"[", "[", 0, 0}, {"[a", "[a", 0, 0}, {"[a", "a", 0, 1},
        {"\\*", "*", 0, 0}, {"\\*", "x", 0, 1}, {"\\*", "\\x", FNM_NOESCAPE, 0}, {"[\\]]", "]", 0, 0}, {"a\\", "a\\", 0, 0},
        {"*", ".x", FNM_PERIOD, 1}, {".*", ".x", FNM_PERIOD, 0}, {"?x", ".x", FNM_PERIOD, 1}, {"[.]x", ".x", FNM_PERIOD, 1},
        {"*x", "a.x", FNM_PERIOD, 0}, {"*", "a/b", 0, 0}, {"*", "a/b", FNM_PATHNAME, 1}, {"*/*", "a/b", FNM_PATHNAME, 0},
        {"a?b", "a/b", FNM_PATHNAME, 1}, {"a[/]b", "a/b", FNM_PATHNAME, 1}, {"a/*", "a/.b", FNM_PATHNAME | FNM_PERIOD, 1},
        {"a/*", "a/.b", FNM_PERIOD, 0}, {"a/.*", "a/.b", FNM_PATHNAME | FNM_PERIOD, 0}, {"*/b", "x/y/b", FNM_PATHNAME, 1},
        {"ABC", "abc", FNM_CASEFOLD, 0}, {"aBc", "AbC", FNM_CASEFOLD, 0}, {"ABC", "abd", FNM_CASEFOLD, 1}, {"ABC", "abc", 0, 1},
        {"*.C", "x.c", FNM_IGNORECASE, 0}, {"\\A", "a", FNM_CASEFOLD, 0}, {"[a-c]", "B", FNM_CASEFOLD, 0}, {"[A-C]", "b", FNM_CASEFOLD, 0},
        {"[!A-C]", "b", FNM_CASEFOLD, 1}, {"[[:upper:]]", "q", FNM_CASEFOLD, 0}, {"[a-c]", "B", 0, 1}, {"[_-a]", "B", FNM_CASEFOLD, 1},
        {"a", "a/b", FNM_LEADING_DIR, 0}, {"a", "ab", FNM_LEADING_DIR, 1}, {"a*", "ab/c/d", FNM_LEADING_DIR, 0}, {"*b", "ab/c", FNM_LEADING_DIR, 0},
        {"*b", "x/ab/c", FNM_LEADING_DIR, 0}, {"*b", "x/ab/c", FNM_LEADING_DIR | FNM_PATHNAME, 1}, {"*", "a/b", FNM_LEADING_DIR | FNM_PATHNAME, 0},
        {"*/b", "a/b/c", FNM_LEADING_DIR | FNM_PATHNAME, 0}, {"", "/a", FNM_LEADING_DIR, 0}, {"b", "a/b", FNM_LEADING_DIR, 1}, {"a/", "a/b", FNM_LEADING_DIR, 1},
        {"*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0, 1},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int is = fnmatch(rows[i].pattern, rows[i].name, rows[i].flags);
        if ((is != 0) != rows[i].is)
            printf("  row %u: %s %s\n", i, rows[i].pattern, rows[i].name);
        CHECK_EQ(is != 0, rows[i].is);
    }
}

/* ---- a tree ---- */

static void file(const char *path) { CHECK_EQ(close(open(path, O_CREAT | O_WRONLY, 0644)), 0); }
static void grow(void)
{
    CHECK(mkdir("/tmp/w", 0755) == 0 && chdir("/tmp/w") == 0 && mkdir("d", 0755) == 0 && mkdir("d/e", 0755) == 0 && mkdir("empty", 0755) == 0);
    file("b.c");
    file("a.c");
    file(".hidden");
    file("x*y");
    file("d/1.c");
    file("d/e/2.c");
    CHECK(symlink("../d", "d/up") == 0 && symlink("nothing", "lost") == 0);
}
static void fell(void)
{
    CHECK(chdir("/tmp/w") == 0);
    CHECK(unlink("b.c") == 0 && unlink("a.c") == 0 && unlink(".hidden") == 0 && unlink("x*y") == 0 && unlink("d/1.c") == 0 &&
          unlink("d/e/2.c") == 0 && unlink("d/up") == 0 && unlink("lost") == 0);
    CHECK(rmdir("d/e") == 0 && rmdir("d") == 0 && rmdir("empty") == 0 && chdir("/") == 0 && rmdir("/tmp/w") == 0);
}

/* The matches with spaces between, or E and the error. */
static const char *found(const char *pattern, int flags)
{
    static char list[400];
    glob_t g = {0};
    int err = glob(pattern, flags, NULL, &g);
    (void)snprintf(list, sizeof list, "E%d", err);
    for (size_t i = 0, at = 0; err == 0 && i < g.gl_pathc; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? " " : "", g.gl_pathv[i]);
    globfree(&g);
    return list;
}
#define FINDS(pattern, flags, list) \
    do { \
        const char *is = found(pattern, flags); \
        if (strcmp(is, list) != 0) \
            printf("  %s: %s\n", pattern, is); \
        CHECK(strcmp(is, list) == 0); \
    } while (0)

static void names_are_found(void)
{
    grow();
    FINDS("*.c", 0, "a.c b.c");
    FINDS("*", 0, "a.c b.c d empty lost x*y");
    FINDS("*", GLOB_MARK, "a.c b.c d/ empty/ lost x*y");
    FINDS(".h*", 0, ".hidden");
    FINDS("*/*.c", 0, "d/1.c");
    FINDS("d/*/*.c", 0, "d/e/2.c d/up/1.c");
    FINDS("/tmp/w/[ab].c", 0, "/tmp/w/a.c /tmp/w/b.c");
    FINDS("*/", 0, "d/ empty/");
    FINDS("d//e/*", 0, "d//e/2.c");
    FINDS("x\\*y", 0, "x*y");
    FINDS("nothing*", 0, "E3");
    FINDS("nothing*", GLOB_NOCHECK, "nothing*");
    FINDS("nothing", 0, "E3");
    FINDS("a.c", 0, "a.c");
    FINDS("lost", 0, "lost");
    FINDS("a.c/*", 0, "E3");
    FINDS("", 0, "E3");
    fell();
}

static void lists_go_on(void)
{
    glob_t g = {.gl_offs = 2};
    grow();
    CHECK_EQ(glob("b.c", GLOB_DOOFFS, NULL, &g), 0);
    CHECK_EQ(glob("d/*.c", GLOB_DOOFFS | GLOB_APPEND, NULL, &g), 0);
    CHECK_EQ(glob("a*", GLOB_DOOFFS | GLOB_APPEND, NULL, &g), 0);
    CHECK_EQ(g.gl_pathc, 3);
    CHECK(g.gl_pathv[0] == NULL && g.gl_pathv[1] == NULL && g.gl_pathv[5] == NULL);
    CHECK(strcmp(g.gl_pathv[2], "b.c") == 0 && strcmp(g.gl_pathv[3], "d/1.c") == 0 && strcmp(g.gl_pathv[4], "a.c") == 0);
    globfree(&g);
    fell();
}

/* The example in POSIX: the places that are kept are the program's. */
static void places_are_kept(void)
{
    glob_t g = {.gl_offs = 2};
    grow();
    CHECK_EQ(glob("*.c", GLOB_DOOFFS, NULL, &g), 0);
    g.gl_pathv[0] = "ls";
    g.gl_pathv[1] = "-l";
    CHECK(g.gl_pathc == 2 && strcmp(g.gl_pathv[2], "a.c") == 0 && g.gl_pathv[4] == NULL);
    globfree(&g);
    CHECK(g.gl_pathv == NULL && g.gl_pathc == 0);
    memset(&g, 0x55, sizeof g); /* nothing in it has a meaning before */
    CHECK_EQ(glob("nothing*", 0, NULL, &g), GLOB_NOMATCH);
    CHECK_EQ(g.gl_offs, 0);
    globfree(&g);
    fell();
}

/* ---- walks ---- */

static char seen[600];
static int stop_at;
static int note(const char *path, const struct stat *st, int what, struct FTW *where)
{
    size_t at = strlen(seen);
    (void)snprintf(seen + at, sizeof seen - at, "%s:%d:%d ", path + where->base, what, where->level);
    CHECK((what == FTW_F) <= (int)S_ISREG(st->st_mode));
    return stop_at != 0 && strcmp(path + where->base, "d") == 0 ? stop_at : 0;
}
static bool saw(const char *what) { return strstr(seen, what) != NULL; }

static void trees_are_walked(void)
{
    grow();
    seen[0] = 0;
    CHECK_EQ(nftw("/tmp/w", note, 1, FTW_PHYS), 0);
    CHECK(strncmp(seen, "w:1:0 ", 6) == 0);
    CHECK(saw("d:1:1 ") && saw("e:1:2 ") && saw("2.c:0:3 ") && saw("up:4:2 ") && saw("lost:4:1 ") && saw(".hidden:0:1 ") && saw("empty:1:1 "));
    CHECK(strstr(seen, "e:1:2 ") < strstr(seen, "2.c:0:3 ")); /* a directory before what is in it */
    seen[0] = 0;
    CHECK_EQ(nftw(".", note, 1, FTW_PHYS | FTW_DEPTH), 0);
    CHECK(saw("e:5:2 ") && strstr(seen, "2.c:0:3 ") < strstr(seen, "e:5:2 "));
    CHECK(strcmp(seen + strlen(seen) - 6, ".:5:0 ") == 0);
    seen[0] = 0;
    CHECK_EQ(nftw("d/", note, 20, 0), 0); /* links are followed, but not in a circle */
    CHECK(strncmp(seen, "d:1:0 ", 6) == 0 && saw("1.c:0:1 ") && !saw("up") && !saw(":3 "));
    seen[0] = 0;
    CHECK_EQ(nftw("lost", note, 20, 0), 0);
    CHECK(strcmp(seen, "lost:6:0 ") == 0);
    seen[0] = 0;
    stop_at = 42;
    CHECK_EQ(nftw("/tmp/w", note, 20, FTW_PHYS), 42);
    CHECK(!saw("e:1:2"));
    stop_at = 0;
    errno = 0;
    CHECK(nftw("/tmp/w/nothing", note, 20, 0) == -1 && errno == ENOENT);
    errno = 0;
    CHECK(nftw("/tmp/w/a.c/x", note, 20, 0) == -1 && errno == ENOTDIR);
    errno = 0;
    CHECK(nftw("", note, 20, 0) == -1 && errno == ENOENT);
    fell();
}

static int is_here(const char *path, const struct stat *st, int what, struct FTW *where)
{
    struct stat here;
    (void)what;
    CHECK_EQ(lstat(path + where->base, &here), 0);
    CHECK_EQ(here.st_ino, st->st_ino);
    return 0;
}
static int removes(const char *path, const struct stat *st, int what, struct FTW *where)
{
    (void)st, (void)where;
    return what == FTW_DP ? rmdir(path) : unlink(path);
}
static int counts(const char *path, const struct stat *st, int what)
{
    (void)path, (void)st;
    stop_at += what == FTW_F;
    return 0;
}
static void the_directory_changes_and_trees_go(void)
{
    char cwd[20];
    grow();
    CHECK_EQ(nftw("d", is_here, 20, FTW_PHYS | FTW_CHDIR), 0);
    CHECK_EQ(nftw("../w", is_here, 20, FTW_PHYS | FTW_CHDIR | FTW_DEPTH), 0);
    CHECK(getcwd(cwd, sizeof cwd) != NULL && strcmp(cwd, "/tmp/w") == 0);
    CHECK_EQ(ftw(".", counts, 1), 0);
    CHECK_EQ(stop_at, 6);
    stop_at = 0;
    CHECK(chdir("/") == 0);
    CHECK_EQ(nftw("/tmp/w", removes, 5, FTW_PHYS | FTW_DEPTH), 0);
    CHECK(access("/tmp/w", F_OK) == -1);
}

/* A directory that comes and goes may be gone between the look at it and its opening: that is no error. */
static void what_goes_meanwhile_is_left_out(void)
{
    int status, walks = 0, failed = 0;
    grow();
    pid_t child = fork();
    for (int i = 0; child == 0 && i < 3000; i++)
        if (mkdir("/tmp/w/d/gone", 0755) != 0 || rmdir("/tmp/w/d/gone") != 0)
            _exit(1);
    if (child == 0)
        _exit(0);
    for (; waitpid(child, &status, WNOHANG) == 0; walks++)
        failed += ftw("/tmp/w", counts, 20) != 0;
    CHECK(walks > 0 && status == 0);
    CHECK_EQ(failed, 0);
    stop_at = 0;
    fell();
}

GT_MAIN(CASE(patterns_match_what_they_say), CASE(names_are_found), CASE(lists_go_on), CASE(places_are_kept), CASE(trees_are_walked),
        CASE(the_directory_changes_and_trees_go),
        CASE(what_goes_meanwhile_is_left_out))
