/* SPDX-License-Identifier: MIT
 * All that a replacement policy sees. A policy says which page leaves when a frame is needed; it is one C file in this
 * folder (or in EXTRA_POLICIES), found by the build, and ends with POLICY(...). docs/policies.md is a walk-through.
 *
 * Policies propose, the pager disposes: what victim() returns is checked, and a policy that loops, fails an assertion or
 * touches pages that are not its own is replaced by fifo. So a wrong policy is slow, never unsafe.
 *
 * A page is a number. The pages of one domain (everybody's, or those of a process with a limit or a policy of its own)
 * belong to one policy, whose state is the domain's head and one node a page; all of it is lost when the policy changes or
 * the pager restarts, and is then told anew by page_in, best victim first. No IPC, no system calls, no allocation, no state
 * of its own outside head and nodes: static variables would be shared by all domains.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLICY_HEAD_BYTES 128u /* zero when init is called */
#define POLICY_NODE_BYTES 16u  /* zero when page_in is called */
#define POLICY_NONE UINT32_MAX /* no page */
#define POLICY_NAME_BYTES 16u  /* with the terminating zero */
#define POLICY_IDEA_BYTES 80u  /* the same */

/* The hooks. Each is called with the head of one domain, and has a budget: about 10,000 basic blocks of code, and 128
 * more for each page of the domain. */
struct policy {
    const char *name, *idea;
    void (*init)(void *head);                      /* a domain begins, without pages */
    void (*page_in)(void *head, uint32_t page);    /* a page became resident and may be proposed from now on */
    void (*page_out)(void *head, uint32_t page);   /* it left, for whatever reason; forget it */
    uint32_t (*victim)(void *head);                /* which page leaves? It stays yours until page_out says that it left */
    uint32_t (*next)(void *head, uint32_t after);  /* hand-over: the pages in the order in which they would leave. after:
                                                    * the page returned last, POLICY_NONE at the start; changes nothing.
                                                    * POLICY_NONE: that was all */
};

#ifdef POLICY_FILE /* compiled as a policy; the build says how the file is called, without .c */

/* The last line of a policy file, whose name without .c is `id`:
 *     POLICY(fifo, "who came first leaves first", .init = init, .page_in = page_in, ...);
 * A linker section is the table, so nothing else need be edited. */
#define POLICY(id, text, ...)                                                                                   \
    _Static_assert(sizeof(#id) <= POLICY_NAME_BYTES, "a policy's name has at most 15 letters");                 \
    _Static_assert(sizeof(text) <= POLICY_IDEA_BYTES, "a policy's idea is one short line");                     \
    _Static_assert(__builtin_strcmp(#id, POLICY_FILE) == 0, "POLICY(name, ...) and the file's name differ");    \
    static const struct policy policy_of_##id = {.name = #id, .idea = (text), __VA_ARGS__};                     \
    static const struct policy *const policy_entry_##id __attribute__((section("policies"), used)) = &policy_of_##id

/* What the compiler can't put counting calls into would never use up its budget. */
#pragma GCC poison asm __asm __asm__ no_sanitize_coverage __no_sanitize_coverage__
#undef assert
#define assert(condition) ((condition) ? (void)0 : policy_fail(__LINE__))
#endif

/* ---- what a hook may call ---- */

/* The POLICY_NODE_BYTES of one of the domain's pages. Asking for another page's node ends the policy. */
void *policy_node(uint32_t page);
/* Whether anybody used the page since this was last asked; asking forgets. The page must be one of the domain's. */
bool policy_accessed(uint32_t page);
/* 32 random bits, the same sequence at each boot. */
uint32_t policy_random(void);
/* What assert does when its condition is false: the policy ends, the system goes on. */
void policy_fail(unsigned line) __attribute__((noreturn));

/* ---- a list of pages, for policies that want one; it needs the first eight bytes of each node ---- */

struct policy_link {
    uint32_t next, prev; /* POLICY_NONE at the ends */
};
struct policy_list {
    uint32_t first, last; /* POLICY_NONE: empty */
    uint32_t pages;
};

static inline void policy_list_init(struct policy_list *list)
{
    *list = (struct policy_list){POLICY_NONE, POLICY_NONE, 0};
}

static inline uint32_t policy_list_next(uint32_t page)
{
    return ((struct policy_link *)policy_node(page))->next;
}

/* To the end of the list. */
static inline void policy_list_append(struct policy_list *list, uint32_t page)
{
    struct policy_link *link = policy_node(page);
    *link = (struct policy_link){POLICY_NONE, list->last};
    if (list->last == POLICY_NONE)
        list->first = page;
    else
        ((struct policy_link *)policy_node(list->last))->next = page;
    list->last = page;
    list->pages++;
}

static inline void policy_list_remove(struct policy_list *list, uint32_t page)
{
    const struct policy_link *link = policy_node(page);
    if (link->prev == POLICY_NONE)
        list->first = link->next;
    else
        ((struct policy_link *)policy_node(link->prev))->next = link->next;
    if (link->next == POLICY_NONE)
        list->last = link->prev;
    else
        ((struct policy_link *)policy_node(link->next))->prev = link->prev;
    list->pages--;
}

#endif
