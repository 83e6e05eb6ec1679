/* SPDX-License-Identifier: MIT
 * $1 and its kin and the signs like $?.
 */
#include "sh.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *shell_name = "sh";
char **parameters;
int parameters_n;
int last_status;
pid_t shell_pid, last_background;

void parameters_set(char **words)
{
    int n = 0;
    while (words[n] != NULL)
        n++;
    char **new = keep(NULL, ((size_t)n + 1) * sizeof *new);
    for (int i = 0; i < n; i++)
        new[i] = keep_text(words[i]);
    new[n] = NULL;
    for (int i = 0; i < parameters_n; i++)
        free(parameters[i]);
    free(parameters);
    parameters = new;
    parameters_n = n;
}

static const char *numbered(const char *name)
{
    long i = strtol(name, NULL, 10);
    return i == 0 ? shell_name : i > 0 && i <= parameters_n ? parameters[i - 1] : NULL;
}

const char *parameter(const char *name)
{
    static char number[24];
    const long numbers[] = {last_status, (long)shell_pid, parameters_n, (long)last_background};
    static const char signs[] = "?$#!";
    size_t which = strcspn(signs, name);
    if (name[0] != '\0' && name[1] == '\0' && signs[which] != '\0') {
        snprintf(number, sizeof number, "%ld", numbers[which]);
        return *name == '!' && last_background == 0 ? NULL : number;
    }
    if (strcmp(name, "-") == 0)
        return option_letters();
    if (isdigit((unsigned char)*name))
        return numbered(name);
    if (strcmp(name, "LINENO") == 0) {
        snprintf(number, sizeof number, "%u", line_now);
        return number;
    }
    return variable_get(name);
}

int builtin_shift(char **words)
{
    long n = words[1] != NULL ? word_number("shift", words[1], parameters_n) : 1;
    if (n < 0 || n > parameters_n) {
        error_ends();
        return n < 0 ? STATUS_SYNTAX : complain(STATUS_SYNTAX, "shift", "there are not so many parameters");
    }
    for (int i = 0; i < n; i++)
        free(parameters[i]);
    parameters_n -= (int)n;
    memmove(parameters, parameters + n, ((size_t)parameters_n + 1) * sizeof *parameters);
    return 0;
}
