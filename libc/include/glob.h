/* SPDX-License-Identifier: MIT
 * Names that match a pattern, as POSIX has it; in place of picolibc's header, which is another one's.
 */
#ifndef PAGODA_GLOB_H
#define PAGODA_GLOB_H

#include <stddef.h>

typedef struct {
    size_t gl_pathc; /* how many match */
    char **gl_pathv; /* they, and a null pointer; before them gl_offs null pointers with GLOB_DOOFFS */
    size_t gl_offs;
} glob_t;

#define GLOB_ERR 1      /* a directory that can't be read ends it */
#define GLOB_MARK 2     /* directories end with a slash */
#define GLOB_NOSORT 4
#define GLOB_DOOFFS 8
#define GLOB_NOCHECK 16 /* nothing matches: the pattern itself */
#define GLOB_APPEND 32
#define GLOB_NOESCAPE 64

#define GLOB_NOSPACE 1
#define GLOB_ABORTED 2
#define GLOB_NOMATCH 3

int glob(const char *__restrict pattern, int flags, int (*on_error)(const char *path, int error), glob_t *__restrict g);
void globfree(glob_t *g);

#endif
