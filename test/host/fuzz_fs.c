/* SPDX-License-Identifier: MIT
 * Fuzzes the file server as a whole, its loop included: requests of all kinds by clients that fork, exec and die, whose pages
 * come late or never, with paths of all shapes, while memory runs short. Each id is answered once; no copy leaves the client's
 * buffer; whatever happened, when all clients are gone and all names removed nothing is left: no description, no waiting request, no page.
 * The disk is left out: host/fuzz_ext2 and host/test_ext2_* have it.
 * SOURCES: servers/fs/ -servers/fs/disk.c -servers/fs/extfs.c -servers/fs/job.c libipc/ipc.c libipc/pager_call.c
 * INCLUDES: microkernel/include libipc/include servers/fs test/host/fuzz
 * DEFINES: main=fs_main
 * RUNS: 30000
 */
#include "disk.h"
#include "fs.h"
#include "input.h"
#include "nodisk.h"

#include <abi/image.h>
#include <ipc/init.h>
#include <ipc/pager.h>

int fs_main(void);
char __data_end[1], __bss_end[1]; /* of the target's linker script; only a restart would use them */

#define CLIENTS 40u
#define PIDS 6u
#define STEP_BYTES (POOL_STEP_PAGES * PAGE_SIZE)

static struct client_call {
    reply_id_t id; /* 0: not waiting */
    uint32_t pid;
    uint64_t op;
    uint64_t len[2];
} call[CLIENTS];
static uint64_t next_id, steps_there, baseline;
static unsigned cancels;
static reply_id_t cancelled;
static bool cleaning;

static struct client_call *call_of(reply_id_t id)
{
    for (unsigned i = 0; i < CLIENTS; i++)
        if (id && call[i].id == id)
            return &call[i];
    return NULL;
}
static void one_dies(struct client_call *c)
{
    cancelled = c->id;
    cancels++;
    c->id = 0;
}

static struct fuzz_question {
    reply_id_t id;
    uint64_t kind, number;
} question; /* to procmgr; id 0: none that it knows of */

/* ---- the pager, init ---- */

static err_t pager(const uint64_t *w, uint64_t *answer)
{
    uint64_t step = (w[2] - POOL_VA) / STEP_BYTES;
    switch (w[0]) {
    case PAGER_STAT:
        answer[1] = 1 << 9; /* frames: half is 16 steps */
        return OK;
    case PAGER_REGION_ADD:
        MUST(w[2] >= POOL_VA && w[3] == w[2] + STEP_BYTES && step < 64 && !(steps_there >> step & 1));
        MUST(w[4] == (PROT_R | PROT_W | (REGION_PINNED | REGION_SHARED) << 8));
        if (!cleaning && take8() % 8 == 1)
            return ERR_NOMEM;
        steps_there |= 1UL << step;
        memset((void *)w[2], 0, STEP_BYTES);
        return OK;
    case PAGER_REGION_REMOVE:
        MUST(step < 64 && (steps_there >> step & 1));
        steps_there &= ~(1UL << step);
        memset((void *)w[2], 0xdb, STEP_BYTES);
        return OK;
    case PAGER_NOTIFY:
    case PAGER_FILE_REVOKE:
        return OK;
    case PAGER_FILE_SERVE:
        answer[1] = PAGER_FILE_NONE;
        return OK;
    case PAGER_FILE_USES:
        answer[1] = 0;
        return OK;
    case PAGER_FILE_MAP:
        MUST((w[5] & 0xfff) != 0 && w[2] < w[3] && !(w[4] & 0xff & ~7UL));
        return ERR_LIMIT; /* so that none stays mapped */
    default:
        MUST(!"a request that the file server has no reason to make");
        return ERR_NOSYS;
    }
}

/* ---- the kernel ---- */

