/* SPDX-License-Identifier: MIT
 * Pages of processes (/proc): a request waits for what procmgr knows, procmgr comes for the question, may find it gone, and may die
 * while it answers.
 *
 * SOURCES: servers/fs/ -servers/fs/disk.c -servers/fs/extfs.c -servers/fs/job.c -servers/fs/main.c libipc/ipc.c libipc/pager_call.c
 * INCLUDES: microkernel/include libipc/include servers/fs test/host/fuzz
 */
#include "fs/clients.h"

static char back[8000];

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_page_of_a_process_waits_for_procmgr, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_path_through_several_processes_asks_for_each_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_question_behind_one_that_is_gone_is_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_procmgr_that_dies_while_it_tells_leaves_the_question, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_answer_that_is_none_ends_its_request, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_answer_to_an_earlier_question_is_none_to_this, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_what_was_asked_for_is_taken_as_known, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_path_through_too_many_processes_leads_nowhere, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
