/* SPDX-License-Identifier: MIT
 * Bulk data: a server copies to or from a buffer that its blocked client named. The copy obeys the client's own
 * permissions: where the client's store would fault, so does the copy, in the client's name, and the server is told to go on
 * later. The server's own page missing is the server's ordinary fault. At most a page per kernel entry.
 */
#include "arch.h"

/* Copy n bytes inside one page each; 8 at a time when both sides are aligned alike. */
static void copy_bytes(uint8_t *to, const uint8_t *from, uint64_t n)
{
    if (!(((uintptr_t)to ^ (uintptr_t)from) & 7)) {
        for (; n && ((uintptr_t)to & 7); n--)
            *to++ = *from++;
        for (; n >= 8; n -= 8, to += 8, from += 8)
            *(uint64_t *)to = *(const uint64_t *)from;
    }
    for (; n; n--)
        *to++ = *from++;
}

/* The kernel's address for a user address that allows the access; 0: it would fault. Sets A and D as a hart would. */
static uint8_t *copy_address(struct space *s, vaddr_t va, unsigned access)
{
    unsigned level;
    pte_t *e = arch_walk(s->root, va, &level);
    if (!e || !arch_pte_allows(*e, access) || !frame_in_ram(PTE_FRAME(*e)))
        return 0;
    __atomic_fetch_or(e, PTE_A | (access == FAULT_ACCESS_W ? PTE_D : 0), __ATOMIC_RELAXED);
    return (uint8_t *)frame_va(PTE_FRAME(*e)) + (va & ((PAGE_SIZE << (9 * level)) - 1)); /* the window's leaves are larger */
}

/* No pager could help: outside the user half, or device memory, which is never copied. */
static SELDOM bool copy_is_hopeless(struct space *s, vaddr_t va, unsigned access)
{
    unsigned level;
    pte_t *e = arch_walk(s->root, va, &level);
    return !e || arch_pte_allows(*e, access);
}

/* Bytes between two looks whether an interrupt waits: about as many instructions, or fewer where 8 are copied at a time. */
#define PIECE_WORDS 768u
#define PIECE_BYTES 128u

static uint64_t min64(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* Copy n bytes inside one page each and say so in the call's registers. False: an interrupt waits, and there is more to do. */
static bool copy_pieces(uint8_t *to, const uint8_t *from, uint64_t n, uint64_t *a)
{
    uint64_t piece = ((uintptr_t)to ^ (uintptr_t)from) & 7 ? PIECE_BYTES : PIECE_WORDS;
    for (uint64_t now; n; n -= now, to += now, from += now) { /* bound: a page */
        now = min64(n, piece);
        copy_bytes(to, from, now);
        a[2] += now;
        a[3] += now;
        a[4] -= now;
        a[5] += now;
        if (a[4] && arch_irq_pending())
            return false;
    }
    return true;
}

syscall_fn sys_copy;

/* a0 reply id, a1 buffer | COPY_TO_CLIENT, a2 offset, a3 local address, a4 length, a5 done so far -> a1 done */
long sys_copy(struct thread *cur, uint64_t *a)
{
    struct thread *t = ipc_find_caller(a[0], cur->space);
    uint64_t buffer = a[1] & ~(uint64_t)COPY_TO_CLIENT;
    bool to_client = a[1] & COPY_TO_CLIENT;
    if (!t)
        return ERR_STALE;
    if (buffer > 1 || t->call_kind != MSG_CALL || !(t->call_flags & IPC_F_BUF))
        return ERR_INVAL;
    uint64_t len = BUF_LEN(t->buf_len[buffer]);
    if (a[2] > len || a[4] > len - a[2])
        return ERR_INVAL;
    if (!(t->buf_len[buffer] & (to_client ? BUF_W : BUF_R)))
        return ERR_RIGHTS;
    if (t->fault.error != OK) { /* the pager refused the page that this copy wanted */
        t->fault.error = OK;
        a[1] = a[5];
        return ERR_FAULT;
    }
    if (unlikely(t->buf_va[buffer] + len < len)) { /* it wraps: its end is not above its beginning, but at page zero */
        a[1] = a[5];
        return ERR_FAULT;
    }
    unsigned theirs = to_client ? FAULT_ACCESS_W : FAULT_ACCESS_R, ours = to_client ? FAULT_ACCESS_R : FAULT_ACCESS_W;
    while (a[4]) { /* bound: restarts when an interrupt waits, after a piece at the latest */
        vaddr_t client_va = t->buf_va[buffer] + a[2];
        uint8_t *client = copy_address(t->space, client_va, theirs), *local = copy_address(cur->space, a[3], ours);
        if (!client) {
            a[1] = a[5];
            if (copy_is_hopeless(t->space, client_va, theirs))
                return ERR_FAULT;
            fault_raise_copy(t, client_va, theirs, cur);
            if (t->fault.error == OK)
                return ERR_FAULT_PENDING;
            t->fault.error = OK;
            return ERR_FAULT;
        }
        if (!local) {
            if (copy_is_hopeless(cur->space, a[3], ours)) {
                a[1] = a[5];
                return ERR_FAULT;
            }
            syscall_restart(cur);
            fault_raise(cur, a[3], ours);
            return SYS_NO_RESULT;
        }
        uint64_t n = min64(a[4], min64(PAGE_SIZE - (client_va & PAGE_MASK), PAGE_SIZE - (a[3] & PAGE_MASK)));
        if (!copy_pieces(to_client ? client : local, to_client ? local : client, n, a)) {
            syscall_restart(cur);
            return SYS_NO_RESULT;
        }
    }
    trace(TRACE_COPY, cur, a[5], a[0]);
    a[1] = a[5];
    return OK;
}
