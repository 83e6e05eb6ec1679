/* SPDX-License-Identifier: MIT
 * Slots and their counts, and the RAM-backed backend: each slot has a frame of the pager's own (held, outside the frame
 * limit). Transfers end at once, or after a delay that a test asked for.
 */
#include "store.h"

#include "sysgate.h"

static uint32_t free_head, used;

struct transfer {
    struct store_done result;
    ticks_t due;
};
static struct transfer flight[STORE_TRANSFERS_MAX]; /* in the order in which they end */
static uint32_t flight_head;
uint32_t store_flights;

uint32_t store_total(void) { return ledger.header->store_slots; }
uint32_t store_used(void) { return used; }

/* ---- what tests break ---- */

static uint64_t fault_value[STORE_FAULTS], transfers[2]; /* by STORE_FAIL_* */
bool store_is_tested; /* some value is set, "full" apart */
bool store_returning;

uint64_t store_debug(enum store_fault which, uint64_t value)
{
    uint64_t old = fault_value[which];
    fault_value[which] = value;
    if (which <= STORE_FAIL_READ)
        transfers[which] = 0;
    store_is_tested = false;
    for (unsigned i = 0; i < STORE_FAULTS; i++)
        store_is_tested = store_is_tested || (fault_value[i] != 0 && i != STORE_FULL);
    return old;
}

/* value: k | n << 32. The k-th to the (k + n - 1)-th fail; n = 0 is taken for 1. */
static bool is_to_fail(enum store_fault which)
{
    uint64_t first = fault_value[which] & UINT32_MAX, n = fault_value[which] >> 32;
    if (first == 0)
        return false;
    uint64_t now = ++transfers[which];
    return now >= first && now < first + (n ? n : 1);
}

/* ---- slots ---- */

err_t store_alloc(uint32_t *slot)
{
    bool last = used + 1 >= store_total() || fault_value[STORE_FULL] != 0;
    if (free_head == 0 || (last && !store_returning)) {
        ledger.header->evict[EVICT_FULL]++;
        return ERR_NOMEM;
    }
    *slot = free_head;
    free_head = slot_at(*slot)->frame;
    *slot_at(*slot) = (struct slot_vol){.refs = 1};
    used++;
    return OK;
}

static void put_free(uint32_t slot)
{
    *slot_at(slot) = (struct slot_vol){.frame = free_head};
    free_head = slot;
}

uint32_t store_drop(uint32_t slot)
{
    check(slot_at(slot)->refs > 0);
    uint32_t left = --slot_at(slot)->refs;
    if (left == 0) {
        put_free(slot);
        used--;
    }
    return left;
}

/* Whoever asks for more: the store never takes the last of memory. */
static bool may_grow(void)
{
    const struct pool *p = &frame_pool[POOL_USER];
    return p->free > p->chunks * FRAMES_PER_CHUNK / STORE_REST_SHARE;
}

/* The slot's frame is named in the ledger before the slot counts; a frame taken without a name is given back at a restart. */
err_t store_grow(uint32_t slots)
{
    struct ledger_header *h = ledger.header;
    if (slots > ledger.frames)
        return ERR_NOMEM;
    for (unsigned i = 0; h->store_slots < slots; i++) {
        frame_t f;
        if (i == STORE_GROW)
            return ERR_AGAIN;
        if (!may_grow())
            return ERR_NOMEM;
        err_t err = frame_alloc_held(&f);
        if (err != OK)
            return err;
        uint32_t slot = h->store_slots + 1;
        *(volatile uint32_t *)&ledger.store_frame[slot] = frame_index(f);
        *(volatile uint32_t *)&h->store_slots = slot;
        put_free(slot);
    }
    return OK;
}

void store_begin(void) { free_head = used = flight_head = store_flights = 0; }

void store_forget(void)
{
    store_begin();
    for (uint32_t slot = 0; slot <= ledger.frames; slot++)
        *slot_at(slot) = (struct slot_vol){0};
}

void store_build(void)
{
    free_head = used = 0;
    for (uint32_t slot = store_total(); slot > 0; slot--) {
        if (slot_at(slot)->refs == 0)
            put_free(slot);
        else
            used++;
    }
}

/* ---- transfers ---- */

uint32_t store_transfers_of(uint32_t slot)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < store_flights; i++)
        n += flight[(flight_head + i) % STORE_TRANSFERS_MAX].result.slot == slot;
    return n;
}

ticks_t store_deadline(void) { return store_flights ? flight[flight_head].due : DEADLINE_NONE; }

/* It has its outcome already, but nobody hears of it before its time. */
static err_t send_later(uint32_t slot, frame_t frame, bool is_read, err_t err)
{
    struct transfer *t = &flight[(flight_head + store_flights++) % STORE_TRANSFERS_MAX];
    *t = (struct transfer){.result = {slot, frame, is_read, err}, .due = sys_time() + fault_value[STORE_DELAY]};
    store_ref(slot);
    return ERR_IN_PROGRESS;
}

static __attribute__((noinline)) err_t transfer_tested(uint32_t slot, frame_t to, frame_t from, bool is_read)
{
    enum store_fault fault = is_read ? STORE_FAIL_READ : STORE_FAIL_WRITE;
    bool later = fault_value[STORE_DELAY] != 0;
    if (later && store_flights == STORE_TRANSFERS_MAX)
        return ERR_AGAIN;
    err_t err = is_to_fail(fault) ? ERR_IO : OK;
    ledger.header->evict[is_read ? EVICT_READS : EVICT_WRITES] += err == OK;
    ledger.header->evict[is_read ? EVICT_READ_ERRORS : EVICT_WRITE_ERRORS] += err != OK;
    if (err == OK)
        page_copy(to, from);
    return later ? send_later(slot, is_read ? to : from, is_read, err) : err;
}

static inline err_t transfer(uint32_t slot, frame_t to, frame_t from, bool is_read)
{
    if (unlikely(store_is_tested))
        return transfer_tested(slot, to, from, is_read);
    ledger.header->evict[is_read ? EVICT_READS : EVICT_WRITES]++;
    page_copy(to, from);
    return OK;
}

err_t store_write(uint32_t slot, frame_t frame)
{
    return transfer(slot, store_slot_frame(slot), frame, false);
}

err_t store_read(uint32_t slot, frame_t frame)
{
    return transfer(slot, frame, store_slot_frame(slot), true);
}

bool store_poll(struct store_done *done)
{
    if (store_flights == 0 || flight[flight_head].due > sys_time())
        return false;
    *done = flight[flight_head].result;
    flight_head = (flight_head + 1) % STORE_TRANSFERS_MAX;
    store_flights--;
    return true;
}
