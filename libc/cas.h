/* SPDX-License-Identifier: MIT
 * The memory orders of a compare-and-swap after which others may see what was stored before it. GCC 12 takes the barrier before lr and sc
 * from the second order, the failure's (its pattern atomic_cas_value_strong): with a weaker one there is none, whatever the first one is.
 */
#ifndef LIBC_CAS_H
#define LIBC_CAS_H

#define CAS_RELEASES __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST

#endif
