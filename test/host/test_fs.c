/* SPDX-License-Identifier: MIT
 * The file server where two requests meet: one that waits for a page of its client's, and another that uses the same thing
 * meanwhile. Pages come when the test says so, so every meeting is the same each time.
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

#include <abi/image.h>
#include <fcntl.h>
#include <ipc/pager.h>
#include <unistd.h>

#define CALLS 16u
#define STEP_BYTES (POOL_STEP_PAGES * PAGE_SIZE)

char __data_end[1], __bss_end[1]; /* of the target's linker script; only a restart would use them */

/* ---- clients: call n has the id n + 1 ---- */

static struct call {
    struct ipc_event ev;
    const char *buffer;
    uint64_t there; /* of its bytes; the rest is on pages that are not */
    uint64_t value, first, second; /* the answer's first words */
    err_t result;
    bool answered, dead;
} call[CALLS];
static bool dies; /* who calls next is gone before anything was copied */
static unsigned signals; /* to procmgr */
static const struct ipc_event *coming; /* what the next receive brings; 0: nothing */

static struct ipc_event about(uint32_t pid, uint64_t op, uint64_t a, uint64_t b, uint64_t c)
{
    return (struct ipc_event){.kind = MSG_CALL, .badge = BADGE_MAKE(pid ? BADGE_CLIENT : BADGE_PROCMGR, pid), .w = {op, a, b, c}};
}

static struct call *send(unsigned n, struct ipc_event ev, const char *buffer, uint64_t len, uint64_t there)
{
    struct ipc_msg m;
    call[n] = (struct call){.ev = ev, .buffer = buffer, .there = there, .dead = dies};
    call[n].ev.id = n + 1;
    call[n].ev.buf_len[0] = len | (buffer ? BUF_R | BUF_W : 0);
    struct ipc_event got;
    coming = &call[n].ev;
    pipes_receive(0, NULL, &got);
    if (got.kind == MSG_CALL && on_event(&got, &m)) {
        call[n].answered = true;
        call[n].result = (err_t)(int64_t)m.w[0];
        call[n].value = m.w[1];
        call[n].first = m.w[2];
        call[n].second = m.w[3];
    }
    return &call[n];
}

static void others_go_on(void)
{
    while (requests_run()) /* bound: the requests */
        ;
}

/* A request that is answered at once. */
static err_t ask(uint32_t pid, uint64_t op, uint64_t a, uint64_t b, uint64_t *value)
{
    struct call *c = send(CALLS - 1, about(pid, op, a, b, 0), NULL, 0, 0);
    assert_true(c->answered);
    if (value)
        *value = c->value;
    return c->result;
}

static err_t ask_path(uint32_t pid, uint64_t op, const char *path, uint64_t a, uint64_t *value)
{
    struct ipc_event ev = about(pid, op, a, 0600, 0);
    ev.w[6] = PAGE_SIZE;
    struct call *c = send(CALLS - 1, ev, path, strlen(path) + 1, strlen(path) + 1);
    assert_true(c->answered);
    if (value)
        *value = c->value;
    return c->result;
}

static void page_comes(struct call *c)
{
    c->there = BUF_LEN(c->ev.buf_len[0]);
    requests_wake_copies();
    others_go_on();
}

/* ---- kernel, pager, disk ---- */

static err_t answer(const struct ipc_regs *x)
{
    struct call *c = &call[x->t3 - 1];
    if (c->dead)
        return ERR_STALE;
    c->answered = true;
    c->result = (err_t)(int64_t)x->w[0];
    c->value = x->w[1];
    c->first = x->w[2];
    c->second = x->w[3];
    return OK;
}

static long receive(struct ipc_regs *x)
{
    if (!coming)
        return ERR_TIMEOUT;
    memcpy(x->w, coming->w, sizeof x->w);
    x->t2 = coming->id;
    x->t3 = coming->badge;
    x->t4 = coming->buf_len[0];
    x->t6 = coming->buf_len[1];
    coming = NULL;
    return MSG_CALL;
}

long ipc_raw(long number_flags, uint64_t a0, struct ipc_regs *x)
{
    switch (number_flags & 0xff) {
    case SYS_CALL:
        if (a0 == H_PAGER && x->w[0] == PAGER_REGION_ADD)
            memset((void *)x->w[2], 0, STEP_BYTES);
        x->w[1] = 1 << 11; /* of a PAGER_STAT: frames */
        x->w[0] = OK;
        return OK;
    case SYS_REPLY:
        return answer(x);
    case SYS_REPLY_RECV:
        return answer(x) == OK ? receive(x) : ERR_STALE;
    case SYS_RECV:
        return receive(x);
    default:
        return ERR_NOSYS;
    }
}

