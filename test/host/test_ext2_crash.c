/* SPDX-License-Identifier: MIT
 * Power cuts. Random operations are recorded as what they write; the disk is then made as it would be after a cut: all that was
 * flushed, and of what was written since the last flush any part. At each cut: e2fsck finds nothing but what verdict.c permits,
 * what was committed is there, no file shows bytes that are not its own, and the same holds when Pagoda mounts the disk and
 * goes on without e2fsck.
 *
 * PAGODA_CUTS=1000 is the campaign; PAGODA_SEED the first seed.
 *
 * SOURCES: servers/fs/ext2/ test/host/ext2/disk.c test/host/ext2/verdict.c
 * INCLUDES: test/host/ext2
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "disk.h"
#include "verdict.h"

#define CUTS_DEFAULT 180u
#define CUTS_PER_RUN 10u
#define OPERATIONS 120u
#define FILES 48u
#define DIRS 6u
#define NAMES 3u
#define FILE_BYTES 90000u
#define LATER_ID 9999u  /* of files made after the cut */
#define HEAD_BYTES 16u /* "pagoda file 0012": never overwritten */

struct name {
    int dir;      /* index, -1: none */
    unsigned tag; /* the name is n<tag>, or a longer one */
};
struct model_file {
    unsigned id; /* 0: none */
    size_t size;
    struct name name[NAMES];
    uint8_t *data;
};
struct model_dir {
    bool used;
    struct ext2_node *node;
    int parent;
    unsigned tag;
};
/* What a commit promised of a file, and what happened to it until the next commit. */
struct promise {
    unsigned id;
    size_t size;
    uint8_t *data;
    bool touched, dropped;
};
struct snapshot {
    unsigned log_count; /* writes before the commit ended */
    struct promise file[FILES];
};

static struct disk base, disk;
static struct ext2 *fs;
static struct model_file file[FILES];
static struct model_dir dir[DIRS];
static struct snapshot snapshot[OPERATIONS + 1];
static unsigned snapshots, next_id, next_tag;

/* ---- the model ---- */

static unsigned pick(unsigned n) { return (unsigned)rand() % n; }

static int any_dir(void)
{
    int i = (int)pick(DIRS);
    return dir[i].used ? i : 0;
}

static struct model_file *any_file(void)
{
    struct model_file *f = &file[pick(FILES)];
    return f->id ? f : NULL;
}

static const char *name_text(unsigned tag)
{
    static char text[2][64];
    static unsigned turn;
    turn ^= 1;
    if (tag % 3)
        snprintf(text[turn], sizeof text[0], "n%u", tag);
    else
        snprintf(text[turn], sizeof text[0], "a-longer-name-so-that-blocks-fill-%u", tag);
    return text[turn];
}

static struct name *used_name(struct model_file *f)
{
    for (unsigned i = 0; i < NAMES; i++)
        if (f->name[i].dir >= 0)
            return &f->name[i];
    return NULL;
}

static struct name *free_name(struct model_file *f)
{
    for (unsigned i = 0; i < NAMES; i++)
        if (f->name[i].dir < 0)
            return &f->name[i];
    return NULL;
}

static struct ext2_node *open_file(struct model_file *f)
{
    const struct name *n = used_name(f);
    const char *text = name_text(n->tag);
    uint32_t ino;
    struct ext2_node *node;
    assert_int_equal(ext2_lookup(fs, dir[n->dir].node, text, strlen(text), &ino), 0);
    assert_int_equal(ext2_get(fs, ino, &node), 0);
    return node;
}

static struct promise *promise_of(unsigned id)
{
    for (unsigned i = 0; snapshots > 0 && i < FILES; i++)
        if (snapshot[snapshots - 1].file[i].id == id)
            return &snapshot[snapshots - 1].file[i];
    return NULL;
}

static void note_touched(unsigned id)
{
    struct promise *p = promise_of(id);
    if (p)
        p->touched = true;
}

static void forget_file(struct model_file *f)
{
    struct promise *p = promise_of(f->id);
    if (p)
        p->dropped = true;
    free(f->data);
    *f = (struct model_file){0};
}