static void words_of_call(struct ipc_regs *x, struct client_call *c, uint8_t how)
{
    static const uint64_t flags[] = {0, 1, 2, 0x40, 0x41, 0x42, 0x242, 0x200, 0x400, 0xc0, 0x441, 0x800, 0x10000, 0x80000};
    x->w[0] = how % 5 ? 2 + take8() % 38 : take8() % 64;
    for (unsigned i = 1; i < MSG_WORDS; i++)
        x->w[i] = take8() % 4 ? take8() % 16 : take_word();
    if (x->w[0] == FS_OPEN)
        x->w[1] = flags[take8() % (sizeof flags / sizeof flags[0])];
    x->w[7] = take8() % 4 ? 0 : x->w[7];
    x->w[6] = take8() % 8 && x->w[0] != FS_LOCK ? 0x100000001000UL : take_word();
    c->op = x->w[0];
}
static long event_call(struct ipc_regs *x)
{
    struct client_call *c = &call[0];
    uint8_t how = take8();
    while (c < call + CLIENTS - 1 && c->id)
        c++;
    if (c->id)
        one_dies(c);
    *c = (struct client_call){.id = ++next_id, .pid = 2 + take8() % PIDS};
    words_of_call(x, c, how);
    unsigned class = how % 16 == 3 ? BADGE_PROCMGR : how % 32 == 5 ? take8() % 8 : BADGE_CLIENT;
    if (class == BADGE_PROCMGR) {
        x->w[0] = question.id ? (take8() % 2 ? FS_PROC_TELL : FS_PROC_ASKED) : FS_PROC_FORK + take8() % 3;
        x->w[1] = x->w[0] == FS_PROC_TELL ? question.id : 2 + take8() % PIDS;
        x->w[2] = x->w[0] == FS_PROC_TELL ? question.kind : 2 + take8() % PIDS;
        x->w[3] = x->w[0] == FS_PROC_TELL && take8() % 8 ? question.number : x->w[3];
    } else if (how % 32 == 4) {
        x->w[0] = FS_ATTACH;
    }
    for (unsigned i = 0; i < 2; i++) {
        uint8_t kind = take8();
        uint64_t len = kind % 4 == 0 ? take_word() & ~(BUF_R | BUF_W) : kind % 4 == 1 ? 1024 : take8();
        c->len[i] = kind % 16 ? len | (uint64_t)(kind % 3 + 1) << 62 : 0;
    }
    if (x->w[0] == FS_PROC_TELL && take8() % 4)
        c->len[0] = sizeof(union fs_told) | BUF_R;
    c->op = x->w[0];
    x->t2 = c->id;
    x->t3 = BADGE_MAKE(class, c->pid);
    x->t4 = c->len[0];
    x->t6 = c->len[1];
    return MSG_CALL;
}
static long receive(struct ipc_regs *x)
{
    if (!input.left)
        longjmp(input.end, 1);
    memset(x, 0, sizeof *x);
    uint8_t what = take8();
    if (cancels && what % 4 == 0) {
        x->w[0] = cancels;
        x->w[1] = cancelled;
        cancels = 0;
        return MSG_CANCEL;
    }
    switch (what % 16) {
    case 0:
    case 1:
        x->w[0] = NTFN_COPY_READY;
        return MSG_NOTIFY;
    case 2:
        one_dies(&call[take8() % CLIENTS]);
        return ERR_TIMEOUT;
    case 3:
        return MSG_FAULT; /* nonsense: nobody faults to it */
    default:
        return event_call(x);
    }
}
static long reply(struct ipc_regs *x)
{
    struct client_call *c = call_of(x->t3);
    MUST(x->t3 && x->t3 <= next_id);
    if (!c)
        return ERR_STALE;
    err_t err = (err_t)(int64_t)x->w[0];
    MUST(err <= OK);
    if (err == OK && (c->op == FS_READ || c->op == FS_WRITE || c->op == FS_PREAD || c->op == FS_PWRITE))
        MUST(x->w[1] <= BUF_LEN(c->len[0]));
    if (c->op == FS_PROC_ASKED)
        question = (struct fuzz_question){x->w[1], x->w[2], x->w[3]};
    c->id = 0;
    return OK;
}
long ipc_raw(long number_flags, uint64_t a0, struct ipc_regs *x)
{
    uint64_t answer[MSG_WORDS] = {0};
    long e;
    switch (number_flags & 0xff) {
    case SYS_CALL:
        MUST(a0 == H_PAGER || a0 == H_INIT);
        answer[0] = (uint64_t)(int64_t)(a0 == H_PAGER ? pager(x->w, answer) : OK);
        memcpy(x->w, answer, sizeof answer);
        return OK;
    case SYS_RECV:
        return receive(x);
    case SYS_REPLY:
        return reply(x);
    case SYS_REPLY_RECV:
        e = reply(x);
        return e != OK ? e : receive(x);
    default:
        MUST(!"a call that the file server has no reason to make");
        return ERR_NOSYS;
    }
}
/* A sound answer of procmgr's: half of all processes are there. */
static void tell(uint8_t *to)
{
    union fs_told t;
    memset(&t, 0, sizeof t);
    if (question.kind == FS_ASK_PROCESS && take8() % 2)
        t.process = (struct fs_process){.pid = (uint32_t)question.number, .born = take8() % 4, .state = 'S', .command_bytes = take8()};
    for (; question.kind == FS_ASK_LIST && t.list.n < take8() % 8; t.list.n++) {
        t.list.at[t.list.n].place = (uint32_t)question.number + t.list.n;
        t.list.at[t.list.n].pid = 2 + t.list.n;
    }
    memcpy(to, &t, sizeof t);
}
/* What a client's buffer holds: paths out of few names, or anything. */
static void fill(uint8_t *to, uint64_t n)
{
    static const char *const names[] = {"a", "b", "tmp", "..", ".", "bin", "dev", "null", "zero", "proc", "meminfo", "console", "c", "2",
                                        "self", "status", "stat", "cmdline"};
    uint64_t at = 0;
    if (n == sizeof(union fs_told) && take8() % 4) {
        tell(to);
        return;
    }
    uint8_t how = take8(); /* bytes of a file, or a path */
    memset(to, how % 16 == 0 ? 'n' : 0, n);
    if (how % 4)
        at += (uint64_t)snprintf((char *)to, n, how % 4 == 1 && how & 8 ? "/proc" : "/tmp");
    for (unsigned parts = how / 16 % 4; parts > 0 && at < n; parts--)
        at += (uint64_t)snprintf((char *)to + at, n - at, "/%s", names[take8() % (sizeof names / sizeof names[0])]);
}
static struct sysret copy(reply_id_t id, uint64_t buffer, uint64_t offset, uint8_t *local, uint64_t len)
{
    struct client_call *c = call_of(id);
    if (!c)
        return (struct sysret){.a0 = ERR_STALE, .a1 = ~0UL}; /* registers are garbage then */
    bool out = buffer & COPY_TO_CLIENT;
    uint64_t room = BUF_LEN(c->len[buffer & 1]);
    MUST((buffer & ~(uint64_t)(COPY_TO_CLIENT | 1)) == 0);
    MUST(c->len[buffer & 1] & (out ? BUF_W : BUF_R));
    MUST(offset <= room && len <= room - offset);
    uint8_t how = take8();
    uint64_t n = how % 8 ? len : how % (len + 1);
    volatile uint8_t sum = 0;
    if (out)
        for (uint64_t i = 0; i < n; i++) /* ASan sees a wrong address */
            sum += local[i];
    else if (n > 0)
        fill(local, n);
    if (how % 64 == 1)
        one_dies(c); /* right after the copy */
    static const err_t end[] = {ERR_FAULT, ERR_FAULT_PENDING, ERR_FAULT_PENDING, ERR_FAULT_PENDING};
    return (struct sysret){.a0 = n == len ? OK : end[how / 8 % 4], .a1 = n};
}
struct sysret sys_raw(long number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a5;
    switch (number) {
    case SYS_COPY:
        return copy(a0, a1, a2, (uint8_t *)(uintptr_t)a3, a4);
    case SYS_REPLY_ALIVE:
        return (struct sysret){.a0 = call_of(a0) ? OK : ERR_STALE};
    case SYS_THREAD_BIND:
        return (struct sysret){.a0 = OK};
    case SYS_SIGNAL:
        question.id = 1; /* procmgr comes for it */
        return (struct sysret){.a0 = OK};
    default:
        MUST(!"a call that the file server has no reason to make");
        return (struct sysret){.a0 = ERR_NOSYS};
    }
}
ticks_t sys_time(void)
{
    static ticks_t now;
    return ++now;
}

