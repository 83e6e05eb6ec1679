/* SPDX-License-Identifier: MIT
 * The shell's machine.h on the host: plain POSIX.
 */
#include "../../../apps/sh/machine.h"

#include <errno.h>
#include <spawn.h>
#include <termios.h>
#include <unistd.h>

int machine_spawn(const char *file, char **words, char **environment, enum copy_use use, pid_t *pid)
{
    (void)use;
    return posix_spawnp(pid, file, NULL, NULL, words, environment);
}
void machine_exec(const char *file, char **words, char **environment)
{
    (void)environment; /* it is environ */
    (void)execvp(file, words);
}
void machine_foreground(pid_t pid) { (void)pid; }
bool machine_is_background(void) { return false; }
void machine_set_background(void) {}

static struct termios before;
static bool raw;

void machine_raw(void)
{
    struct termios t;
    if (raw || tcgetattr(STDIN_FILENO, &before) != 0)
        return;
    t = before;
    t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    t.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
    raw = tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0;
}
void machine_cooked(void)
{
    if (raw)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
    raw = false;
}
