/* SPDX-License-Identifier: MIT
 * The output ring (output.h). It must never wait: the transmit interrupt brings it back when the device has room.
 */
#include "output.h"

#include "limits.h"
#include "uart.h"

static char ring[OUTPUT_BYTES];
static uint64_t appended, sent;

static size_t ring_room(void)
{
    return OUTPUT_BYTES - (size_t)(appended - sent);
}

size_t output_room(void)
{
    size_t room = ring_room();
    return room > OUTPUT_RESERVE ? (room - OUTPUT_RESERVE) / 2 : 0;
}

static void append(char c)
{
    ring[appended++ % OUTPUT_BYTES] = c;
}

void output_put(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\n')
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
    for (unsigned round = 0; round < UART_ROUNDS && sent < appended; round++) {
        unsigned room = uart_room();
        if (room == 0)
            break;
        for (; room > 0 && sent < appended; room--)
            uart_put(ring[sent++ % OUTPUT_BYTES]);
    }
    uart_want_room(sent < appended);
}

uint64_t output_appended(void) { return appended; }
uint64_t output_sent(void) { return sent; }
