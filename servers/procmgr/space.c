/* SPDX-License-Identifier: MIT
 * A process's space as the pager makes it: handles, threads. Owns the count of our own handles, of which each
 * process takes one for its space and one a thread.
 */
#include "procmgr.h"

#include <ipc/fs.h>
#include <ipc/pager.h>

#define H_SELF_RIGHTS (RIGHT_SEND | RIGHT_RECV | RIGHT_SEND_HANDLE | RIGHT_GRANT | RIGHT_MINT)
#define DELETE_TRIES 16u /* a thread that many callers wait for goes in several steps */

static unsigned handles_used, handles_room = HANDLES_FIRST;

static err_t handles_reserve(unsigned n)
{
    if (handles_used + n <= handles_room)
        return OK;
    struct ipc_msg m = {.w = {PAGER_HANDLES, own_space}};
    err_t err = pager_call(H_PAGER, &m);
    if (err == OK)
        handles_room += HANDLES_STEP;
    return err;
}

static err_t ask_handle(struct ipc_msg *m, handle_t *h)
{
    err_t err = handles_reserve(1);
    if (err == OK)
        err = pager_call_handle(H_PAGER, m, h);
    if (err == OK)
        handles_used++;
    return err;
}

static void handle_give(handle_t *h)
{
    if (*h == NO_HANDLE)
        return;
    handle_t old = *h;
    *h = NO_HANDLE; /* first: a record never names a handle that may be somebody else's by now */
    (void)sys_handle_close(0, old);
    handles_used--;
}

#define PARENT_RIGHTS (RIGHT_SEND | RIGHT_SEND_HANDLE)

/* parent: for H_PARENT; NO_HANDLE: that stays as it is. */
static err_t install_declared(const struct proc *p, handle_t parent)
{
    const uint32_t list[INSTALL_SET_MAX] = {
        INSTALL_ENTRY(H_PAGER, H_PAGER, RIGHT_SEND, 2),      INSTALL_ENTRY(H_PROC, SERVER_H_ENDPOINT, RIGHT_SEND, 1),
        INSTALL_ENTRY(H_CONSOLE, H_CONSOLE, RIGHT_SEND, 1),  INSTALL_ENTRY(H_KERNEL, H_KERNEL, RIGHT_K_TRACE, 0),
        INSTALL_ENTRY(H_INIT, H_INIT, RIGHT_SEND, 1),        INSTALL_ENTRY(0, SERVER_H_ENDPOINT, 0, 1), /* its exceptions */
        INSTALL_ENTRY(H_FS, PROCMGR_H_FS, p->files ? RIGHT_SEND : 0, 1), /* without rights it keeps the slot */
        parent == NO_HANDLE ? 0 : INSTALL_ENTRY(H_PARENT, parent, PARENT_RIGHTS, 1),
    };
    const badge_t badge[2] = {BADGE_MAKE(BADGE_CLIENT, p->pid), BADGE_MAKE(BADGE_CLIENT, p->space)};
    return sys_handle_install_set(p->space_handle, badge, list);
}

static err_t install_files(const struct proc *p)
{
    return sys_handle_install(p->space_handle, H_FS, PROCMGR_H_FS, RIGHT_SEND, BADGE_MAKE(BADGE_CLIENT, p->pid));
}

/* The record first: who may have descriptors is one whose end the file server is told. */
err_t do_FILES(struct request *r)
{
    struct proc *p = r->caller;
    struct handle_info info;
    p->files = true;
    if (sys_handle_info(p->space_handle, H_FS, &info) == OK) {
        if (info.rights & RIGHT_SEND)
            return OK;
        (void)sys_handle_close(p->space_handle, H_FS); /* it kept the slot */
    }
    err_t err = install_files(p);
    return err == ERR_EXIST ? OK : err;
}

/* It waits for nobody but the pager, so it may be waited for. It may be restarted under the request, and then it knows
 * nobody any more. bound: init ends the machine when it does not come back. */
err_t files_call(struct ipc_msg *m)
{
    err_t err;
    while ((err = ipc_call(PROCMGR_H_FS, m)) == ERR_PEER_DEAD) /* *m is as it was */
        server_pause(0);
    return err;
}

static err_t files_ask(uint64_t op, uint64_t a, uint64_t b, uint64_t how)
{
    struct ipc_msg m = {.w = {op, a, b, how}};
    return files_call(&m);
}

