/* SPDX-License-Identifier: MIT
 * The table of waiting clients (request.h). Owns reply ids until they are used; every walk is bounded by REQUESTS_MAX.
 */
#include "request.h"

#include "limits.h"

#include <string.h>

static struct request table[REQUESTS_MAX];
static struct request *free_list;

void request_start(struct request_queue *queues, unsigned count)
{
    free_list = NULL;
    for (unsigned i = 0; i < REQUESTS_MAX; i++) {
        table[i].next = free_list;
        free_list = &table[i];
    }
    for (unsigned i = 0; i < count; i++) {
        queues[i].first = NULL;
        queues[i].end = &queues[i].first;
    }
}

struct request *request_add(struct request_queue *q, reply_id_t id)
{
    struct request *r = free_list;
    if (r == NULL)
        return NULL;
    free_list = r->next;
    memset(r, 0, sizeof *r);
    r->id = id;
    *q->end = r;
    q->end = &r->next;
    return r;
}

void request_remove(struct request_queue *q, struct request **link)
{
    struct request *r = *link;
    *link = r->next;
    if (q->end == &r->next)
        q->end = link;
    r->next = free_list;
    free_list = r;
}

void request_answer(struct request_queue *q, struct request **link, err_t err, uint64_t value)
{
    struct ipc_msg m = {.w = {(uint64_t)(int64_t)err, value}};
    (void)ipc_reply((*link)->id, &m);
    request_remove(q, link);
}

struct request **request_of(struct request_queue *q, frame_t thread)
{
    struct request **link = &q->first;
    while (*link != NULL && (frame_t)(*link)->id != thread) /* bound: REQUESTS_MAX */
        link = &(*link)->next;
    return link;
}

void request_wake(struct request_queue *q)
{
    for (struct request *r = q->first; r != NULL; r = r->next)
        r->pending = false;
}

void request_drop_dead(struct request_queue *q, uint64_t how_many, reply_id_t newest)
{
    for (struct request **link = &q->first; *link != NULL;) {
        bool dead = how_many == 1 ? (*link)->id == newest : !sys_reply_alive((*link)->id);
        if (dead)
            request_remove(q, link);
        else
            link = &(*link)->next;
    }
}
