/* SPDX-License-Identifier: MIT
 * What can be asked of the console besides <termios.h>, and FIONREAD of any descriptor with bytes that wait.
 */
#ifndef PAGODA_SYS_IOCTL_H
#define PAGODA_SYS_IOCTL_H

#include <sys/winsize.h>

#define TIOCGWINSZ 0x5413 /* struct winsize * */
#define TIOCSWINSZ 0x5414
#define FIONREAD 0x541b   /* int *: bytes that a read would get at once */

int ioctl(int fd, unsigned long what, ...); /* EBADF, ENOTTY, EINVAL */

#endif
