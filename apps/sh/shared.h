/* SPDX-License-Identifier: MIT
 * What is both a builtin of the shell and a program: echo, printf, test.
 */
#ifndef SH_SHARED_H
#define SH_SHARED_H

#include <stdbool.h>
#include <stddef.h>

int builtin_echo(char **words), builtin_printf(char **words), builtin_test(char **words);
/* A message; returns the status. */
int complain(int status, const char *what, const char *why);

#endif
