/* SPDX-License-Identifier: MIT
 * The environment. It begins as the array that the program was started with and moves to one of our own with its first change; a
 * program may also point `environ` elsewhere. Owns that array and the strings that setenv() made.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char **own;  /* what environ points to while it is ours */
static char **made; /* by index: the string if setenv() made it, else null */
static size_t room; /* of both, the null at the end included */

static bool is_name(const char *name) { return name != NULL && name[0] != '\0' && strchr(name, '=') == NULL; }

/* Index of a name, or of the null at the end. */
static size_t find(const char *name, size_t len)
{
    size_t i = 0;
    while (environ != NULL && environ[i] != NULL && (strncmp(environ[i], name, len) != 0 || environ[i][len] != '='))
        i++;
    return i;
}

static size_t count(void)
{
    size_t n = 0;
    while (environ != NULL && environ[n] != NULL)
        n++;
    return n;
}

/* Room for one more in an array of our own, which environ is from now on. */
static bool prepare(void)
{
    size_t n = count(), wanted = n + 2;
    if (environ == own && wanted <= room)
        return true;
    wanted = wanted < 16 ? 16 : wanted * 2;
    char **table = calloc(wanted, sizeof *table), **strings = calloc(wanted, sizeof *strings);
    if (table == NULL || strings == NULL) {
        free(table);
        free(strings);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        table[i] = environ[i];
        strings[i] = environ == own ? made[i] : NULL;
    }
    free(own);
    free(made);
    environ = own = table;
    made = strings;
    room = wanted;
    return true;
}

static void put(size_t i, char *string, char *ours)
{
    free(made[i]);
    own[i] = string;
    made[i] = ours;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

char *getenv(const char *name)
{
    if (!is_name(name))
        return NULL;
    size_t len = strlen(name);
    __libc_lock();
    size_t i = find(name, len);
    char *value = environ != NULL && environ[i] != NULL ? environ[i] + len + 1 : NULL;
    __libc_unlock();
    return value;
}

static int set_locked(const char *name, const char *value, int over)
{
    size_t len = strlen(name), i = find(name, len);
    if (environ != NULL && environ[i] != NULL && !over)
        return 0;
    char *string = malloc(len + strlen(value) + 2);
    if (string == NULL || !prepare()) {
        free(string);
        return fail(ENOMEM);
    }
    memcpy(string, name, len);
    string[len] = '=';
    strcpy(string + len + 1, value);
    put(i, string, string);
    return 0;
}

int setenv(const char *name, const char *value, int over)
{
    if (!is_name(name))
        return fail(EINVAL);
    __libc_lock();
    int result = set_locked(name, value, over);
    __libc_unlock();
    return result;
}

/* The array may be the program's own: it is changed where it is. */
static void take_out(size_t i)
{
    bool ours = environ == own;
    if (ours)
        free(made[i]);
    for (; environ[i] != NULL; i++) {
        environ[i] = environ[i + 1];
        if (ours)
            made[i] = environ[i] != NULL ? made[i + 1] : NULL;
    }
}

int unsetenv(const char *name)
{
    if (!is_name(name))
        return fail(EINVAL);
    size_t len = strlen(name);
    __libc_lock();
    for (size_t i = find(name, len); environ != NULL && environ[i] != NULL; i = find(name, len)) /* bound: each turn takes one out */
        take_out(i);
    __libc_unlock();
    return 0;
}

/* The string itself becomes part of the environment. Without a '=' the name goes, as elsewhere. */
int putenv(char *string)
{
    const char *equals = strchr(string, '=');
    if (equals == NULL)
        return unsetenv(string);
    if (equals == string)
        return fail(EINVAL);
    __libc_lock();
    size_t i = find(string, (size_t)(equals - string));
    bool done = prepare();
    if (done)
        put(i, string, NULL);
    __libc_unlock();
    return done ? 0 : fail(ENOMEM);
}
