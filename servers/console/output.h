/* SPDX-License-Identifier: MIT
 * Bytes on their way to the device: one ring, filled by writers and echo, drained as fast as the device takes it.
 */
#ifndef CONSOLE_OUTPUT_H
#define CONSOLE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a predecessor had accepted and not sent is sent first. */
void output_start(void);
/* How many bytes of text surely fit: each may become two (newline → CR NL). Echo's reserve is left out. */
size_t output_room(void);
/* Append text; newlines become CR NL. The caller has asked for room. */
void output_put(const char *s, size_t n);
/* Whether newlines become CR NL from now on. */
void output_set_post(bool post);
/* What has not yet been given to the device is forgotten. */
void output_drop(void);
/* The same for echo: uses the reserve, drops what does not fit. */
void output_echo(const char *s, size_t n);
/* Give the device what it takes now. */
void output_pump(void);
/* Bytes appended and bytes given to the device since start. */
uint64_t output_appended(void);
uint64_t output_sent(void);

#endif