/* ---- operations ---- */

static void do_create(void)
{
    struct model_file *f = &file[pick(FILES)];
    if (f->id)
        return;
    int d = any_dir();
    const char *text = name_text(++next_tag);
    struct ext2_node *n;
    int err = ext2_create(fs, dir[d].node, text, strlen(text), 0644, &n);
    if (err == -ENOSPC)
        return;
    assert_int_equal(err, 0);
    *f = (struct model_file){.id = ++next_id, .size = HEAD_BYTES, .data = calloc(1, FILE_BYTES)};
    for (unsigned i = 0; i < NAMES; i++)
        f->name[i].dir = -1;
    f->name[0] = (struct name){d, next_tag};
    snprintf((char *)f->data, HEAD_BYTES + 1, "pagoda file %04u", f->id);
    if (ext2_write(fs, n, 0, f->data, HEAD_BYTES) != HEAD_BYTES) { /* full */
        assert_int_equal(ext2_unlink(fs, dir[d].node, text, strlen(text)), 0);
        forget_file(f);
    }
    ext2_put(fs, n);
}

static void do_write(void)
{
    static uint8_t piece[40000];
    struct model_file *f = any_file();
    if (!f)
        return;
    size_t len = 1 + pick(pick(4) ? 3000 : sizeof piece), at = HEAD_BYTES + pick(FILE_BYTES - HEAD_BYTES - (unsigned)len);
    if (pick(3) == 0)
        at = f->size;
    if (at + len > FILE_BYTES)
        return;
    for (size_t i = 0; i < len; i++)
        piece[i] = (uint8_t)(f->id * 7 + i);
    struct ext2_node *n = open_file(f);
    long got = ext2_write(fs, n, at, piece, len);
    ext2_put(fs, n);
    assert_true(got > 0 || got == -ENOSPC);
    if (got <= 0)
        return;
    memcpy(f->data + at, piece, (size_t)got);
    if (at + (size_t)got > f->size)
        f->size = at + (size_t)got;
    note_touched(f->id);
}

static void do_truncate(void)
{
    struct model_file *f = any_file();
    if (!f)
        return;
    size_t size = HEAD_BYTES + pick(pick(2) ? 2000 : FILE_BYTES - HEAD_BYTES);
    struct ext2_node *n = open_file(f);
    assert_int_equal(ext2_truncate(fs, n, size), 0);
    ext2_put(fs, n);
    if (size < f->size)
        memset(f->data + size, 0, f->size - size);
    f->size = size;
    note_touched(f->id);
}

static void do_unlink(void)
{
    struct model_file *f = any_file();
    if (!f)
        return;
    struct name *n = used_name(f);
    const char *text = name_text(n->tag);
    assert_int_equal(ext2_unlink(fs, dir[n->dir].node, text, strlen(text)), 0);
    n->dir = -1;
    if (!used_name(f))
        forget_file(f);
}

static void do_link(void)
{
    struct model_file *f = any_file();
    struct name *to = f ? free_name(f) : NULL;
    if (!to)
        return;
    int d = any_dir();
    const char *text = name_text(++next_tag);
    struct ext2_node *n = open_file(f);
    int err = ext2_link(fs, dir[d].node, text, strlen(text), n);
    ext2_put(fs, n);
    assert_true(err == 0 || err == -ENOSPC);
    if (err == 0)
        *to = (struct name){d, next_tag};
}

static void do_rename(void)
{
    struct model_file *f = any_file(), *over = pick(3) ? NULL : any_file();
    if (!f || f == over)
        return;
    struct name *from = used_name(f), to = {any_dir(), 0};
    struct name *old = over ? used_name(over) : NULL;
    to = old ? *old : (struct name){to.dir, ++next_tag};
    const char *a = name_text(from->tag), *b = name_text(to.tag);
    int err = ext2_rename(fs, dir[from->dir].node, a, strlen(a), dir[to.dir].node, b, strlen(b));
    assert_true(err == 0 || err == -ENOSPC);
    if (err != 0)
        return;
    *from = to;
    if (old) {
        old->dir = -1;
        if (!used_name(over))
            forget_file(over);
    }
}

