/* SPDX-License-Identifier: MIT
 * What the pages of a process in /proc say. status is for people, with the names that Linux gives the lines that it has, too; stat has
 * Linux's fields, for programs that know them, zeros where there is no such thing here.
 */
#include "procfs.h"

#include <ipc/pager.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

_Static_assert(FS_COMMAND_MAX <= PROC_TEXT_BYTES, "a page has room for them");

#define NS_PER_S 1000000000UL
#define NS_PER_CLOCK (NS_PER_S / CLOCKS_PER_SEC) /* of sysconf(_SC_CLK_TCK) */

/* What the pager says of its space: the words of PAGER_STAT_SPACE; zeros when it has none (any more). */
static struct ipc_msg memory_of(const struct fs_process *p)
{
    struct ipc_msg m = {.w = {PAGER_STAT, PAGER_STAT_SPACE, p->space}};
    if (p->space == 0 || pager_call(H_PAGER, &m) != OK)
        m = (struct ipc_msg){.w = {0}};
    return m;
}

static const char *state_name(uint32_t letter)
{
    switch (letter) {
    case 'N': return "starting";
    case 'R': return "running";
    case 'S': return "sleeping";
    case 'T': return "stopped";
    case 'X': return "ending";
    default: return "zombie";
    }
}

static uint64_t kib(uint64_t pages) { return pages * (PAGE_SIZE / 1024); }

/* Bit n - 1 is signal n, as Linux has it. */
static uint64_t signals(uint64_t set) { return set >> 1; }

uint64_t proc_status(char to[PROC_TEXT_BYTES], const struct fs_process *p)
{
    struct ipc_msg m = memory_of(p);
    uint64_t born = clock_ns(p->born);
    return (uint64_t)snprintf(to, PROC_TEXT_BYTES,
                    "Name:\t%s\nState:\t%c (%s)\nPid:\t%lu\nPPid:\t%lu\nGroup:\t%lu\nSession:\t%lu\nThreads:\t%lu\nPriority:\t%lu\n"
                    "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n"
                    "VmRSS:\t%8lu kB\nRssShared:\t%8lu kB\nVmPTE:\t%8lu kB\nObjects:\t%8lu kB\nRegions:\t%lu\nFaults:\t%lu\n"
                    "Started:\t%lu.%09lu\nTime:\t%lu.%09lu\nChildrenTime:\t%lu.%09lu\n"
                    "SigPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
                    p->name, (char)p->state, state_name(p->state), (unsigned long)p->pid, (unsigned long)p->parent,
                    (unsigned long)p->group, (unsigned long)p->session, (unsigned long)p->threads, (unsigned long)p->prio,
                    kib(m.w[1]), kib(m.w[2]), kib(m.w[3]), kib(m.w[4]), m.w[5], m.w[6], born / NS_PER_S, born % NS_PER_S,
                    p->used / NS_PER_S, p->used % NS_PER_S, p->used_children / NS_PER_S, p->used_children % NS_PER_S,
                    signals(p->pending), signals(p->blocked), signals(p->ignored), signals(p->caught));
}

/* Fields 1 to 52 of proc_pid_stat(5). */
uint64_t proc_stat(char to[PROC_TEXT_BYTES], const struct fs_process *p)
{
    struct ipc_msg m = memory_of(p);
    return (uint64_t)snprintf(to, PROC_TEXT_BYTES,
                    "%lu (%s) %c %lu %lu %lu 0 -1 0 %lu 0 0 0 %lu 0 %lu 0 %lu 0 %lu 0 %lu 0 %lu 0 0 0 0 0 0 "
                    "%lu %lu %lu %lu 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
                    (unsigned long)p->pid, p->name, (char)p->state, (unsigned long)p->parent, (unsigned long)p->group,
                    (unsigned long)p->session, m.w[6], p->used / NS_PER_CLOCK, p->used_children / NS_PER_CLOCK,
                    (unsigned long)p->prio, (unsigned long)p->threads, clock_ns(p->born) / NS_PER_CLOCK, m.w[1],
                    signals(p->pending) & UINT32_MAX, signals(p->blocked) & UINT32_MAX, signals(p->ignored) & UINT32_MAX,
                    signals(p->caught) & UINT32_MAX);
}

/* The argument strings as they are. */
uint64_t proc_command(char to[PROC_TEXT_BYTES], const struct fs_process *p)
{
    memcpy(to, p->command, p->command_bytes);
    return p->command_bytes;
}

uint64_t proc_name(char to[PROC_TEXT_BYTES], const struct fs_process *p) { return (uint64_t)snprintf(to, PROC_TEXT_BYTES, "%s\n", p->name); }
