/* SPDX-License-Identifier: MIT
 * Tables of functions that take pointers: each row is one pointer of one function, tried in every kind of place (gplaces.h).
 * tools/pointers.py sees that no pointer of the C library's is without a row; it reads `function(..., p, ...)`.
 */
#ifndef GCALLS_H
#define GCALLS_H

#include "gplaces.h"

/* What is done with what is there. PART: the bytes before a bad one may be done; BY_MEMCPY: picolibc's, which copies nothing to what wraps
 * around, where no object can be. */
enum how { IN, OUT, INOUT, IN_PART, OUT_PART, OUT_BY_MEMCPY };


struct call {
    const char *what;
    int (*fn)(void *at); /* 0, or -1 and errno */
    const void *content;
    size_t size;
    enum how how;
    int want; /* errno, or 0 */
};

static inline void *not_null(void *p) { return p != NULL ? p : (void *)8; } /* where null means something */

static inline void call_wrong(const struct call *c, enum place place, int result, int error)
{
    gt_fail(c->what, __FILE__, __LINE__);
    printf("  at %s: result %d, errno %d\n", place_name[place], result, error);
}
static inline bool call_reads(const struct call *c) { return c->how == IN || c->how == IN_PART; }
static inline bool call_gets(const struct call *c) { return c->how == OUT || c->how == OUT_PART || c->how == OUT_BY_MEMCPY; }
static inline bool call_is_bad(const struct call *c, enum place place) { return place >= AT_NULL || (place == AT_READONLY && !call_reads(c)); }

/* What a server copies: EFAULT. */
static inline void try_served(const struct call *c, enum place place)
{
    void *at = place_enter(place, c->content, c->size);
    errno = 0;
    int result = c->fn(at), error = result == 0 ? 0 : errno;
    bool partly = place == AT_CROSSING && result == 0 && (c->how == IN_PART || c->how == OUT_PART);
    if (call_is_bad(c, place) ? error != EFAULT && !partly : error != c->want && !(place == AT_LAZY && !call_gets(c) && error != EFAULT))
        call_wrong(c, place, result, error);
    place_leave(place);
}

/* What the library looks at itself: EFAULT or SIGSEGV, in a child: 0 as wanted, 1 not, or EFAULT. */
static inline void try_own(const struct call *c, enum place place)
{
    if (place == AT_UNALIGNED)
        return; /* a misaligned object is the caller's error already */
    void *at = place_enter(place, c->content, c->size);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        errno = 0;
        int result = c->fn(at);
        _exit(result == 0 && c->want == 0 ? 0 : result != 0 && errno == c->want ? 0 : errno == EFAULT ? EFAULT : 1);
    }
    int status = gt_reap(pid, GT_HANG_MS);
    bool faulted = (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) || (WIFEXITED(status) && WEXITSTATUS(status) == EFAULT);
    bool did = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    bool bad = call_is_bad(c, place) && !(place == AT_WRAP && c->how == OUT_BY_MEMCPY);
    if (bad ? !faulted : place == AT_LAZY && !call_gets(c) ? faulted : !did)
        call_wrong(c, place, status, 0);
    place_leave(place);
}

static inline void try_all(const struct call *rows, unsigned n, void (*try)(const struct call *c, enum place place))
{
    for (unsigned i = 0; i < n; i++)
        for (enum place place = 0; place < AT_PLACES; place++)
            try(&rows[i], place);
}
#define TRY_ALL(rows, try) try_all(rows, sizeof(rows) / sizeof(rows)[0], try)

#endif