err_t files_give(const struct proc *from, const struct proc *to, uint64_t how)
{
    return to->files ? files_ask(FS_PROC_FORK, from->pid, to->pid, how) : OK;
}

void files_exec(const struct proc *p)
{
    if (p->files)
        (void)files_ask(FS_PROC_EXEC, p->pid, p->exec_file == PROGRAM_OF_FILES ? FS_FORK_FILE : 0, 0); /* it refuses nothing */
}

void files_end(const struct proc *p)
{
    if (p->files)
        (void)files_ask(FS_PROC_EXIT, p->pid, 0, 0); /* as above */
}

/* Nothing is there yet, so this ends at once. */
err_t space_pin(struct proc *p)
{
    struct ipc_msg m = {.w = {PAGER_PIN, p->space, 0, 0, PAGER_PIN_NOW}};
    return pager_call(H_PAGER, &m);
}

/* A request that makes a space and its first thread; what comes back is noted, whatever the result. */
static err_t ask_born(struct proc *p, struct ipc_msg *m)
{
    handle_t h[2];
    err_t err = handles_reserve(2);
    if (err != OK)
        return err;
    err = pager_call_handles(H_PAGER, m, h);
    if (h[0] == NO_HANDLE) { /* no thread: perhaps a space */
        if (err != OK && p->space == 0)
            space_search(p);
        return err;
    }
    p->space = (uint32_t)m->w[1];
    p->space_handle = h[1];
    p->thread[0] = (struct thread){.handle = h[0], .frame = (frame_t)m->w[2]};
    place_thread(&p->thread[0]);
    handles_used += 2;
    return err;
}

/* A child finds its parent's endpoint, if there is one. */
err_t space_furnish(struct proc *p)
{
    handle_t parent = p->parent->self;
    if (parent == NO_HANDLE)
        return install_declared(p, NO_HANDLE);
    p->may_collect = true;
    if (parent < INSTALL_END)
        return install_declared(p, parent);
    err_t err = install_declared(p, NO_HANDLE);
    return err == OK ? sys_handle_install(p->space_handle, H_PARENT, parent, PARENT_RIGHTS, BADGE_MAKE(BADGE_CLIENT, p->pid)) : err;
}

err_t space_new(struct proc *p)
{
    uint32_t payer = p->account ? p->parent->space : 0; /* whose quota it shares from its first frame on */
    struct ipc_msg m = {.w = {PAGER_SPACE_NEW, p->pid, payer, place_next(p)}};
    err_t err = ask_born(p, &m);
    if (err == OK && p->limit_frames) {
        m = (struct ipc_msg){.w = {PAGER_LIMIT, p->space, p->limit_frames}};
        err = pager_call(H_PAGER, &m);
    }
    return err == OK ? space_furnish(p) : err;
}

/* Limit and quota are the parent's. */
err_t space_fork(struct proc *p)
{
    struct ipc_msg m = {.w = {PAGER_FORK, p->op.parent->space, p->space, p->op.key, p->pid}};
    if (p->space_handle != NO_HANDLE)
        return pager_call(H_PAGER, &m);
    m.w[2] = 0;
    m.w[5] = place_next(p);
    return ask_born(p, &m);
}

void space_forget(struct proc *p)
{
    handle_give(&p->self);
    handle_give(&p->space_handle);
    p->space = 0;
}

/* Whatever the old program had got goes; its endpoints stay. Without them, and without WAKER, it could get nothing: no handle
 * of the declared set can be copied, and no other request gives programs handles. */
static bool is_fixed(const struct proc *p, handle_t slot)
{
    struct handle_info info;
    if (slot == H_SELF)
        return p->self != NO_HANDLE;
    return slot == H_PARENT && sys_handle_info(p->space_handle, slot, &info) == OK && info.type == OBJ_ENDPOINT &&
           info.badge == BADGE_MAKE(BADGE_CLIENT, p->pid); /* a badge that nobody else gives */
}

err_t handles_reset(struct proc *p)
{
    struct space_info info;
    if (!p->may_collect)
        return OK;
    err_t err = sys_space_info(p->space_handle, &info);
    if (err != OK)
        return err;
    for (handle_t slot = 1; slot < info.handles_used; slot++) /* bound: the kernel's table limit; usually a dozen */
        if (!is_fixed(p, slot))
            (void)sys_handle_close(p->space_handle, slot);
    return install_declared(p, NO_HANDLE);
}