static struct sysret copy(const struct call *c, bool out, uint64_t offset, char *local, uint64_t len)
{
    uint64_t n = offset >= c->there ? 0 : len < c->there - offset ? len : c->there - offset;
    if (out)
        memcpy((char *)(uintptr_t)c->buffer + offset, local, n);
    else
        memcpy(local, c->buffer + offset, n);
    return (struct sysret){.a0 = n == len ? OK : ERR_FAULT_PENDING, .a1 = n};
}

struct sysret sys_raw(long number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a5;
    signals += number == SYS_SIGNAL && a0 == FS_H_PROCMGR;
    if (number == SYS_REPLY_ALIVE)
        return (struct sysret){.a0 = call[a0 - 1].dead ? ERR_STALE : OK};
    if (number == SYS_COPY && call[a0 - 1].dead)
        return (struct sysret){.a0 = ERR_STALE};
    if (number == SYS_COPY)
        return copy(&call[a0 - 1], a1 & COPY_TO_CLIENT, a2, (char *)(uintptr_t)a3, a4);
    return (struct sysret){.a0 = OK};
}

ticks_t sys_time(void) { return 1; }


/* ---- tests: process 2, and its child 3 ---- */

static int setup(void **state)
{
    (void)state;
    if (!root) {
        map_at(SERVER_KEEP_VA, SERVER_KEEP_BYTES);
        map_at(POOL_VA, 64 * STEP_BYTES);
        map_at(FS_IMAGE_VA, PAGE_SIZE);
        *(struct image_header *)FS_IMAGE_VA = (struct image_header){.magic = IMAGE_MAGIC, .version = 1, .total_bytes = PAGE_SIZE};
    }
    return ask(2, FS_ATTACH, 0, 0, NULL);
}

static int teardown(void **state)
{
    (void)state;
    uint64_t wrong = 1;
    assert_int_equal(requests_waiting(), 0);
    assert_int_equal(ask(0, FS_CHECK, 0, 0, &wrong), OK);
    assert_int_equal(wrong, 0);
    (void)ask(0, FS_PROC_EXIT, 3, 0, NULL);
    (void)ask(0, FS_PROC_EXIT, 2, 0, NULL);
    assert_int_equal(files_used() + clients_used(), 0);
    return 0;
}

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

/* ---- pages of processes: procmgr comes for the questions ---- */

static struct call *look_up(unsigned n, const char *path)
{
    struct ipc_event ev = about(2, FS_OPEN, O_RDONLY, 0, 0);
    ev.w[6] = PAGE_SIZE;
    return send(n, ev, path, strlen(path) + 1, strlen(path) + 1);
}

/* The oldest question, which is that one: its name. */
static uint64_t asked(enum fs_ask kind, uint32_t number)
{
    struct call *c = send(CALLS - 1, about(0, FS_PROC_ASKED, 0, 0, 0), NULL, 0, 0);
    assert_true(c->answered && c->value != 0);
    assert_int_equal(c->first, kind);
    assert_int_equal(c->second, number);
    return c->value;
}

static err_t tell(uint64_t name, enum fs_ask kind, uint32_t number, const union fs_told *t, uint64_t bytes)
{
    struct call *c = send(CALLS - 1, about(0, FS_PROC_TELL, name, kind, number), (const char *)t, bytes, bytes);
    assert_true(c->answered);
    others_go_on();
    return c->result;
}

/* The oldest question is about that process, and the answer is this one. */
static void told(uint32_t pid, uint32_t answer, uint64_t born)
{
    static union fs_told t;
    t.process = (struct fs_process){.pid = answer, .born = born, .state = 'S', .name = "somebody"};
    assert_int_equal(tell(asked(FS_ASK_PROCESS, pid), FS_ASK_PROCESS, pid, &t, sizeof t), OK);
}

/* As of a table with n processes, whose pids are their places and a thousand. */
static const union fs_told *list_from(uint32_t place, uint32_t n)
{
    static union fs_told t;
    t.list = (struct fs_list){0};
    for (; place < n && t.list.n < FS_TOLD_PIDS; place++)
        t.list.at[t.list.n++] = (struct fs_place){place, 1000 + place};
    t.list.next = place < n ? place : 0;
    return &t;
}

