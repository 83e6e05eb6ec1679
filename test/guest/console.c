/* SPDX-License-Identifier: MIT
 * Proves that the console refuses what makes no sense, writes from every kind of page, forgets readers that gave up or
 * died, and goes on serving others meanwhile.
 */
#define GT_NAME "console"
#include "gtest.h"
#include <ipc/console.h>

#define READERS 20
#define GIVE_UPS 1200 /* more than the console's table has places */

static err_t ask(uint64_t op, uint64_t a, void *buffer, uint64_t len, uint64_t access, uint64_t *out)
{
    struct ipc_msg m = {.w = {op, a}};
    struct ipc_buf b = {buffer, len, access};
    err_t e = ipc_call_full(H_CONSOLE, &m, &b, buffer != NULL ? 1 : 0, sys_time() + gt_us(GT_HANG_MS * 1000UL));
    if (out != NULL)
        *out = m.w[1];
    return e;
}
static bool is_responsive(void)
{
    uint64_t n = 0;
    return ask(CONSOLE_WRITE, 0, (void *)(uintptr_t)"", 0, BUF_R, &n) == OK && ask(CONSOLE_FLUSH, 0, NULL, 0, 0, NULL) == OK;
}
static void nonsense_is_refused(void)
{
    char c = 'x';
    CHECK(ask(0, 0, NULL, 0, 0, NULL) < 0);
    CHECK(ask(CONSOLE_OP_LIMIT, 0, NULL, 0, 0, NULL) < 0);
    CHECK(ask(~0UL, 0, NULL, 0, 0, NULL) < 0);
    CHECK_EQ(ask(CONSOLE_WRITE_SHORT, 0, NULL, 0, 0, NULL), ERR_INVAL);
    CHECK_EQ(ask(CONSOLE_WRITE_SHORT, 41, NULL, 0, 0, NULL), ERR_INVAL);
    CHECK_EQ(ask(CONSOLE_WRITE_SHORT, ~0UL, NULL, 0, 0, NULL), ERR_INVAL);
    CHECK_EQ(ask(CONSOLE_WRITE, 0, NULL, 0, 0, NULL), ERR_RIGHTS);
    CHECK_EQ(ask(CONSOLE_WRITE, 0, &c, 1, BUF_W, NULL), ERR_RIGHTS);
    CHECK_EQ(ask(CONSOLE_READ, 0, &c, 1, BUF_R, NULL), ERR_RIGHTS);
    CHECK_EQ(ask(CONSOLE_MODE, 7, NULL, 0, 0, NULL), ERR_INVAL);
    CHECK_EQ(c, 'x');
    CHECK(is_responsive());
}
static void the_mode_can_be_asked_and_set(void)
{
    uint64_t mode = 9;
    CHECK_EQ(ask(CONSOLE_MODE, ~0UL, NULL, 0, 0, &mode), OK);
    CHECK_EQ(mode, CONSOLE_LINE);
    CHECK_EQ(ask(CONSOLE_MODE, CONSOLE_RAW, NULL, 0, 0, &mode), OK);
    CHECK_EQ(ask(CONSOLE_MODE, CONSOLE_LINE, NULL, 0, 0, &mode), OK);
    CHECK_EQ(mode, CONSOLE_RAW);
}
/* Ends in the middle of a line with a hole behind it. */
static void a_write_ends_at_the_hole(void)
{
    static const char text[] = "  (a write that ends at a hole)\n";
    uint8_t *p = gt_pages(1);
    REQUIRE(p != NULL);
    memcpy(p + PAGE_SIZE - (sizeof text - 1), text, sizeof text - 1);
    CHECK_EQ(write(1, p + PAGE_SIZE - (sizeof text - 1), 200), sizeof text - 1);
    errno = 0;
    CHECK_EQ(write(1, p + PAGE_SIZE, 1), -1);
    CHECK_EQ(errno, EFAULT);
    gt_pages_free(1);
}
static char text_page[PAGE_SIZE] __attribute__((aligned(4096)));
static void write_shared(void *unused)
{
    (void)unused;
    CHECK_EQ(write(1, text_page, 27), 27); /* a COW page, read only by the copy */
    uint8_t *p = gt_pages(1);
    CHECK_EQ(write(1, p, 3), 3); /* never touched: zeros, which no terminal shows */
    CHECK_EQ(write(1, "\n", 1), 1);
}
static void cow_and_lazy_pages_are_written(void)
{
    strcpy(text_page, "  (a write from COW pages)\n");
    RUN_CHILD(write_shared, NULL);
}
static void read_for_ever(void *unused)
{
    char line[16];
    (void)unused;
    (void)read(0, line, sizeof line);
}
static void killed_readers_are_forgotten(void)
{
    pid_t reader[READERS];
    for (int i = 0; i < READERS; i++)
        reader[i] = gt_child(read_for_ever, NULL);
    gt_sleep_us(5000);
    for (int i = 0; i < READERS; i++) {
        CHECK_EQ(kill(reader[i], SIGKILL), 0);
        gt_expect_signal(reader[i], SIGKILL);
    }
    CHECK(is_responsive());
}
static void readers_that_give_up_leave_their_places(void)
{
    char line[16];
    struct ipc_buf b = {line, sizeof line, BUF_W};
    for (int i = 0; i < GIVE_UPS; i++) {
        struct ipc_msg m = {.w = {CONSOLE_READ}};
        err_t e = ipc_call_full(H_CONSOLE, &m, &b, 1, sys_time() + gt_us(20));
        if (e != ERR_TIMEOUT) {
            CHECK_EQ(e, ERR_TIMEOUT);
            return;
        }
    }
    CHECK(is_responsive());
}
/* A text page can't be read into; the console says so without touching it, once there is input. Until then it waits. */
static void random_requests(void *unused)
{
    static uint8_t room[3 * PAGE_SIZE];
    uint64_t seed = 77;
    (void)unused;
    memset(room, '\n', sizeof room);
    for (int i = 0; i < 400; i++) {
        uint64_t r = gt_random(&seed);
        void *const place[] = {room, room + 4090, (void *)0x10, (void *)(uintptr_t)is_responsive, (void *)~0xfffUL};
        static const uint64_t ops[] = {0, CONSOLE_READ, CONSOLE_MODE, CONSOLE_FLUSH, 99, CONSOLE_WRITE};
        uint64_t op = ops[r % 6], len = op == CONSOLE_WRITE ? r >> 8 & 15 : gt_random(&seed);
        struct ipc_msg m = {.w = {op, r & 64 ? gt_random(&seed) : CONSOLE_LINE}};
        struct ipc_buf b[2] = {{place[op == CONSOLE_WRITE ? r >> 16 & 1 : r >> 16 & 3], len, (r & 128 ? BUF_R : 0) | (r & 256 ? BUF_W : 0)},
                               {place[(r >> 20) % 5], gt_random(&seed), BUF_R | BUF_W}};
        (void)ipc_call_full(H_CONSOLE, &m, b, (unsigned)(r >> 24) % 3, sys_time() + gt_us(50));
    }
}
static void random_requests_are_survived(void)
{
    RUN_CHILD(random_requests, NULL);
    CHECK(is_responsive());
    CHECK_EQ(ask(CONSOLE_MODE, CONSOLE_LINE, NULL, 0, 0, NULL), OK);
}

GT_MAIN(CASE(nonsense_is_refused), CASE(the_mode_can_be_asked_and_set), CASE(a_write_ends_at_the_hole),
        CASE(cow_and_lazy_pages_are_written), CASE(killed_readers_are_forgotten),
        CASE(readers_that_give_up_leave_their_places), CASE(random_requests_are_survived))
