/* SPDX-License-Identifier: MIT
 * A signal for one thread.
 */
#include "internal.h"
#include "signals.h"

#include <errno.h>
#include <pthread.h>

int pthread_kill(pthread_t t, int sig)
{
    if (sig < 0 || sig >= NSIG)
        return EINVAL;
    unsigned slot = pthread_equal(t, pthread_self()) ? SIGNAL_SELF : __thread_slot(t);
    err_t err = __thread_kill(slot, sig);
    return err == ERR_NOENT ? ESRCH : __error_errno(err);
}