static void test_a_page_of_a_process_waits_for_procmgr(void **state)
{
    (void)state;
    struct call *a = look_up(0, "/proc/5/comm");
    assert_false(a->answered);
    told(5, 5, 100);
    assert_true(a->answered && a->result == OK);
    uint64_t fd = a->value;
    struct call *b = send(1, about(2, FS_READ, fd, 0, 0), back, 4, 4);
    assert_false(b->answered);
    told(5, 5, 100);
    assert_int_equal(b->value, 4);
    b = send(1, about(2, FS_READ, fd, 0, 0), back, sizeof back, sizeof back);
    assert_true(b->answered); /* of the same text, as it was */
    assert_int_equal(b->value, strlen("somebody\n") - 4);
    b = send(1, about(2, FS_PREAD, fd, 0, 0), back, sizeof back, sizeof back);
    told(5, 5, 101); /* another one by now, with its pid */
    assert_int_equal(b->result, FS_ERR_SRCH);
    b = send(1, about(2, FS_PREAD, fd, 0, 0), back, sizeof back, sizeof back);
    told(5, 0, 0);
    assert_int_equal(b->result, FS_ERR_SRCH);
    assert_int_equal(ask(2, FS_CLOSE, fd, 0, NULL), OK);
    a = look_up(0, "/proc/5/comm");
    told(5, 0, 0);
    assert_int_equal(a->result, ERR_NOENT);
}

static void test_a_path_through_several_processes_asks_for_each_once(void **state)
{
    (void)state;
    struct call *a = look_up(0, "/proc/5/../7/../5/comm"), *b = look_up(1, "/proc/9/status");
    told(5, 5, 1);
    told(7, 7, 1);
    assert_true(a->answered && a->result == OK && !b->answered);
    told(9, 9, 1); /* who has waited longer is first */
    assert_true(b->answered && b->result == OK);
    a = look_up(0, "/proc/5/../7/comm");
    told(5, 5, 1);
    told(7, 0, 0);
    assert_int_equal(a->result, ERR_NOENT);
    b = look_up(1, "/proc/9/status");
    assert_int_equal(ask(0, FS_PROC_EXIT, 2, 0, NULL), OK); /* nobody waits any more */
    assert_int_equal(send(CALLS - 1, about(0, FS_PROC_ASKED, 0, 0, 0), NULL, 0, 0)->value, 0);
    assert_int_equal(send(CALLS - 1, about(0, FS_PROC_TELL, 2, 0, 0), NULL, 0, 0)->result, OK);
}

/* One signal may stand for several questions, so who comes for one that is gone by then is signalled for the next. */
static void test_a_question_behind_one_that_is_gone_is_asked(void **state)
{
    (void)state;
    static union fs_told t;
    struct call *a = look_up(0, "/proc/5/comm"), *b = look_up(1, "/proc/9/comm");
    uint64_t name = asked(FS_ASK_PROCESS, 5);
    a->dead = true; /* its deadline was over */
    requests_cancelled(1, a->ev.id);
    signals = 0;
    assert_int_equal(tell(name, FS_ASK_PROCESS, 5, &t, sizeof t), OK);
    assert_int_equal(signals, 1);
    told(9, 9, 1);
    assert_true(b->answered && b->result == OK);
    assert_int_equal(tell(name, FS_ASK_PROCESS, 5, &t, sizeof t), OK);
    assert_int_equal(signals, 1); /* there is no other */
    a->dead = false;
}

/* The question stays, and procmgr's next life has it. */
static void test_a_procmgr_that_dies_while_it_tells_leaves_the_question(void **state)
{
    (void)state;
    static union fs_told t;
    struct call *a = look_up(0, "/proc/5/comm");
    uint64_t name = asked(FS_ASK_PROCESS, 5);
    signals = 0;
    dies = true;
    (void)tell(name, FS_ASK_PROCESS, 5, &t, sizeof t);
    dies = false;
    assert_false(a->answered);
    assert_int_equal(signals, 1);
    told(5, 5, 100);
    assert_true(a->answered && a->result == OK);
}