static void do_mkdir(void)
{
    int i = (int)pick(DIRS), parent = any_dir();
    if (dir[i].used)
        return;
    const char *text = name_text(++next_tag);
    int err = ext2_mkdir(fs, dir[parent].node, text, strlen(text), 0755);
    assert_true(err == 0 || err == -ENOSPC);
    if (err != 0)
        return;
    uint32_t ino;
    assert_int_equal(ext2_lookup(fs, dir[parent].node, text, strlen(text), &ino), 0);
    dir[i] = (struct model_dir){.used = true, .parent = parent, .tag = next_tag};
    assert_int_equal(ext2_get(fs, ino, &dir[i].node), 0);
}

static void do_rmdir(void)
{
    int i = 1 + (int)pick(DIRS - 1);
    if (!dir[i].used)
        return;
    const char *text = name_text(dir[i].tag);
    int err = ext2_rmdir(fs, dir[dir[i].parent].node, text, strlen(text));
    assert_true(err == 0 || err == -ENOTEMPTY);
    if (err != 0)
        return;
    ext2_put(fs, dir[i].node);
    dir[i] = (struct model_dir){0};
}

static void do_move_dir(void)
{
    int i = 1 + (int)pick(DIRS - 1), to = any_dir();
    if (!dir[i].used)
        return;
    const char *a = name_text(dir[i].tag), *b = name_text(++next_tag);
    int err = ext2_rename(fs, dir[dir[i].parent].node, a, strlen(a), dir[to].node, b, strlen(b));
    assert_true(err == 0 || err == -EINVAL || err == -ENOSPC);
    if (err != 0)
        return;
    dir[i].parent = to;
    dir[i].tag = next_tag;
}

static void do_symlink(void)
{
    char target[200];
    memset(target, 'x', sizeof target);
    target[1 + pick(sizeof target - 1)] = 0;
    target[sizeof target - 1] = 0;
    const char *text = name_text(++next_tag);
    (void)ext2_symlink(fs, dir[any_dir()].node, text, strlen(text), target);
}

static void do_commit(void)
{
    assert_int_equal(pick(4) ? ext2_commit(fs) : ext2_rest(fs), 0);
    struct snapshot *s = &snapshot[snapshots++];
    *s = (struct snapshot){.log_count = disk.log_count};
    for (unsigned i = 0; i < FILES; i++) {
        if (!file[i].id)
            continue;
        s->file[i] = (struct promise){.id = file[i].id, .size = file[i].size, .data = malloc(FILE_BYTES)};
        memcpy(s->file[i].data, file[i].data, FILE_BYTES);
    }
}

static void (*const OPERATION[])(void) = {do_create, do_create, do_create, do_write, do_write, do_write, do_truncate, do_unlink,
                                          do_link, do_rename, do_rename, do_rename, do_mkdir, do_rmdir, do_move_dir,
                                          do_symlink, do_commit};

static void forget_all(void)
{
    for (unsigned i = 0; i < FILES; i++)
        if (file[i].id)
            free(file[i].data);
    for (unsigned k = 0; k < snapshots; k++)
        for (unsigned i = 0; i < FILES; i++)
            free(snapshot[k].file[i].data);
    memset(file, 0, sizeof file);
    memset(dir, 0, sizeof dir);
    memset(snapshot, 0, sizeof snapshot);
    snapshots = next_id = next_tag = 0;
}

/* ---- a run and its cuts ---- */

/* A disk that is nearly full uses freed blocks again at once. */
static void fill_up(unsigned leave)
{
    static uint8_t data[1u << 20];
    struct ext2_node *n;
    struct ext2_statfs s;
    ext2_statfs(fs, &s);
    snprintf((char *)data, sizeof data, "pagoda file %04u", LATER_ID);
    assert_int_equal(ext2_create(fs, dir[0].node, "filler", 6, 0644, &n), 0);
    if (s.blocks_free > leave)
        (void)ext2_write(fs, n, 0, data, (size_t)(s.blocks_free - leave) * s.block_bytes);
    ext2_put(fs, n);
}

