/* SPDX-License-Identifier: MIT
 * The buffer cache (buffer.h). Must never write a block before its stage, and never lose a dirty one.
 */
#include "buffer.h"

#include <errno.h>
#include <string.h>

static struct buffer **chain_of(struct cache *c, uint32_t block) { return &c->chain[block % BUFFER_CHAINS]; }

static void use_remove(struct cache *c, struct buffer *b)
{
    *(b->newer ? &b->newer->older : &c->newest) = b->older;
    *(b->older ? &b->older->newer : &c->oldest) = b->newer;
}

static void use_newest(struct cache *c, struct buffer *b)
{
    b->newer = NULL;
    b->older = c->newest;
    *(c->newest ? &c->newest->newer : &c->oldest) = b;
    c->newest = b;
}

static void use_oldest(struct cache *c, struct buffer *b)
{
    b->older = NULL;
    b->newer = c->oldest;
    *(c->oldest ? &c->oldest->older : &c->newest) = b;
    c->oldest = b;
}

void buffer_start(struct cache *c, const struct block_device *device, struct buffer *head, uint8_t *data, unsigned count,
                  unsigned block_bytes)
{
    memset(c, 0, sizeof *c);
    c->device = device;
    c->buffer = head;
    c->count = count;
    c->block_bytes = block_bytes;
    for (unsigned i = 0; i < count; i++) {
        head[i] = (struct buffer){.data = data + (size_t)i * block_bytes};
        use_newest(c, &head[i]);
    }
}

static struct buffer *find(struct cache *c, uint32_t block)
{
    for (struct buffer *b = *chain_of(c, block); b; b = b->chain)
        if (b->block == block)
            return b;
    return NULL;
}

static void unhash(struct cache *c, struct buffer *b)
{
    for (struct buffer **link = chain_of(c, b->block); *link; link = &(*link)->chain) {
        if (*link != b)
            continue;
        *link = b->chain;
        break;
    }
    b->valid = false;
    b->fresh = false;
    b->order = 0;
}

static struct buffer *victim(struct cache *c)
{
    for (struct buffer *b = c->oldest; b; b = b->newer)
        if (b->pins == 0 && b->stage == STAGE_CLEAN)
            return b;
    return NULL;
}

/* Whether there is a buffer that can be taken; makes one by writing, during which others may have read the block. */
static bool make_victim(struct cache *c) { return victim(c) || (buffer_write_stage(c, STAGE_FIRST, 0) == 0 && victim(c)); }

/* A buffer for a block that is not cached, hashed but without its content. make_victim() said that there is one. */
static struct buffer *claim(struct cache *c, uint32_t block)
{
    struct buffer *b = victim(c);
    if (b->valid)
        unhash(c, b);
    b->block = block;
    b->order = 0;
    b->valid = true;
    b->chain = *chain_of(c, block);
    *chain_of(c, block) = b;
    return b;
}

static void give_back(struct cache *c, struct buffer *b)
{
    unhash(c, b);
    use_remove(c, b);
    use_oldest(c, b);
}

static struct block_io request_of(const struct cache *c, struct buffer *b)
{
    uint32_t sectors = c->block_bytes / SECTOR_BYTES;
    return (struct block_io){.sector = (uint64_t)b->block * sectors, .sectors = sectors, .data = b->data};
}

/* The block's buffer with its content, NULL: it is not cached. */
static struct buffer *find_loaded(struct cache *c, uint32_t block)
{
    struct buffer *b;
    while ((b = find(c, block)) != NULL && b->loading) /* bound: the reads of others */
        c->device->pause(c->device->context);
    return b;
}

/* Pinned meanwhile, so nobody takes the buffer; others that want the block wait until it is no longer loading. */
static int load(struct cache *c, struct buffer *b)
{
    struct block_io io = request_of(c, b);
    c->reads++;
    b->pins++;
    b->loading = true;
    int err = c->device->read(c->device->context, &io, 1);
    b->loading = false;
    b->pins--;
    if (err == 0 && io.error == 0)
        return 0;
    give_back(c, b);
    return -EIO;
}

int buffer_get(struct cache *c, uint32_t block, enum buffer_fill fill, struct buffer **out)
{
    struct buffer *b = find_loaded(c, block);
    if (b == NULL && !make_victim(c))
        return -EIO;
    if (b == NULL)
        b = find_loaded(c, block);
    if (b == NULL) {
        b = claim(c, block);
        if (fill == FILL_READ && load(c, b) != 0)
            return -EIO;
    }
    if (fill == FILL_ZERO)
        memset(b->data, 0, c->block_bytes);
    use_remove(c, b);
    use_newest(c, b);
    b->pins++;
    *out = b;
    return 0;
}

