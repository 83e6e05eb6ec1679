/* SPDX-License-Identifier: MIT
 * Tables and lists: what picolibc's header lacks of POSIX's.
 */
#ifndef PAGODA_SEARCH_H
#define PAGODA_SEARCH_H

#include_next <search.h>
#include <stddef.h>

/* The element of `count` at `table`, `bytes` each, that compare(key, element) gives 0 for; NULL: none. */
void *lfind(const void *key, const void *table, size_t *count, size_t bytes, int (*compare)(const void *, const void *));
/* The same, and it is put behind the others if there is none: the table has room for it. */
void *lsearch(const void *key, void *table, size_t *count, size_t bytes, int (*compare)(const void *, const void *));
/* Elements begin with two pointers, to the next one and to the one before. `before` NULL: it is the first and only one of its list. */
void insque(void *element, void *before);
void remque(void *element);

#endif
