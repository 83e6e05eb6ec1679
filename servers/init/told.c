/* SPDX-License-Identifier: MIT
 * What the pager has to tell: it calls no server, so it signals the worker, which asks (PAGER_REPORT) and prints a line.
 * Runs on the worker thread only. Nothing is said twice; what a pager that died had still to say its successor says.
 */
#include <ipc/pager.h>

#include <string.h>

#include "init.h"

#define NAME_BYTES 16u
#define REPORTS_AT_ONCE 64u

static uint32_t told; /* number of the last report printed */

static const char *hook_text(uint64_t hook)
{
    static const char *const text[] = {"?", "init", "page_in", "page_out", "victim", "next"};
    return text[hook < sizeof text / sizeof text[0] ? hook : 0];
}

static void print(const struct ipc_msg *m)
{
    char name[NAME_BYTES + 1] = {0};
    uint64_t detail = m->w[6];
    const char *hook = hook_text(detail & 0xff);
    memcpy(name, &m->w[3], NAME_BYTES);
    switch (m->w[2]) {
    case REPORT_BUDGET:
        say("pager: policy %s used up its budget in %s() and was replaced by fifo\n", name, hook);
        break;
    case REPORT_ASSERT:
        say("pager: policy %s failed its assertion in line %u, in %s(), and was replaced by fifo\n", name,
            (unsigned)(detail >> 8), hook);
        break;
    case REPORT_PAGE:
        say("pager: policy %s touched a page that is not its own, in %s(), and was replaced by fifo\n", name, hook);
        break;
    case REPORT_NONSENSE:
        say("pager: policy %s made too many bad proposals (the last one: %u) and was replaced by fifo\n", name,
            (unsigned)detail);
        break;
    case REPORT_CRASH:
        say("pager: policy %s crashed the pager in %s() and was replaced by fifo\n", name, hook);
        break;
    case REPORT_UNKNOWN:
        say("pager: there is no policy %s; fifo serves instead (pagerctl policies lists them)\n", name);
        break;
    default:
        say("pager: policy %s: report %u, detail 0x%lx\n", name, (unsigned)m->w[2], detail);
        break;
    }
}

void told_print(handle_t pager)
{
    for (unsigned i = 0; i < REPORTS_AT_ONCE; i++) {
        struct ipc_msg m = {.w = {PAGER_REPORT, told}};
        if (pager_call(pager, &m) != OK)
            return;
        told = (uint32_t)m.w[1];
        print(&m);
    }
}

err_t told_register(handle_t pager, handle_t worker)
{
    struct ipc_msg m = {.w = {PAGER_NOTIFY, WORKER_PAGER}};
    return ipc_call_handle(pager, &m, worker, RIGHT_SIGNAL, 0);
}
