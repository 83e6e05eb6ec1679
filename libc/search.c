/* SPDX-License-Identifier: MIT
 * Tables that are looked through, and lists linked both ways (search.h). Trees and hash tables are picolibc's.
 */
#include <search.h>
#include <string.h>

void *lfind(const void *key, const void *table, size_t *count, size_t bytes, int (*compare)(const void *, const void *))
{
    char *at = (char *)(uintptr_t)table;
    for (size_t i = 0; i < *count; i++, at += bytes)
        if (compare(key, at) == 0)
            return at;
    return NULL;
}

void *lsearch(const void *key, void *table, size_t *count, size_t bytes, int (*compare)(const void *, const void *))
{
    void *found = lfind(key, table, count, bytes, compare);
    return found != NULL ? found : memcpy((char *)table + (*count)++ * bytes, key, bytes);
}

struct element {
    struct element *next, *before;
};

void insque(void *element, void *before)
{
    struct element *e = element, *b = before;
    e->before = b;
    e->next = b != NULL ? b->next : NULL;
    if (b == NULL)
        return;
    b->next = e;
    if (e->next != NULL) /* else a list with an end, not a ring */
        e->next->before = e;
}

void remque(void *element)
{
    struct element *e = element;
    if (e->before != NULL)
        e->before->next = e->next;
    if (e->next != NULL)
        e->next->before = e->before;
}
