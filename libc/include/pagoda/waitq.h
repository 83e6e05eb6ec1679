/* SPDX-License-Identifier: MIT
 * What pthread.h and semaphore.h keep of those who wait. All zeros: nobody. Programs look at nothing here.
 */
#ifndef PAGODA_WAITQ_H
#define PAGODA_WAITQ_H

struct __waiter;
struct __waitq {
    struct __waiter *__head, *__tail;
    int __lock;
};

#endif
