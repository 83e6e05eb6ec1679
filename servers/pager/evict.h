/* SPDX-License-Identifier: MIT
 * The mechanism of replacement, as replace.c needs it.
 */
#ifndef PAGER_EVICT_H
#define PAGER_EVICT_H

#include <abi/types.h>

/* Whether the page can be evicted now: resident, in this domain, unpinned, not held. */
bool evict_is_candidate(uint32_t domain, uint32_t page);
/* Whether any mapping of the page was used since this was last asked; asking forgets. */
bool evict_accessed(uint32_t page);

#endif
