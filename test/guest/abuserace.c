/* SPDX-License-Identifier: MIT
 * Hostile timing: clients that never take their answer (killed, exited, timed out while the server works), servers that never
 * give one, buffers and strings that change while they are copied, ids that are used again. Everybody else goes on, and
 * nothing is lost.
 */
#define GT_NAME "abuserace"
#include "gabuse.h"
#include <ipc/console.h>
#include <pagoda/thread.h>

#define ROUNDS 40u

/* ---- clients that do not take their answer ---- */

static err_t spawn_true(ticks_t deadline)
{
    static char path[] = "/bin/true", strings[] = "true";
    struct ipc_msg m = {.w = {PROC_SPAWN, sizeof path - 1, 1}};
    const struct ipc_buf b[2] = {{path, sizeof path, BUF_R}, {strings, sizeof strings, BUF_R}};
    return ipc_call_full(H_PROC, &m, b, 2, deadline);
}
static void *asks_everybody(void *unused)
{
    for (;;) { /* until the process ends */
        struct ipc_msg m = {.w = {PAGER_VMCHECK}};
        (void)ipc_call(H_PAGER, &m);
        m = (struct ipc_msg){.w = {PROC_INFO, 1}};
        (void)ipc_call(H_PROC, &m);
        m = (struct ipc_msg){.w = {CONSOLE_FLUSH}};
        (void)ipc_call(H_CONSOLE, &m);
    }
    return unused;
}
static void asks_and_exits(void *us)
{
    struct thread *t[3];
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(thread_create(&t[i], asks_everybody, NULL), 0);
    gt_sleep_us((uint64_t)(uintptr_t)us);
}
static void a_client_that_exits_or_is_killed_while_it_is_served(void)
{
    for (uintptr_t i = 0; i < ROUNDS; i++) {
        pid_t pid = gt_child(asks_and_exits, (void *)(i % 2 ? 1000000UL : 137 * i));
        if (i % 2) {
            gt_sleep_us(100 + 89 * i);
            CHECK_EQ(kill(pid, SIGKILL), 0);
            gt_expect_signal(pid, SIGKILL);
        } else {
            gt_expect_exit(pid, 0);
        }
    }
}
/* Deadlines at every point of the service; a child that was started unseen is still a child. */
static void gives_up(void *unused)
{
    (void)unused;
    unsigned late = 0, done = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        err_t e = spawn_true(sys_time() + 40 * i);
        CHECK(e == OK || e == ERR_TIMEOUT);
        late += e == ERR_TIMEOUT;
        done += e == OK;
        struct ipc_msg m = {.w = {PAGER_VMCHECK}};
        e = ipc_call_full(H_PAGER, &m, NULL, 0, sys_time() + 20 * i);
        CHECK(e == OK || e == ERR_TIMEOUT);
        late += e == ERR_TIMEOUT;
    }
    CHECK(late > 0);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    CHECK(spawn_true(gs_deadline(GT_HANG_MS)) == OK); /* procmgr serves on */
    CHECK(waitpid(-1, NULL, 0) > 0);
}
static void a_client_that_gives_up_while_it_is_served(void)
{
    uint64_t before = gt_processes();
    RUN_CHILD(gives_up, NULL);
    gt_until_processes(before);
}

/* ---- a server that does not answer ---- */

static void calls_a_mute(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 5; i++) {
        struct ipc_msg m = {.w = {i}};
        ticks_t deadline = gs_deadline(2);
        CHECK_EQ(ipc_call_full(H_PARENT, &m, NULL, 0, deadline), ERR_TIMEOUT);
        CHECK(sys_time() >= deadline);
        CHECK_SOON(sys_time() < deadline + gt_us(3000));
    }
    GT_SHARED->word[0]++;
    struct ipc_msg m = {.w = {99}};
    (void)ipc_call(H_PARENT, &m); /* for ever: only a kill ends it */
    gt_fail("nobody answered, and the call came back", __FILE__, __LINE__);
}
static void a_server_that_never_answers(void)
{
    REQUIRE(gs_open() && gt_shared_open() == OK);
    struct ipc_event ev;
    pid_t pid[4];
    unsigned received = 0, last = 0;
    for (unsigned i = 0; i < 4; i++)
        pid[i] = gt_child(calls_a_mute, NULL);
    ticks_t end = gs_deadline(GT_HANG_MS);
    while (last < 4 && sys_time() < end) { /* some are received and kept, some stay in the queue */
        long kind = ipc_recv(H_SELF, &ev, gs_deadline(1));
        received += kind == MSG_CALL;
        last += kind == MSG_CALL && ev.w[0] == 99;
        gt_sleep_us(300);
    }
    CHECK_EQ(GT_SHARED->word[0], 4);
    CHECK(received >= 4);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ(kill(pid[i], SIGKILL), 0);
        gt_expect_signal(pid[i], SIGKILL);
    }
    while (ipc_recv(H_SELF, &ev, DEADLINE_POLL) > 0)
        ;
    gt_shared_close();
}

