/* SPDX-License-Identifier: MIT
 * Replacement: which page leaves when a frame is needed. Between the pager's mechanism (evict.h), which says what is
 * resident and takes pages out, and the policies (policy/), which propose.
 *
 * A page is an evictable resident user frame, by its index in the ledger (frame - first_frame). Each belongs to one domain:
 * 0 is everybody's, a process with a frame limit or a policy of its own is a domain by its space slot. The mechanism says
 * page_in when a frame becomes evictable and page_out when it no longer is; it asks for a victim and then takes it out
 * (page_out) or asks again.
 *
 * Here each domain's pages stand in a list of their own, in the order in which they came, out of policies' reach. The policy is
 * told of them only when a victim is asked for, so that a system with enough memory pays for two list operations a page;
 * and the list is what is left when the policy proves wrong. All of it is volatile: rebuilt by page_in at a restart.
 */
#ifndef PAGER_REPLACE_H
#define PAGER_REPLACE_H

#include <abi/error.h>
#include <ipc/pager.h>

#include "boot.h"
#include "policy/policy.h"

#define REPLACE_BUILT_IN "(built-in)" /* name of the order that is left without any policy */

/* At start and restart, when the ledger is attached and recovered, before the first page_in. Takes the policy from the boot page
 * (first start) or the ledger. A policy in whose code the pager crashed is replaced by fifo. */
void replace_start(const struct pager_boot *boot);

/* The page became resident and evictable, and was in no domain. Cost: a few stores. */
void replace_page_in(uint32_t domain, uint32_t page);
/* Evicted, freed, pinned, or on its way to another domain. The page must be in the domain. */
void replace_page_out(uint32_t domain, uint32_t page);
/* The domain of a page, REPLACE_NOWHERE: it is in none. */
#define REPLACE_NOWHERE UINT32_MAX
uint32_t replace_domain_of(uint32_t page);
/* Pages in the domain. */
uint32_t replace_pages(uint32_t domain);

/* The page that shall leave the domain: resident, the domain's own, evict_is_candidate() now. It stays in the domain until
 * page_out: asked again meanwhile, the answer may be the same. POLICY_NONE: nothing in the domain can be evicted now.
 * Cost  a call of the policy; at most REPLACE_TELL_MAX pages are told to it before. */
uint32_t replace_victim(uint32_t domain);
/* A page that had been evicted from the domain is wanted again: counted for the policy in charge. */
void replace_fault(uint32_t domain);

/* Change the policy while programs run; its pages are handed over in the order in which they would have left. domain 0: of
 * all domains without a policy of their own. Another: this process's own; "" gives it up again (the caller then moves the pages
 * where they belong).
 * Errors  ERR_NOENT  no such policy
 * Cost    one pass over the pages that the old policy knows */
err_t replace_set_policy(uint32_t domain, const char *name);
/* Whether the process has a policy of its own, which makes it a domain. */
bool replace_has_own(uint32_t slot);
/* The space is gone and with it all its pages: the slot's next owner begins afresh. */
void replace_forget(uint32_t domain);

/* ---- what others ask (req_policy.c) ---- */

/* Policy number n (1..), 0 at the end. */
const struct policy *replace_policy(uint32_t number);
/* Its number, 0: none. */
uint32_t replace_policy_number(const char *name);
/* The number of the policy in charge of the domain, 0: the built-in order. */
uint32_t replace_policy_of(uint32_t domain);

#endif
