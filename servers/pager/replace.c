/* SPDX-License-Identifier: MIT
 * Domains and their pages, and the policy in charge of each. Owns page_link, page_place and domain of the ledger's volatile
 * part. What a policy says is checked here; one that proves wrong is deposed, everywhere, and fifo takes its place. Should
 * that be fifo itself, the built-in order is left: pages in the order of the domain's list.
 *
 *   list of a domain   known known known fresh fresh        fresh: told to the policy before it is asked for a victim,
 *                      ^first            ^fresh   ^last     at most REPLACE_TELL_MAX a turn
 */
#include "replace.h"

#include <string.h>

#include "check.h"
#include "evict.h"
#include "guard.h"
#include "ledger.h"
#include "report.h"

#define FALLBACK "fifo"

extern const struct policy *const __start_policies[], *const __stop_policies[];

/* ---- policies by number ---- */

const struct policy *replace_policy(uint32_t number)
{
    return number > 0 && number <= (uint32_t)(__stop_policies - __start_policies) ? __start_policies[number - 1] : 0;
}

uint32_t replace_policy_number(const char *name)
{
    for (uint32_t i = 1; replace_policy(i); i++) /* bound: POLICIES_MAX */
        if (strncmp(replace_policy(i)->name, name, POLICY_NAME_BYTES) == 0)
            return i;
    return 0;
}

static struct ledger_policy *stat_of(uint32_t number) { return &ledger.header->policy_stat[number]; }

/* ---- domains and their lists: index + 1, 0: none ---- */

static inline struct policy_domain *domain_at(uint32_t domain) { return &ledger.domain[domain]; }

static inline uint16_t place(uint32_t domain, unsigned state) { return (uint16_t)(domain << PLACE_SHIFT | state); }

static inline bool is_known(uint32_t domain, uint32_t page)
{
    return page < ledger.frames && ledger.page_place[page] == place(domain, PLACE_KNOWN);
}

/* The policy that should be in charge. */
static uint32_t chosen(uint32_t domain)
{
    uint32_t own = ledger.space[domain].policy;
    return domain != 0 && own != 0 ? own : ledger.header->policy;
}

uint32_t replace_policy_of(uint32_t domain)
{
    return domain_at(domain)->begun ? domain_at(domain)->policy : chosen(domain);
}

uint32_t replace_domain_of(uint32_t page)
{
    unsigned state = ledger.page_place[page] & ((1u << PLACE_SHIFT) - 1);
    return state == PLACE_NONE ? REPLACE_NOWHERE : ledger.page_place[page] >> PLACE_SHIFT;
}

uint32_t replace_pages(uint32_t domain) { return domain_at(domain)->pages; }

static inline void list_append(struct policy_domain *d, uint32_t page)
{
    ledger.page_link[page] = (struct page_link){.next = 0, .prev = d->last};
    if (d->last)
        ledger.page_link[d->last - 1].next = page + 1;
    else
        d->first = page + 1;
    d->last = page + 1;
}

static inline void list_remove(struct policy_domain *d, uint32_t page)
{
    struct page_link l = ledger.page_link[page];
    if (l.prev)
        ledger.page_link[l.prev - 1].next = l.next;
    else
        d->first = l.next;
    if (l.next)
        ledger.page_link[l.next - 1].prev = l.prev;
    else
        d->last = l.prev;
    if (d->fresh == page + 1)
        d->fresh = l.next;
}

/* Nobody knows the pages any more: they will be told anew, from the list's beginning. */
static void forget_known(uint32_t domain)
{
    struct policy_domain *d = domain_at(domain);
    for (uint32_t p = d->first; p && p != d->fresh; p = ledger.page_link[p - 1].next) /* bound: the domain's pages */
        ledger.page_place[p - 1] = place(domain, PLACE_FRESH);
    d->fresh = d->first;
    d->known = 0;
    d->begun = 0;
}

/* ---- a policy is deposed ---- */

static uint32_t fallback_for(uint32_t number)
{
    uint32_t fifo = replace_policy_number(FALLBACK);
    return fifo == number ? 0 : fifo;
}

/* From every domain; it would do there what it did here. Its choice goes with it, so that a restart does not bring it back. */
static void depose(uint32_t number)
{
    uint32_t instead = fallback_for(number);
    stat_of(number)->deposed++;
    if (ledger.header->policy == number)
        *(volatile uint32_t *)&ledger.header->policy = instead;
    for (uint32_t i = 0; i < ledger.max_spaces; i++) {
        if (ledger.space[i].policy == number)
            *(volatile uint32_t *)&ledger.space[i].policy = instead;
        if (domain_at(i)->begun && domain_at(i)->policy == number)
            forget_known(i);
    }
}

