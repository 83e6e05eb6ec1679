/* SPDX-License-Identifier: MIT
 * A signal that came, in words: as psignal() says it.
 */
#include <signal.h>

void psiginfo(const siginfo_t *info, const char *text)
{
    psignal(info->si_signo, text);
}
