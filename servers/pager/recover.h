/* SPDX-License-Identifier: MIT
 * From what init handed over to a pager that can serve: at the first start, and after a death.
 */
#ifndef PAGER_RECOVER_H
#define PAGER_RECOVER_H

#include <abi/error.h>

#include "boot.h"

/* Build all volatile state. On a restart: replay the log, end what was cut off, count frames anew from the tables, compare.
 * Every step may be repeated: dying in here is a death like any other. */
err_t pager_start(const struct pager_boot *boot);

#endif
