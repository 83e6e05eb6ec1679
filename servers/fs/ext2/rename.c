/* SPDX-License-Identifier: MIT
 * Rename. The new name must reach the disk before the old one goes: within one block both go together; otherwise the blocks get
 * an order (buffer.h), and a file counts one more link until the old name is gone, so that a cut leaves two good names at worst.
 */
#include "internal.h"

#define DEPTH_MAX 4096u

struct move {
    struct ext2_node *from_dir, *to_dir, *n, *old; /* old: what the new name meant, or NULL */
    struct slot from, to;
    bool to_is_slot; /* `to` is pinned */
};

/* Whether dir lies in (or is) the directory top; then that cannot be moved there. */
static int is_below(struct ext2 *fs, const struct ext2_node *dir, const struct ext2_node *top)
{
    uint32_t ino = dir->ino;
    for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
        struct ext2_node *n;
        uint32_t parent;
        if (ino == top->ino)
            return -EINVAL;
        if (ino == ROOT_INO)
            return 0;
        int err = ext2_get(fs, ino, &n);
        if (err != 0)
            return err;
        err = ext2_lookup(fs, n, "..", 2, &parent);
        ext2_put(fs, n);
        if (err != 0)
            return err == -ENOENT ? ext2_corrupt(fs, "a directory has no parent") : err;
        ino = parent;
    }
    return ext2_corrupt(fs, "directories go round in a circle");
}

static int may_replace(struct ext2 *fs, const struct move *m)
{
    if (m->old == NULL)
        return 0;
    if (ext2_is_dir(m->n) && !ext2_is_dir(m->old))
        return -ENOTDIR;
    if (!ext2_is_dir(m->n) && ext2_is_dir(m->old))
        return -EISDIR;
    if (!ext2_is_dir(m->old))
        return 0;
    return m->old->ino == ROOT_INO || m->old == m->to_dir || m->old == m->from_dir ? -ENOTEMPTY : ext2_dir_empty(fs, m->old);
}

/* The new name must be on the disk before the old one goes from `then`. */
static int order(struct ext2 *fs, const struct move *m, struct buffer *then)
{
    unsigned first = ext2_dir_name_order(fs, m->to_dir, m->to.b);
    bool late = then->stage == STAGE_CLEAN || then->order > first;
    if (!late || first >= BUFFER_ORDER_MAX) {
        int err = ext2_commit(fs);
        if (err != 0)
            return err;
        first = m->to.b->order;
    }
#ifndef MUTANT_EXT2_RENAME_UNORDERED
    if (then->order <= first)
        then->order = (uint8_t)(first + 1);
#endif
    return 0;
}

/* ".." of a directory that moved. */
static int set_parent(struct ext2 *fs, struct move *m)
{
    struct slot s;
    int err = ext2_dir_find(fs, m->n, "..", 2, &s);
    if (err != 0)
        return err;
    ext2_dir_replace(fs, &s, m->to_dir->ino, MODE_DIR);
    buffer_put(s.b);
    m->to_dir->links++;
    err = ext2_node_store(fs, m->to_dir);
    ext2_parent_drop(fs, m->from_dir);
    return err;
}

static void drop_old(struct ext2 *fs, struct move *m)
{
    if (m->old == NULL)
        return;
    if (ext2_is_dir(m->old))
        ext2_parent_drop(fs, m->to_dir);
    ext2_node_drop(fs, m->old, ext2_is_dir(m->old) ? m->old->links : 1);
    ext2_now(fs, &m->old->ctime);
    (void)ext2_node_store(fs, m->old);
}

