/* SPDX-License-Identifier: MIT
 * The output ring (output.h). It must never wait: the transmit interrupt brings it back when the device has room.
 *
 * The ring lies in kept memory, so what was accepted goes out even if the console dies first. The counts change after
 * the byte they count: a death in between sends one byte again, and never loses one.
 */
#include "output.h"

#include "../init/handoff.h"
#include "limits.h"
#include "uart.h"

struct output_kept {
    volatile uint64_t appended, sent;
    volatile char ring[OUTPUT_BYTES];
};
_Static_assert(PAGE_SIZE + sizeof(struct output_kept) <= SERVER_KEEP_BYTES, "the ring fits into kept memory");

static struct output_kept *const kept = (struct output_kept *)(SERVER_KEEP_VA + PAGE_SIZE);

void output_start(void)
{
    if (kept->appended - kept->sent > OUTPUT_BYTES)
        kept->appended = kept->sent = 0; /* a wild store hit the counts */
}

static size_t ring_room(void)
{
    return OUTPUT_BYTES - (size_t)(kept->appended - kept->sent);
}

size_t output_room(void)
{
    size_t room = ring_room();
    return room > OUTPUT_RESERVE ? (room - OUTPUT_RESERVE) / 2 : 0;
}

static void append(char c)
{
    kept->ring[kept->appended % OUTPUT_BYTES] = c;
    kept->appended++;
}

static bool post = true;

void output_set_post(bool is_post) { post = is_post; }
void output_drop(void) { kept->sent = kept->appended; }

void output_put(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\n' && post)
            append('\r');
        append(s[i]);
    }
}

void output_echo(const char *s, size_t n)
{
    for (size_t i = 0; i < n && ring_room() >= 2; i++)
        output_put(&s[i], 1);
}

void output_pump(void)
{
    for (unsigned round = 0; round < UART_ROUNDS && kept->sent < kept->appended; round++) {
        unsigned room = uart_room();
        if (room == 0)
            break;
        for (; room > 0 && kept->sent < kept->appended; room--) {
            uart_put(kept->ring[kept->sent % OUTPUT_BYTES]);
            kept->sent++;
        }
    }
    uart_want_room(kept->sent < kept->appended);
}

uint64_t output_appended(void) { return kept->appended; }
uint64_t output_sent(void) { return kept->sent; }