static bool same_object(const struct proc *p, handle_t slot, handle_t ours)
{
    struct handle_info a, b;
    return sys_handle_info(p->space_handle, slot, &a) == OK && sys_handle_info(0, ours, &b) == OK && a.type == b.type &&
           a.object == b.object;
}

err_t handle_lend(struct proc *p, handle_t ours, unsigned rights, handle_t *given)
{
    struct handle_info info;
    err_t err = ERR_EXIST;
    p->may_collect = true;
    for (handle_t slot = H_PROC_FIRST_FREE; err == ERR_EXIST; slot++) { /* bound: the kernel's table limit */
        err = sys_handle_install(p->space_handle, slot, ours, rights, 0);
        bool there = err == ERR_EXIST && same_object(p, slot, ours) &&
                     sys_handle_info(p->space_handle, slot, &info) == OK && info.rights == rights;
        if (err == OK || there) { /* a try that procmgr did not survive, or asked for before */
            *given = slot;
            return OK;
        }
    }
    return err == ERR_INVAL ? ERR_NOHANDLE : err; /* behind the last slot */
}

/* An endpoint of the process's own, charged to it and gone with its space. */
err_t do_ENDPOINT(struct request *r)
{
    struct proc *p = r->caller;
    if (p->self != NO_HANDLE)
        return OK;
    p->may_collect = true;
    handle_t h;
    struct ipc_msg m = {.w = {PAGER_OBJECT_NEW, p->pid, OBJ_ENDPOINT, p->space}};
    err_t err = ask_handle(&m, &h);
    if (err != OK)
        return err;
    err = sys_handle_install(p->space_handle, H_SELF, h, H_SELF_RIGHTS, 0);
    if (err == ERR_EXIST && same_object(p, H_SELF, h))
        err = OK; /* a try that procmgr did not survive */
    if (err == OK)
        p->self = h;
    else
        handle_give(&h); /* asked again, the pager gives the same one */
    return err;
}

err_t object_open(const struct proc *p, uint64_t key, unsigned type, handle_t *h)
{
    struct ipc_msg m = {.w = {PAGER_OBJECT_NEW, key, type, p->space}};
    return ask_handle(&m, h);
}

void object_close(handle_t *h) { handle_give(h); }

/* ---- threads: a slot is unsure before the pager is asked for a thread, and until it has taken it back ---- */

err_t thread_new(struct proc *p, unsigned slot)
{
    struct thread *t = &p->thread[slot];
    struct ipc_msg m = {.w = {PAGER_THREAD_NEW, p->space, slot, place_next(p)}};
    bool reserved = p->unsure_map >> slot & 1; /* a try that failed: counted already */
    err_t err = reserved ? OK : account_add(p->account, PROC_TREE_THREADS, 1);
    if (err != OK)
        return err;
    p->unsure_map |= 1UL << slot;
    *t = (struct thread){0};
    err = ask_handle(&m, &t->handle);
    if (err != OK)
        return err;
    t->frame = (frame_t)m.w[2];
    place_thread(t);
    return OK;
}

/* It is started by a resume whenever that is due. */
err_t thread_arm(struct proc *p, unsigned slot, const uint64_t at[4])
{
    return sys_thread_set(p->thread[slot].handle, at[0], at[1], at[2], at[3]);
}

void thread_commit(struct proc *p, unsigned slot)
{
    uint64_t bit = 1UL << slot;
    ledger_set(p->thread_map, p->thread_map | bit);
    ledger_set(p->starting_map, p->starting_map | bit);
    ledger_set(p->unsure_map, p->unsure_map & ~bit);
    ledger_set(p->joinable_map, p->joinable_map & ~bit);
    p->threads++;
}

void thread_go(struct proc *p, unsigned slot)
{
    err_t err = sys_thread_resume(p->thread[slot].handle);
    (void)err; /* BUSY: it runs already */
    p->starting_map &= ~(1UL << slot);
}

void thread_retire(struct proc *p, unsigned slot)
{
    uint64_t bit = 1UL << slot;
    ledger_set(p->thread_map, p->thread_map & ~bit);
    ledger_set(p->starting_map, p->starting_map & ~bit);
    ledger_set(p->unsure_map, p->unsure_map | bit);
    ledger_set(p->hooked_map, p->hooked_map & ~bit); /* it may have been in its last call: the next one in this slot is not */
}

