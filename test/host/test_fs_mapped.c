/* SPDX-License-Identifier: MIT
 * Pages of mapped files that are on a disk, where the disk fails, is slow, or the pager asks for more than usual. The file's own
 * system is one of this test.
 *
 * SOURCES: servers/fs/ -servers/fs/disk.c -servers/fs/extfs.c -servers/fs/job.c -servers/fs/main.c libipc/ipc.c libipc/pager_call.c
 * INCLUDES: microkernel/include libipc/include servers/fs test/host/fuzz
 */
#include <stdarg.h>

#include "input.h"
#include "nodisk.h"

#include <cmocka.h>

#define main fs_main
#include "../../servers/fs/main.c"
#undef main

#include "../../servers/fs/cached.h"

#include <abi/image.h>
#include <ipc/pager.h>

#define STEP_BYTES (POOL_STEP_PAGES * PAGE_SIZE)

char __data_end[1], __bss_end[1]; /* of the target's linker script; only a restart would use them */

/* ---- the pager: what it wants, and what it is told ---- */

static struct want {
    uint64_t index, access;
    bool given, served, refused;
} want[200];
static unsigned wants;
static uint64_t of_file;
static unsigned revoked; /* how often */
static uint64_t locked_from, locked_end; /* pages that somebody has locked */


static void next_want(struct ipc_regs *x)
{
    x->w[1] = PAGER_FILE_NONE;
    for (unsigned i = 0; i < wants; i++) {
        if (want[i].given)
            continue;
        want[i].given = true;
        x->w[1] = PAGER_FILE_WANTED;
        x->w[2] = of_file;
        x->w[3] = want[i].index;
        x->w[4] = want[i].access;
        return;
    }
}

static void file_serve(struct ipc_regs *x)
{
    for (unsigned i = 0; i < wants; i++) {
        if (x->w[1] == of_file && want[i].index == x->w[2] && want[i].given) {
            want[i].served = want[i].served || x->w[3] != 0;
            want[i].refused = want[i].refused || x->w[3] <= PAGER_FILE_END;
        }
        if (x->w[1] == 0 && x->w[2] == PAGER_FILE_BEGAN)
            want[i].given = want[i].served;
    }
    next_want(x);
}

long ipc_raw(long number_flags, uint64_t a0, struct ipc_regs *x)
{
    uint64_t op = x->w[0];
    if ((number_flags & 0xff) != SYS_CALL || a0 != H_PAGER) {
        x->w[0] = OK;
        return OK;
    }
    if (op == PAGER_REGION_ADD)
        memset((void *)x->w[2], 0, STEP_BYTES);
    x->w[0] = OK;
    if (op == PAGER_FILE_SERVE)
        file_serve(x);
    else
        x->w[1] = 1 << 11; /* of a PAGER_STAT: frames; of FILE_USES: some */
    revoked += op == PAGER_FILE_REVOKE;
    if (op == PAGER_FILE_REVOKE && x->w[4] == PAGER_FILE_AWAY && x->w[2] >= locked_from && x->w[2] < locked_end)
        x->w[0] = (uint64_t)(int64_t)ERR_BUSY;
    return OK;
}

struct sysret sys_raw(long number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)number, (void)a0, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return (struct sysret){.a0 = OK};
}

ticks_t sys_time(void) { return 1; }

/* ---- a file on a disk ---- */

#define FILE_PAGES 160u
static char medium[FILE_PAGES * PAGE_SIZE];
static err_t cut_result;

static err_t its_bytes(struct vnode *v, uint64_t offset, enum vnode_access access, void **at, uint64_t *len)
{
    (void)v, (void)access;
    *at = medium + offset;
    *len = PAGE_SIZE - (offset & PAGE_MASK);
    return OK;
}

static void it_wrote(struct vnode *v, uint64_t offset, uint64_t len)
{
    if (offset + len > v->size)
        v->size = offset + len;
}

static err_t its_truncate(struct vnode *v, uint64_t size)
{
    if (cut_result == OK)
        v->size = size;
    return cut_result;
}

static void its_end(struct vnode *v) { (void)v; }

static const struct vnode_ops ops = {.bytes = its_bytes, .wrote = it_wrote, .truncate = its_truncate, .release = its_end};
static struct vnode file;
static struct job job;

