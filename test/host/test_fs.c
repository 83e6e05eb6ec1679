/* SPDX-License-Identifier: MIT
 * The file server where two requests meet: one that waits for a page of its client's, and another that uses the same thing
 * meanwhile. Pages come when the test says so, so every meeting is the same each time.
 *
 * SOURCES: servers/fs/ -servers/fs/disk.c -servers/fs/extfs.c -servers/fs/job.c -servers/fs/main.c libipc/ipc.c libipc/pager_call.c
 * INCLUDES: microkernel/include libipc/include servers/fs test/host/fuzz
 */
#include "fs/clients.h"

static char many[4000], back[8000];

/* Of a file, and of a directory, whose children are names of it as well. */
static void test_the_number_of_names_has_an_end(void **state)
{
    struct vnode *tmp = NULL, *file = NULL, *made = NULL;
    (void)state;
    assert_int_equal(root->ops->lookup(root, "tmp", 3, &tmp), OK);
    assert_int_equal(tmp->ops->create(tmp, "f", 1, S_IFREG | 0600, NULL, &file), OK);
    file->links = LINKS_MAX - 1;
    assert_int_equal(tmp->ops->link(tmp, "a", 1, file), OK);
    assert_int_equal(tmp->ops->link(tmp, "b", 1, file), FS_ERR_MLINK);
    assert_int_equal(tmp->ops->unlink(tmp, "a", 1, file), OK);
    assert_int_equal(tmp->ops->link(tmp, "b", 1, file), OK);
    file->links = 2;
    assert_int_equal(tmp->ops->unlink(tmp, "b", 1, file) | tmp->ops->unlink(tmp, "f", 1, file), OK);
    uint32_t links = tmp->links;
    tmp->links = LINKS_MAX;
    assert_int_equal(tmp->ops->create(tmp, "d", 1, S_IFDIR | 0700, NULL, &made), FS_ERR_MLINK);
    assert_int_equal(ask_path(2, FS_MKDIR, "/tmp/d", 0700, NULL), FS_ERR_MLINK);
    tmp->links = links;
    vnode_drop(file);
    vnode_drop(tmp);
}

static uint64_t shared_file(void)
{
    uint64_t fd;
    memset(many, 'a', sizeof many);
    assert_int_equal(ask_path(2, FS_OPEN, "/tmp/shared", O_RDWR | O_CREAT | O_TRUNC, &fd), OK);
    assert_int_equal(ask(0, FS_PROC_FORK, 2, 3, NULL), OK);
    return fd;
}

static void test_a_write_that_waits_keeps_the_shared_position(void **state)
{
    (void)state;
    uint64_t fd = shared_file();
    struct call *a = send(0, about(2, FS_WRITE, fd, 0, 0), many, sizeof many, 1000);
    struct call *b = send(1, about(3, FS_WRITE, fd, 0, 0), "bbbbbbbbbb", 10, 10);
    struct call *where = send(2, about(3, FS_LSEEK, fd, 0, SEEK_CUR), NULL, 0, 0);
    assert_false(a->answered);
    page_comes(a);
    assert_true(a->answered && b->answered && where->answered);
    assert_int_equal(a->value, sizeof many);
    assert_int_equal(b->value, 10);
    assert_int_equal(where->value, sizeof many + 10);
    struct vnode *v = client_file(client_find(2), fd)->vnode;
    void *at;
    uint64_t n;
    assert_int_equal(v->size, sizeof many + 10);
    assert_int_equal(v->ops->bytes(v, 0, VNODE_READ, &at, &n), OK);
    assert_memory_equal(at, many, sizeof many);
    assert_memory_equal((char *)at + sizeof many, "bbbbbbbbbb", 10);
}

