/* SPDX-License-Identifier: MIT
 * What `sh --words` and wordexp() know of each other (docs/shell.md): the command is
 *   sh --words -LETTERS TEXT      u: unset variables are an error; c: a word that wants a command to be run is one
 * and prints each word that the text becomes with a nul behind it. It ends with 0, or WORDS_STATUS and a WRDE_ of <wordexp.h>.
 */
#ifndef PAGODA_WORDS_H
#define PAGODA_WORDS_H

#define WORDS_STATUS 64 /* no other end of a shell has such a status */

#endif
