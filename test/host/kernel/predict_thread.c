/* SPDX-License-Identifier: MIT
 * The reference model of system calls (predict.h): threads, scheduling contexts.
 */
#include "predict.h"

/* ---- threads ---- */

static outcome_t control(const struct thread *t, uint64_t h, const struct thread **out)
{
    const struct handle *slot;
    outcome_t o = predict_handle(t->space, h, OBJ_THREAD, RIGHT_CONTROL, &slot);
    if (!o)
        *out = predict_object(slot);
    return o;
}

static outcome_t on_thread_any(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    outcome_t o = control(t, a[0], &x);
    return o ? o : OUTCOME(OK);
}

/* One that starts itself does not return: its a0 is what was asked for. */
static outcome_t on_thread_start(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    outcome_t o = control(t, a[0], &x);
    if (!o && a[5] & ~(uint64_t)START_STOPPED)
        o = OUTCOME(ERR_INVAL);
    return o ? o : x == t ? outcome_of((long)a[3]) : OUTCOME(OK);
}

static outcome_t on_thread_resume(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    outcome_t o = control(t, a[0], &x);
    return o ? o : x->state == T_STOPPED ? OUTCOME(OK) : OUTCOME(ERR_BUSY);
}

static outcome_t on_thread_regs_copy(const struct thread *t, const uint64_t *a)
{
    const struct thread *to, *from;
    outcome_t o = control(t, a[0], &to);
    if (!o)
        o = control(t, a[1], &from);
    if (o)
        return o;
    bool runs = from->state == T_RUNNING || from->state == T_READY || from->state == T_SPENT;
    if (to->state != T_STOPPED || runs || to == from)
        return OUTCOME(ERR_BUSY);
    return a[2] & ~(uint64_t)REGS_RESULT ? OUTCOME(ERR_INVAL) : OUTCOME(OK);
}

static outcome_t on_thread_reg_get(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    outcome_t o = control(t, a[0], &x);
    return o ? o : a[1] > 31 ? OUTCOME(ERR_INVAL) : OUTCOME(OK);
}

static bool calls(const struct thread *x)
{
    return (x->state == T_CALLING || x->state == T_WAIT_REPLY) && x->call_kind == MSG_CALL;
}

static outcome_t on_thread_stop(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    outcome_t o = control(t, a[0], &x);
    if (!o && a[1] > STOP_UNLESS_CALLS)
        o = OUTCOME(ERR_INVAL);
    return o ? o : a[1] && calls(x) ? OUTCOME(ERR_BUSY) : OUTCOME(OK);
}

static outcome_t on_thread_reg_set(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    outcome_t o = control(t, a[0], &x);
    if (o || a[1] > 31)
        return o ? o : OUTCOME(ERR_INVAL);
    if (a[1] == REG_PC && calls(x))
        return OUTCOME(OK);
    bool stands = x->state == T_STOPPED || (x->state == T_WAIT_REPLY && x->call_kind == MSG_EXCEPTION);
    return stands ? OUTCOME(OK) : OUTCOME(ERR_BUSY);
}

static outcome_t on_thread_hart(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    outcome_t o = control(t, a[0], &x);
    return o ? o : (a[1] & ~HART_STAY) >= HOST_HARTS ? OUTCOME(ERR_INVAL) : OUTCOME(OK);
}

static outcome_t on_thread_prio(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    outcome_t o = control(t, a[0], &x);
    return o ? o : a[1] > 255 ? OUTCOME(ERR_INVAL) : OUTCOME(OK);
}

static outcome_t on_thread_bind(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    const struct handle *h;
    outcome_t o = control(t, a[0], &x);
    if (!o && a[1])
        o = predict_handle(t->space, a[1], OBJ_NTFN, RIGHT_WAIT, &h);
    if (o || !a[1])
        return o ? o : OUTCOME(OK);
    const struct ntfn *n = predict_object(h);
    return n->bound && n->bound != x ? OUTCOME(ERR_BUSY) : OUTCOME(OK);
}

static outcome_t on_sched_set(const struct thread *t, const uint64_t *a)
{
    const struct handle *h;
    outcome_t o = predict_handle(t->space, a[0], OBJ_SCHED, RIGHT_CONTROL, &h);
    bool bad = a[1] < SCHED_BUDGET_MIN || a[2] < a[1] || a[2] > SCHED_PERIOD_MAX || a[3] > 255;
    return o ? o : bad ? OUTCOME(ERR_INVAL) : OUTCOME(OK);
}

static outcome_t on_thread_sched(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    const struct handle *h;
    outcome_t o = control(t, a[0], &x);
    if (!o && a[1])
        o = predict_handle(t->space, a[1], OBJ_SCHED, RIGHT_CONTROL, &h);
    if (o || !a[1])
        return o ? o : OUTCOME(OK);
    const struct sched *c = predict_object(h);
    if (!c->budget)
        return OUTCOME(ERR_INVAL);
    return c->thread && c->thread != x ? OUTCOME(ERR_BUSY) : OUTCOME(OK);
}

static outcome_t on_sched_info(const struct thread *t, const uint64_t *a)
{
    const struct handle *h;
    outcome_t o = predict_handle(t->space, a[0], OBJ_SCHED, 0, &h);
    return o ? o : OUTCOME(OK);
}

predict_fn *predict_thread_rule(unsigned nr)
{
    static predict_fn *const rule[256] = {
        [SYS_THREAD_START] = on_thread_start, [SYS_THREAD_STOP] = on_thread_stop, [SYS_THREAD_RESUME] = on_thread_resume,
        [SYS_THREAD_REGS_COPY] = on_thread_regs_copy, [SYS_THREAD_REG_GET] = on_thread_reg_get,
        [SYS_THREAD_REG_SET] = on_thread_reg_set, [SYS_THREAD_PRIO] = on_thread_prio, [SYS_THREAD_BIND] = on_thread_bind,
        [SYS_THREAD_INFO] = on_thread_any, [SYS_THREAD_HART] = on_thread_hart, [SYS_SCHED_SET] = on_sched_set,
        [SYS_THREAD_SCHED] = on_thread_sched, [SYS_SCHED_INFO] = on_sched_info,
    };
    return rule[nr];
}
