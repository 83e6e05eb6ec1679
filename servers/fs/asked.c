/* SPDX-License-Identifier: MIT
 * What procmgr is asked for those who look into /proc. It calls this server, so this server may not call it: a request that needs to
 * know something is set aside with its question, procmgr is signalled, comes for the question and calls again with the answer, and
 * then the request runs again. One question at a time; a path that leads through several processes has one after the other, and
 * what was answered in an earlier run is taken as it was.
 *
 *   request: LATER_PROC ── signal ──▶ procmgr ── PROC_ASKED ──▶ which?      ── PROC_TELL ──▶ the request runs again
 *
 * procmgr may die on the way: when it begins again it comes unasked.
 */
#include "waiting.h"

#include <ipc/procmgr.h>

static struct slab questions = {.bytes = sizeof(struct question)};
unsigned questions_open;

void question_send(void) { (void)sys_signal(FS_H_PROCMGR, PROC_NTFN_FILES); }

void question_end(struct question *q)
{
    if (!q)
        return;
    questions_open -= !q->answered;
    slab_free(&questions, q);
}

static err_t ask(struct request *r, enum fs_ask kind, uint32_t number)
{
    struct question *q = r->question;
    if (!q) {
        q = r->question = slab_new(&questions);
        if (!q)
            return ERR_NOMEM;
        questions_open++;
    } else if (q->answered) {
        q->earlier += q->kind == FS_ASK_PROCESS;
        questions_open++;
    }
    q->answered = false;
    q->kind = (uint8_t)kind;
    q->number = number;
    return LATER_PROC;
}

/* The answer to the request's last question, if it was of that kind. */
static const struct question *answer(const struct request *r, enum fs_ask kind)
{
    return r->question && r->question->answered && r->question->kind == kind ? r->question : 0;
}

err_t ask_process(uint32_t pid, const struct fs_process **out)
{
    struct request *r = request_now();
    *out = 0;
    if (!r)
        return ERR_NOENT;
    if (r->questions == 0 || r->question_pid != pid)
        r->questions++;
    r->question_pid = pid;
    const struct question *q = answer(r, FS_ASK_PROCESS);
    if (q && q->number == pid) {
        *out = &q->told.process;
        return q->told.process.pid == pid ? OK : ERR_NOENT;
    }
    if (r->question && r->questions <= r->question->earlier + (q != 0))
        return OK;
    return ask(r, FS_ASK_PROCESS, pid);
}

err_t ask_list(uint32_t place, const struct fs_list **out)
{
    struct request *r = request_now();
    if (!r)
        return ERR_NOENT;
    const struct question *q = answer(r, FS_ASK_LIST);
    if (!q || place < q->number || (q->told.list.next != 0 && place >= q->told.list.next))
        return ask(r, FS_ASK_LIST, place);
    *out = &q->told.list;
    return OK;
}

err_t do_PROC_ASKED(struct request *r)
{
    const struct waiting *w = question_oldest();
    if (w) {
        r->m.w[1] = w->ev.id;
        r->m.w[2] = w->question->kind;
        r->m.w[3] = w->question->number;
    }
    return OK;
}

static struct waiting *who_asked(reply_id_t id)
{
    struct waiting *w = waiting_all;
    while (w && !(w->ev.id == id && w->question && !w->question->answered)) /* bound: all that wait */
        w = w->next;
    return w;
}

/* So that whoever reads it can rely on its numbers. */
static bool is_sound(const struct question *q)
{
    const union fs_told *t = &q->told;
    if (q->kind == FS_ASK_LIST)
        return t->list.n <= FS_TOLD_PIDS && (t->list.next == 0 || t->list.next > q->number);
    return t->process.command_bytes <= FS_COMMAND_MAX && t->process.name[sizeof t->process.name - 1] == 0;
}

err_t do_PROC_TELL(struct request *r)
{
    struct waiting *w = who_asked(r->ev->w[1]);
    uint64_t done;
    if (!w)
        return OK; /* it was killed meanwhile */
    struct question *q = w->question;
    if (!buffer_is(r, 0, BUF_R) || buffer_len(r, 0) != sizeof q->told)
        return ERR_INVAL;
    err_t err = copy_from(r, 0, 0, &q->told, sizeof q->told, &done);
    if (err != OK || !is_sound(q))
        return err != OK ? err : ERR_INVAL;
    q->answered = true;
    questions_open--;
    question_wake(w);
    if (questions_open > 0)
        question_send();
    return OK;
}