static int setup(void **state)
{
    (void)state;
    static bool mapped;
    if (!mapped) {
        map_at(SERVER_KEEP_VA, SERVER_KEEP_BYTES);
        map_at(POOL_VA, 64 * STEP_BYTES);
        map_at(FS_IMAGE_VA, PAGE_SIZE);
        *(struct image_header *)FS_IMAGE_VA = (struct image_header){.magic = IMAGE_MAGIC, .version = 1, .total_bytes = PAGE_SIZE};
        mapped = true;
        assert_int_equal(get_ready(), OK);
    }
    in_job = &job;
    wants = revoked = turns = 0;
    locked_from = locked_end = 0;
    memset(medium, 'd', sizeof medium);
    file = (struct vnode){.ops = &ops, .number = 7, .mode = S_IFREG | 0644, .uses = 1, .size = sizeof medium};
    cut_result = OK;
    struct ipc_msg m = {.w = {PAGER_FILE_MAP}};
    assert_int_equal(mapped_region(&file, &m), OK);
    of_file = file.mapped->file;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cached_cut(file.mapped, 0);
    in_job = NULL;
    return 0;
}

/* ---- tests ---- */

static char *stored(uint32_t index)
{
    void *at;
    assert_int_equal(cached_fill(file.mapped, index, &at), OK);
    cached_dirty(file.mapped, index);
    memset(at, 's', PAGE_SIZE);
    return at;
}

static void test_a_cut_that_fails_takes_no_page(void **state)
{
    (void)state;
    char *page = stored(3);
    cut_result = ERR_IO;
    assert_int_equal(vnode_truncate(&file, PAGE_SIZE + 10), ERR_IO);
    assert_ptr_equal(cached_find(file.mapped, 3), page);
    assert_true(mapped_is_dirty());
    assert_int_equal(mapped_write_back(&file), OK);
    assert_int_equal(medium[3 * PAGE_SIZE], 's');
    page = stored(1);
    cut_result = OK;
    revoked = 0;
    assert_int_equal(vnode_truncate(&file, PAGE_SIZE + 10), OK);
    assert_int_equal(revoked, 1);
    assert_null(cached_find(file.mapped, 3));
    assert_ptr_equal(cached_find(file.mapped, 1), page);
    assert_int_equal(page[9], 's');
    assert_int_equal(page[10], 0);
    assert_int_equal(page[PAGE_SIZE - 1], 0);
}

static void test_what_is_behind_the_end_does_not_come_into_the_file(void **state)
{
    (void)state;
    file.size = 2 * PAGE_SIZE + 100;
    char *page = stored(2);
    assert_int_equal(vnode_truncate(&file, 2 * PAGE_SIZE + 200), OK);
    assert_int_equal(page[99], 's');
    assert_int_equal(page[100], 0);
    assert_int_equal(page[199], 0);
    memset(page + 200, 's', PAGE_SIZE - 200);
    mapped_grows(&file, 2 * PAGE_SIZE + 300); /* a write that begins there */
    assert_int_equal(page[200], 0);
    assert_int_equal(page[299], 0);
}

/* A page that is wanted to be read and then to be written is one; and more pages than there is room for wait. */
static void test_every_page_that_is_wanted_comes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 150; i++)
        want[wants++] = (struct want){.index = i % 50 + (i >= 100 ? 50 : 0), .access = i < 50 ? PROT_R : PROT_R | PROT_W};
    mapped_collect();
    for (unsigned i = 0; i < 100 && mapped_wants_keeper(); i++) /* what is read ahead comes a few pages at a time */
        mapped_keep();
    assert_false(mapped_wants_keeper());
    for (unsigned i = 0; i < wants; i++)
        assert_true(want[i].served && !want[i].refused);
}

/* A request that lets go of a file on the disk leaves work that nobody else will wake the loop for. */
static void test_the_loop_comes_again_for_what_a_request_left(void **state)
{
    (void)state;
    in_job = NULL;
    assert_false(work());
    keeper_wanted = true;
    assert_true(work());
    keeper_wanted = false;
    in_job = &job;
}

static void fill(uint32_t first, uint32_t end, err_t want)
{
    void *at;
    for (uint32_t i = first; i < end; i++)
        assert_int_equal(cached_fill(file.mapped, i, &at), want);
}

/* The oldest hundred are locked: when memory is full they are asked for once, not for each page that comes, and others are served
 * meanwhile. */
static void test_locked_pages_are_asked_for_seldom(void **state)
{
    (void)state;
    static void *hog[1100];
    unsigned n = 0;
    fill(0, 120, OK);
    while (n < 1100 && (hog[n] = file_page_new()))
        n++;
    locked_end = 100;
    fill(120, 140, OK);
    assert_true(revoked <= 120);
    assert_true(turns >= 1);
    for (uint32_t i = 0; i < 100; i++)
        assert_non_null(cached_find(file.mapped, i));
    locked_end = FILE_PAGES;
    fill(140, 141, FS_ERR_NOSPC);
    while (n > 0)
        page_free(hog[--n]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_cut_that_fails_takes_no_page, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_behind_the_end_does_not_come_into_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_page_that_is_wanted_comes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locked_pages_are_asked_for_seldom, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_loop_comes_again_for_what_a_request_left, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