/* ---- calls of a policy ---- */

/* false: it was deposed. */
static bool call(uint32_t domain, enum policy_hook hook, uint32_t page, uint32_t *result)
{
    struct policy_domain *d = domain_at(domain);
    struct guard_ask ask = {.policy = replace_policy(d->policy), .number = d->policy, .domain = domain, .head = d->head,
                            .budget = POLICY_BUDGET + POLICY_BUDGET_A_PAGE * d->pages};
    enum guard_end end = guard_call(&ask, hook, page, result);
    if (likely(end == GUARD_RETURNED))
        return true;
    report(ask.policy->name, (enum pager_report)end, domain, hook | (uint64_t)guard_line() << 8);
    depose(ask.number);
    return false;
}

/* The domain has a policy; false: none, or it was deposed at once. */
static bool begin(uint32_t domain)
{
    struct policy_domain *d = domain_at(domain);
    uint32_t nothing;
    if (d->begun)
        return d->policy != 0;
    d->policy = (uint8_t)chosen(domain);
    d->begun = 1;
    d->bad = 0;
    memset(d->head, 0, sizeof(d->head));
    return d->policy != 0 && call(domain, HOOK_INIT, 0, &nothing);
}

static bool tell(uint32_t domain)
{
    struct policy_domain *d = domain_at(domain);
    for (unsigned i = 0; i < REPLACE_TELL_MAX && d->fresh; i++) {
        uint32_t page = d->fresh - 1, nothing;
        d->fresh = ledger.page_link[page].next;
        d->known++;
        ledger.page_place[page] = place(domain, PLACE_KNOWN);
        ledger.policy_node[page] = (struct policy_node){{0}};
        if (!call(domain, HOOK_PAGE_IN, page, &nothing))
            return false;
    }
    return true;
}

/* ---- pages come and go ---- */

void replace_page_in(uint32_t domain, uint32_t page)
{
    struct policy_domain *d = domain_at(domain);
    check(replace_domain_of(page) == REPLACE_NOWHERE);
    ledger.page_place[page] = place(domain, PLACE_FRESH);
    list_append(d, page);
    if (d->fresh == 0)
        d->fresh = page + 1;
    d->pages++;
}

static __attribute__((noinline)) void known_page_out(uint32_t domain, uint32_t page)
{
    struct policy_domain *d = domain_at(domain);
    uint32_t nothing;
    d->known--;
    if (d->policy != 0)
        (void)call(domain, HOOK_PAGE_OUT, page, &nothing);
}

void replace_page_out(uint32_t domain, uint32_t page)
{
    struct policy_domain *d = domain_at(domain);
    check(replace_domain_of(page) == domain);
    list_remove(d, page);
    d->pages--;
    if (is_known(domain, page))
        known_page_out(domain, page);
    ledger.page_place[page] = place(0, PLACE_NONE);
}

/* ---- victims ---- */

/* The built-in order. */
static uint32_t first_candidate(uint32_t domain)
{
    for (uint32_t p = domain_at(domain)->first; p; p = ledger.page_link[p - 1].next) /* bound: the domain's pages */
        if (evict_is_candidate(domain, p - 1))
            return p - 1;
    return POLICY_NONE;
}

static void bad_proposal(uint32_t domain, uint32_t page)
{
    struct policy_domain *d = domain_at(domain);
    uint32_t number = d->policy;
    stat_of(number)->bad++;
    if (++d->bad < POLICY_BAD_MAX)
        return;
    report(replace_policy(number)->name, REPORT_NONSENSE, domain, page);
    depose(number);
}

/* POLICY_NONE: there is no policy, it has been deposed, or what it proposed can't be taken. */
static uint32_t ask(uint32_t domain)
{
    uint32_t page = POLICY_NONE;
    if (!begin(domain) || !tell(domain) || !call(domain, HOOK_VICTIM, 0, &page))
        return POLICY_NONE;
#ifdef MUTANT_PAGER_POLICY_UNCHECKED
    return page;
#endif
    if (!is_known(domain, page)) {
        bad_proposal(domain, page);
        return POLICY_NONE;
    }
    return evict_is_candidate(domain, page) ? page : POLICY_NONE; /* busy just now: not the policy's mistake */
}

