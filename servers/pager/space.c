/* SPDX-License-Identifier: MIT
 * The table of spaces: slots, ids, keys, creation and destruction. Kernel objects in general: object.c.
 */
#include "object.h"

#include <stddef.h>

#include "frame.h"
#include "replace.h"
#include "resident.h"
#include "rmap.h"
#include "spare.h"
#include "sysgate.h"

struct pager_self self;

static uint32_t free_slot, live_count; /* free slots are chained through key_next */

/* ---- keys ---- */

static inline uint32_t *bucket_of(uint64_t key)
{
    return &ledger.key_hash[(uint32_t)(key * 2654435761u) % ledger.max_spaces];
}

uint32_t space_find(uint64_t key)
{
    uint32_t slot = *bucket_of(key);
    while (slot && space_at(slot)->key != key) /* bound: live spaces; about one in practice */
        slot = space_vol(slot)->key_next;
    return slot;
}

uint32_t space_after(uint32_t after)
{
    for (uint32_t slot = after + 1; slot < ledger.max_spaces; slot++)
        if (space_at(slot)->live)
            return slot;
    return 0;
}

static void key_add(uint32_t slot)
{
    uint32_t *bucket = bucket_of(space_at(slot)->key);
    space_vol(slot)->key_next = *bucket;
    *bucket = slot;
}

static void key_remove(uint32_t slot)
{
    uint32_t *link = bucket_of(space_at(slot)->key);
    while (*link != slot) /* bound: live spaces */
        link = &space_vol(*link)->key_next;
    *link = space_vol(slot)->key_next;
}

uint32_t spaces_live(void) { return live_count - spare.count; }

/* ---- creation ---- */

static err_t make_space(uint32_t slot, uint64_t key, uint32_t payer, uint16_t flags)
{
    uint32_t quota = payer ? space_at(payer)->quota : 0;
    struct ledger_space s = {.key = key, .live = 0, .gen = space_at(slot)->gen, .limit = payer ? space_at(payer)->limit : 0,
                             .family = (uint16_t)slot, .flags = flags, .quota = quota};
    *(volatile uint32_t *)&space_at(slot)->quota = quota; /* its first frames count there already */
    *(volatile uint32_t *)&space_at(slot)->limit = s.limit; /* and not against that of the space before it */
    err_t err = frame_alloc_object(slot, &s.control);
    if (err != OK)
        return err;
    err = frame_alloc_object(slot, &s.root);
    if (err != OK)
        goto give_control;
    const uint64_t how[3] = {s.root, self.endpoint, BADGE_MAKE(BADGE_CLIENT, space_id(slot))};
    err = object_create(OBJ_SPACE, s.control, how, &s.handle);
    if (err != OK)
        goto give_root;
    *space_at(slot) = s;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    *(volatile uint32_t *)&space_at(slot)->live = 1; /* commit */
    return OK;
give_root:
    frame_free_object(slot, s.root);
give_control:
    frame_free_object(slot, s.control);
    return err;
}

/* In the free slot at hand. */
static err_t add_space(uint64_t key, uint32_t payer, uint16_t flags)
{
    uint32_t slot = free_slot;
    free_slot = space_vol(slot)->key_next; /* before spares go for the sake of its frames, and their slots come here */
    err_t err = make_space(slot, key, payer, flags);
    if (err != OK) {
        space_vol(slot)->key_next = free_slot;
        free_slot = slot;
        return err;
    }
    space_vol(slot)->limit = NO_LIMIT;
    family_begin(slot);
    key_add(slot);
    live_count++;
    return OK;
}

uint32_t space_new_spare(void)
{
    uint32_t slot = free_slot;
    return slot != 0 && add_space(1UL << 63 | slot, 0, SPACE_F_SPARE) == OK ? slot : 0; /* the key is no process's number */
}

/* One that was made ahead, under its new name; 0: there is none, or it has to be charged to somebody. */
static uint32_t name_spare(uint64_t key, uint32_t payer, uint64_t at)
{
    bool plain = payer == 0 || (space_at(payer)->limit | space_at(payer)->quota) == 0;
    uint32_t slot = plain && at != 0 ? spare_take(at) : 0;
    if (slot == 0)
        return 0;
    key_remove(slot);
    *(volatile uint64_t *)&space_at(slot)->key = key;
    *(volatile uint16_t *)&space_at(slot)->flags = 0; /* commit */
    key_add(slot);
    return slot;
}

err_t space_new(uint64_t key, uint32_t payer, uint64_t at, uint32_t *out)
{
    *out = space_find(key);
    if (*out == 0)
        *out = name_spare(key, payer, at);
    if (*out != 0)
        return OK;
    if (free_slot == 0 && !spare_give_back())
        return ERR_LIMIT;
    *out = free_slot;
    return add_space(key, payer, 0);
}

/* ---- the end ---- */

typedef uint64_t __attribute__((may_alias)) word_t;

/* One store: it is dead, and its id will not come again. */
static void slot_retire(uint32_t slot)
{
    _Static_assert(offsetof(struct ledger_space, live) % 8 == 0 &&
                       offsetof(struct ledger_space, gen) == offsetof(struct ledger_space, live) + 4, "one word");
    uint64_t gen = space_at(slot)->gen % 0xffff + 1;
    *(volatile word_t *)&space_at(slot)->live = gen << 32;
}

err_t space_destroy(uint32_t slot)
{
    frame_t control = space_at(slot)->control, root = space_at(slot)->root;
    err_t err = objects_destroy_owned(slot);
    if (err != OK)
        return err;
    err = gate_object_destroy(space_at(slot)->handle);
    if (err == ERR_BUSY) { /* who waits for an answer of it hears that it is dead */
        err = gate_space_reset(space_at(slot)->handle);
        if (err == OK)
            err = gate_object_destroy(space_at(slot)->handle);
    }
    if (err != OK && err != ERR_HANDLE) /* HANDLE: destroyed just before a restart */
        return err;
    objects_forget_handles(slot);
    key_remove(slot);
    family_leave(slot);
    if (space_vol(slot)->domain)
        replace_forget(slot);
    slot_retire(slot);
    frame_free_object(slot, root);
    frame_free_object(slot, control);
    *space_vol(slot) = (struct space_vol){.key_next = free_slot};
    free_slot = slot;
    live_count--;
    return OK;
}

/* ---- start and restart ---- */

void spaces_build(void)
{
    free_slot = live_count = 0;
    for (uint32_t slot = 0; slot < ledger.max_spaces; slot++)
        *space_vol(slot) = (struct space_vol){0}, ledger.key_hash[slot] = 0;
    for (uint32_t slot = ledger.max_spaces - 1; slot > 0; slot--) {
        if (space_at(slot)->live) {
            key_add(slot);
            live_count++;
            space_vol(slot)->objects = 2; /* control and root */
        } else {
            space_vol(slot)->key_next = free_slot;
            free_slot = slot;
        }
    }
    objects_build();
    families_build();
}
