/* SPDX-License-Identifier: MIT
 * See frames.h.
 */
#include "frames.h"

#include <stdlib.h>
#include <string.h>

#include "evict.h"
#include "ledger.h"
#include "op.h"
#include "replace.h"

bool frames_used[FRAMES_MAX], frames_busy[FRAMES_MAX];
unsigned frames_asked, frames_signalled;
static void *memory;
static struct pager_boot boot;

bool evict_is_candidate(uint32_t domain, uint32_t page)
{
    return page < FRAMES_MAX && replace_domain_of(page) == domain && !frames_busy[page];
}

bool evict_accessed(uint32_t page)
{
    bool was = frames_used[page];
    frames_asked++;
    frames_used[page] = false;
    return was;
}

void op_notify(unsigned owner)
{
    (void)owner;
    frames_signalled++;
}

void frames_begin(const char *policy)
{
    boot = (struct pager_boot){.ram_base_pa = 0x80000000, .ram_bytes = FRAMES_RAM_BYTES,
                               .ledger_bytes = pager_ledger_bytes(FRAMES_RAM_BYTES)};
    strncpy(boot.policy, policy, sizeof(boot.policy) - 1);
    memory = aligned_alloc(PAGE_SIZE, boot.ledger_bytes);
    memset(memory, 0, boot.ledger_bytes);
    memset(frames_used, 0, sizeof(frames_used));
    memset(frames_busy, 0, sizeof(frames_busy));
    frames_asked = frames_signalled = 0;
    if (ledger_attach(memory, &boot) != OK)
        abort();
    ledger_format();
    replace_start(&boot);
    ledger.header->formatted = 1;
}

static void start_again(enum pager_death death)
{
    boot.restarted++;
    boot.last_death = death;
    if (ledger_attach(memory, &boot) != OK)
        abort();
    replace_start(&boot);
}

void frames_restart_after_crash(void) { start_again(PAGER_DEATH_CRASH); }

void frames_restart(void) { start_again(PAGER_DEATH_ASKED); }

void frames_end(void)
{
    free(memory);
    memory = NULL;
}
