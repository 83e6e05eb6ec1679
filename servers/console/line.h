/* SPDX-License-Identifier: MIT
 * Line discipline: typed bytes become lines. Knows no device, no client and no system call, so it runs on the host.
 *
 *   typed bytes → edit[] (backspace, ^U, ^W work here) → newline or ^D → ready ring → readers
 *
 * The ready ring keeps records: a line with its newline, a line ended by ^D without one, the end of input (length 0),
 * or raw bytes. A reader gets at most one record.
 */
#ifndef CONSOLE_LINE_H
#define CONSOLE_LINE_H

#include "limits.h"

#include <ipc/console.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line_record {
    uint16_t len;
    bool raw; /* may grow while nobody has read it */
};

/* As ATTR has them. A control character that is 0 is nobody's. */
struct line_settings {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t cc[CONSOLE_CCS];
};

struct line {
    void (*echo)(const char *s, size_t n); /* where the terminal sees what it typed; may drop */
    void (*flush)(void);                   /* a signal key: what was written and has not left is not wanted; 0: nothing to do */
    struct line_settings set;
    bool raw;                              /* mode: every byte at once; set.lflag without ICANON */
    uint8_t escape;                        /* progress through a cursor-key sequence, which is swallowed */
    uint16_t edit_len;
    char edit[LINE_EDIT_MAX];
    uint32_t ready_first, ready_end; /* count bytes for ever; their difference is the fill */
    char ready[LINE_READY_BYTES];
    uint32_t record_first, record_end;
    struct line_record record[LINE_RECORDS];
};

void line_start(struct line *l, void (*echo)(const char *s, size_t n));
/* One typed byte. Something else than LINE_TYPED: somebody is to be signalled, and what was typed is gone, unless NOFLSH is set. */
enum line_key { LINE_TYPED = 0, LINE_INTERRUPT /* ^C */, LINE_QUIT /* ^\ */, LINE_STOP /* ^Z */ };
enum line_key line_type(struct line *l, char c);
/* Line mode to raw and back; what was typed so far is handed over as it is. */
void line_set_raw(struct line *l, bool raw);
void line_set(struct line *l, const struct line_settings *set);
/* What was typed is gone, read or not. */
void line_drop(struct line *l);
/* Whether a reader can be answered now. */
bool line_available(const struct line *l);
/* Copy up to max bytes of the first record from `offset` on, without taking them. */
size_t line_peek(const struct line *l, size_t offset, char *to, size_t max);
/* Bytes of the first record. */
size_t line_record_len(const struct line *l);
/* Take n bytes of the first record; the record goes when it is used up. */
void line_take(struct line *l, size_t n);

#endif
