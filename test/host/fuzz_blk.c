/* SPDX-License-Identifier: MIT
 * Fuzzes the block server, its loop included, over a device that answers in any order, fails, falls silent or answers what nobody
 * asked: requests of every badge class, lists that end or fault in the middle, deaths. Each id is answered once; ERR_PERM exactly
 * as the protocol says; the device is never given a sector that it does not have, bytes outside the attached memory, a write to a
 * read-only disk or more requests than it has room for; nothing is collected twice.
 * SOURCES: servers/blk/main.c libipc/ipc.c libipc/pager_call.c
 * INCLUDES: microkernel/include libipc/include servers/blk test/host/fuzz
 * DEFINES: main=blk_main
 * RUNS: 10000
 */
#include <ipc/blk.h>
#include <ipc/pager.h>

#include "../../servers/blk/device.h"
#include "../../servers/blk/limits.h"
#include "../../servers/init/handoff.h"
#include "input.h"

int blk_main(void);
char __data_end[1], __bss_end[1]; /* of the target's linker script; only a restart would use them */

#define SECTORS 250u /* a byte reaches beyond */
#define FRAME_FIRST 0x80100u /* of the attached memory: the page at va has this frame + its number */
#define PAGES_MAX (BLK_MEMORY_MAX / PAGE_SIZE)

static bool flushes, read_only, refuses, over;
static ticks_t now;

/* ---- the device ---- */

static struct {
    bool busy;
    unsigned token;
} slot[SLOTS];
static uint8_t page[2][PAGE_SIZE] __attribute__((aligned(4096)));

err_t device_start(const paddr_t dma[2])
{
    MUST(dma[0] != 0 && dma[1] != 0);
    memset(slot, 0, sizeof slot);
    return refuses ? ERR_IO : OK;
}
void *device_memory(unsigned which) { return page[which]; }
uint64_t device_sectors(void) { return SECTORS; }
bool device_read_only(void) { return read_only; }
bool device_has_flush(void) { return flushes; }
unsigned device_busy(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < SLOTS; i++)
        n += slot[i].busy;
    return n;
}
bool device_has_room(void) { return device_busy() < SLOTS; }
void device_submit(enum device_op op, uint64_t sector, paddr_t pa, uint32_t bytes, unsigned token)
{
    MUST(device_has_room() && !refuses);
    MUST(token < CALLS_MAX * BLK_REQUESTS_MAX);
    if (op == DEVICE_FLUSH) {
        MUST(flushes);
    } else {
        MUST(op == DEVICE_READ || !read_only);
        MUST(bytes > 0 && bytes % BLK_SECTOR_BYTES == 0 && bytes <= PAGE_SIZE && (pa & PAGE_MASK) + bytes <= PAGE_SIZE);
        MUST(sector < SECTORS && bytes / BLK_SECTOR_BYTES <= SECTORS - sector);
        MUST(pa >> PAGE_SHIFT >= FRAME_FIRST && pa >> PAGE_SHIFT < FRAME_FIRST + PAGES_MAX);
    }
    unsigned i = 0;
    for (unsigned k = 0; k < SLOTS; k++) {
        MUST(!slot[k].busy || slot[k].token != token);
        i = slot[k].busy ? i : k;
    }
    slot[i].busy = true;
    slot[i].token = token;
}
void device_kick(void) {}
bool device_ended(unsigned *token, err_t *err)
{
    uint8_t how = take8(), at = take8() % SLOTS;
    *err = ERR_STALE;
    if (how == 255 && device_busy() > 0)
        return true;
    if (how % 4 == 0 || !slot[at].busy)
        return false;
    slot[at].busy = false;
    *token = slot[at].token;
    *err = how % 8 == 1 ? ERR_IO : OK;
    return true;
}
void device_irq_taken(void) {}
void device_irq_again(void) {}

/* ---- clients ---- */

static struct {
    reply_id_t id; /* 0: nobody waits */
    uint64_t op, len;
    unsigned class;
} caller;
static reply_id_t next_id;

