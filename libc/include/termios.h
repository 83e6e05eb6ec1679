/* SPDX-License-Identifier: MIT
 * The terminal: there is one, the console. What a flag does not change here it still keeps.
 */
#ifndef PAGODA_TERMIOS_H
#define PAGODA_TERMIOS_H

#include <sys/types.h>
#include <sys/winsize.h>

typedef unsigned tcflag_t;
typedef unsigned char cc_t;
typedef unsigned speed_t;

#define NCCS 16
struct termios {
    tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
    cc_t c_cc[NCCS];
    speed_t c_ispeed, c_ospeed;
};

/* c_cc; 0 there: no key has that function */
#define VINTR 0
#define VQUIT 1
#define VERASE 2
#define VKILL 3
#define VEOF 4
#define VTIME 5
#define VMIN 6
#define VSUSP 7
#define VEOL 8
#define VSTART 9
#define VSTOP 10
#define VWERASE 11
#define _POSIX_VDISABLE 0

/* c_iflag */
#define ICRNL 1
#define INLCR 2
#define IGNCR 4
#define BRKINT 8
#define IGNBRK 16
#define IGNPAR 32
#define PARMRK 64
#define INPCK 128
#define ISTRIP 256
#define IXON 512
#define IXOFF 1024
#define IXANY 2048
/* c_oflag */
#define OPOST 1
#define ONLCR 2
/* c_cflag */
#define CSIZE 3
#define CS5 0
#define CS6 1
#define CS7 2
#define CS8 3
#define CSTOPB 4
#define CREAD 8
#define PARENB 16
#define PARODD 32
#define HUPCL 64
#define CLOCAL 128
/* c_lflag */
#define ICANON 1
#define ECHO 2
#define ISIG 4
#define ECHOE 8
#define ECHOK 16
#define ECHONL 32
#define NOFLSH 64
#define IEXTEN 128
#define TOSTOP 256

enum { TCSANOW, TCSADRAIN, TCSAFLUSH };
enum { TCIFLUSH, TCOFLUSH, TCIOFLUSH };
enum { TCOOFF, TCOON, TCIOFF, TCION };

#define B0 0
#define B50 50
#define B75 75
#define B110 110
#define B134 134
#define B150 150
#define B200 200
#define B300 300
#define B600 600
#define B1200 1200
#define B1800 1800
#define B2400 2400
#define B4800 4800
#define B9600 9600
#define B19200 19200
#define B38400 38400
#define B57600 57600
#define B115200 115200

int tcgetattr(int fd, struct termios *to);                       /* EBADF, ENOTTY */
int tcsetattr(int fd, int when, const struct termios *settings); /* and EINVAL */
int tcdrain(int fd);
int tcflush(int fd, int queue);
int tcflow(int fd, int action);
int tcsendbreak(int fd, int duration);
int tcgetwinsize(int fd, struct winsize *to);
int tcsetwinsize(int fd, const struct winsize *size);            /* SIGWINCH to the foreground, if it is another */
pid_t tcgetsid(int fd);
void cfmakeraw(struct termios *t);
speed_t cfgetispeed(const struct termios *t);
speed_t cfgetospeed(const struct termios *t);
int cfsetispeed(struct termios *t, speed_t speed);
int cfsetospeed(struct termios *t, speed_t speed);

#endif