/* ---- what changes under the reader's feet ---- */

static struct {
    char path[16];
    char strings[64 * 1024];
    volatile bool stop;
} shaky;

/* Ends of strings come and go; the path names this and that, or nothing. */
static void *rewrites(void *arg)
{
    uint64_t seed = 77;
    while (!shaky.stop) { /* until the test ends it */
        static const char *const paths[] = {"/bin/true", "/bin/none", "bin/true\0", "/bin/\377rue"};
        memcpy(shaky.path, paths[gt_random(&seed) % 4], 10);
        shaky.strings[gt_random(&seed) % sizeof shaky.strings] ^= (char)gt_random(&seed);
        shaky.strings[sizeof shaky.strings - 1] = (char)(gt_random(&seed) % 2);
        if (gt_random(&seed) % 64 == 0)
            sys_yield();
    }
    return arg;
}
static void spawns_from_shaky_memory(void *unused)
{
    (void)unused;
    struct thread *t;
    unsigned started = 0, refused = 0;
    memset(shaky.strings, 'a', sizeof shaky.strings);
    CHECK_EQ(thread_create(&t, rewrites, NULL), 0);
    for (unsigned i = 0; i < 10 * ROUNDS; i++) {
        struct ipc_msg m = {.w = {PROC_SPAWN, 9, 1 + i % 3}};
        const struct ipc_buf b[2] = {{shaky.path, sizeof shaky.path, BUF_R}, {shaky.strings, i % 7 ? 2 : sizeof shaky.strings, BUF_R}};
        if (i % 7) { /* two bytes that often are a string */
            shaky.strings[0] = 'x';
            shaky.strings[1] = 0;
        }
        err_t e = ipc_call_full(H_PROC, &m, b, 2, gs_deadline(GT_HANG_MS));
        CHECK(e == OK || e == ERR_NOENT || e == ERR_INVAL);
        started += e == OK;
        refused += e != OK;
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (i % 3 == 0)
            sys_yield();
    }
    shaky.stop = true;
    CHECK_EQ(thread_join(t, NULL), 0);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    CHECK(refused > 0);
    printf("  %u started, %u refused\n", started, refused);
}
static void strings_that_change_while_they_are_copied(void)
{
    uint64_t before = gt_processes();
    RUN_CHILD(spawns_from_shaky_memory, NULL);
    gt_until_processes(before);
}

/* The buffer's pages come and go while a server copies into them: it gets an error or all of it, never a fault of its own, and does not
 * try for long, for others wait. */
static void *moves_its_memory(void *p)
{
    uint64_t va = (uint64_t)(uintptr_t)p;
    while (!shaky.stop) { /* until the test ends it */
        struct ipc_msg m = {.w = {PAGER_REGION_REMOVE, 0, va, va + 4 * PAGE_SIZE}};
        CHECK_EQ(pager_call(H_PAGER, &m), OK);
        m = (struct ipc_msg){.w = {PAGER_REGION_ADD, 0, va, va + 4 * PAGE_SIZE, PROT_R | PROT_W, BACKING_ANON}};
        CHECK_EQ(pager_call(H_PAGER, &m), OK);
        sys_yield();
        m = (struct ipc_msg){.w = {PAGER_REGION_PROTECT, 0, va, va + 2 * PAGE_SIZE, PROT_R}};
        CHECK_EQ(pager_call(H_PAGER, &m), OK);
    }
    return NULL;
}
static void offers_moving_memory(void *unused)
{
    (void)unused;
    const uint64_t va = 0x1800000000UL;
    struct thread *t;
    ticks_t longest = 0;
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, 0, va, va + 4 * PAGE_SIZE, PROT_R | PROT_W, BACKING_ANON}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
    CHECK_EQ(thread_create(&t, moves_its_memory, (void *)(uintptr_t)va), 0);
    for (unsigned i = 0; i < 10 * ROUNDS; i++) {
        m = (struct ipc_msg){.w = {i % 2 ? PROC_INFO : CONSOLE_WRITE, (uint64_t)getpid()}};
        struct ipc_buf b = {(void *)(uintptr_t)(va + (i % 5) * PAGE_SIZE - (i % 5 ? 8 : 0)), i % 2 ? 32 : 0, i % 2 ? BUF_W : BUF_R};
        ticks_t start = sys_time();
        err_t e = ipc_call_full(i % 2 ? H_PROC : H_CONSOLE, &m, &b, 1, gs_deadline(GT_HANG_MS));
        CHECK(e == OK || e == ERR_FAULT || e == ERR_TIMEOUT);
        ticks_t took = sys_time() - start;
        longest = took > longest ? took : longest;
        sys_yield();
    }
    shaky.stop = true;
    CHECK_EQ(thread_join(t, NULL), 0);
    CHECK_SOON(longest < gt_us(50000)); /* procmgr's patience is ten times that */
}
static void memory_that_goes_while_it_is_copied(void) { RUN_CHILD(offers_moving_memory, NULL); }

