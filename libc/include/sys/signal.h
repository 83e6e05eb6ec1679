/* SPDX-License-Identifier: MIT
 * The same as <signal.h>, which programs of other systems look for here.
 */
#include <signal.h>
