/* SPDX-License-Identifier: MIT
 * Clients that wait: a fixed table, three queues in order of arrival. A request stays until it is answered or its
 * client is gone.
 */
#ifndef CONSOLE_REQUEST_H
#define CONSOLE_REQUEST_H

#include <ipc/console.h>

#define SHORT_BYTES_MAX 40u

struct request {
    reply_id_t id;
    uint64_t len;      /* of the client's buffer, or of short_bytes */
    uint64_t done;     /* bytes handled so far; for a flush: the output position to reach */
    bool pending;      /* the kernel is bringing in a page of the buffer: wait for NTFN_COPY_READY */
    bool nowait;       /* a read that does not wait */
    ticks_t since;     /* a read: when it came, or when the last byte did */
    bool is_short;     /* bytes came in the message */
    struct request *next;
    char short_bytes[SHORT_BYTES_MAX];
};

struct request_queue {
    struct request *first, **end;
};

void request_start(struct request_queue *queues, unsigned count);
/* A request at the end of q, zeroed but for its id; NULL when the table is full. */
struct request *request_add(struct request_queue *q, reply_id_t id);
/* Take it out of q and free it. The pointer that led to it, *link, then shows the next. */
void request_remove(struct request_queue *q, struct request **link);
/* Answer (a client that is gone does not matter) and remove. */
void request_answer(struct request_queue *q, struct request **link, err_t err, uint64_t value);
/* What leads to the request of this thread; *link NULL: it has none here. */
struct request **request_of(struct request_queue *q, frame_t thread);
/* Pages came in: all of q may try again. */
void request_wake(struct request_queue *q);
/* Clients gave up: drop the newest id, or, when there were several, all that are not alive. */
void request_drop_dead(struct request_queue *q, uint64_t how_many, reply_id_t newest);

#endif