static void run(unsigned seed)
{
    static const char *const format[] = {"-b 1024 -N 128", "-b 1024 -N 128 -I 128 -g 1024", "-b 4096 -N 128", "-b 2048 -N 128"};
    srand(seed);
    forget_all();
    unsigned which = pick(4);
    disk_make(&base, 1u << 20, format[which], NULL);
    disk_copy(&disk, &base);
    disk.device.context = &disk;
    disk_log(&disk, true);
    assert_int_equal(disk_mount(&disk, 64u << (which == 2 ? 2 : which == 3), &fs), 0);
    dir[0] = (struct model_dir){.used = true};
    assert_int_equal(ext2_root(fs, &dir[0].node), 0);
    for (unsigned i = 0; i < 8; i++)
        do_mkdir();
    if (pick(2))
        fill_up(20 + pick(100));
    do_commit();
    for (unsigned i = 0; i < OPERATIONS; i++)
        OPERATION[pick(sizeof OPERATION / sizeof OPERATION[0])]();
    assert_null(ext2_complaint(fs));
}

/* The disk after a cut before write number `at`. keep: of 8, how many of the unflushed writes arrived. */
static void cut(struct disk *to, unsigned at, unsigned keep)
{
    disk_copy(to, &base);
    to->device.context = to;
    uint32_t epoch = at > 0 ? disk.log[at - 1].epoch : 0;
    for (unsigned i = 0; i < at; i++) {
        const struct disk_write *w = &disk.log[i];
        if (w->epoch < epoch || pick(8) < keep)
            memcpy(to->data + w->offset, w->data, w->bytes);
    }
}

static void check_fsck(struct disk *d, unsigned seed, unsigned at, const char *when)
{
    const char *said;
    static char copy[65536];
    int status = disk_fsck(d, "-fy", &said);
    snprintf(copy, sizeof copy, "%s", said);
    const char *bad = verdict(copy);
    if (bad || status > 1)
        fail_msg("seed %u, cut at write %u, %s: e2fsck status %d: %s\n%s", seed, at, when, status, bad ? bad : "",
                 said);
}

/* ---- what is found afterwards ---- */

static const struct snapshot *promised;
static bool seen[FILES];

static void look_at_file(struct ext2_node *n, unsigned seed, unsigned at)
{
    static uint8_t got[FILE_BYTES + 1];
    unsigned id = 0;
    long bytes = ext2_read(fs, n, 0, got, sizeof got);
    if (bytes == 0)
        return; /* created, not yet written */
    if (bytes < (long)HEAD_BYTES || sscanf((char *)got, "pagoda file %4u", &id) != 1 || id == 0 ||
        (id > next_id && id != LATER_ID))
        fail_msg("seed %u, cut at write %u: a file shows bytes that nobody wrote to it", seed, at);
    for (unsigned i = 0; i < FILES; i++) {
        const struct promise *p = &promised->file[i];
        if (p->id != id)
            continue;
        seen[i] = true;
        if (!p->touched && (bytes != (long)p->size || memcmp(got, p->data, p->size) != 0))
            fail_msg("seed %u, cut at write %u: file %u is not as it was committed", seed, at, id);
    }
}

/* All files below a directory. Depth is the model's: bounded by DIRS. */
static void look_into(struct ext2_node *d, unsigned seed, unsigned at, bool lost)
{
    struct ext2_entry e;
    uint64_t position = 0;
    while (ext2_read_dir(fs, d, &position, &e) == 1) {
        struct ext2_node *n;
        if (strcmp(e.name, ".") == 0 || strcmp(e.name, "..") == 0)
            continue;
        assert_int_equal(ext2_get(fs, e.ino, &n), 0);
        if (ext2_is_dir(n) && (strcmp(e.name, "lost+found") != 0) == !lost)
            look_into(n, seed, at, false);
        else if (!ext2_is_dir(n) && !ext2_is_link(n))
            look_at_file(n, seed, at);
        ext2_put(fs, n);
    }
}

