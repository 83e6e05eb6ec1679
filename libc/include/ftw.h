/* SPDX-License-Identifier: MIT
 * Walks through trees of files, as POSIX has them.
 */
#ifndef PAGODA_FTW_H
#define PAGODA_FTW_H

#include <sys/stat.h>

/* What a file is: a directory that can't be read (DNR), or all below which was seen (DP); a link, or one that leads nowhere (SLN);
 * what stat() says nothing of (NS). */
enum { FTW_F, FTW_D, FTW_DNR, FTW_NS, FTW_SL, FTW_DP, FTW_SLN };

#define FTW_PHYS 1  /* links are not followed */
#define FTW_MOUNT 2 /* other file systems are not entered */
#define FTW_DEPTH 4 /* what is in a directory comes before it */
#define FTW_CHDIR 8 /* fn is called in the directory that the file is in */

struct FTW {
    int base; /* where the file's name begins in the path */
    int level;
};

/* Both end with what fn returns when that is not 0. However small `open_max` is, one directory is open at a time. */
int ftw(const char *path, int (*fn)(const char *path, const struct stat *st, int what), int open_max);
int nftw(const char *path, int (*fn)(const char *path, const struct stat *st, int what, struct FTW *where), int open_max, int flags);

#endif
