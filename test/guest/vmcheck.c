/* SPDX-License-Identifier: MIT
 * Proves that vmcheck finds damage of each kind that can be seeded, and nothing when it is repaired. With a word it plays
 * the guest's part in test/qemu/test_memcheck.py: it brings the system into a state, prints `:ready` and waits for a line,
 * so that the machine can be dumped while nothing moves.
 */
#define GT_NAME "vmcheck"
#include "gtest.h"

#define PAGES 60
#define CHILDREN 12
static uint8_t area[PAGES][PAGE_SIZE] __attribute__((aligned(4096)));

static void damage_is_found(uint64_t kind, const volatile void *page)
{
    uint64_t value = kind | gt_page_info(0, page).frame << 8;
    CHECK_EQ(gt_vmcheck(), 0);
    gt_pager_debug(PAGER_DEBUG_BREAK, value);
    struct ipc_msg m = {.w = {PAGER_VMCHECK}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
    CHECK(m.w[1] > 0);
    gt_pager_debug(PAGER_DEBUG_BREAK, value);
    CHECK_EQ(gt_vmcheck(), 0);
}
static void a_reference_too_many(void) { damage_is_found(PAGER_BREAK_EXTRA_REF, area[1]); }
static void a_reference_too_few(void)
{
    damage_is_found(PAGER_BREAK_MISSING_REF, (void *)damage_is_found); /* a text page: it has several */
}
static void a_charge_too_many(void) { damage_is_found(PAGER_BREAK_CHARGE, area[1]); }
static void a_free_frame_too_many(void) { damage_is_found(PAGER_BREAK_FREE_COUNT, area[1]); }

/* ---- states for the dump ---- */

/* Each child shares all pages, owns some that it wrote, and stays. */
static void member(void *arg)
{
    uintptr_t me = (uintptr_t)arg;
    gt_fill(area[me * 3], 5, me + 2);
    uint8_t *p = gt_pages(20);
    gt_fill(p, 3 + me, me);
    (void)*(volatile uint8_t *)(p + 19 * PAGE_SIZE);
    if (me % 4 == 0)
        (void)gt_child(member, (void *)(me + 1));
    uint64_t bits;
    GT_SHARED->word[0]++;
    (void)sys_wait(0, DEADLINE_NONE, &bits);
}
static void wait_for_line(void)
{
    printf(":ready\n");
    fflush(stdout);
    (void)getchar();
}
static int hold_storm(bool kill_pager, bool broken)
{
    pid_t pid[CHILDREN];
    gt_case_name = "storm";
    if (gt_shared_open() != OK)
        return 1;
    gt_fill(area[0], PAGES, 1);
    for (uintptr_t i = 0; i < CHILDREN; i++) {
        pid[i] = gt_child(member, (void *)i);
        struct ipc_msg m = {.w = {INIT_KILL_SERVER, SERVER_PAGER}};
        if (kill_pager && i == CHILDREN / 2)
            CHECK_EQ(ipc_call(H_INIT, &m), OK);
    }
    gt_await(0, CHILDREN + 3);
    uint64_t value = PAGER_BREAK_EXTRA_REF | gt_page_info(0, area[PAGES - 1]).frame << 8;
    if (broken)
        gt_pager_debug(PAGER_DEBUG_BREAK, value);
    uint64_t violations = gt_vmcheck();
    CHECK_EQ(violations != 0, broken);
    printf(":vmcheck %s\n", violations ? "broken" : "ok");
    wait_for_line();
    if (broken)
        gt_pager_debug(PAGER_DEBUG_BREAK, value);
    for (int i = 0; i < CHILDREN; i++)
        (void)kill(pid[i], SIGKILL);
    for (int i = 0; i < CHILDREN; i++)
        gt_expect_signal(pid[i], SIGKILL);
    return gt_failed != 0; /* the grandchildren go down with the machine */
}
static const struct gt_case cases[] = {CASE(a_reference_too_many), CASE(a_reference_too_few), CASE(a_charge_too_many),
                                       CASE(a_free_frame_too_many), {NULL, NULL}};
int main(int argc, char **argv)
{
    gt_fill(area[0], PAGES, 1);
    if (argc > 1 && strncmp(argv[1], "--storm", 7) == 0)
        return hold_storm(strcmp(argv[1], "--storm-kill") == 0, strcmp(argv[1], "--storm-broken") == 0);
    return gt_main(argc, argv, cases);
}
