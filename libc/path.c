/* SPDX-License-Identifier: MIT
 * Where programs are looked for: a name with a slash is a path; any other is tried in each directory of $PATH, which
 * is /bin when unset.
 */
#include "internal.h"

#include <errno.h>
#include <ipc/procmgr.h>
#include <stdlib.h>
#include <string.h>

/* The search goes on. */
static bool is_elsewhere(int error) { return error == ENOENT || error == ENOTDIR || error == EACCES; }

int __path_search(const char *file, int (*try)(const char *path, void *context), void *context)
{
    if (file[0] == '\0')
        return ENOENT;
    if (strchr(file, '/') != NULL)
        return try(file, context);
    const char *dirs = getenv("PATH");
    if (dirs == NULL)
        dirs = "/bin";
    int error = ENOENT;
    bool denied = false; /* somewhere there was one, but no program */
    while (is_elsewhere(error) && *dirs != '\0') { /* bound: directories in $PATH */
        char path[PROC_PATH_MAX];
        size_t dir_len = strcspn(dirs, ":");
        if (dir_len + strlen(file) + 2 > sizeof path)
            return ENAMETOOLONG;
        memcpy(path, dirs, dir_len);
        path[dir_len] = '/';
        strcpy(path + dir_len + (dir_len > 0), file); /* an empty entry is the current directory */
        error = try(path, context);
        denied |= error == EACCES;
        dirs += dir_len + (dirs[dir_len] == ':');
    }
    return is_elsewhere(error) && denied ? EACCES : error == ENOTDIR ? ENOENT : error;
}