void thread_end(struct proc *p, unsigned slot)
{
    struct thread *t = &p->thread[slot];
    err_t err = t->handle != NO_HANDLE ? sys_thread_stop(t->handle) : OK;
    cpu_note(p, slot);
    handle_give(&t->handle);
    if (t->frame != NO_FRAME)
        place_gone(t);
    *t = (struct thread){0};
    for (unsigned i = 0; i < DELETE_TRIES && p->space != 0; i++) {
        struct ipc_msg m = {.w = {PAGER_THREAD_DELETE, p->space, slot}};
        err = pager_call(H_PAGER, &m);
        if (err != ERR_AGAIN)
            break;
    }
    if (p->unsure_map >> slot & 1)
        account_take(p->account, PROC_TREE_THREADS, 1);
    p->unsure_map &= ~(1UL << slot);
}

/* The process is EXITING: should procmgr die on the way, its end begins anew with whatever the maps still say. */
void thread_left(struct proc *p, unsigned slot)
{
    struct thread *t = &p->thread[slot];
    cpu_note(p, slot);
    p->threads = 0;
    handle_give(&t->handle);
    if (t->frame != NO_FRAME)
        place_gone(t);
    *t = (struct thread){0};
    p->starting_map = p->thread_map = p->unsure_map = 0;
    account_take(p->account, PROC_TREE_THREADS, 1);
}

void thread_delete(struct proc *p, unsigned slot)
{
    if (p->thread_map >> slot & 1) {
        ledger_begin();
        thread_retire(p, slot);
        ledger_commit();
        p->threads--;
    }
    thread_end(p, slot);
}

void threads_delete(struct proc *p, uint64_t slots)
{
    for (; slots; slots &= slots - 1) /* bound: PROC_THREADS_MAX */
        thread_delete(p, (unsigned)__builtin_ctzll(slots));
}

/* ---- after a restart ---- */

void space_search(struct proc *p)
{
    struct ipc_msg m = {.w = {PAGER_SPACE_FIND, p->pid}};
    if (p->space == 0 && pager_call(H_PAGER, &m) == OK)
        p->space = (uint32_t)m.w[1];
}

#define TABLE_MAX (64u * 256u) /* slots that a handle table can have */
static uint64_t known[TABLE_MAX / 64];

static void know(handle_t h)
{
    if (h == NO_HANDLE || h >= TABLE_MAX)
        return;
    known[h / 64] |= 1UL << h % 64;
    handles_used++;
}

/* What the record names, and counts on: not half-made threads. */
static void know_all(struct proc *p)
{
    if (p->state == PROC_STATE_ZOMBIE)
        p->space_handle = p->self = NO_HANDLE;
    know(p->space_handle);
    know(p->self);
    for (uint64_t left = p->thread_map; left; left &= left - 1) /* bound: PROC_THREADS_MAX */
        know(p->thread[__builtin_ctzll(left)].handle);
    for (uint64_t left = p->unsure_map; left; left &= left - 1) /* bound: PROC_THREADS_MAX */
        p->thread[__builtin_ctzll(left)] = (struct thread){0};
}

static void know_fixed(void)
{
    static const uint8_t fixed[] = {H_PAGER, H_CONSOLE, H_KERNEL, H_INIT, SERVER_H_ENDPOINT, SERVER_H_NTFN, SERVER_H_THREAD,
                                    SERVER_H_SPACE, PROCMGR_H_FS};
    for (unsigned i = 0; i < sizeof fixed; i++)
        know(fixed[i]);
    handles_used = 0;
}

/* A handle that came and was not noted, or was not closed in time, goes: nobody will ever name it. */
err_t handles_rebuild(void)
{
    struct space_info own;
    err_t err = sys_space_info(0, &own);
    if (err != OK || own.handles > TABLE_MAX)
        return err != OK ? err : ERR_LIMIT;
    know_fixed();
    for (unsigned i = 1; i < procs_used(); i++) { /* bound: PROCS_MAX */
        struct proc *p = proc_at(i);
        if (p)
            know_all(p);
    }
    for (handle_t h = 1; h < own.handles; h++)
        if (!(known[h / 64] >> h % 64 & 1))
            (void)sys_handle_close(0, h);
    handles_room = (unsigned)own.handles - HANDLES_RESERVE;
    return OK;
}
