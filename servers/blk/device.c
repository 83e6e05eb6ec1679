/* SPDX-License-Identifier: MIT
 * Driver of a virtio block device over MMIO, in its legacy and its modern form. One queue; request i owns descriptors 3i to
 * 3i + 2 (head, bytes, status) for ever, so nothing is allocated. Must never wait for the device, but at its reset.
 * Source: Virtual I/O Device (VIRTIO) Version 1.2, 2.7 split virtqueues, 4.2 virtio over MMIO, 5.2 block device.
 */
#include "device.h"

#include "../init/handoff.h"
#include "limits.h"

#include <ipc/sys.h>

#include <string.h>

enum reg {
    REG_VERSION = 0x004, REG_DEVICE_FEATURES = 0x010, REG_DEVICE_FEATURES_SEL = 0x014, REG_DRIVER_FEATURES = 0x020,
    REG_DRIVER_FEATURES_SEL = 0x024, REG_GUEST_PAGE_SIZE = 0x028, REG_QUEUE_SEL = 0x030, REG_QUEUE_NUM_MAX = 0x034,
    REG_QUEUE_NUM = 0x038, REG_QUEUE_ALIGN = 0x03c, REG_QUEUE_PFN = 0x040, REG_QUEUE_READY = 0x044,
    REG_QUEUE_NOTIFY = 0x050, REG_INTERRUPT_STATUS = 0x060, REG_INTERRUPT_ACK = 0x064, REG_STATUS = 0x070,
    REG_QUEUE_DESC = 0x080, REG_QUEUE_DRIVER = 0x090, REG_QUEUE_DEVICE = 0x0a0, REG_CAPACITY = 0x100
};
#define VERSION_LEGACY 1u
#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER 2u
#define STATUS_DRIVER_OK 4u
#define STATUS_FEATURES_OK 8u
#define FEATURE_READ_ONLY (1u << 5)
#define FEATURE_FLUSH (1u << 9)
#define FEATURE_VERSION_1 1u /* of the second word */
#define RESET_TRIES 1000000u

#define DESC_NEXT 1u
#define DESC_DEVICE_WRITES 2u
struct desc {
    uint64_t pa;
    uint32_t bytes;
    uint16_t flags, next;
};
struct avail {
    uint16_t flags, index, ring[QUEUE_SIZE];
};
struct used {
    uint16_t flags, index;
    struct {
        uint32_t id, bytes;
    } ring[QUEUE_SIZE];
};
/* All in one page. The legacy form finds the used ring by its alignment, which the driver chooses. */
#define QUEUE_ALIGN 512u
#define USED_OFFSET ((sizeof(struct desc) * QUEUE_SIZE + sizeof(struct avail) + 2 + QUEUE_ALIGN - 1) & ~(QUEUE_ALIGN - 1ul))
_Static_assert(USED_OFFSET + sizeof(struct used) + 2 <= PAGE_SIZE, "the queue is one page");

enum { TYPE_IN = 0, TYPE_OUT = 1, TYPE_FLUSH = 4 };
struct head {
    uint32_t type, reserved;
    uint64_t sector;
};
struct heads {
    struct head head[SLOTS];
    volatile uint8_t status[SLOTS];
};
_Static_assert(sizeof(struct heads) <= PAGE_SIZE && 3 * SLOTS <= QUEUE_SIZE, "heads are one page, and descriptors suffice");