uint32_t replace_victim(uint32_t domain)
{
    if (domain_at(domain)->pages == 0)
        return POLICY_NONE;
    uint32_t page = ask(domain), number = domain_at(domain)->policy;
    if (page == POLICY_NONE) {
        page = first_candidate(domain);
        number = 0;
    }
    stat_of(number)->victims += page != POLICY_NONE;
    return page;
}

void replace_fault(uint32_t domain) { stat_of(replace_policy_of(domain))->faults++; }

/* ---- changing the policy ---- */

/* One page of the old policy's order: off the list, onto the new one. false: it says no more, or something wrong. */
static bool hand_page(uint32_t domain, uint32_t *page, struct policy_domain *handed)
{
    if (!call(domain, HOOK_NEXT, *page, page))
        return false;
    if (!is_known(domain, *page)) {
        stat_of(domain_at(domain)->policy)->bad++; /* a page twice, one that it does not have, or an end too early */
        return false;
    }
    list_remove(domain_at(domain), *page);
    list_append(handed, *page);
    ledger.page_place[*page] = place(domain, PLACE_HANDED);
    return true;
}

/* Put the handed pages before those that are left: what the old policy forgot to name, and what it was never told of. */
static void join(struct policy_domain *d, const struct policy_domain *handed, uint16_t fresh)
{
    if (handed->first == 0)
        return;
    for (uint32_t p = handed->first; p; p = ledger.page_link[p - 1].next) /* bound: the domain's pages */
        ledger.page_place[p - 1] = fresh;
#ifdef MUTANT_PAGER_SWITCH_LOSES_PAGES
    d->first = d->last = 0;
#endif
    ledger.page_link[handed->last - 1].next = d->first;
    if (d->first)
        ledger.page_link[d->first - 1].prev = handed->last;
    else
        d->last = handed->last;
    d->first = handed->first;
}

/* The list takes the order in which the old policy would have evicted; whoever is next is told in that order. */
static void hand_over(uint32_t domain)
{
    struct policy_domain *d = domain_at(domain), handed = {.first = 0};
    uint32_t page = POLICY_NONE, known = d->known;
    for (uint32_t i = 0; i < known && hand_page(domain, &page, &handed); i++) { /* bound: the domain's pages */
    }
    forget_known(domain);
    join(d, &handed, place(domain, PLACE_FRESH));
    d->fresh = d->first;
}

static void change(uint32_t domain)
{
    struct policy_domain *d = domain_at(domain);
    if (!d->begun || d->policy == chosen(domain))
        return;
    if (d->policy != 0)
        hand_over(domain);
    else
        forget_known(domain);
}

err_t replace_set_policy(uint32_t domain, const char *name)
{
    uint32_t number = replace_policy_number(name);
    bool give_up = domain != 0 && name[0] == 0;
    if (number == 0 && !give_up)
        return ERR_NOENT;
    /* commit */
    if (domain != 0) {
        *(volatile uint32_t *)&ledger.space[domain].policy = number;
        change(domain);
        return OK;
    }
    *(volatile uint32_t *)&ledger.header->policy = number;
    for (uint32_t i = 0; i < ledger.max_spaces; i++) /* those with one of their own don't notice */
        change(i);
    return OK;
}

bool replace_has_own(uint32_t slot) { return ledger.space[slot].policy != 0; }

void replace_forget(uint32_t domain)
{
    check(domain != 0 && domain_at(domain)->pages == 0);
    *(volatile uint32_t *)&ledger.space[domain].policy = 0;
    *domain_at(domain) = (struct policy_domain){.first = 0};
}

/* ---- start ---- */

static void first_choice(const char *name)
{
    uint32_t number = replace_policy_number(name);
    if (number == 0 && name[0] != 0)
        report(name, REPORT_UNKNOWN, 0, 0);
    ledger.header->policy = number ? number : replace_policy_number(FALLBACK);
}

void replace_start(const struct pager_boot *boot)
{
    struct ledger_header *h = ledger.header;
    uint32_t culprit = h->in_policy;
    if (!h->formatted) {
        first_choice(boot->policy);
        return;
    }
    memset(ledger.domain, 0, ledger.max_spaces * sizeof(ledger.domain[0]));
    memset(ledger.page_place, 0, ledger.frames * sizeof(ledger.page_place[0]));
    bool crashed = boot->last_death == PAGER_DEATH_CRASH;
#ifdef MUTANT_PAGER_BLAMES_THE_KILLED
    crashed = true;
#endif
    if (culprit != 0 && crashed && replace_policy(culprit)) {
        report(replace_policy(culprit)->name, REPORT_CRASH, 0, h->in_hook);
        depose(culprit);
    }
    h->in_policy = 0;
}
