/* SPDX-License-Identifier: MIT
 * Streams: C11's and POSIX's <stdio.h> without wide characters, in place of picolibc's. libc/stdio/ is behind it.
 */
#ifndef PAGODA_STDIO_H
#define PAGODA_STDIO_H

#define __need_size_t
#define __need_NULL
#include <stddef.h>
#include <stdarg.h>
#include <sys/types.h>

#ifndef __FILE_defined
typedef struct __file FILE;
#define __FILE_defined
#endif

typedef struct {
    off_t __offset;
} fpos_t;

#define EOF (-1)
#define BUFSIZ 4096
#define FOPEN_MAX 1024
#define FILENAME_MAX 1024
#define L_tmpnam 32
#define L_ctermid 16
#define TMP_MAX 308915776
#define P_tmpdir "/tmp"

enum { _IOFBF, _IOLBF, _IONBF };
#define _IOFBF _IOFBF
#define _IOLBF _IOLBF
#define _IONBF _IONBF

#ifndef SEEK_SET
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#endif

extern FILE *const stdin, *const stdout, *const stderr;
#define stdin stdin
#define stdout stdout
#define stderr stderr

#define __PRINTF(at, first) __attribute__((__format__(__printf__, at, first)))
#define __SCANF(at, first) __attribute__((__format__(__scanf__, at, first)))

#ifdef __cplusplus
extern "C" {
#endif

/* ---- opening and closing ---- */
FILE *fopen(const char *__restrict path, const char *__restrict mode); /* r w a, +, b, x (exclusive), e (closed by exec) */
FILE *fdopen(int fd, const char *mode);
FILE *freopen(const char *__restrict path, const char *__restrict mode, FILE *__restrict f); /* path NULL: another mode */
FILE *fmemopen(void *__restrict buffer, size_t size, const char *__restrict mode);
FILE *open_memstream(char **at, size_t *size);
FILE *tmpfile(void);
FILE *popen(const char *command, const char *mode);
int pclose(FILE *f);
int fclose(FILE *f);
int fflush(FILE *f); /* NULL: all; what was read ahead from a file that can seek is given back */
int fileno(FILE *f);
int fileno_unlocked(FILE *f);
char *tmpnam(char *name);
char *tempnam(const char *folder, const char *prefix);
char *ctermid(char *name);
int remove(const char *path);
int rename(const char *from, const char *to);
int renameat(int from_fd, const char *from, int to_fd, const char *to);

/* ---- buffers, position, state ---- */
int setvbuf(FILE *__restrict f, char *__restrict buffer, int how, size_t size);
void setbuf(FILE *__restrict f, char *__restrict buffer);
void setbuffer(FILE *f, char *buffer, size_t size);
void setlinebuf(FILE *f);
int fseek(FILE *f, long offset, int whence);
int fseeko(FILE *f, off_t offset, int whence);
long ftell(FILE *f);
off_t ftello(FILE *f);
void rewind(FILE *f);
int fgetpos(FILE *__restrict f, fpos_t *__restrict position);
int fsetpos(FILE *f, const fpos_t *position);
int feof(FILE *f);
int ferror(FILE *f);
void clearerr(FILE *f);
int feof_unlocked(FILE *f);
int ferror_unlocked(FILE *f);
void clearerr_unlocked(FILE *f);
void flockfile(FILE *f);
int ftrylockfile(FILE *f);
void funlockfile(FILE *f);

/* ---- bytes ---- */
int fgetc(FILE *f);
int getc(FILE *f);
int getchar(void);
int getc_unlocked(FILE *f);
int getchar_unlocked(void);
int ungetc(int c, FILE *f); /* eight at least */
int fputc(int c, FILE *f);
int putc(int c, FILE *f);
int putchar(int c);
int putc_unlocked(int c, FILE *f);
int putchar_unlocked(int c);
char *fgets(char *__restrict to, int size, FILE *__restrict f);
int fputs(const char *__restrict s, FILE *__restrict f);
int puts(const char *s);
size_t fread(void *__restrict to, size_t size, size_t n, FILE *__restrict f);
size_t fwrite(const void *__restrict from, size_t size, size_t n, FILE *__restrict f);
size_t fread_unlocked(void *__restrict to, size_t size, size_t n, FILE *__restrict f);
size_t fwrite_unlocked(const void *__restrict from, size_t size, size_t n, FILE *__restrict f);
int fflush_unlocked(FILE *f);
int fputs_unlocked(const char *__restrict s, FILE *__restrict f);
ssize_t getdelim(char **__restrict line, size_t *__restrict size, int delimiter, FILE *__restrict f);
ssize_t getline(char **__restrict line, size_t *__restrict size, FILE *__restrict f);
void perror(const char *what);

/* ---- formatted ---- */
int printf(const char *__restrict format, ...) __PRINTF(1, 2);
int fprintf(FILE *__restrict f, const char *__restrict format, ...) __PRINTF(2, 3);
int dprintf(int fd, const char *__restrict format, ...) __PRINTF(2, 3);
int sprintf(char *__restrict to, const char *__restrict format, ...) __PRINTF(2, 3);
int snprintf(char *__restrict to, size_t size, const char *__restrict format, ...) __PRINTF(3, 4);
int asprintf(char **__restrict made, const char *__restrict format, ...) __PRINTF(2, 3);
int vprintf(const char *__restrict format, va_list ap) __PRINTF(1, 0);
int vfprintf(FILE *__restrict f, const char *__restrict format, va_list ap) __PRINTF(2, 0);
int vdprintf(int fd, const char *__restrict format, va_list ap) __PRINTF(2, 0);
int vsprintf(char *__restrict to, const char *__restrict format, va_list ap) __PRINTF(2, 0);
int vsnprintf(char *__restrict to, size_t size, const char *__restrict format, va_list ap) __PRINTF(3, 0);
int vasprintf(char **__restrict made, const char *__restrict format, va_list ap) __PRINTF(2, 0);
int scanf(const char *__restrict format, ...) __SCANF(1, 2);
int fscanf(FILE *__restrict f, const char *__restrict format, ...) __SCANF(2, 3);
int sscanf(const char *__restrict s, const char *__restrict format, ...) __SCANF(2, 3);
int vscanf(const char *__restrict format, va_list ap) __SCANF(1, 0);
int vfscanf(FILE *__restrict f, const char *__restrict format, va_list ap) __SCANF(2, 0);
int vsscanf(const char *__restrict s, const char *__restrict format, va_list ap) __SCANF(2, 0);

#ifdef __cplusplus
}
#endif

#undef __PRINTF
#undef __SCANF

#endif
