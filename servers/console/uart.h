/* SPDX-License-Identifier: MIT
 * The device: a 16550 UART, or none. Bytes in, bytes out, nothing about lines or clients.
 */
#ifndef CONSOLE_UART_H
#define CONSOLE_UART_H

#include <abi/types.h>

/* Look whether there is one and set it up; what was typed before is kept. */
void uart_start(void);
bool uart_present(void);
/* The next byte typed, or -1. Cost: two device reads. */
int uart_get(void);
/* Room for so many bytes now, 0..16. */
unsigned uart_room(void);
void uart_put(char c);
/* Ask for an interrupt when the device can take more (or not). */
void uart_want_room(bool want);
/* The last byte has left the wire. */
bool uart_drained(void);
/* An interrupt came: let the device and the controller raise it again. Call after taking what it was about. */
void uart_irq_done(void);

#endif
