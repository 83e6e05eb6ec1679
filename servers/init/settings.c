/* SPDX-License-Identifier: MIT
 * The boot arguments: fork=, frames=, store=, around=, policy=, pagerprio=, build=, mem=, icount=, harts=, trace= and run=,
 * which is the last and takes the rest of the line.
 * Owns the settings of this boot; an unknown key or value is reported and otherwise ignored.
 */
#include "../pager/boot.h"

#include <ipc/pager.h>

#include <stdlib.h>
#include <string.h>

#include "handoff.h"
#include "init.h"

struct settings settings = {.fork = FORK_TABLES, .store = PAGER_STORE_DEFAULT, .build = "release", .pager_prio = PRIO_PAGER};

#define KEY_MAX 16u

static bool is_key(const char *at, const char *key) { return strncmp(at, key, strlen(key)) == 0; }

static size_t word_length(const char *s)
{
    size_t n = 0;
    while (s[n] && s[n] != ' ')
        n++;
    return n;
}

/* The word after '=' into a field, cut to its size. */
static void copy_word(char *to, size_t size, const char *from)
{
    size_t n = word_length(from);
    if (n >= size)
        n = size - 1;
    memcpy(to, from, n);
    to[n] = 0;
}

static void report_unknown(const char *word)
{
    char text[64];
    copy_word(text, sizeof text, word);
    say("init: unknown boot argument '%s' "
        "(known: fork=cow|eager|tables frames= store= around= policy= pagerprio= build= mem= icount= harts= "
        "trace= run=)\n", text);
}

/* A number of frames, below the value that means "not said". */
static void parse_frames(const char *word, const char *digits, uint32_t *to)
{
    char *end;
    unsigned long n = strtoul(digits, &end, 10);
    if (end == digits || (*end && *end != ' ') || n >= PAGER_STORE_DEFAULT)
        report_unknown(word);
    else
        *to = (uint32_t)n;
}

static const char *const fork_name[] = FORK_TEXTS();

static void parse_fork(const char *name)
{
    char value[KEY_MAX];
    copy_word(value, sizeof value, name);
    for (uint32_t i = 1; i < sizeof fork_name / sizeof fork_name[0]; i++)
        if (strcmp(value, fork_name[i]) == 0) {
            settings.fork = i;
            return;
        }
    say("init: fork=%s is not one of cow, eager, tables; using %s\n", value, fork_name[settings.fork]);
}

/* A power of two up to 64; 1: no fault-around. */
static void parse_around(const char *word, const char *digits)
{
    char *end;
    unsigned long n = strtoul(digits, &end, 10);
    if (end == digits || (*end && *end != ' ') || n == 0 || n > 64 || (n & (n - 1)) != 0)
        report_unknown(word);
    else
        settings.around = (uint32_t)n;
}

/* The pager's own priority, below the supervisor's: a low one makes it run at what its clients lend it. */
static void parse_pager_prio(const char *word, const char *digits)
{
    char *end;
    unsigned long n = strtoul(digits, &end, 10);
    if (end == digits || (*end && *end != ' ') || n == 0 || n >= PRIO_SUPERVISOR)
        report_unknown(word);
    else
        settings.pager_prio = (uint32_t)n;
}

static void parse_word(const char *word)
{
    if (is_key(word, "fork=")) {
        parse_fork(word + 5);
    } else if (is_key(word, "frames=")) {
        parse_frames(word, word + 7, &settings.frames);
    } else if (is_key(word, "store=")) {
        parse_frames(word, word + 6, &settings.store);
    } else if (is_key(word, "around=")) {
        parse_around(word, word + 7);
    } else if (is_key(word, "pagerprio=")) {
        parse_pager_prio(word, word + 10);
    } else if (is_key(word, "policy=")) { /* which ones there are the pager knows, and reports an unknown one */
        copy_word(settings.policy, sizeof settings.policy, word + 7);
    } else if (is_key(word, "build=")) {
        copy_word(settings.build, sizeof settings.build, word + 6);
    } else if (is_key(word, "trace=")) { /* kinds of events to record, a set as TRACE_MASK takes it */
        if (sys_trace_mask(INIT_H_KERNEL, strtoul(word + 6, NULL, 0)) != OK)
            say("init: trace= was refused\n");
    } else if (!is_key(word, "mem=") && !is_key(word, "icount=") && !is_key(word, "harts=")) {
        report_unknown(word); /* those three describe the machine, which the kernel has measured */
    }
}

void settings_parse(const char *args)
{
    settings.machine = args;
    const char *at = args;
    while (*at) { /* bound: BOOT_ARGS_MAX */
        if (*at == ' ') {
            at++;
            continue;
        }
        if (is_key(at, "run=")) {
            strncpy(settings.run, at + 4, sizeof settings.run - 1);
            return;
        }
        parse_word(at);
        at += word_length(at);
    }
}

void settings_banner(const struct bootinfo *b)
{
    say("Pagoda: %u MiB, %u hart%s, fork=%s, build=%s%s%s%s\n", (unsigned)(b->ram_size_bytes >> 20), (unsigned)b->harts,
        b->harts == 1 ? "" : "s", fork_name[settings.fork], settings.build,
        b->isa_flags & BOOT_ISA_SSTC ? ", sstc" : "", b->isa_flags & BOOT_ISA_FPU ? ", fpu" : "",
        settings.run[0] ? "" : "; `help` lists the commands");
}

err_t settings_get(uint64_t which, uint64_t *value)
{
    switch (which) {
    case SETTING_FORK: *value = settings.fork; return OK;
    case SETTING_MEMORY: *value = boot->ram_size_bytes; return OK;
    case SETTING_HARTS: *value = boot->harts; return OK;
    case SETTING_BUILD: *value = settings.build[0]; return OK; /* 'r'elease, 'd'ebug, 'b'ench */
    case SETTING_TIMEBASE: *value = boot->timebase_hz; return OK;
    case SETTING_BOOT_INSTRET: *value = boot->boot_instret; return OK;
    case SETTING_SHELL_INSTRET: *value = settings.shell_instret; return OK;
    default: return ERR_NOENT;
    }
}