static void test_no_byte_is_read_twice_or_left_out(void **state)
{
    (void)state;
    uint64_t fd = shared_file();
    assert_int_equal(send(0, about(2, FS_WRITE, fd, 0, 0), many, sizeof many, sizeof many)->value, sizeof many);
    assert_int_equal(ask(2, FS_LSEEK, fd, 0, NULL), OK);
    struct call *a = send(0, about(2, FS_READ, fd, 0, 0), back, 3000, 1000);
    struct call *b = send(1, about(3, FS_READ, fd, 0, 0), back, sizeof back, sizeof back);
    page_comes(a);
    assert_true(a->answered && b->answered);
    assert_int_equal(a->value, 3000);
    assert_int_equal(b->value, sizeof many - 3000);
}

static void test_whoever_dies_while_it_waits_makes_room(void **state)
{
    (void)state;
    uint64_t fd = shared_file();
    struct call *a = send(0, about(3, FS_WRITE, fd, 0, 0), many, sizeof many, 1000);
    struct call *b = send(1, about(2, FS_WRITE, fd, 0, 0), "b", 1, 1);
    assert_int_equal(ask(2, FS_CLOSE, fd, 0, NULL), OK); /* the request has its file still */
    assert_int_equal(ask(0, FS_PROC_EXIT, 3, 0, NULL), OK);
    (void)requests_run();
    assert_false(a->answered);
    assert_true(b->answered);
    assert_int_equal(b->value, 1);
}

/* Its parent may have gone, too, and then another file has its memory. */
static void test_a_removed_directory_leads_nowhere(void **state)
{
    (void)state;
    uint64_t fd, n = 1;
    assert_int_equal(ask_path(2, FS_MKDIR, "/tmp/d", 0700, NULL), OK);
    assert_int_equal(ask_path(2, FS_MKDIR, "/tmp/d/e", 0700, NULL), OK);
    assert_int_equal(ask_path(2, FS_OPEN, "/tmp/d/e", O_RDONLY, &fd), OK);
    assert_int_equal(ask_path(2, FS_CHDIR, "/tmp/d/e", 0, NULL), OK);
    assert_int_equal(ask_path(2, FS_UNLINK, "/tmp/d/e", FS_DIRECTORY, NULL), OK);
    assert_int_equal(ask_path(2, FS_UNLINK, "/tmp/d", FS_DIRECTORY, NULL), OK);
    assert_int_equal(ask_path(2, FS_CHDIR, "..", 0, NULL), ERR_NOENT);
    assert_int_equal(ask_path(2, FS_OPEN, "../x", O_RDONLY, NULL), ERR_NOENT);
    assert_int_equal(ask_path(2, FS_OPEN, "..", O_WRONLY | O_CREAT, NULL), ERR_NOENT);
    assert_int_equal(ask_path(2, FS_MKDIR, "..", 0700, NULL), ERR_NOENT);
    assert_int_equal(ask_path(2, FS_UNLINK, "..", FS_DIRECTORY, NULL), ERR_NOENT);
    struct call *c = send(0, about(2, FS_READDIR, fd, 0, 0), back, sizeof back, sizeof back);
    n = c->value;
    assert_int_equal(c->result, OK);
    assert_int_equal(n, 0);
}

static void test_what_a_spawned_one_does_not_get_costs_nothing(void **state)
{
    (void)state;
    assert_int_equal(ask(0, FS_PROC_FORK, 2, 3, NULL), OK); /* what stays for the next one is there */
    assert_int_equal(ask(0, FS_PROC_EXIT, 3, 0, NULL), OK);
    struct call *c = send(0, about(2, FS_DUP, 0, 200, FS_DUP_CLOEXEC), NULL, 0, 0);
    assert_int_equal(c->value, 200);
    uint64_t before = pool_used();
    for (unsigned i = 0; i < 100; i++) {
        struct ipc_event ev = about(0, FS_PROC_FORK, 2, 3, FS_FORK_EXEC);
        assert_int_equal(send(0, ev, NULL, 0, 0)->result, OK);
        assert_int_equal(ask(0, FS_PROC_EXIT, 3, 0, NULL), OK);
    }
    assert_int_equal(pool_used(), before);
}

