/* SPDX-License-Identifier: MIT
 * flock(), where BSD has it.
 */
#ifndef PAGODA_SYS_FILE_H
#define PAGODA_SYS_FILE_H

#include <fcntl.h>
#include <unistd.h>

#endif
