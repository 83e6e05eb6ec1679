/* SPDX-License-Identifier: MIT
 * What procmgr is asked for those who look into /proc. It calls this server, so this server may not call it: a request that needs to
 * know something is set aside with its question, procmgr is signalled, comes for the question and calls again with the answer, and
 * then the request runs again. One question at a time; a path that leads through several processes has one after the other, and
 * which processes were there is kept from one run to the next.
 *
 *   request: LATER_PROC ── signal ──▶ procmgr ── PROC_ASKED ──▶ which?      ── PROC_TELL ──▶ the request runs again
 *
 * A question's name is the id of its request, and its kind and number: while procmgr is on its way, the request may have run again and
 * ask for something else. One signal may stand for several questions, so whatever became of one, who asks next is signalled for.
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

static bool is_known(const struct question *q, uint32_t pid)
{
    for (unsigned i = 0; q && i < q->known_len; i++) /* bound: QUESTIONS_MAX */
        if (q->known[i] == pid)
            return true;
    return false;
}

/* Before another question takes the place of this one: the process that it was about was there. */
static err_t keep_known(struct question *q)
{
    uint32_t pid = q->told.process.pid;
    if (!q->answered || q->kind != FS_ASK_PROCESS || pid == 0 || is_known(q, pid))
        return OK;
    if (q->known_len == QUESTIONS_MAX)
        return FS_ERR_LOOP;
    q->known[q->known_len++] = pid;
    return OK;
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
        err_t err = keep_known(q);
        if (err != OK)
            return err;
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
    const struct question *q = answer(r, FS_ASK_PROCESS);
    if (q && q->number == pid) {
        *out = &q->told.process;
        return q->told.process.pid == pid ? OK : ERR_NOENT;
    }
    return is_known(r->question, pid) ? OK : ask(r, FS_ASK_PROCESS, pid);
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

/* w: the name, as PROC_ASKED gave it. 0: it was killed meanwhile, or wants to know something else. */
static struct waiting *who_asked(const uint64_t w[3])
{
    struct waiting *at = waiting_all;
    while (at && at->ev.id != w[0]) /* bound: all that wait */
        at = at->next;
    const struct question *q = at ? at->question : 0;
    return q && !q->answered && q->kind == w[1] && q->number == w[2] ? at : 0;
}

/* So that whoever reads it can rely on its numbers. */
static bool is_sound(const struct question *q)
{
    const union fs_told *t = &q->told;
    if (q->kind == FS_ASK_LIST)
        return t->list.n <= FS_TOLD_PIDS && (t->list.next == 0 || t->list.next > q->number);
    return t->process.command_bytes <= FS_COMMAND_MAX && t->process.name[sizeof t->process.name - 1] == 0;
}

/* What procmgr says, into the question's own memory. */
static err_t take_answer(struct request *r, struct question *q)
{
    uint64_t done;
    if (!buffer_is(r, 0, BUF_R) || buffer_len(r, 0) != sizeof q->told)
        return ERR_INVAL;
    err_t err = copy_from(r, 0, 0, &q->told, sizeof q->told, &done);
    if (err != OK)
        return err > OK ? ERR_FAULT : err; /* a server's pages are there */
    return is_sound(q) ? OK : ERR_INVAL;
}

err_t do_PROC_TELL(struct request *r)
{
    struct waiting *w = who_asked(&r->ev->w[1]);
    err_t err = w ? take_answer(r, w->question) : OK;
    if (w && err == OK) {
        w->question->answered = true;
        questions_open--;
        question_wake(w);
    } else if (w && err != ERR_STALE) { /* that: procmgr died on the way, and its next life comes for the question */
        question_fail(w, err);
    }
    if (questions_open > 0)
        question_send();
    return err;
}
