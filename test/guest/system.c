/* SPDX-License-Identifier: MIT
 * Proves what programs are told of the system and of themselves: who they are, limits, names.
 */
#define GT_NAME "system"
#include "gtest.h"
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <sys/utsname.h>
#include <wordexp.h>

static void there_is_one_user(void)
{
    CHECK(getuid() == 0 && geteuid() == 0 && getgid() == 0 && getegid() == 0);
    CHECK(setuid(0) == 0 && setgid(0) == 0);
    errno = 0;
    CHECK(setuid(1) == -1 && errno == EPERM);
    gid_t groups[4] = {9, 9, 9, 9};
    CHECK(getgroups(0, NULL) == 1 && getgroups(4, groups) == 1 && groups[0] == 0);
    struct passwd *p = getpwuid(0), copy, *found = NULL;
    REQUIRE(p != NULL);
    CHECK(strcmp(p->pw_name, "root") == 0 && strcmp(p->pw_dir, "/") == 0 && access(p->pw_shell, X_OK) == 0);
    CHECK(getpwnam("root") == p && getpwnam("nobody") == NULL && getpwuid(7) == NULL);
    CHECK(getpwnam_r("root", &copy, NULL, 0, &found) == 0 && found == &copy && copy.pw_uid == 0);
    CHECK(getgrgid(0) != NULL && getgrnam("nobody") == NULL);
}

static void limits_are_told(void)
{
    CHECK_EQ(sysconf(_SC_PAGESIZE), 4096);
    CHECK_EQ(getpagesize(), 4096);
    CHECK_EQ(sysconf(_SC_OPEN_MAX), 1024);
    CHECK_EQ(sysconf(_SC_ARG_MAX), 128 * 1024);
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1 && sysconf(_SC_PHYS_PAGES) * 4096L == 128L << 20);
    CHECK(sysconf(_SC_AVPHYS_PAGES) > 1000 && sysconf(_SC_AVPHYS_PAGES) < sysconf(_SC_PHYS_PAGES));
    errno = 0;
    CHECK(sysconf(_SC_CHILD_MAX) == -1 && errno == 0); /* no limit is no error */
    CHECK(sysconf(100000) == -1 && errno == EINVAL);
    CHECK_EQ(pathconf("/", _PC_NAME_MAX), 255);
    CHECK_EQ(fpathconf(0, _PC_PIPE_BUF), 4096);
    errno = 0;
    CHECK(pathconf("/none", _PC_NAME_MAX) == -1 && errno == ENOENT);
    char path[20];
    CHECK(confstr(_CS_PATH, path, sizeof path) == 5 && strcmp(path, "/bin") == 0);
    CHECK(confstr(_CS_PATH, path, 3) == 5 && strcmp(path, "/b") == 0);
    struct utsname u;
    CHECK(uname(&u) == 0 && strcmp(u.sysname, "Pagoda") == 0 && strcmp(u.machine, "riscv64") == 0);
    char name[64];
    CHECK(gethostname(name, sizeof name) == 0 && strcmp(name, u.nodename) == 0);
    errno = 0;
    CHECK(gethostname(name, 3) == -1 && errno == ENAMETOOLONG);
}

static void expands(const char *words, const char *const *wanted)
{
    wordexp_t w;
    size_t n = 0;
    while (wanted[n] != NULL)
        n++;
    CHECK_EQ(wordexp(words, &w, WRDE_NOCMD | WRDE_UNDEF), 0);
    CHECK_EQ(w.we_wordc, n);
    for (size_t i = 0; i < n && i < w.we_wordc; i++)
        CHECK(strcmp(w.we_wordv[i], wanted[i]) == 0);
    CHECK(w.we_wordv[w.we_wordc] == NULL);
    wordfree(&w);
}
static int refused(const char *words, int flags)
{
    wordexp_t w = {0};
    int why = wordexp(words, &w, flags);
    CHECK(w.we_wordv == NULL && w.we_wordc == 0);
    return why;
}
static void words_are_expanded(void)
{
    CHECK_EQ(setenv("A_WORD", "one two", 1), 0);
    expands(" a  'b c' \"d|$A_WORD\" \\; $A_WORD", (const char *[]){"a", "b c", "d|one two", ";", "one", "two", NULL});
    expands("$((2 + (3))) ${A_WORD#one} ${NONE-x y} '' #no", (const char *[]){"5", "two", "x", "y", "", "#no", NULL});
    expands("/pro[c] /none/*", (const char *[]){"/proc", "/none/*", NULL});
    expands("", (const char *[]){NULL});
    static const char *const bad[] = {"a|b", "a;b", "a&", "a<b", "(a)", "{a", "a\nb", "\"${NONE:-'}\"; touch /tmp/ran; \"'}\"", "${NONE:-\"'\"};touch /tmp/ran;'}'"};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_EQ(refused(bad[i], 0), WRDE_BADCHAR);
    static const char *const open[] = {"'a", "\"a", "$(a", "${a", "`a", "a\\", "$((1)"};
    for (unsigned i = 0; i < sizeof open / sizeof open[0]; i++)
        CHECK_EQ(refused(open[i], 0), WRDE_SYNTAX);
    static const char *const run[] = {"$(echo a)", "`echo a`", "\"$(echo a)\"", "${A-$(echo a)}", "$((1 + $(echo 1)))", "$((touch /tmp/ran) )", "$(('$(touch /tmp/ran)'))",
                                      "\"${NONE:-'$(touch /tmp/ran)'}\"", "$(('`touch /tmp/ran`'))", "${NONE:=${NO:-$(touch /tmp/ran)}}"};
    for (unsigned i = 0; i < sizeof run / sizeof run[0]; i++)
        CHECK_EQ(refused(run[i], WRDE_NOCMD), WRDE_CMDSUB);
    CHECK(access("/tmp/ran", F_OK) == -1);
    CHECK_EQ(refused("$NOT_THERE", WRDE_UNDEF), WRDE_BADVAL);
    wordexp_t w = {.we_offs = 2};
    CHECK_EQ(wordexp("$(echo a b)", &w, WRDE_DOOFFS), 0);
    CHECK_EQ(wordexp("c", &w, WRDE_DOOFFS | WRDE_APPEND), 0);
    CHECK_EQ(w.we_wordc, 3);
    CHECK(w.we_wordv[0] == NULL && w.we_wordv[1] == NULL && strcmp(w.we_wordv[4], "c") == 0 && w.we_wordv[5] == NULL);
    CHECK_EQ(wordexp("d", &w, WRDE_DOOFFS | WRDE_REUSE), 0);
    CHECK(w.we_wordc == 1 && strcmp(w.we_wordv[2], "d") == 0);
    wordfree(&w);
}

GT_MAIN(CASE(there_is_one_user), CASE(limits_are_told), CASE(words_are_expanded))
