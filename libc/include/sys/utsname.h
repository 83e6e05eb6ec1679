/* SPDX-License-Identifier: MIT
 * What system this is.
 */
#ifndef _SYS_UTSNAME_H
#define _SYS_UTSNAME_H

#define _UTSNAME_LENGTH 32

struct utsname {
    char sysname[_UTSNAME_LENGTH]; /* "Pagoda" */
    char nodename[_UTSNAME_LENGTH];
    char release[_UTSNAME_LENGTH];
    char version[_UTSNAME_LENGTH];
    char machine[_UTSNAME_LENGTH]; /* "riscv64" */
};

int uname(struct utsname *to);

#endif