/* What the quick way leaves to the general one, and that both give the same. */
static void test_short_reads_and_writes_of_a_pipe(void **state)
{
    (void)state;
    uint64_t in, out;
    struct call *c = send(CALLS - 1, about(2, FS_PIPE, 0, 0, 0), NULL, 0, 0);
    in = c->value;
    out = in + 1;
    struct call *a = send(0, about(2, FS_READ_SHORT, in, 8, 0), NULL, 0, 0);
    struct call *b = send(1, about(2, FS_READ_SHORT, in, 8, 0), NULL, 0, 0);
    assert_false(a->answered || b->answered);
    c = send(CALLS - 1, about(2, FS_WRITE_SHORT, out, 5, 0x6161616161), NULL, 0, 0);
    others_go_on();
    assert_true(c->answered && a->answered && !b->answered); /* in order */
    assert_int_equal(a->value, 5);
    a = send(0, about(2, FS_READ_SHORT, in, 2, 0), NULL, 0, 0);
    b->dead = true; /* and nobody has said so yet */
    c = send(CALLS - 1, about(2, FS_WRITE_SHORT, out, 5, 0x6161616161), NULL, 0, 0);
    others_go_on();
    assert_true(c->answered && a->answered); /* the dead one took nothing */
    assert_int_equal(a->value, 2);
    b = send(1, about(2, FS_READ_SHORT, in, 8, 0), NULL, 0, 0);
    assert_true(b->answered);
    assert_int_equal(b->value, 3);
    for (unsigned i = 1; i <= 3; i++) { /* one reader, one writer: the record of one turn is the next one's */
        a = send(0, about(2, FS_READ_SHORT, in, 8, 0), NULL, 0, 0);
        assert_false(a->answered);
        assert_int_equal(requests_waiting(), 1);
        c = send(CALLS - 1, about(2, FS_WRITE_SHORT, out, 4, 0x61626364 + i), NULL, 0, 0);
        assert_true(c->answered && a->answered);
        assert_int_equal(a->value, 4);
        assert_int_equal(a->first, 0x61626364 + i);
        assert_int_equal(c->value, 4);
        assert_int_equal(requests_waiting(), 0);
    }
    a = send(0, about(2, FS_READ_SHORT, in, 8, 0), NULL, 0, 0);
    a->dead = true; /* alone, and gone: the bytes are the next one's */
    c = send(CALLS - 1, about(2, FS_WRITE_SHORT, out, 2, 0x6261), NULL, 0, 0);
    assert_true(c->answered && c->result == OK);
    a = send(0, about(2, FS_READ_SHORT, in, 8, 0), NULL, 0, 0);
    assert_true(a->answered);
    assert_int_equal(a->value, 2);
    assert_int_equal(ask(2, FS_CLOSE, in, 0, NULL), OK);
    assert_int_equal(send(CALLS - 1, about(2, FS_WRITE_SHORT, out, 1, 0), NULL, 0, 0)->result, FS_ERR_PIPE);
    assert_int_equal(ask(2, FS_CLOSE, out, 0, NULL), OK);
}

/* ---- memory for so many pages and no more ---- */

static bool short_of_memory; /* somebody was told so */

/* The first word of the answer, or of what cannot be anything. */
static uint64_t tried(struct call *c)
{
    static const err_t clean[] = {OK, ERR_NOMEM, FS_ERR_NOSPC, FS_ERR_BADF, ERR_NOENT, FS_ERR_UNKNOWN, FS_ERR_NXIO, FS_ERR_NOLCK};
    bool found = !c->answered;
    for (unsigned i = 0; i < sizeof clean / sizeof clean[0]; i++)
        found = found || c->result == clean[i];
    if (!found)
        fail_msg("operation %lu: error %d", c->ev.w[0], c->result);
    short_of_memory = short_of_memory || (c->answered && (c->result == ERR_NOMEM || c->result == FS_ERR_NOSPC || c->result == FS_ERR_NOLCK));
    return c->answered && c->result == OK ? c->value : 999;
}

