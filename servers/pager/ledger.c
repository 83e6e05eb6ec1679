/* SPDX-License-Identifier: MIT
 * The ledger's layout and its redo log. Never knows what the records mean.
 *
 *   begin      log_count = 0
 *   put        entries behind log_count: nobody sees them yet
 *   commit     log_count = n (one store: the commit), apply, log_count = 0
 *   replay     log_count = n > 0: apply again, which is harmless, then 0
 */
#include "ledger.h"

#include <string.h>

#include "check.h"

struct ledger ledger;
static uint32_t pending; /* entries put since begin */

_Static_assert(sizeof(struct ledger_frame) + sizeof(struct page_vol) + sizeof(struct slot_vol) + 5 * sizeof(uint32_t) +
                   sizeof(struct policy_node) + sizeof(struct page_link) + sizeof(uint16_t) <= PAGER_FRAME_BYTES,
               "boot.h sizes the ledger");
_Static_assert(sizeof(struct ledger_region) + sizeof(struct region_node) <= PAGER_REGION_BYTES, "boot.h sizes the ledger");
_Static_assert(sizeof(struct ledger_object) + sizeof(struct object_node) <= PAGER_OBJECT_BYTES, "boot.h sizes the ledger");
_Static_assert(sizeof(struct ledger_space) + sizeof(struct space_vol) + sizeof(struct policy_domain) + 6 <= PAGER_SPACE_BYTES,
               "boot.h sizes the ledger");
_Static_assert(sizeof(struct chunk_state) <= PAGER_CHUNK_BYTES, "boot.h sizes the ledger");
_Static_assert(sizeof(struct ledger_header) + OPS_MAX * sizeof(struct ledger_op) + 32 * 64 <= PAGER_FIXED_BYTES,
               "boot.h sizes the ledger");
_Static_assert((16384u << PLACE_SHIFT) - 1 <= UINT16_MAX, "a page's place has room for every space");
_Static_assert(sizeof(struct ledger_frame) == 8 && sizeof(struct ledger_region) == 32, "records are whole words");
_Static_assert(sizeof(struct space_vol) == 64 && sizeof(struct region_node) == 32, "shifts find them");
_Static_assert(sizeof(struct ledger_space) % 8 == 0 && sizeof(struct ledger_op) % 8 == 0, "records are whole words");

/* Take the next array, on a cache line. */
static void *carve(char **at, uint64_t count, uint64_t size_bytes)
{
    char *p = *at;
    *at = p + ((count * size_bytes + 63) & ~63UL);
    return p;
}

static char *lay_out_lasting(char *at)
{
    ledger.header = carve(&at, 1, sizeof(struct ledger_header));
    ledger.op = carve(&at, OPS_MAX, sizeof(struct ledger_op));
    ledger.space = carve(&at, ledger.max_spaces, sizeof(struct ledger_space));
    ledger.region = carve(&at, ledger.max_regions, sizeof(struct ledger_region));
    ledger.object = carve(&at, ledger.max_objects, sizeof(struct ledger_object));
    ledger.frame = carve(&at, ledger.frames, sizeof(struct ledger_frame));
    ledger.store_frame = carve(&at, ledger.frames + 1, sizeof(uint32_t));
    return at;
}

