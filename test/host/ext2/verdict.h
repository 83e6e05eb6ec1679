/* SPDX-License-Identifier: MIT
 * What e2fsck may find after a power cut on an ext2 without a journal, and what not. This is the definition: a line of e2fsck
 * that is not in the list of verdict.c is a failure.
 */
#ifndef TEST_VERDICT_H
#define TEST_VERDICT_H

/* The first line of e2fsck's output that must not be there, or NULL. Changes `said`. */
const char *verdict(char *said);

#endif