static unsigned who_may(uint64_t op)
{
    switch (op) {
#define WHO(name, number, from, text) \
    case number: return from;
        BLK_OPS(WHO)
    default: return 0;
    }
}
static void fill(struct ipc_regs *x)
{
    x->w[0] = take8() % 8 ? 1 + take8() % (BLK_OP_LIMIT - 1) : take_word();
    x->w[1] = x->w[0] == BLK_TRANSFER ? take8() % 36 : take_word();
    x->w[2] = take_word();
    if (x->w[0] == BLK_ATTACH && take8() % 4)
        x->w[1] = 0x100000, x->w[2] = (uint64_t)(1 + take8() % 64) << PAGE_SHIFT;
    x->t3 = BADGE_MAKE(take8() % 4 ? BADGE_FS : take8() % 10, take8());
    x->t4 = take8() % 8 ? BUF_R | BLK_REQUESTS_MAX * sizeof(struct blk_request) : take_word() | (uint64_t)take8() << 62;
}
static long call(struct ipc_regs *x)
{
    caller.id = ++next_id;
    caller.op = x->w[0];
    caller.len = x->t4;
    caller.class = BADGE_CLASS(x->t3);
    x->t2 = caller.id;
    return MSG_CALL;
}
static long receive(struct ipc_regs *x)
{
    MUST(caller.id == 0); /* it was answered: nobody waits in this server */
    if (over)
        longjmp(input.end, 1);
    memset(x, 0, sizeof *x);
    if (!input.left) { /* the next input begins with nothing under way */
        over = true;
        x->w[0] = BLK_ATTACH;
        x->t3 = BADGE_MAKE(BADGE_FS, 1);
        return call(x);
    }
    now += take8();
    switch (take8() % 8) {
    case 0:
    case 1:
        x->w[0] = take8() % 4 ? BLK_NTFN_IRQ : take_word();
        return MSG_NOTIFY;
    case 2:
        now += take8() % 4 ? 0 : 2 * DEVICE_PATIENCE_TICKS;
        return ERR_TIMEOUT;
    case 3:
        return take8() & 1 ? MSG_CANCEL : MSG_FAULT; /* the latter is nonsense: nobody faults to it */
    default:
        fill(x);
        return call(x);
    }
}
static long reply(struct ipc_regs *x)
{
    MUST(caller.id != 0 && x->t3 == caller.id);
    err_t err = (err_t)(int64_t)x->w[0];
    unsigned who = who_may(caller.op);
    MUST(err <= OK);
    MUST(who != 0 || err == ERR_NOSYS);
    MUST(who == 0 || (err == ERR_PERM) == !(who & FROM(caller.class)));
    if (caller.op == BLK_COLLECT && err == OK)
        MUST(x->w[1] <= BLK_ENDED_MAX);
    caller.id = 0;
    return OK;
}

/* ---- the kernel and the pager ---- */

static long page_info(struct ipc_regs *x)
{
    MUST(x->w[0] == PAGER_PAGE_INFO);
    uint64_t va = x->w[2];
    uint8_t how = over ? 1 : take8();
    x->w[0] = how == 0 ? (uint64_t)(int64_t)ERR_NOENT : OK;
    x->w[1] = how == 1 ? 1 : 7;
    x->w[2] = how == 2 ? 2 : 1;
    x->w[3] = FRAME_FIRST + (va >> PAGE_SHIFT) % PAGES_MAX;
    return OK;
}
static bool starting;
long ipc_raw(long number_flags, uint64_t a0, struct ipc_regs *x)
{
    switch (number_flags & 0xff) {
    case SYS_RECV:
        starting = false;
        return receive(x);
    case SYS_REPLY:
        return reply(x);
    case SYS_CALL:
        MUST(a0 == H_PAGER);
        if (starting) { /* its own two pages */
            x->w[0] = OK, x->w[1] = 7, x->w[2] = 1, x->w[3] = FRAME_FIRST;
            return OK;
        }
        return page_info(x);
    default:
        MUST(!"a call that the block server has no reason to make");
        return ERR_NOSYS;
    }
}
static struct sysret copy(uint64_t id, uint64_t buffer, uint64_t offset, uint8_t *local, uint64_t len)
{
    MUST(id == caller.id && buffer == 0 && (caller.len & BUF_R));
    MUST(offset <= BUF_LEN(caller.len) && len <= BUF_LEN(caller.len) - offset);
    uint8_t how = take8();
    uint64_t n = how < 200 ? len : how % (len + 1);
    struct blk_request r;
    for (uint64_t i = 0; i < n; i += sizeof r) {
        bool good = take8() % 4;
        r = (struct blk_request){good ? take8() : take_word(), good ? (uint64_t)(take8() % 64) << PAGE_SHIFT : take_word(),
                                 good ? 1 + take8() % 8 : (uint32_t)take_word(), good ? take8() % 2 : (uint32_t)take_word()};
        memcpy(local + i, &r, n - i < sizeof r ? n - i : sizeof r);
    }
    static const err_t end[] = {ERR_FAULT, ERR_FAULT_PENDING, ERR_STALE, OK};
    return (struct sysret){.a0 = n == len ? OK : end[how % 4], .a1 = n};
}
struct sysret sys_raw(long number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a5;
    if (number == SYS_COPY)
        return copy(a0, a1, a2, (uint8_t *)(uintptr_t)a3, a4);
    MUST(number == SYS_SIGNAL || number == SYS_THREAD_BIND);
    return (struct sysret){.a0 = OK};
}
ticks_t sys_time(void) { return now; }

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    input.at = bytes;
    input.left = n;
    uint8_t kind = take8();
    flushes = kind & 1;
    read_only = kind & 2;
    refuses = kind % 16 == 4;
    over = false;
    starting = true;
    now = 1000;
    next_id = caller.id = 0;
    if (!setjmp(input.end))
        (void)blk_main();
    return 0;
}
