/* SPDX-License-Identifier: MIT
 * picolibc's <wchar.h>, which wants a name of its own for streams. What it declares of wide streams there is not.
 */
#ifndef PAGODA_WCHAR_H
#define PAGODA_WCHAR_H

#ifndef __FILE_defined
typedef struct __file FILE;
#define __FILE_defined
#endif
typedef struct __file __FILE;

#include_next <wchar.h>

#endif
