/* SPDX-License-Identifier: MIT
 * Directories, in place of picolibc's header, which refuses to be included.
 */
#ifndef PAGODA_DIRENT_H
#define PAGODA_DIRENT_H

#include <sys/types.h>

enum { DT_UNKNOWN = 0, DT_FIFO = 1, DT_CHR = 2, DT_DIR = 4, DT_BLK = 6, DT_REG = 8, DT_LNK = 10, DT_SOCK = 12 };

struct dirent {
    ino_t d_ino;
    unsigned char d_type; /* DT_* */
    char d_name[256];
};

typedef struct __dir DIR;

/* NULL and errno: ENOENT, ENOTDIR, EMFILE, ENOMEM ... The descriptor is closed by exec. */
DIR *opendir(const char *path);
DIR *fdopendir(int fd); /* takes over fd */
/* The next entry, "." and ".." among them, good until the next call; NULL at the end, or with errno set. */
struct dirent *readdir(DIR *d);
/* The same into the caller's entry, from any thread: *result is entry, NULL at the end. Returns an errno value. */
int readdir_r(DIR *d, struct dirent *restrict entry, struct dirent **restrict result);
/* Entries that select says yes to (NULL: all), in the order of compare (NULL: as they come), each of malloc()'s, in a list of it, too.
 * -1 and errno: as opendir() and readdir(), ENOMEM. */
int scandir(const char *path, struct dirent ***list, int (*select)(const struct dirent *),
            int (*compare)(const struct dirent **, const struct dirent **));
int alphasort(const struct dirent **a, const struct dirent **b); /* by name */
long telldir(DIR *d);
void seekdir(DIR *d, long position);
void rewinddir(DIR *d);
int dirfd(DIR *d);
int closedir(DIR *d);

#endif