/* Nobody is left without an answer, nor are those behind. */
static void test_an_answer_that_is_none_ends_its_request(void **state)
{
    (void)state;
    static union fs_told t;
    struct call *a = look_up(0, "/proc/5/comm"), *b = look_up(1, "/proc/9/comm");
    signals = 0;
    assert_int_equal(tell(asked(FS_ASK_PROCESS, 5), FS_ASK_PROCESS, 5, &t, sizeof t - 1), ERR_INVAL);
    assert_true(a->answered && !b->answered);
    assert_int_equal(a->result, ERR_INVAL);
    assert_int_equal(signals, 1);
    t.process = (struct fs_process){.pid = 9, .command_bytes = FS_COMMAND_MAX + 1};
    assert_int_equal(tell(asked(FS_ASK_PROCESS, 9), FS_ASK_PROCESS, 9, &t, sizeof t), ERR_INVAL);
    assert_true(b->answered);
    assert_int_equal(b->result, ERR_INVAL);
    assert_int_equal(signals, 1);
}

/* Whether that is the first process among the records. */
static bool begins_with(const char *records, uint64_t bytes, const char *name)
{
    const struct fs_dirent *d = (const struct fs_dirent *)records;
    for (uint64_t at = 0; at < bytes; at += d->bytes) {
        d = (const struct fs_dirent *)(records + at);
        if (d->name[0] == '1')
            return strcmp(d->name, name) == 0;
    }
    return false;
}

/* A page of /proc's entries is not there when they are put into it: the request asks from the start again, though procmgr has
 * already come for what it wanted to know next. */
static void test_an_answer_to_an_earlier_question_is_none_to_this(void **state)
{
    (void)state;
    static char records[PAGE_SIZE] __attribute__((aligned(8)));
    uint64_t fd, name;
    assert_int_equal(ask_path(2, FS_OPEN, "/proc", O_RDONLY, &fd), OK);
    struct call *a = send(0, about(2, FS_READDIR, fd, 0, 0), records, sizeof records, sizeof records);
    assert_true(a->answered && a->result == OK); /* the names before those of processes */
    a = send(0, about(2, FS_READDIR, fd, 0, 0), records, sizeof records, 100);
    assert_int_equal(tell(asked(FS_ASK_LIST, 0), FS_ASK_LIST, 0, list_from(0, 100), sizeof(union fs_told)), OK);
    assert_false(a->answered);
    name = asked(FS_ASK_LIST, 64);
    page_comes(a);
    assert_int_equal(tell(name, FS_ASK_LIST, 64, list_from(64, 100), sizeof(union fs_told)), OK);
    assert_false(a->answered);
    assert_int_equal(tell(asked(FS_ASK_LIST, 0), FS_ASK_LIST, 0, list_from(0, 100), sizeof(union fs_told)), OK);
    assert_true(a->answered && a->result == OK);
    assert_true(begins_with(records, a->value, "1000"));
    assert_int_equal(ask(2, FS_CLOSE, fd, 0, NULL), OK);
}

/* The path is read anew each time the request runs, and may be another one by then. */
static void test_only_what_was_asked_for_is_taken_as_known(void **state)
{
    (void)state;
    char path[] = "/proc/5/../7/..";
    struct call *a = look_up(0, path);
    told(5, 5, 1);
    path[6] = '6';
    told(7, 7, 1);
    assert_false(a->answered);
    told(6, 0, 0);
    assert_int_equal(a->result, ERR_NOENT);
}

/* Of how many processes one path may ask has an end. */
static void test_a_path_through_too_many_processes_leads_nowhere(void **state)
{
    (void)state;
    char path[FS_PATH_MAX] = "/proc";
    for (unsigned i = 0; i < QUESTIONS_MAX + 2; i++)
        (void)snprintf(path + strlen(path), sizeof path - strlen(path), "/%u/..", 10 + i);
    struct call *a = look_up(0, path);
    for (unsigned i = 0; i < QUESTIONS_MAX + 1; i++)
        told(10 + i, 10 + i, 1);
    assert_int_equal(a->result, FS_ERR_LOOP);
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
        cmocka_unit_test_setup_teardown(test_a_page_of_a_process_waits_for_procmgr, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_path_through_several_processes_asks_for_each_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_question_behind_one_that_is_gone_is_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_procmgr_that_dies_while_it_tells_leaves_the_question, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_answer_that_is_none_ends_its_request, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_answer_to_an_earlier_question_is_none_to_this, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_what_was_asked_for_is_taken_as_known, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_path_through_too_many_processes_leads_nowhere, setup, teardown),
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