static char *lay_out_volatile(char *at)
{
    ledger.space_vol = carve(&at, ledger.max_spaces, sizeof(struct space_vol));
    ledger.region_node = carve(&at, ledger.max_regions, sizeof(struct region_node));
    ledger.object_node = carve(&at, ledger.max_objects, sizeof(struct object_node));
    ledger.chunk = carve(&at, ledger.chunks, sizeof(struct chunk_state));
    ledger.frame_next = carve(&at, ledger.frames, sizeof(uint32_t));
    ledger.scratch = carve(&at, ledger.frames, sizeof(uint32_t));
    ledger.key_hash = carve(&at, ledger.max_spaces, sizeof(uint32_t));
    ledger.family = carve(&at, ledger.max_spaces, sizeof(uint16_t));
    ledger.page = carve(&at, ledger.frames, sizeof(struct page_vol));
    ledger.page_slot = carve(&at, ledger.frames, sizeof(uint32_t));
    ledger.slot = carve(&at, ledger.frames + 1, sizeof(struct slot_vol));
    ledger.slot_scratch = carve(&at, ledger.frames + 1, sizeof(uint32_t));
    ledger.domain = carve(&at, ledger.max_spaces, sizeof(struct policy_domain));
    ledger.policy_node = carve(&at, ledger.frames, sizeof(struct policy_node));
    ledger.page_link = carve(&at, ledger.frames, sizeof(struct page_link));
    ledger.page_place = carve(&at, ledger.frames, sizeof(uint16_t));
    return at;
}

err_t ledger_attach(void *base, const struct pager_boot *boot)
{
    ledger = (struct ledger){
        .max_spaces = (uint32_t)pager_max_spaces(boot->ram_bytes),
        .max_regions = (uint32_t)pager_max_regions(boot->ram_bytes),
        .max_objects = (uint32_t)pager_max_objects(boot->ram_bytes),
        .frames = (uint32_t)(boot->ram_bytes >> PAGE_SHIFT),
        .chunks = (uint32_t)(boot->ram_bytes >> CHUNK_SHIFT),
        .first_frame = (frame_t)(boot->ram_base_pa >> PAGE_SHIFT),
    };
    char *end = lay_out_volatile(lay_out_lasting(base));
    ledger.frame_biased = ledger.frame - ledger.first_frame;
    if ((uint64_t)(end - (char *)base) > boot->ledger_bytes)
        return ERR_INVAL;
    struct ledger_header *h = ledger.header;
    if (h->formatted && (h->magic != LEDGER_MAGIC || h->version != LEDGER_VERSION || h->bytes != boot->ledger_bytes))
        return ERR_INVAL;
    h->bytes = boot->ledger_bytes;
    return OK;
}

void ledger_wipe(void)
{
    uint64_t bytes = ledger.header->bytes;
    memset(ledger.header, 0, bytes);
    ledger.header->bytes = bytes;
}

void ledger_format(void)
{
    ledger.header->magic = LEDGER_MAGIC;
    ledger.header->version = LEDGER_VERSION;
    for (uint32_t i = 0; i < ledger.max_spaces; i++)
        ledger.space[i].gen = 1;
}

void ledger_begin(void)
{
    check(ledger.header->log_count == 0);
    pending = 0;
}

/* Records are looked at as words, whatever their fields are. */
typedef uint64_t __attribute__((may_alias)) word_t;

void ledger_put(void *to, const void *from, size_t bytes)
{
    uint64_t offset = (uint64_t)((char *)to - (char *)ledger.header);
    struct ledger_log_entry *e = &ledger.header->log[pending];
    const word_t *word = from;
    check(bytes % 8 == 0 && offset % 8 == 0 && pending + bytes / 8 <= LOG_ENTRIES_MAX);
    pending += (uint32_t)(bytes / 8);
    for (; bytes > 0; bytes -= 8, offset += 8) { /* bound: the log's size */
        e->offset = offset;
        e++->value = *word++;
    }
}

/* volatile: a kill between two of these stores must find them in this order. */
static void apply(void)
{
    struct ledger_header *h = ledger.header;
    uint64_t n = h->log_count;
    for (uint64_t i = 0; i < n; i++)
        *(volatile uint64_t *)((char *)h + h->log[i].offset) = h->log[i].value;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    *(volatile uint64_t *)&h->log_count = 0;
}

void ledger_commit(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    *(volatile uint64_t *)&ledger.header->log_count = pending; /* the commit */
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    apply();
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    pending = 0;
}

void ledger_replay(void)
{
    check(ledger.header->log_count <= LOG_ENTRIES_MAX);
    apply();
    pending = 0;
}
