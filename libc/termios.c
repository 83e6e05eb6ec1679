/* SPDX-License-Identifier: MIT
 * The terminal's settings, which the console keeps. There is one console, whatever descriptor it is asked by.
 */
#include "internal.h"

#include <errno.h>
#include <ipc/console.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

_Static_assert(NCCS == CONSOLE_CCS && VWERASE == CONSOLE_VWERASE && VMIN == CONSOLE_VMIN && VSUSP == CONSOLE_VSUSP, "the protocol's numbers");
_Static_assert(ICRNL == CONSOLE_ICRNL && OPOST == CONSOLE_OPOST && ICANON == CONSOLE_ICANON && ECHO == CONSOLE_ECHO && ISIG == CONSOLE_ISIG &&
                   ECHONL == CONSOLE_ECHONL && NOFLSH == CONSOLE_NOFLSH && TOSTOP == CONSOLE_TOSTOP,
               "the protocol's numbers");

static int ask(int fd, struct ipc_msg *m)
{
    if (!isatty(fd))
        return -1;
    return __error_set(__console_call(m));
}

/* The same for what changes something: of the foreground. */
static int change(int fd, struct ipc_msg *m)
{
    if (!isatty(fd))
        return -1;
    err_t err = __console_allowed(SIGTTOU);
    return __error_set(err == OK ? __console_call(m) : err);
}

int tcgetattr(int fd, struct termios *to)
{
    struct ipc_msg m = {.w = {CONSOLE_ATTR}};
    if (ask(fd, &m) != 0)
        return -1;
    *to = (struct termios){.c_iflag = (tcflag_t)m.w[1], .c_oflag = (tcflag_t)(m.w[1] >> 32), .c_cflag = (tcflag_t)m.w[2] | CS8 | CREAD | CLOCAL,
                           .c_lflag = (tcflag_t)(m.w[2] >> 32), .c_ispeed = B115200, .c_ospeed = B115200};
    memcpy(to->c_cc, &m.w[3], sizeof to->c_cc);
    return 0;
}

int tcsetattr(int fd, int when, const struct termios *t)
{
    struct ipc_msg m = {.w = {CONSOLE_ATTR, t->c_iflag | (uint64_t)t->c_oflag << 32, t->c_cflag | (uint64_t)t->c_lflag << 32, 0, 0, CONSOLE_ATTR_SET}};
    if (when < TCSANOW || when > TCSAFLUSH) {
        errno = EINVAL;
        return -1;
    }
    memcpy(&m.w[3], t->c_cc, sizeof t->c_cc);
    if (when == TCSAFLUSH)
        m.w[5] |= CONSOLE_ATTR_DROP;
    if (when != TCSANOW && tcdrain(fd) != 0)
        return -1;
    return change(fd, &m);
}

int tcdrain(int fd)
{
    struct ipc_msg m = {.w = {CONSOLE_FLUSH}};
    return change(fd, &m);
}

int tcflush(int fd, int queue)
{
    struct ipc_msg m = {.w = {CONSOLE_DROP, (queue != TCOFLUSH ? CONSOLE_DROP_INPUT : 0) | (queue != TCIFLUSH ? CONSOLE_DROP_OUTPUT : 0)}};
    if (queue < TCIFLUSH || queue > TCIOFLUSH) {
        errno = EINVAL;
        return -1;
    }
    return change(fd, &m);
}

/* There is nothing to hold back: the line has no flow control, and no break. */
int tcflow(int fd, int action)
{
    if (!isatty(fd) || __error_set(__console_allowed(SIGTTOU)) != 0)
        return -1;
    if (action == TCOON || action == TCION)
        return 0;
    errno = EINVAL;
    return -1;
}

int tcsendbreak(int fd, int duration)
{
    (void)duration;
    return isatty(fd) ? __error_set(__console_allowed(SIGTTOU)) : -1;
}

void cfmakeraw(struct termios *t)
{
    t->c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    t->c_oflag &= ~(tcflag_t)OPOST;
    t->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    t->c_cflag = (t->c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    t->c_cc[VMIN] = 1;
    t->c_cc[VTIME] = 0;
}

speed_t cfgetispeed(const struct termios *t) { return t->c_ispeed; }
speed_t cfgetospeed(const struct termios *t) { return t->c_ospeed; }

int cfsetispeed(struct termios *t, speed_t speed)
{
    t->c_ispeed = speed;
    return 0;
}

int cfsetospeed(struct termios *t, speed_t speed)
{
    t->c_ospeed = speed;
    return 0;
}

int tcgetwinsize(int fd, struct winsize *to)
{
    struct ipc_msg m = {.w = {CONSOLE_SIZE, ~0UL}};
    if (ask(fd, &m) != 0)
        return -1;
    *to = (struct winsize){.ws_row = (unsigned short)m.w[1], .ws_col = (unsigned short)(m.w[1] >> 16)};
    return 0;
}

/* Who is in the foreground need not be a group. */
int tcsetwinsize(int fd, const struct winsize *size)
{
    uint64_t words = size->ws_row | (uint64_t)size->ws_col << 16;
    struct ipc_msg m = {.w = {CONSOLE_SIZE, words}};
    int before = errno;
    if (change(fd, &m) != 0)
        return -1;
    pid_t group = m.w[1] != words ? tcgetpgrp(fd) : 0;
    if (group > 0 && killpg(group, SIGWINCH) != 0)
        (void)kill(group, SIGWINCH);
    errno = before;
    return 0;
}

/* Of who is in the foreground; its leader may have ended, and then it is the session of who asks. */
pid_t tcgetsid(int fd)
{
    int before = errno;
    pid_t group = tcgetpgrp(fd), session;
    if (group < 0)
        return -1;
    session = group > 0 ? getsid(group) : -1;
    errno = session < 0 ? before : errno;
    return session < 0 ? getsid(0) : session;
}

static int bytes_waiting(int fd, int *out)
{
    struct stat st;
    struct ipc_msg m = {.w = {CONSOLE_READY}};
    if (isatty(fd)) {
        if (ask(fd, &m) != 0)
            return -1;
        *out = (int)m.w[1];
        return 0;
    }
    if (fstat(fd, &st) != 0)
        return -1;
    off_t at = S_ISREG(st.st_mode) ? lseek(fd, 0, SEEK_CUR) : 0;
    *out = st.st_size > at ? (int)(st.st_size - at) : 0;
    return 0;
}

int ioctl(int fd, unsigned long what, ...)
{
    va_list ap;
    va_start(ap, what);
    void *argument = va_arg(ap, void *);
    va_end(ap);
    switch (what) {
    case TIOCGWINSZ: return tcgetwinsize(fd, argument);
    case TIOCSWINSZ: return tcsetwinsize(fd, argument);
    case FIONREAD: return bytes_waiting(fd, argument);
    default:
        if (isatty(fd))
            errno = EINVAL;
        return -1;
    }
}

int ttyname_r(int fd, char *to, size_t size)
{
    if (!isatty(fd))
        return errno;
    if (size < sizeof "/dev/console")
        return ERANGE;
    strcpy(to, "/dev/console");
    return 0;
}

char *ttyname(int fd)
{
    static char name[sizeof "/dev/console"];
    int error = ttyname_r(fd, name, sizeof name);
    errno = error != 0 ? error : errno;
    return error == 0 ? name : NULL;
}
