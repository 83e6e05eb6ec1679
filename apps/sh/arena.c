/* SPDX-License-Identifier: MIT
 * Memory for one command line: taken in blocks, given back all at once.
 */
#include "sh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_BYTES 4000u

struct block {
    struct block *before;
    size_t used, room;
    char bytes[];
};
static struct block *top;

void *arena_new(size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (top == NULL || top->room - top->used < bytes) {
        size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
        struct block *b = malloc(sizeof *b + room);
        if (b == NULL) {
            fputs("sh: no memory\n", stderr);
            exit(STATUS_CANNOT_RUN);
        }
        *b = (struct block){.before = top, .room = room};
        top = b;
    }
    void *got = top->bytes + top->used;
    top->used += bytes;
    return memset(got, 0, bytes);
}

char *arena_text(const char *s, size_t len)
{
    return memcpy(arena_new(len + 1), s, len);
}

struct arena_mark arena_mark(void) { return (struct arena_mark){top, top != NULL ? top->used : 0}; }

void arena_release(struct arena_mark mark)
{
    while (top != mark.block) { /* bound: blocks since the mark */
        struct block *b = top;
        top = b->before;
        free(b);
    }
    if (top != NULL)
        top->used = mark.used;
}
