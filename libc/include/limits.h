/* SPDX-License-Identifier: MIT
 * picolibc's <limits.h> with this system's limits of files.
 */
#ifndef PAGODA_LIMITS_H
#define PAGODA_LIMITS_H

#include_next <limits.h>

#undef PATH_MAX
#define PATH_MAX 1024 /* bytes, the nul included */
#undef NAME_MAX
#define NAME_MAX 255
#undef OPEN_MAX
#define OPEN_MAX 1024
#undef IOV_MAX
#define IOV_MAX 1024
#ifndef SSIZE_MAX
#define SSIZE_MAX LONG_MAX
#endif
#undef PIPE_BUF
#define PIPE_BUF 4096
#undef LINK_MAX
#define LINK_MAX 32000
#undef SYMLOOP_MAX
#define SYMLOOP_MAX 16

#endif