/* ---- ids that are used again ---- */

static void calls_once(void *n)
{
    struct ipc_msg m = {.w = {(uint64_t)(uintptr_t)n}};
    CHECK_EQ(ipc_call_full(H_PARENT, &m, NULL, 0, gs_deadline(GT_HANG_MS)), OK);
    CHECK_EQ(m.w[1], (uint64_t)(uintptr_t)n);
}
/* Threads come back in the frames of those that died: no id of an earlier life answers a later one. */
static void reply_ids_of_the_dead(void)
{
    REQUIRE(gs_open());
    static reply_id_t seen[ROUNDS];
    struct ipc_event ev;
    unsigned same_frame = 0;
    for (uintptr_t i = 0; i < ROUNDS; i++) {
        pid_t pid = gt_child(calls_once, (void *)(i + 1));
        REQUIRE(gs_recv_call(&ev));
        for (unsigned k = 0; k < i; k++) {
            struct ipc_msg wrong = {.w = {0, 666}};
            CHECK(seen[k] != ev.id);
            same_frame += (uint32_t)seen[k] == (uint32_t)ev.id;
            CHECK_EQ(ipc_reply(seen[k], &wrong), ERR_STALE);
        }
        seen[i] = ev.id;
        struct ipc_msg right = {.w = {0, i + 1}};
        CHECK_EQ(ipc_reply(ev.id, &right), OK);
        gt_expect_exit(pid, 0);
    }
    CHECK(same_frame > 0); /* else this showed nothing */
}
static void says_its_space(void *unused)
{
    (void)unused;
    struct ipc_msg m = {.w = {PROC_GETPID}};
    CHECK_EQ(ipc_call(H_PROC, &m), OK);
    GT_SHARED->word[0] = m.w[3];
}
/* A space id of a process that ended names nobody, also when its slot lives again. */
static void space_ids_of_the_dead(void)
{
    static uint64_t seen[ROUNDS];
    uint64_t reused = 0; /* not at once: the pager has some spaces ready */
    REQUIRE(gt_shared_open() == OK);
    for (unsigned i = 0; i < ROUNDS; i++) {
        RUN_CHILD(says_its_space, NULL);
        uint64_t now = seen[i] = GT_SHARED->word[0];
        CHECK(now != 0);
        for (unsigned k = 0; k < i; k++) {
            CHECK(now != seen[k]);
            reused += (now & 0xffff) == (seen[k] & 0xffff);
        }
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        const struct request_act rows[] = {
            {"a dead space's figures", H_PAGER, {PAGER_STAT, PAGER_STAT_SPACE, seen[i]}, .want = ERR_NOENT},
            {"a dead space's pages", H_PAGER, {PAGER_PAGE_INFO, seen[i], 0x10000}, .want = ERR_NOENT},
            {"a region in a dead space", H_PAGER, {PAGER_REGION_REMOVE, seen[i], 0x10000, 0x11000}, .want = ERR_NOENT},
        };
        for (unsigned k = 0; k < 3; k++)
            ga_expect_answer(&rows[k]);
    }
    CHECK(reused > 0);
    gt_shared_close();
}

GT_MAIN(CASE(a_client_that_exits_or_is_killed_while_it_is_served), CASE(a_client_that_gives_up_while_it_is_served),
        CASE(a_server_that_never_answers), CASE(strings_that_change_while_they_are_copied),
        CASE(memory_that_goes_while_it_is_copied), CASE(reply_ids_of_the_dead), CASE(space_ids_of_the_dead))