void buffer_put(struct buffer *b) { b->pins--; }

void buffer_prefetch(struct cache *c, const uint32_t *block, unsigned count)
{
    struct block_io io[BUFFER_BATCH];
    struct buffer *mine[BUFFER_BATCH];
    unsigned n = 0;
    for (unsigned i = 0; i < count && n < BUFFER_BATCH; i++) {
        if (block[i] == 0 || find(c, block[i]) || !victim(c))
            continue;
        struct buffer *b = claim(c, block[i]);
        b->pins++;
        b->loading = true;
        mine[n] = b;
        io[n++] = request_of(c, b);
    }
    if (n == 0)
        return;
    c->reads += n;
    (void)c->device->read(c->device->context, io, n);
    for (unsigned i = 0; i < n; i++) {
        mine[i]->pins--;
        mine[i]->loading = false;
        if (io[i].error != 0)
            give_back(c, mine[i]);
        else {
            use_remove(c, mine[i]);
            use_newest(c, mine[i]);
        }
    }
}

static void set_stage(struct cache *c, struct buffer *b, enum buffer_stage stage)
{
    c->dirty[b->stage]--; /* of STAGE_CLEAN nobody reads the count */
    b->stage = (uint8_t)stage;
    c->dirty[stage]++;
}

void buffer_dirty(struct cache *c, struct buffer *b, enum buffer_stage stage)
{
    if (stage > b->stage)
        set_stage(c, b, stage);
}

void buffer_forget(struct cache *c, uint32_t block)
{
    struct buffer *b = find(c, block);
    if (b == NULL || b->pins > 0)
        return; /* pinned: a corrupt image uses one block twice; it stays as it is */
    set_stage(c, b, STAGE_CLEAN);
    give_back(c, b);
}

unsigned buffer_dirty_count(const struct cache *c)
{
    return c->dirty[STAGE_FIRST] + c->dirty[STAGE_POINTER] + c->dirty[STAGE_NAME];
}

static int write_list(struct cache *c, struct buffer **list, struct block_io *io, unsigned count)
{
    c->writes += count;
    c->unflushed = true;
    int err = c->device->write(c->device->context, io, count);
    for (unsigned i = 0; i < count; i++) {
        if (io[i].error != 0) {
            err = -EIO;
            continue;
        }
        set_stage(c, list[i], STAGE_CLEAN);
        list[i]->order = 0;
    }
    return err ? -EIO : 0;
}

int buffer_write(struct cache *c, struct buffer *b)
{
    struct block_io io = request_of(c, b);
    return write_list(c, &b, &io, 1);
}

/* Into the list by block number: disks like it. */
static void insert(struct buffer **list, unsigned n, struct buffer *b)
{
    while (n > 0 && list[n - 1]->block > b->block) {
        list[n] = list[n - 1];
        n--;
    }
    list[n] = b;
}

int buffer_write_stage(struct cache *c, enum buffer_stage stage, unsigned order)
{
    unsigned at = 0;
    while (at < c->count && c->dirty[stage] > 0) { /* bound: once over the buffers */
        struct buffer *list[BUFFER_BATCH];
        struct block_io io[BUFFER_BATCH];
        unsigned n = 0;
        for (; at < c->count && n < BUFFER_BATCH; at++)
            if (c->buffer[at].stage == stage && c->buffer[at].order == order)
                insert(list, n++, &c->buffer[at]);
        for (unsigned i = 0; i < n; i++)
            io[i] = request_of(c, list[i]);
        int err = n > 0 ? write_list(c, list, io, n) : 0;
        if (err != 0)
            return err;
    }
    return 0;
}

unsigned buffer_order_max(const struct cache *c)
{
    unsigned max = 0;
    for (unsigned i = 0; i < c->count; i++)
        if (c->buffer[i].order > max)
            max = c->buffer[i].order;
    return max;
}

int buffer_flush(struct cache *c)
{
    if (!c->unflushed)
        return 0;
    c->flushes++;
    if (c->device->flush(c->device->context) != 0)
        return -EIO;
    c->unflushed = false;
    return 0;
}

void buffer_commit_done(struct cache *c)
{
    for (unsigned i = 0; i < c->count; i++)
        c->buffer[i].fresh = false;
}
