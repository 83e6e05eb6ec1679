/* SPDX-License-Identifier: MIT
 * exec with the arguments as a list: each collects them into an array on the stack and calls its sibling.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#define LIST_MAX 256 /* arguments one can write out in a call */

/* Fills argv from the list that starts with first; false if there are too many. */
static int collect(const char *argv[LIST_MAX], const char *first, va_list *ap)
{
    argv[0] = first;
    for (int i = 1; i < LIST_MAX; i++) {
        if (argv[i - 1] == NULL)
            return 1;
        argv[i] = va_arg(*ap, const char *);
    }
    errno = E2BIG;
    return argv[LIST_MAX - 1] == NULL;
}

int execl(const char *path, const char *arg, ...)
{
    const char *argv[LIST_MAX];
    va_list ap;
    va_start(ap, arg);
    int fits = collect(argv, arg, &ap);
    va_end(ap);
    return fits ? execv(path, (char *const *)argv) : -1;
}

int execlp(const char *file, const char *arg, ...)
{
    const char *argv[LIST_MAX];
    va_list ap;
    va_start(ap, arg);
    int fits = collect(argv, arg, &ap);
    va_end(ap);
    return fits ? execvp(file, (char *const *)argv) : -1;
}

int execle(const char *path, const char *arg, ...)
{
    const char *argv[LIST_MAX];
    va_list ap;
    va_start(ap, arg);
    int fits = collect(argv, arg, &ap);
    char *const *envp = fits ? va_arg(ap, char *const *) : NULL;
    va_end(ap);
    return fits ? execve(path, (char *const *)argv, envp) : -1;
}
