/* SPDX-License-Identifier: MIT
 * Lines for the console. The pager calls no server: it keeps what happened in the ledger, signals init, and init's worker asks
 * (PAGER_REPORT) and prints.
 */
#ifndef PAGER_REPORT_H
#define PAGER_REPORT_H

#include <ipc/pager.h>

/* Keep a report; the oldest makes room. policy: its name; detail: as ipc/pager.h says for each reason. */
void report(const char *policy, enum pager_report reason, uint32_t domain, uint64_t detail);
/* PAGER_REPORT: the first report behind `after`. ERR_NOENT: none. */
err_t report_read(uint32_t after, struct ipc_msg *m);

#endif
