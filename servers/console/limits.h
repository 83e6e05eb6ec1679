/* SPDX-License-Identifier: MIT
 * Every fixed size of the console. A client can exhaust none of them for others: what does not fit is refused
 * (requests), waits (output) or rings the bell (input).
 */
#ifndef CONSOLE_LIMITS_H
#define CONSOLE_LIMITS_H

#define REQUESTS_MAX 512u      /* clients that wait at once; further ones get ERR_AGAIN */
#define OUTPUT_BYTES 8192u     /* ring of bytes on their way to the device; a power of two */
#define OUTPUT_RESERVE 256u    /* of these kept for echo */
#define PIECE_BYTES 512u       /* copied from a client at a time */
#define PIECES_PER_PASS 16u    /* before other events are looked at */
#define LINE_EDIT_MAX 1024u    /* bytes of the line that is being typed */
#define LINE_READY_BYTES 4096u /* bytes typed ahead; a power of two */
#define LINE_RECORDS 128u      /* lines typed ahead */
#define UART_FIFO_BYTES 16u
#define UART_ROUNDS 64u        /* FIFO fills per pass, if the device is that quick */
#define UART_INPUT_PER_PASS 64u

#endif