static void check_promises(struct disk *d, unsigned seed, unsigned at)
{
    struct ext2_node *root;
    assert_int_equal(disk_mount(d, 512, &fs), 0);
    assert_int_equal(ext2_root(fs, &root), 0);
    memset(seen, 0, sizeof seen);
    look_into(root, seed, at, false);
    for (unsigned i = 0; i < FILES; i++)
        if (promised->file[i].id && !promised->file[i].dropped && !seen[i])
            fail_msg("seed %u, cut at write %u: file %u was committed and is lost", seed, at,
                     promised->file[i].id);
    ext2_put(fs, root);
    assert_int_equal(ext2_unmount(fs), 0);
}

/* Go on without e2fsck: new files take what seems free. */
static void go_on(struct disk *d)
{
    static uint8_t data[100000];
    struct ext2_node *root, *n;
    assert_int_equal(disk_mount(d, 512, &fs), 0);
    assert_int_equal(ext2_root(fs, &root), 0);
    for (unsigned i = 0; i < 8; i++) {
        char name[16];
        snprintf(name, sizeof name, "after-%u", i);
        if (ext2_create(fs, root, name, strlen(name), 0644, &n) != 0)
            continue;
        snprintf((char *)data, sizeof data, "pagoda file %04u", LATER_ID);
        (void)ext2_write(fs, n, 0, data, HEAD_BYTES + pick(sizeof data - HEAD_BYTES));
        ext2_put(fs, n);
        if (i % 3 == 0)
            assert_int_equal(ext2_unlink(fs, root, name, strlen(name)), 0);
    }
    ext2_put(fs, root);
    assert_int_equal(ext2_unmount(fs), 0);
    assert_null(ext2_complaint(fs));
}

static void check_cut(unsigned seed, unsigned at)
{
    struct disk after, further;
    promised = &snapshot[0];
    for (unsigned i = 1; i < snapshots && snapshot[i].log_count < at; i++) /* at its last write the flush may not have been */
        promised = &snapshot[i];
    cut(&after, at, pick(9));
    disk_copy(&further, &after);
    further.device.context = &further;
    check_fsck(&after, seed, at, "as it was left");
    check_promises(&after, seed, at);
    disk_free(&after);
    go_on(&further);
    check_fsck(&further, seed, at, "mounted and used");
    check_promises(&further, seed, at);
    disk_free(&further);
}

static unsigned from_environment(const char *name, unsigned otherwise)
{
    const char *text = getenv(name);
    return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void test_any_cut_leaves_a_disk_that_e2fsck_accepts_and_loses_nothing(void **state)
{
    (void)state;
    unsigned cuts = from_environment("PAGODA_CUTS", CUTS_DEFAULT), seed = from_environment("PAGODA_SEED", 12);
    for (unsigned done = 0; done < cuts; seed++) {
        run(seed);
        unsigned first = snapshot[0].log_count, count = disk.log_count;
        for (unsigned i = 0; i < CUTS_PER_RUN && done < cuts; i++, done++) {
            srand(seed * 1000 + i);
            check_cut(seed, first + pick(count - first + 1));
        }
        disk_free(&disk);
        disk_free(&base);
    }
    forget_all();
    print_message("  %u cuts\n", cuts);
}

static void test_the_verdict_condemns(void **state)
{
    (void)state;
    const char *const bad[] = {"Multiply-claimed block(s) in inode 12: 400", "Block bitmap differences:  +400",
                               "Inode bitmap differences:  +12", "Inode 12 ref count is 1, should be 2.  Fix? yes",
                               "Entry 'x' in /a (12) has deleted/unused inode 14.  Clear? yes",
                               "Entry '..' in /a (12) has deleted/unused inode 14.  Clear? yes",
                               "Inode 12 has illegal block(s).  Clear? yes"};
    const char *const good[] = {"Block bitmap differences:  -(400--402)", "Inode 12 ref count is 2, should be 1.  Fix? yes"};
    char line[100];
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        strcpy(line, bad[i]);
        assert_non_null(verdict(line));
    }
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++) {
        strcpy(line, good[i]);
        assert_null(verdict(line));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_verdict_condemns),
        cmocka_unit_test(test_any_cut_leaves_a_disk_that_e2fsck_accepts_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
