/* SPDX-License-Identifier: MIT
 * Files that nobody named: mkstemp() and its kin, tmpfile(), tmpnam().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TRIES 200
#define PATTERN_LETTERS 6u

/* Six letters at `to` that nobody can be expected to have used. Not a secret. */
static void letters(char *to)
{
    static _Atomic unsigned long round;
    static const char digit[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    unsigned long seed = (unsigned long)now.tv_nsec * 2654435761u + (unsigned long)now.tv_sec + (unsigned long)getpid() * 40503u + ++round * 0x9e3779b97f4a7c15u;
    seed ^= seed >> 29;
    for (unsigned i = 0; i < PATTERN_LETTERS; i++) {
        to[i] = digit[seed % (sizeof digit - 1)];
        seed /= sizeof digit - 1;
    }
}

/* Calls make(name) with names until it does not fail because there is such a thing. */
static int try_names(char *pattern, size_t suffix, int (*make)(const char *name, int flags), int flags)
{
    size_t len = strlen(pattern);
    char *place = pattern + len - suffix - PATTERN_LETTERS;
    if (len < suffix + PATTERN_LETTERS || strncmp(place, "XXXXXX", PATTERN_LETTERS) != 0) {
        errno = EINVAL;
        return -1;
    }
    for (unsigned i = 0; i < TRIES; i++) {
        letters(place);
        int made = make(pattern, flags);
        if (made >= 0 || errno != EEXIST)
            return made;
    }
    memcpy(place, "XXXXXX", PATTERN_LETTERS);
    return -1;
}

static int make_file(const char *name, int flags) { return open(name, O_RDWR | O_CREAT | O_EXCL | flags, 0600); }
static int make_folder(const char *name, int flags) { return mkdir(name, 0700 | (mode_t)flags); }

static int make_nothing(const char *name, int flags)
{
    struct stat st;
    (void)flags;
    if (lstat(name, &st) == 0)
        errno = EEXIST;
    else if (errno == ENOENT)
        return 0;
    return -1;
}

int mkostemps(char *pattern, int suffix, int flags)
{
    if (suffix < 0) {
        errno = EINVAL;
        return -1;
    }
    return try_names(pattern, (size_t)suffix, make_file, flags & ~O_ACCMODE);
}

int mkstemps(char *pattern, int suffix) { return mkostemps(pattern, suffix, 0); }
int mkostemp(char *pattern, int flags) { return mkostemps(pattern, 0, flags); }
int mkstemp(char *pattern) { return mkostemps(pattern, 0, 0); }
char *mkdtemp(char *pattern) { return try_names(pattern, 0, make_folder, 0) == 0 ? pattern : NULL; }

static char *free_name(char *pattern)
{
    if (try_names(pattern, 0, make_nothing, 0) != 0)
        *pattern = '\0';
    return pattern;
}

char *mktemp(char *pattern) { return free_name(pattern); }

FILE *tmpfile(void)
{
    char name[] = P_tmpdir "/tmpXXXXXX";
    int fd = mkstemp(name);
    if (fd < 0)
        return NULL;
    (void)unlink(name);
    FILE *f = fdopen(fd, "w+");
    if (f == NULL)
        (void)close(fd);
    return f;
}

char *tmpnam(char *name)
{
    static char own[L_tmpnam];
    char *to = name != NULL ? name : own;
    strcpy(to, P_tmpdir "/tmpXXXXXX");
    return *free_name(to) != '\0' ? to : NULL;
}

char *tempnam(const char *folder, const char *prefix)
{
    char *name = NULL;
    if (folder == NULL)
        folder = P_tmpdir;
    if (asprintf(&name, "%s/%.5sXXXXXX", folder, prefix != NULL ? prefix : "tmp") < 0)
        return NULL;
    if (*free_name(name) != '\0')
        return name;
    free(name);
    return NULL;
}

char *ctermid(char *name)
{
    static char own[L_ctermid];
    return strcpy(name != NULL ? name : own, "/dev/console");
}