static uint64_t tried_path(unsigned n, uint64_t op, const char *path, uint64_t a)
{
    struct ipc_event ev = about(2, op, a, 0600, 0);
    ev.w[6] = PAGE_SIZE;
    return tried(send(n, ev, path, strlen(path) + 1, strlen(path) + 1));
}

/* Each kind of record and of page once, two of what waits. */
static void everything_is_used(void)
{
    uint64_t fd = tried_path(0, FS_OPEN, "/tmp/m", O_RDWR | O_CREAT), in;
    (void)tried(send(0, about(2, FS_PWRITE, fd, 0, 0), many, sizeof many, sizeof many));
    (void)tried(send(0, about(2, FS_PWRITE, fd, 40 << 20, 0), many, sizeof many, sizeof many));
    (void)tried_path(0, FS_MKDIR, "/tmp/d", 0700);
    (void)tried_path(0, FS_MKFIFO, "/tmp/f", 0600);
    in = tried(send(0, about(2, FS_PIPE, 0, 0, 0), NULL, 0, 0));
    (void)tried(send(1, about(2, FS_READ_SHORT, in, 8, 0), NULL, 0, 0));
    (void)tried_path(2, FS_OPEN, "/tmp/f", O_RDONLY);
    (void)tried(send(0, about(2, FS_DUP, in, 700, 0), NULL, 0, 0));
    struct ipc_event ev = about(2, FS_LOCK, fd, F_SETLK, F_WRLCK);
    ev.w[5] = 10;
    (void)tried(send(0, ev, NULL, 0, 0));
    (void)tried(send(0, about(0, FS_PROC_FORK, 2, 3, 0), NULL, 0, 0));
    (void)tried_path(3, FS_OPEN, "/proc/2/status", O_RDONLY);
}

static void everything_goes(void)
{
    static const char *const names[] = {"/tmp/m", "/tmp/d", "/tmp/f"};
    (void)ask(0, FS_PROC_EXIT, 3, 0, NULL);
    (void)ask(0, FS_PROC_EXIT, 2, 0, NULL);
    assert_int_equal(files_used() + clients_used() + pipes_used() + locks_used() + requests_waiting(), 0);
    assert_int_equal(ask(2, FS_ATTACH, 0, 0, NULL), OK);
    for (unsigned i = 0; i < 3; i++)
        (void)tried_path(0, FS_UNLINK, names[i], i == 1 ? FS_DIRECTORY : 0);
}

static void test_every_shortage_of_memory_is_an_error_that_passes(void **state)
{
    (void)state;
    static void *hog[1100];
    uint64_t before = 0;
    unsigned short_runs = 0;
    for (unsigned k = 0; k < 120; k++) {
        unsigned n = 0;
        while (k > 0 && n < 1100 && (hog[n] = page_new())) /* the first time there is enough: what stays for good is there then */
            n++;
        for (unsigned left = k; left > 0 && n > 0; left--)
            page_free(hog[--n]);
        short_of_memory = false;
        everything_is_used();
        short_runs += short_of_memory;
        assert_true(k > 0 || !short_of_memory);
        while (n > 0)
            page_free(hog[--n]);
        everything_goes();
        before = k == 0 ? pool_used() : before;
        assert_int_equal(pool_used(), before);
    }
    assert_true(short_runs > 10 && !short_of_memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_shortage_of_memory_is_an_error_that_passes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_short_reads_and_writes_of_a_pipe, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_write_that_waits_keeps_the_shared_position, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_byte_is_read_twice_or_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_whoever_dies_while_it_waits_makes_room, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_number_of_names_has_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_removed_directory_leads_nowhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_a_spawned_one_does_not_get_costs_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
