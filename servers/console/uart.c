/* SPDX-License-Identifier: MIT
 * Driver of the 16550 UART in the page that init mapped. Owns the device registers; it must never wait for the
 * device. Interrupts arrive as a bit of the server's notification (main.c).
 * Source: National Semiconductor PC16550D data sheet, register numbers as there.
 */
#include "uart.h"

#include "../init/handoff.h"
#include "limits.h"

#include <ipc/sys.h>

enum uart_register {
    UART_RBR = 0, UART_THR = 0, UART_IER = 1, UART_IIR = 2, UART_FCR = 2, UART_LCR = 3, UART_MCR = 4, UART_LSR = 5
};
#define IER_RECEIVED 0x01u
#define IER_THR_EMPTY 0x02u
#define FCR_ENABLE 0x01u
#define LCR_8N1 0x03u
#define MCR_DTR_RTS_OUT2 0x0bu /* OUT2 gates the interrupt line on PCs; harmless elsewhere */
#define LSR_DATA 0x01u
#define LSR_THR_EMPTY 0x20u
#define LSR_ALL_EMPTY 0x40u

static bool present;
static uint8_t ier;

static volatile uint8_t *reg(enum uart_register r)
{
    return (volatile uint8_t *)(CONSOLE_UART_VA + r);
}

void uart_start(void)
{
    struct handle_info info;
    /* No interrupt, no device: init gives both or neither. */
    present = sys_handle_info(0, CONSOLE_H_IRQ, &info) == OK && info.type == OBJ_IRQ;
    if (!present)
        return;
    *reg(UART_LCR) = LCR_8N1; /* divisor: as the firmware left it */
    *reg(UART_FCR) = FCR_ENABLE;
    *reg(UART_MCR) = MCR_DTR_RTS_OUT2;
    ier = IER_RECEIVED;
    *reg(UART_IER) = ier;
    uart_irq_done(); /* a predecessor may have died between interrupt and acknowledgement */
}

bool uart_present(void)
{
    return present;
}

int uart_get(void)
{
    if (!present || (*reg(UART_LSR) & LSR_DATA) == 0)
        return -1;
    return *reg(UART_RBR);
}

unsigned uart_room(void)
{
    if (!present)
        return UART_FIFO_BYTES; /* into the void, at any speed */
    return (*reg(UART_LSR) & LSR_THR_EMPTY) != 0 ? UART_FIFO_BYTES : 0;
}

void uart_put(char c)
{
    if (present)
        *reg(UART_THR) = (uint8_t)c;
}

void uart_want_room(bool want)
{
    uint8_t wanted = IER_RECEIVED | (want ? IER_THR_EMPTY : 0);
    if (!present || wanted == ier)
        return;
    ier = wanted;
    *reg(UART_IER) = ier;
}

bool uart_drained(void)
{
    return !present || (*reg(UART_LSR) & LSR_ALL_EMPTY) != 0;
}

void uart_irq_done(void)
{
    if (!present)
        return;
    (void)*reg(UART_IIR); /* reading clears "transmitter empty" */
    (void)sys_irq_ack(CONSOLE_H_IRQ);
}