static uint8_t page[2][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct desc *const desc = (struct desc *)(void *)page[0];
static volatile struct avail *const avail = (volatile struct avail *)(void *)(page[0] + sizeof(struct desc) * QUEUE_SIZE);
static volatile struct used *const used = (volatile struct used *)(void *)(page[0] + USED_OFFSET);
static struct heads *const heads = (struct heads *)(void *)page[1];

static struct {
    paddr_t pa[2];
    uint64_t sectors;
    bool read_only, has_flush;
    uint16_t used_seen;
    unsigned busy;
    bool taken[SLOTS];
    unsigned token[SLOTS];
} d;

static volatile uint32_t *reg(enum reg r) { return (volatile uint32_t *)(BLK_REGS_VA + r); }
static void barrier(void) { __sync_synchronize(); } /* fence: memory and device */

void *device_memory(unsigned which) { return page[which]; }
uint64_t device_sectors(void) { return d.sectors; }
bool device_read_only(void) { return d.read_only; }
bool device_has_flush(void) { return d.has_flush; }
unsigned device_busy(void) { return d.busy; }
bool device_has_room(void) { return d.busy < SLOTS; }

/* ---- setting up ---- */

static err_t reset(void)
{
    *reg(REG_STATUS) = 0;
    for (unsigned i = 0; i < RESET_TRIES; i++)
        if (*reg(REG_STATUS) == 0)
            return OK;
    return ERR_IO;
}

static err_t features(void)
{
    bool legacy = *reg(REG_VERSION) == VERSION_LEGACY;
    *reg(REG_DEVICE_FEATURES_SEL) = 0;
    uint32_t offered = *reg(REG_DEVICE_FEATURES);
    d.read_only = offered & FEATURE_READ_ONLY;
    d.has_flush = offered & FEATURE_FLUSH;
    *reg(REG_DRIVER_FEATURES_SEL) = 0;
    *reg(REG_DRIVER_FEATURES) = offered & (FEATURE_READ_ONLY | FEATURE_FLUSH);
    if (legacy)
        return OK;
    *reg(REG_DRIVER_FEATURES_SEL) = 1;
    *reg(REG_DRIVER_FEATURES) = FEATURE_VERSION_1;
    *reg(REG_STATUS) = *reg(REG_STATUS) | STATUS_FEATURES_OK;
    return *reg(REG_STATUS) & STATUS_FEATURES_OK ? OK : ERR_IO;
}

static void set_address(enum reg r, paddr_t pa)
{
    *reg(r) = (uint32_t)pa;
    *(reg(r) + 1) = (uint32_t)(pa >> 32);
}

static err_t queue(void)
{
    *reg(REG_QUEUE_SEL) = 0;
    if (*reg(REG_QUEUE_NUM_MAX) < QUEUE_SIZE)
        return ERR_IO;
    *reg(REG_QUEUE_NUM) = QUEUE_SIZE;
    if (*reg(REG_VERSION) == VERSION_LEGACY) {
        *reg(REG_GUEST_PAGE_SIZE) = PAGE_SIZE;
        *reg(REG_QUEUE_ALIGN) = QUEUE_ALIGN;
        *reg(REG_QUEUE_PFN) = (uint32_t)(d.pa[0] >> PAGE_SHIFT);
        return OK;
    }
    set_address(REG_QUEUE_DESC, d.pa[0]);
    set_address(REG_QUEUE_DRIVER, d.pa[0] + sizeof(struct desc) * QUEUE_SIZE);
    set_address(REG_QUEUE_DEVICE, d.pa[0] + USED_OFFSET);
    *reg(REG_QUEUE_READY) = 1;
    return OK;
}

static void lay_out(void)
{
    memset(page, 0, sizeof page);
    for (unsigned i = 0; i < SLOTS; i++) {
        desc[3 * i] = (struct desc){d.pa[1] + offsetof(struct heads, head) + i * sizeof(struct head), sizeof(struct head),
                                    DESC_NEXT, (uint16_t)(3 * i + 1)};
        desc[3 * i + 2] = (struct desc){d.pa[1] + offsetof(struct heads, status) + i, 1, DESC_DEVICE_WRITES, 0};
    }
}

err_t device_start(const paddr_t dma[2])
{
    err_t err = reset();
    memset(&d, 0, sizeof d);
    d.pa[0] = dma[0];
    d.pa[1] = dma[1];
    if (err != OK)
        return err;
    lay_out();
    *reg(REG_STATUS) = STATUS_ACKNOWLEDGE;
    *reg(REG_STATUS) = STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    err = features();
    if (err == OK)
        err = queue();
    if (err != OK)
        return err;
    d.sectors = *reg(REG_CAPACITY) | (uint64_t)*(reg(REG_CAPACITY) + 1) << 32;
    barrier();
    *reg(REG_STATUS) = *reg(REG_STATUS) | STATUS_DRIVER_OK;
    device_irq_taken(); /* a predecessor may have died between interrupt and acknowledgement */
    device_irq_again();
    return OK;
}

/* ---- requests ---- */

static unsigned free_slot(void)
{
    unsigned i = 0;
    while (d.taken[i]) /* bound: SLOTS; the caller saw room */
        i++;
    return i;
}

void device_submit(enum device_op op, uint64_t sector, paddr_t pa, uint32_t bytes, unsigned token)
{
    static const uint32_t type[] = {[DEVICE_READ] = TYPE_IN, [DEVICE_WRITE] = TYPE_OUT, [DEVICE_FLUSH] = TYPE_FLUSH};
    unsigned i = free_slot();
    bool plain = op == DEVICE_FLUSH;
    d.taken[i] = true;
    d.token[i] = token;
    d.busy++;
    heads->head[i] = (struct head){.type = type[op], .sector = plain ? 0 : sector};
    heads->status[i] = 0xff;
    desc[3 * i].next = (uint16_t)(plain ? 3 * i + 2 : 3 * i + 1);
    desc[3 * i + 1] = (struct desc){pa, bytes, DESC_NEXT | (op == DEVICE_READ ? DESC_DEVICE_WRITES : 0), (uint16_t)(3 * i + 2)};
    avail->ring[avail->index % QUEUE_SIZE] = (uint16_t)(3 * i);
    barrier();
    avail->index++;
}

void device_kick(void)
{
    barrier();
    *reg(REG_QUEUE_NOTIFY) = 0;
}

bool device_ended(unsigned *token, err_t *err)
{
    barrier();
    if (d.used_seen == used->index)
        return false;
    barrier();
    uint32_t id = used->ring[d.used_seen % QUEUE_SIZE].id;
    *err = ERR_STALE;
    if (id % 3 != 0 || id / 3 >= SLOTS || !d.taken[id / 3])
        return true;
    d.used_seen++;
    d.taken[id / 3] = false;
    d.busy--;
    *token = d.token[id / 3];
    *err = heads->status[id / 3] == 0 ? OK : ERR_IO;
    return true;
}

void device_irq_taken(void) { *reg(REG_INTERRUPT_ACK) = *reg(REG_INTERRUPT_STATUS); }
void device_irq_again(void) { (void)sys_irq_ack(BLK_H_IRQ); }