/* ---- no disk ---- */


/* ---- afterwards ---- */

static void ask(uint64_t op, uint64_t a)
{
    struct ipc_event ev = {.kind = MSG_CALL, .w = {op, a}, .badge = BADGE_MAKE(BADGE_PROCMGR, 0)};
    struct request r = {.ev = &ev};
    MUST(request_run(&r) <= OK);
    MUST(op != FS_CHECK || r.m.w[1] == 0);
}
/* Empty dir, whatever depth: entry after entry from the start, deepest first. */
static void empty(struct vnode *dir, unsigned depth)
{
    static struct vnode_entry e[64];
    MUST(depth < 64);
    for (;;) {
        uint64_t cookie = 2; /* behind the dots */
        struct vnode *v;
        if (dir->ops->next(dir, &cookie, &e[depth]) != OK)
            return;
        do { /* what is of the image stays */
            MUST(dir->ops->lookup(dir, e[depth].name, e[depth].len, &v) == OK);
            if (!v->read_only)
                break;
            MUST(depth == 0);
            vnode_drop(v);
        } while (dir->ops->next(dir, &cookie, &e[depth]) == OK);
        if (v->read_only)
            return;
        if (vnode_is(v, S_IFDIR))
            empty(v, depth + 1);
        MUST(dir->ops->unlink(dir, e[depth].name, e[depth].len, v) == OK);
        vnode_drop(v);
    }
}
static void nothing_is_left(void)
{
    struct vnode *tmp;
    cleaning = true;
    memset(call, 0, sizeof call);
    question.id = 0;
    requests_cancelled(2, 0);
    MUST(requests_waiting() == 0);
    ask(FS_CHECK, 0);
    for (unsigned pid = 2; pid < 2 + PIDS; pid++)
        ask(FS_PROC_EXIT, pid);
    for (unsigned pid = 0; pid < 8; pid++)
        ask(FS_PROC_EXIT, pid);
    MUST(files_used() == 0 && clients_used() == 0 && pipes_used() == 0);
    if (root) {
        empty(root, 0);
        MUST(root->ops->create(root, "tmp", 3, S_IFDIR | 0777, 0, &tmp) == OK);
        vnode_drop(tmp);
        if (baseline == 0 || pool_used() < baseline)
            baseline = pool_used();
        MUST(pool_used() - baseline <= 1); /* of waiting requests one page is kept */
    }
    cleaning = false;
}
static void image_make(void)
{
    struct image_header *image = (struct image_header *)FS_IMAGE_VA;
    map_at(FS_IMAGE_VA, 4 * PAGE_SIZE);
    *image = (struct image_header){.magic = IMAGE_MAGIC, .version = 1, .files = 3, .total_bytes = 4 * PAGE_SIZE};
    image->entry[0] = (struct image_entry){.name = "fs", .offset = PAGE_SIZE, .size_bytes = 10};
    image->entry[1] = (struct image_entry){.name = "bin/a", .offset = 2 * PAGE_SIZE, .size_bytes = 5000};
    image->entry[2] = (struct image_entry){.name = "bin/b", .offset = PAGE_SIZE, .size_bytes = 0};
}
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static bool mapped;
    if (!mapped) {
        map_at(SERVER_KEEP_VA, SERVER_KEEP_BYTES);
        map_at(POOL_VA, 64 * STEP_BYTES);
        image_make();
    }
    mapped = true;
    memset((void *)SERVER_KEEP_VA, 0, SERVER_KEEP_BYTES); /* not a restart: its statics are still there */
    input.at = bytes;
    input.left = n;
    memset(call, 0, sizeof call);
    cancels = 0;
    next_id = next_id ? next_id : 1;
    if (!setjmp(input.end))
        (void)fs_main();
    nothing_is_left();
    return 0;
}
