/* SPDX-License-Identifier: MIT
 * Argument strings on their way from the caller of exec or spawn to the new program: kept in pages of a fixed pool until
 * PROC_ARGS fetches them. Owns the pool; a program that never asks holds its pages until it ends. Pages and their chains are
 * kept memory: strings survive procmgr.
 */
#include "procmgr.h"

#define STRING_BYTES PAGE_SIZE

#define next_page (ledger->next_page)

static char (*const pool)[STRING_BYTES] = (char (*)[STRING_BYTES])ARGS_VA;
static struct arena arena = {.start = ARGS_VA, .step_bytes = ARGS_STEP_BYTES, .max_bytes = ARGS_PAGES * STRING_BYTES};
static uint32_t free_page;             /* + 1; 0: none */
static uint32_t fresh;                 /* pages from here on were never used, as far as we know */
static struct proc *fetched;           /* who gets its strings with the answer that is due now; 0: nobody */

static uint32_t page_take(void)
{
    uint32_t page = free_page;
    if (page) {
        free_page = next_page[page - 1];
        next_page[page - 1] = 0;
        return page;
    }
    if (arena_reach(&arena, (fresh + 1) * STRING_BYTES) != OK)
        return 0;
    next_page[fresh] = 0; /* an earlier life may have used it */
    return ++fresh;
}

static void pages_give(uint32_t page)
{
    while (page) { /* bound: pages of one program */
        uint32_t next = next_page[page - 1];
        next_page[page - 1] = (uint16_t)free_page;
        free_page = page;
        page = next;
    }
}

void args_give(struct args *a)
{
    pages_give(a->page);
    *a = (struct args){0};
}

typedef uint64_t __attribute__((may_alias)) word_t;

/* Bytes of the word that are 0: in each the highest bit stays clear, whatever the others are. */
static unsigned zeros_of(uint64_t word)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7fUL, ones = 0x0101010101010101UL;
    uint64_t full = ((word & low) + low) | word | low;
    return (unsigned)((~full >> 7) * ones >> 56);
}

/* Of the first n bytes of a page, or of all. */
static uint64_t count_zeros(const char *page, uint64_t n)
{
    const word_t *word = (const word_t *)page;
    uint64_t zeros = 0, words = n / sizeof *word, rest = n % sizeof *word;
    for (uint64_t i = 0; i < words; i++)
        zeros += zeros_of(word[i]);
    return rest ? zeros + zeros_of(word[words] | ~0UL << 8 * rest) : zeros;
}

/* One page after the other; `zeros` are the string ends seen, `last` the final byte. */
static err_t fetch_pages(reply_id_t id, struct args *a, uint64_t *zeros, char *last)
{
    uint32_t tail = 0;
    for (uint64_t at = 0; at < a->bytes; at += STRING_BYTES) {
        uint64_t n = a->bytes - at < STRING_BYTES ? a->bytes - at : STRING_BYTES;
        uint32_t page = page_take();
        if (!page)
            return ERR_NOMEM;
        if (tail)
            next_page[tail - 1] = (uint16_t)page;
        else
            a->page = page;
        tail = page;
        err_t err = ipc_copy_from(id, 1, at, pool[page - 1], n, copy_deadline());
        if (err != OK)
            return err;
        *zeros += count_zeros(pool[page - 1], n);
        *last = pool[page - 1][n - 1];
    }
    return OK;
}

err_t args_fetch(reply_id_t id, uint64_t bytes, uint64_t argc, uint64_t envc, struct args *out)
{
    *out = (struct args){0};
    if (bytes > PROC_ARGS_MAX)
        return ERR_NAMETOOLONG;
    if (argc > bytes || envc > bytes)
        return ERR_INVAL;
    struct args a = {.bytes = (uint32_t)bytes, .argc = (uint32_t)argc, .envc = (uint32_t)envc};
    uint64_t zeros = 0;
    char last = 0;
    err_t err = fetch_pages(id, &a, &zeros, &last);
    if (err == OK && (zeros != argc + envc || last != 0))
        err = ERR_INVAL;
    if (err != OK) {
        args_give(&a);
        return err;
    }
    *out = a;
    return OK;
}

void args_set(struct proc *p, const struct args *a)
{
    ledger_set(p->args_page, a->page);
    ledger_set(p->args_bytes, a->bytes);
    ledger_set(p->argc, a->argc);
    ledger_set(p->envc, a->envc);
}

void args_attach(struct proc *p, const struct args *a)
{
    uint32_t old = p->args_page;
    ledger_begin();
    args_set(p, a);
    ledger_commit();
    pages_give(old);
}

/* As many of the argument strings as there is room for, of the first page: the last one is cut. */
void args_note(struct proc *p)
{
    const char *from = p->args_page ? pool[p->args_page - 1] : "";
    uint32_t n = 0, strings = 0, room = p->args_bytes < COMMAND_MAX ? p->args_bytes : COMMAND_MAX;
    for (; n < room && strings < p->argc; n++) { /* bound: COMMAND_MAX */
        p->command[n] = from[n];
        strings += from[n] == 0;
    }
    if (n > 0)
        p->command[n - 1] = 0;
    p->command_bytes = n;
}

static err_t copy_out(reply_id_t id, const struct proc *p)
{
    uint32_t page = p->args_page;
    for (uint64_t at = 0; at < p->args_bytes; at += STRING_BYTES) {
        uint64_t n = p->args_bytes - at < STRING_BYTES ? p->args_bytes - at : STRING_BYTES;
        err_t err = ipc_copy_to(id, 0, at, pool[page - 1], n, copy_deadline());
        if (err != OK)
            return err;
        page = next_page[page - 1];
    }
    return OK;
}

err_t do_ARGS(struct request *r)
{
    struct proc *p = r->caller;
    if (BUF_LEN(r->ev->buf_len[0]) < p->args_bytes)
        return ERR_INVAL;
    err_t err = copy_out(r->ev->id, p);
    if (err != OK)
        return err;
    r->m.w[1] = p->args_bytes;
    r->m.w[2] = p->argc;
    r->m.w[3] = p->envc;
    fetched = p;
    return OK;
}

void args_answered(void)
{
    static const struct args none;
    if (fetched)
        args_attach(fetched, &none);
    fetched = 0;
}

/* ---- after a restart ---- */

static uint64_t reached[ARGS_PAGES / 64];

static void reach(uint32_t page)
{
    for (unsigned i = 0; page != 0 && page <= ARGS_PAGES && i < ARGS_PAGES; i++) {
        reached[(page - 1) / 64] |= 1UL << (page - 1) % 64;
        if (page > fresh)
            fresh = page;
        page = next_page[page - 1];
    }
}

err_t args_rebuild(void)
{
    for (unsigned i = 1; i < procs_used(); i++) { /* bound: PROCS_MAX */
        const struct proc *p = proc_at(i);
        if (p)
            reach(p->args_page);
    }
    err_t err = arena_reach(&arena, fresh * STRING_BYTES); /* it is all there: the pager says OK */
    for (uint32_t page = fresh; page > 0 && err == OK; page--) {
        if (reached[(page - 1) / 64] >> (page - 1) % 64 & 1)
            continue;
        next_page[page - 1] = (uint16_t)free_page;
        free_page = page;
    }
    return err;
}
