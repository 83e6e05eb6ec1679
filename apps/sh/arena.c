/* SPDX-License-Identifier: MIT
 * Memory for one command: taken in blocks, given back all at once. A function has an arena of its own.
 */
#include "sh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 4000u

struct arena_block {
    struct arena_block *before;
    size_t used, room;
    char bytes[];
};
static struct arena_block *top;

static _Noreturn void no_memory(void)
{
    fputs("sh: no memory\n", stderr);
    exit(STATUS_CANNOT_RUN);
}

void *arena_new(size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (top == NULL || top->room - top->used < bytes) {
        size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
        struct arena_block *b = malloc(sizeof *b + room);
        if (b == NULL)
            no_memory();
        *b = (struct arena_block){.before = top, .room = room};
        top = b;
    }
    void *got = top->bytes + top->used;
    top->used += bytes;
    return memset(got, 0, bytes);
}

char *arena_text(const char *s, size_t len)
{
    char *to = arena_new(len + 1);
    return len > 0 ? memcpy(to, s, len) : to;
}

char *arena_joined(const char *a, const char *b, const char *c)
{
    char *to = arena_new(strlen(a) + strlen(b) + strlen(c) + 1);
    sprintf(to, "%s%s%s", a, b, c);
    return to;
}

struct arena_mark arena_mark(void) { return (struct arena_mark){top, top != NULL ? top->used : 0}; }

void arena_release(struct arena_mark mark)
{
    while (top != mark.block) { /* bound: blocks since the mark */
        struct arena_block *b = top;
        top = b->before;
        free(b);
    }
    if (top != NULL)
        top->used = mark.used;
}

struct arena_block *arena_switch(struct arena_block *to)
{
    struct arena_block *before = top;
    top = to;
    return before;
}

void arena_free(struct arena_block *arena)
{
    while (arena != NULL) { /* bound: its blocks */
        struct arena_block *b = arena;
        arena = b->before;
        free(b);
    }
}

void *keep(void *old, size_t bytes)
{
    void *new = realloc(old, bytes);
    if (new == NULL)
        no_memory();
    return new;
}

char *keep_text(const char *s) { return strcpy(keep(NULL, strlen(s) + 1), s); }