/* The places are known and pinned. */
static int move(struct ext2 *fs, struct move *m, const char *from, size_t from_len, const char *to, size_t to_len)
{
    bool apart = m->from.b != m->to.b;
    int err = m->old ? ext2_dir_order(fs, m->old, m->to.b) : 0;
    if (err == 0)
        err = ext2_dir_order(fs, m->n, m->from.b);
    if (err == 0 && apart)
        err = order(fs, m, m->from.b);
    if (err == 0 && ext2_is_dir(m->n) && m->from_dir != m->to_dir)
        err = set_parent(fs, m);
    if (err != 0)
        return err;
    if (apart && !ext2_is_dir(m->n))
        m->n->links++;
    if (m->old)
        ext2_dir_replace(fs, &m->to, m->n->ino, m->n->mode);
    else
        err = ext2_dir_put(fs, &m->to, to, to_len, m->n->ino, m->n->mode);
    if (err != 0)
        return err;
    ext2_dir_added(fs, m->n, m->to_dir, m->to.b);
    drop_old(fs, m);
    err = ext2_dir_find_again(fs, &m->from, from, from_len);
    if (err != 0)
        return err;
    ext2_dir_remove(fs, m->from_dir, &m->from);
    if (apart && !ext2_is_dir(m->n))
        ext2_node_drop(fs, m->n, 1);
    ext2_now(fs, &m->n->ctime);
    err = ext2_node_store(fs, m->n);
    ext2_touch(fs, m->from_dir);
    ext2_touch(fs, m->to_dir);
    int err2 = ext2_node_store(fs, m->from_dir), err3 = ext2_node_store(fs, m->to_dir);
    return err != 0 ? err : err2 != 0 ? err2 : err3;
}

static int find_target(struct ext2 *fs, struct move *m, const char *to, size_t to_len)
{
    int err = ext2_dir_find(fs, m->to_dir, to, to_len, &m->to);
    if (err == -ENOENT)
        return 0;
    if (err != 0)
        return err;
    m->to_is_slot = true;
    return ext2_get(fs, m->to.ino, &m->old);
}

static int check(struct ext2 *fs, struct move *m, const char *to, size_t to_len)
{
    int err = find_target(fs, m, to, to_len);
    if (err != 0 || m->old == m->n)
        return err;
    if (ext2_is_dir(m->n) && m->from_dir != m->to_dir) {
        if (m->to_dir->links >= LINKS_MAX)
            return -EMLINK;
        err = is_below(fs, m->to_dir, m->n);
    } else if (m->n == m->to_dir)
        err = -EINVAL;
    return err != 0 ? err : may_replace(fs, m);
}

static int rename_found(struct ext2 *fs, struct move *m, const char *from, size_t from_len, const char *to, size_t to_len)
{
    int err = check(fs, m, to, to_len);
    if (err != 0 || m->old == m->n)
        return err;
    if (!m->to_is_slot) {
        err = ext2_dir_room(fs, m->to_dir, to_len, &m->to);
        if (err != 0)
            return err;
        m->to_is_slot = true;
    }
    return move(fs, m, from, from_len, to, to_len);
}

static bool is_dots(const char *name, size_t len)
{
    return len > 0 && len <= 2 && name[0] == '.' && (len == 1 || name[1] == '.');
}

int ext2_rename(struct ext2 *fs, struct ext2_node *from_dir, const char *from, size_t from_len, struct ext2_node *to_dir,
                const char *to, size_t to_len)
{
    struct move m = {.from_dir = from_dir, .to_dir = to_dir};
    if (!ext2_is_dir(from_dir) || !ext2_is_dir(to_dir))
        return -ENOTDIR;
    if (is_dots(from, from_len) || is_dots(to, to_len))
        return -EINVAL;
    int err = ext2_check_name(from_dir, from, from_len);
    if (err == 0)
        err = ext2_check_name(to_dir, to, to_len);
    if (err == 0)
        err = ext2_begin_growth(fs);
    if (err == 0)
        err = ext2_dir_find(fs, from_dir, from, from_len, &m.from);
    if (err != 0)
        return err;
    err = ext2_get(fs, m.from.ino, &m.n);
    if (err == 0) {
        err = rename_found(fs, &m, from, from_len, to, to_len);
        ext2_put(fs, m.n);
    }
    if (m.old)
        ext2_put(fs, m.old);
    if (m.to_is_slot)
        buffer_put(m.to.b);
    buffer_put(m.from.b);
    return err;
}
