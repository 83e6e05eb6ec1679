/* SPDX-License-Identifier: MIT
 * Fuzzes the console as a whole, its loop included: requests well-formed and not, by clients that die, whose buffers end, whose
 * pages come late, while somebody types anything. Each id is answered once; no copy leaves the client's buffer or the
 * server's; no answer claims more bytes than were offered.
 * SOURCES: servers/console/line.c servers/console/request.c servers/console/output.c servers/console/main.c libipc/ipc.c
 * INCLUDES: microkernel/include libipc/include servers/console test/host/fuzz
 * DEFINES: main=console_main
 * RUNS: 50000
 */
#include <ipc/console.h>

#include "../../servers/console/uart.h"
#include "../../servers/init/handoff.h"
#include "input.h"

int console_main(void);
char __data_end[1], __bss_end[1]; /* of the target's linker script; only a restart would use them */

#define CLIENTS 700u

static struct client {
    reply_id_t id; /* 0: not waiting */
    uint64_t op, len[2];
} client[CLIENTS];
static uint64_t next_id;
static unsigned cancels;
static reply_id_t cancelled;

static struct client *client_of(reply_id_t id)
{
    for (unsigned i = 0; i < CLIENTS; i++)
        if (id && client[i].id == id)
            return &client[i];
    return NULL;
}

/* ---- the kernel ---- */

static long event_call(struct ipc_regs *x)
{
    struct client *c = &client[0];
    while (c < client + CLIENTS - 1 && c->id)
        c++;
    *c = (struct client){.id = ++next_id};
    x->w[0] = take8() % 12;
    for (unsigned i = 1; i < MSG_WORDS; i++)
        x->w[i] = take_word();
    for (unsigned i = 0; i < 2; i++)
        c->len[i] = take8() & 1 ? (take_word() & ~(BUF_R | BUF_W)) | (uint64_t)take8() << 62 : 0;
    c->op = x->w[0];
    x->t2 = c->id;
    x->t3 = BADGE_MAKE(take8() % 8, take8());
    x->t4 = c->len[0];
    x->t6 = c->len[1];
    return MSG_CALL;
}
static void one_dies(struct client *c)
{
    cancelled = c->id;
    cancels++;
    c->id = 0;
}
static long receive(struct ipc_regs *x)
{
    if (!input.left)
        longjmp(input.end, 1);
    memset(x, 0, sizeof *x);
    uint8_t what = take8();
    if (cancels && what % 3 == 0) {
        x->w[0] = cancels;
        x->w[1] = cancelled;
        cancels = 0;
        return MSG_CANCEL;
    }
    switch (what % 8) {
    case 0:
        x->w[0] = (uint64_t)take8() | (uint64_t)(take8() & 1) << 63; /* the device, pages that came */
        return MSG_NOTIFY;
    case 1:
        x->w[0] = NTFN_COPY_READY | CONSOLE_NTFN_IRQ;
        return MSG_NOTIFY;
    case 2:
        one_dies(&client[take8() % CLIENTS]);
        return ERR_TIMEOUT;
    case 3:
        return take8() & 1 ? ERR_TIMEOUT : MSG_FAULT; /* the latter is nonsense: nobody faults to it */
    default:
        return event_call(x);
    }
}
long ipc_raw(long number_flags, uint64_t a0, struct ipc_regs *x)
{
    (void)a0;
    switch (number_flags & 0xff) {
    case SYS_RECV:
        return receive(x);
    case SYS_REPLY: {
        struct client *c = client_of(x->t3);
        MUST(x->t3 && x->t3 <= next_id);
        if (!c)
            return ERR_STALE;
        uint64_t most = BUF_LEN(c->len[0]) > 40 ? BUF_LEN(c->len[0]) : 40;
        MUST((err_t)(int64_t)x->w[0] <= OK);
        MUST(x->w[1] <= most || c->op >= CONSOLE_ATTR);
        c->id = 0;
        return OK;
    }
    default:
        MUST(!"a call that the console has no reason to make");
        return ERR_NOSYS;
    }
}
static struct sysret copy(reply_id_t id, uint64_t buffer, uint64_t offset, uint8_t *local, uint64_t len)
{
    struct client *c = client_of(id);
    if (!c)
        return (struct sysret){.a0 = ERR_STALE, .a1 = ~0UL}; /* registers are garbage then */
    bool out = buffer & COPY_TO_CLIENT;
    uint64_t room = BUF_LEN(c->len[buffer & 1]);
    MUST((buffer & ~(uint64_t)COPY_TO_CLIENT) == 0);
    MUST(c->len[0] & (out ? BUF_W : BUF_R));
    MUST(offset <= room && len <= room - offset);
    uint8_t how = take8();
    uint64_t n = how % 4 ? len : how % (len + 1);
    volatile uint8_t sum = 0;
    for (uint64_t i = 0; i < n; i++) /* ASan sees a wrong address */
        out ? (void)(sum += local[i]) : (void)(local[i] = (uint8_t)(how + i));
    if (how % 16 == 1)
        one_dies(c); /* right after the copy */
    static const err_t end[] = {ERR_FAULT, ERR_FAULT_PENDING, ERR_FAULT_PENDING, OK};
    return (struct sysret){.a0 = n == len && how % 8 ? OK : end[how % 4], .a1 = n};
}
struct sysret sys_raw(long number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a5;
    switch (number) {
    case SYS_COPY:
        return copy(a0, a1, a2, (uint8_t *)(uintptr_t)a3, a4);
    case SYS_REPLY_ALIVE:
        return (struct sysret){.a0 = client_of(a0) ? OK : ERR_STALE};
    case SYS_SIGNAL:
    case SYS_THREAD_BIND:
    case SYS_IRQ_ACK:
        return (struct sysret){.a0 = OK};
    default:
        MUST(!"a call that the console has no reason to make");
        return (struct sysret){.a0 = ERR_NOSYS};
    }
}
ticks_t sys_time(void) { return 1; }

/* ---- the device ---- */

static bool present;
void uart_start(void) {}
bool uart_present(void) { return present; }
int uart_get(void) { return input.left && take8() % 4 ? take8() : -1; }
unsigned uart_room(void) { return present ? take8() % 17 : 16; }
void uart_put(char c) { (void)c; }
void uart_want_room(bool want) { (void)want; }
bool uart_drained(void) { return take8() & 1; }
void uart_irq_done(void) {}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static bool mapped;
    if (!mapped)
        map_at(SERVER_KEEP_VA, SERVER_KEEP_BYTES);
    mapped = true;
    input.at = bytes;
    input.left = n;
    present = take8() % 8 != 0;
    memset(client, 0, sizeof client);
    next_id = cancels = 0;
    if (!setjmp(input.end))
        (void)console_main();
    return 0;
}
