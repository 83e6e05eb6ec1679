/* SPDX-License-Identifier: MIT
 * No test: from here on the pager does nothing by the way, as while a test counts its allocations, so that the numbers of objects
 * made later do not depend on how often it was idle. For test/qemu/test_fast_path.py, which compares them.
 */
#define GT_NAME "still"
#include "gtest.h"

int main(void)
{
    (void)gt_pager_debug(PAGER_DEBUG_FAIL_ALLOC, 1UL << 62);
    return gt_failed != 0;
}
