/* SPDX-License-Identifier: MIT
 * The model kernel behind sys_raw() and the ipc_*(): objects, replies to faults and clients, and deaths at a chosen call.
 */
#include "inner.h"

#include <string.h>

uint64_t model_fences;
jmp_buf model_death;

ticks_t sys_time(void) { return machine.calls; }
uint64_t sys_instret(void) { return machine.calls; }

/* ---- objects ---- */

static handle_t new_handle(unsigned type, frame_t object)
{
    handle_t h = 1;
    while (machine.handle[h].type)
        h++;
    machine.handle[h] = (struct model_handle){type, object};
    return h;
}
static struct sysret object_create(uint64_t type, frame_t f, uint64_t second)
{
    static const uint8_t kind[] = {[OBJ_THREAD] = FRAME_THREAD, [OBJ_SPACE] = FRAME_SPACE, [OBJ_ENDPOINT] = FRAME_ENDPOINT,
                                   [OBJ_NTFN] = FRAME_NTFN, [OBJ_SCHED] = FRAME_SCHED};
    assert_int_equal(model_info(f)->kind, FRAME_KFREE);
    model_info(f)->kind = kind[type];
    if (type == OBJ_SPACE) {
        assert_int_equal(model_info((frame_t)second)->kind, FRAME_KFREE);
        *model_info((frame_t)second) = (struct frame_info){.kind = FRAME_ROOT, .owner = MODEL_OWN_ID};
        memset(window((frame_t)second), 0, PAGE_SIZE);
        machine.root_of[f - machine.first] = (frame_t)second;
    }
    return (struct sysret){.a1 = new_handle((unsigned)type, f)};
}
static long object_destroy(handle_t h)
{
    if (h >= MODEL_HANDLES || machine.handle[h].type == OBJ_NONE)
        return ERR_HANDLE;
    frame_t f = machine.handle[h].object;
    if (machine.handle[h].type == OBJ_SPACE) {
        if (model_info(machine.root_of[f - machine.first])->maps)
            return ERR_BUSY;
        model_info(machine.root_of[f - machine.first])->kind = FRAME_KFREE;
    }
    model_info(f)->kind = FRAME_KFREE;
    machine.handle[h] = (struct model_handle){0};
    return OK;
}
static long retype(uint64_t chunk, unsigned kind)
{
    struct frame_info *k = model_info((frame_t)(chunk * FRAMES_PER_CHUNK));
    for (unsigned i = 0; i < FRAMES_PER_CHUNK; i++)
        if (k[i].maps || (k[i].kind != FRAME_USER && k[i].kind != FRAME_KFREE))
            return ERR_BUSY;
    for (unsigned i = 0; i < FRAMES_PER_CHUNK; i++)
        k[i].kind = kind == CHUNK_USER ? FRAME_USER : FRAME_KFREE;
    return OK;
}

static struct sysret call(long n, const uint64_t *a)
{
    switch (n) {
    case SYS_OBJECT_CREATE:
        return object_create(a[0], (frame_t)a[1], a[2]);
    case SYS_OBJECT_DESTROY:
        return (struct sysret){.a0 = object_destroy((handle_t)a[0])};
    case SYS_HANDLE_CLOSE:
        machine.handle[a[1]] = (struct model_handle){0};
        return (struct sysret){0};
    case SYS_HANDLE_INFO:
        if (a[1] >= MODEL_HANDLES || machine.handle[a[1]].type == OBJ_NONE)
            return (struct sysret){.a0 = ERR_HANDLE};
        return (struct sysret){.a1 = machine.handle[a[1]].type | RIGHTS_ALL << 8, .a3 = machine.handle[a[1]].object};
    case SYS_SPACE_INFO:
        return (struct sysret){.a1 = MODEL_OWN_ID, .a4 = MODEL_HANDLES};
    case SYS_CHUNK_RETYPE:
        return (struct sysret){.a0 = retype(a[0], (unsigned)a[1])};
    case SYS_SPACE_EXEC_FENCE:
        machine.fenced = true;
        model_fences++;
        return (struct sysret){0};
    case SYS_SPACE_BATCH:
    case SYS_KERNEL_CHECK:
    case SYS_SIGNAL:
    case SYS_REPLY_ALIVE:
        return (struct sysret){0};
    default:
        return model_space_call(n, a);
    }
}

void model_die_at(uint64_t k, int after)
{
    machine.die_at = k ? machine.calls + k : 0;
    machine.die_after = after;
}
static void maybe_die(int after)
{
    if (machine.calls == machine.die_at && machine.die_after == after) {
        machine.die_at = 0;
        longjmp(model_death, 1);
    }
}

struct sysret sys_raw(long n, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    uint64_t a[6] = {a0, a1, a2, a3, a4, a5};
    machine.calls++;
    maybe_die(0);
    struct sysret r = call(n, a);
    maybe_die(1);
    return r;
}

/* ---- messages: the model's own ipc_*() ---- */

static err_t take_reply(const struct ipc_msg *m)
{
    machine.calls++;
    maybe_die(0);
    machine.replied.any = true;
    memcpy(machine.replied.w, m->w, sizeof(machine.replied.w));
    maybe_die(1);
    return OK;
}
err_t ipc_reply(reply_id_t id, const struct ipc_msg *m)
{
    (void)id;
    return take_reply(m);
}
err_t ipc_reply_give(reply_id_t id, const struct ipc_msg *m, const struct ipc_give give[2])
{
    (void)id, (void)give;
    return take_reply(m);
}


err_t ipc_fault_reply(reply_id_t id, uint64_t verdict, frame_t frame, frame_t table1, frame_t table2)
{
    frame_t root = space_at(machine.current.slot)->root, table[2] = {table1, table2};
    (void)id;
    machine.calls++;
    maybe_die(0);
    if (machine.fault_verdict_error) {
        err_t err = machine.fault_verdict_error;
        machine.fault_verdict_error = OK;
        return err;
    }
    if ((verdict & 0xff) == FAULT_MAP) {
        unsigned missing; /* fewer than at the fault, when the pager gave the space a table meanwhile */
        frame_t last;
        (void)model_walk(root, machine.current.page, &missing, &last);
        for (unsigned i = 0; i < missing; i++)
            assert_int_equal(model_add_table(root, machine.current.page, table[i]), OK);
        model_map_entry(root, machine.current.page, frame, (verdict >> 8) & 0xff);
    } else if ((verdict & 0xff) == FAULT_UPGRADE) {
        unsigned level;
        frame_t t;
        uint64_t *e = model_walk(root, machine.current.page, &level, &t);
        assert_true(level == 0 && (*e & PTE_COW) && !model_is_shared(t));
        *e = (*e & ~PTE_COW) | PTE_W;
    }
    maybe_die(1);
    return OK;
}
long ipc_fault_reply_recv(handle_t ep, reply_id_t id, uint64_t verdict, frame_t frame, frame_t table1, frame_t table2,
                          struct ipc_event *ev)
{
    (void)ep, (void)ev;
    return ipc_fault_reply(id, verdict, frame, table1, table2);
}
long ipc_recv(handle_t ep, struct ipc_event *ev, ticks_t deadline)
{
    (void)ep, (void)ev, (void)deadline;
    return ERR_TIMEOUT;
}
long ipc_reply_recv(handle_t ep, reply_id_t id, const struct ipc_msg *m, struct ipc_event *ev)
{
    (void)ep, (void)ev;
    return ipc_reply(id, m);
}
