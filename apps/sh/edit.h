/* SPDX-License-Identifier: MIT
 * Lines from the console: edited as they are typed, remembered, completed.
 */
#ifndef SH_EDIT_H
#define SH_EDIT_H

#include "sh.h"

/* A line with its newline, valid until the next call; NULL at the end of input. ^C gives an empty one, with *dropped. */
char *edit_line(const char *prompt, bool *dropped);
/* What was typed and ran, for later. */
void edit_remember(const char *text);

#endif
