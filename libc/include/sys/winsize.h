/* SPDX-License-Identifier: MIT
 * The size of a terminal's window, which <termios.h> and <sys/ioctl.h> both have.
 */
#ifndef PAGODA_SYS_WINSIZE_H
#define PAGODA_SYS_WINSIZE_H

struct winsize {
    unsigned short ws_row, ws_col, ws_xpixel, ws_ypixel;
};

#endif
