/* SPDX-License-Identifier: MIT
 * Proves that streams are C's and POSIX's: formats to the last digit, what is read back, buffers and who sees them when, positions,
 * pushed-back bytes, memory as a stream, commands on a pipe, and that exit() leaves nothing behind.
 */
#define GT_NAME "stdio"
#include "gtest.h"
#include <fcntl.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <sys/stat.h>
#include <wchar.h>

static char text[4096];

#define PRINTS(want, ...) \
    do { \
        int gt_n = snprintf(text, sizeof text, __VA_ARGS__); \
        if (strcmp(text, want) != 0) { \
            gt_fail("printf wrote \"" want "\"", __FILE__, __LINE__); \
            printf("  wrote \"%s\"\n", text); \
        } \
        CHECK_EQ(gt_n, (int)strlen(text)); \
    } while (0)

#pragma GCC diagnostic ignored "-Wformat" /* some of them are odd on purpose */
#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat-extra-args"

static void integers_are_written(void)
{
    PRINTS("-42|   42|42   |00042|+42| 42", "%d|%5d|%-5d|%05d|%+d|% d", -42, 42, 42, 42, 42, 42);
    PRINTS("ff FF 0xff 0XFF 377 0377 0", "%x %X %#x %#X %o %#o %#x", 255, 255, 255, 255, 255, 255, 0);
    PRINTS("-1 255 -1 65535 18446744073709551615", "%hhd %hhu %hd %hu %zu", 255, 255, 65535, 65535, SIZE_MAX);
    PRINTS("-9223372036854775808 9223372036854775807", "%ld %jd", LONG_MIN, INTMAX_MAX);
    PRINTS("[] [0] [  007] [007  ] [+0]", "[%.0d] [%.1d] [%5.3d] [%-5.3d] [%+.1d]", 0, 0, 7, 7, 0);
    PRINTS("   12|12   |00012|  012", "%*d|%-*d|%0*d|%*.*d", 5, 12, 5, 12, 5, 12, 5, 3, 12);
    PRINTS("12   |12", "%*d|%.*d", -5, 12, -1, 12);
    PRINTS("0x1234 0x0", "%p %p", (void *)0x1234, NULL);
    PRINTS("b a b", "%2$s %1$s %2$s", "a", "b");
    PRINTS("00042 x", "%3$0*1$d %2$c", 5, 'x', 42);
    PRINTS("abc|ab|  ab|ab  |(null)|%|a", "%s|%.2s|%4.2s|%-4.2s|%s|%%|%c", "abc", "abc", "abc", "abc", NULL, 'a');
    PRINTS("wide w", "%ls %lc", L"wide", (wint_t)'w');
    int at = 0;
    PRINTS("abc", "ab%nc", &at);
    CHECK_EQ(at, 2);
    errno = ENOENT;
    snprintf(text, sizeof text, "%m");
    CHECK(strcmp(text, strerror(ENOENT)) == 0);
    errno = 0;
    CHECK(snprintf(text, sizeof text, "%y", 1) == -1 && errno == EINVAL);
    volatile int huge = INT_MAX;
    errno = 0;
    CHECK(snprintf(NULL, 0, "%*s%*s", huge, "", huge, "") == -1 && errno == EOVERFLOW);
}

static void reals_are_written_to_the_last_digit(void)
{
    PRINTS("0.1 0.10000000000000000555 0.1000000000000000055511151231257827021181583404541015625", "%g %.20f %.55f", 0.1, 0.1, 0.1);
    PRINTS("0 2 2 4 0.2 0.3 -0.00", "%.0f %.0f %.0f %.0f %.1f %.1f %.2f", 0.5, 1.5, 2.5, 3.5, 0.25, 0.35, -0.001);
    PRINTS("1e+15 1e-05 0.0001 100000 1e+06 123457 1.00000", "%g %g %g %g %g %g %#g", 1e15, 1e-5, 1e-4, 1e5, 1e6, 123456.7, 1.0);
    PRINTS("1.000000e+00 -1.5E-300 0.e+00 9.99e+99 1.00e+100", "%e %.1E %#.0e %.2e %.2e", 1.0, -1.5e-300, 0.0, 9.99e99, 9.996e99);
    PRINTS("17976931348623157081452742373170435679807056752584499659891747680315726078002853876058955863276687817154045895"
           "35143824642343213268894641827684675467035375169860499105765512820762454900903893289440758685084551339423045832"
           "36903222948165808559332123348274797826204144723168738177180919299881250404026184124858368", "%.0f", DBL_MAX);
    PRINTS("4.940656458412465441765687928682213723650598e-324", "%.42e", 4.9406564584124654e-324);
    PRINTS("0x1p+0 0x1.999999999999ap-4 0x1.922p+1 -0X1.4P+1 0x0p+0 0x1.8p+1", "%a %a %.3a %A %a %.1a", 1.0, 0.1, 3.14159265, -2.5, 0.0, 3.0);
    PRINTS("inf -INF nan   inf", "%f %F %e %5g", (double)INFINITY, -(double)INFINITY, (double)NAN, (double)INFINITY);
    PRINTS("  +1.50|-001.50|1.50   | 1.50", "%+7.2f|%07.2f|%-7.2f|% .2f", 1.5, -1.5, 1.5, 1.5);
    PRINTS("3.14159265358979323846264338327950280 1.18973e+4932", "%.35Lf %Lg", 3.14159265358979323846264338327950288L, LDBL_MAX);
    PRINTS("0.00000000000000000000", "%.20f", 0.0);
    CHECK_EQ(snprintf(NULL, 0, "%.3000f", 1.0), 3002);
}

static bool reads(const char *digits, double want)
{
    char *end;
    errno = 0;
    double x = strtod(digits, &end);
    return memcmp(&x, &want, sizeof x) == 0 && *end == '\0';
}

static void reals_are_read_to_the_nearest(void)
{
    CHECK(reads("0.1", 0.1) && reads("1e22", 1e22) && reads("1e23", 1e23) && reads("-0", -0.0) && reads("9007199254740993", 9007199254740992.0));
    CHECK(reads("9007199254740993.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001", 9007199254740994.0));
    CHECK(reads("2.2250738585072011e-308", 2.2250738585072011e-308) && reads("4.9406564584124654e-324", 4.9406564584124654e-324));
    CHECK(reads("1.7976931348623157e308", DBL_MAX) && errno == 0);
    CHECK(reads("1.7976931348623159e308", (double)INFINITY) && errno == ERANGE);
    CHECK(reads("2.4703282292062327e-324", 0) && errno == ERANGE); /* just below half of the smallest */
    CHECK(reads("2.4703282292062328e-324", 4.9406564584124654e-324));
    CHECK(reads("1e-100000000000", 0) && errno == ERANGE);
    CHECK(reads("0x1.8p1", 3) && reads("0x.8", 0.5) && reads("0x1p-1074", 4.9406564584124654e-324) && reads("0x1.fffffffffffff8p1023", (double)INFINITY));
    CHECK(reads("infinity", (double)INFINITY) && reads("-inf", -(double)INFINITY) && isnan(strtod("nan(12)", NULL)));
    char *end;
    CHECK(strtod("1e", &end) == 1 && strcmp(end, "e") == 0);
    CHECK(strtod("0x", &end) == 0 && strcmp(end, "x") == 0);
    CHECK(strtod(".e1", &end) == 0 && strcmp(end, ".e1") == 0);
    CHECK(strtof("16777217", NULL) == 16777216.0f && strtof("1e39", NULL) == (float)INFINITY);
    CHECK(strtold("0.1", NULL) == 0.1L);
    uint64_t seed = 7;
    for (int i = 0; i < 300; i++) { /* what is printed is read back */
        uint64_t bits = gt_random(&seed) ^ gt_random(&seed) << 21 ^ gt_random(&seed) << 42;
        double x;
        memcpy(&x, &bits, sizeof x);
        if (isnan(x) || isinf(x))
            continue;
        snprintf(text, sizeof text, "%.17g", x);
        CHECK(reads(text, x));
        snprintf(text, sizeof text, "%a", x);
        CHECK(reads(text, x));
    }
}

static void input_is_scanned(void)
{
    int a = 0, b = 0, at = 0;
    unsigned u = 0;
    long l = 0;
    char s[20], set[20], c[3];
    CHECK_EQ(sscanf("12 0x1f 017 -3", "%d %i %i %u", &a, &b, &at, &u), 4);
    CHECK(a == 12 && b == 31 && at == 15 && u == (unsigned)-3);
    CHECK_EQ(sscanf("  word [abc] xyz", "%s [%[^]]] %2c%n", s, set, c, &at), 3);
    CHECK(strcmp(s, "word") == 0 && strcmp(set, "abc") == 0 && memcmp(c, "xy", 2) == 0 && at == 15);
    CHECK_EQ(sscanf("12345", "%2d%3ld", &a, &l), 2);
    CHECK(a == 12 && l == 345);
    double d = 0;
    float f = 0;
    CHECK_EQ(sscanf("1.5e3, -inf", "%lf, %f", &d, &f), 2);
    CHECK(d == 1500 && f == -(float)INFINITY);
    CHECK_EQ(sscanf("", "%d", &a), EOF);
    CHECK_EQ(sscanf("x", "%d", &a), 0);
    CHECK_EQ(sscanf("5 x", "%d %d", &a, &b), 1);
    CHECK_EQ(sscanf("5 6", "%*d %d", &a), 1);
    CHECK_EQ(a, 6);
    CHECK_EQ(sscanf("50% a", "%d%% %c", &a, c), 2);
    char *made = NULL;
    CHECK_EQ(sscanf("a-long-word-without-end", "%ms", &made), 1);
    CHECK(made != NULL && strcmp(made, "a-long-word-without-end") == 0);
    free(made);
}

static void positions_and_pushed_back_bytes(void)
{
    FILE *f = fopen("/tmp/stdio", "w+");
    REQUIRE(f != NULL);
    for (int i = 0; i < 3000; i++)
        fprintf(f, "%d\n", i);
    long end = ftell(f);
    CHECK_EQ(end, 13890);
    rewind(f);
    int first = -1, second = -1;
    CHECK_EQ(fscanf(f, "%d %d", &first, &second), 2);
    CHECK(first == 0 && second == 1);
    CHECK_EQ(ftell(f), 3);
    CHECK(ungetc('x', f) == 'x' && ungetc('y', f) == 'y');
    CHECK_EQ(ftell(f), 1);
    CHECK(getc(f) == 'y' && getc(f) == 'x' && getc(f) == '\n');
    CHECK_EQ(fseek(f, -5, SEEK_END), 0);
    CHECK(fgets(text, sizeof text, f) != NULL && strcmp(text, "2999\n") == 0);
    CHECK(fgetc(f) == EOF && feof(f) && !ferror(f));
    CHECK_EQ(fseek(f, 2, SEEK_SET), 0);
    CHECK(!feof(f));
    CHECK_EQ(fputs("XY", f), 0); /* written where the reading was */
    CHECK_EQ(fseek(f, 0, SEEK_SET), 0);
    CHECK_EQ(fread(text, 1, 6, f), 6);
    CHECK(memcmp(text, "0\nXY2\n", 6) == 0);
    CHECK(fseek(f, -1, SEEK_SET) == -1 && errno == EINVAL);
    CHECK_EQ(fclose(f), 0);
    f = fopen("/tmp/stdio", "a+");
    CHECK(f != NULL && fputs("end\n", f) == 0 && ftell(f) == end + 4);
    CHECK_EQ(fclose(f), 0);
    errno = 0;
    CHECK(fopen("/tmp/stdio", "wx") == NULL && errno == EEXIST);
    CHECK(fopen("/tmp/stdio", "q") == NULL && errno == EINVAL);
    f = fopen("/tmp/stdio", "r");
    CHECK(f != NULL && fputc('x', f) == EOF && ferror(f) && errno == EBADF);
    char *line = NULL;
    size_t size = 0;
    CHECK(f != NULL && getline(&line, &size, f) == 2 && getdelim(&line, &size, '2', f) == 3 && strcmp(line, "XY2") == 0);
    free(line);
    CHECK(f != NULL && freopen("/tmp/stdio2", "w", f) == f && fputs("new", f) == 0 && fclose(f) == 0);
    struct stat st;
    CHECK(stat("/tmp/stdio2", &st) == 0 && st.st_size == 3);
    CHECK(remove("/tmp/stdio") == 0 && remove("/tmp/stdio2") == 0);
}

static long bytes_in(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static void buffers_are_pushed_out_when_they_must(void)
{
    FILE *f = fopen("/tmp/stdio", "w");
    REQUIRE(f != NULL);
    fputs("abc\n", f);
    CHECK_EQ(bytes_in("/tmp/stdio"), 0);
    CHECK_EQ(fflush(f), 0);
    CHECK_EQ(bytes_in("/tmp/stdio"), 4);
    CHECK_EQ(setvbuf(f, NULL, _IOLBF, 100), 0);
    fputs("no end", f);
    CHECK_EQ(bytes_in("/tmp/stdio"), 4);
    fputs(", end\n", f);
    CHECK_EQ(bytes_in("/tmp/stdio"), 16);
    CHECK_EQ(setvbuf(f, NULL, _IONBF, 0), 0);
    fprintf(f, "%d,%d", 1, 2);
    CHECK_EQ(bytes_in("/tmp/stdio"), 19);
    CHECK_EQ(setvbuf(f, text, _IOFBF, 64), 0);
    fputs("kept", f);
    CHECK_EQ(fflush(NULL), 0);
    CHECK_EQ(bytes_in("/tmp/stdio"), 23);
    CHECK_EQ(fclose(f), 0);
    CHECK_EQ(remove("/tmp/stdio"), 0);
    f = fopen("/dev/null", "r");
    CHECK(f != NULL && setvbuf(f, NULL, 7, 0) == -1);
    CHECK(f != NULL && fclose(f) == 0);
    f = fopen("/tmp/stdio", "w");
    CHECK(f != NULL && dprintf(fileno(f), "%s", "at once") == 7 && bytes_in("/tmp/stdio") == 7 && fclose(f) == 0);
    CHECK_EQ(remove("/tmp/stdio"), 0);
}

static void exit_leaves_nothing_behind(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        FILE *f = fopen("/tmp/stdio", "w");
        if (f != NULL)
            fputs("not closed", f);
        exit(f == NULL);
    }
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHECK_EQ(bytes_in("/tmp/stdio"), 10);
    int fd = open("/tmp/stdio", O_RDONLY);
    pid = fork();
    if (pid == 0) { /* what it read ahead is the next one's */
        FILE *f = fdopen(fd, "r");
        exit(f == NULL || fgetc(f) != 'n' || fgetc(f) != 'o');
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 2);
    CHECK(close(fd) == 0 && remove("/tmp/stdio") == 0);
}

static void memory_is_a_stream(void)
{
    char room[10] = "0123456789"; /* without a nul */
    FILE *f = fmemopen(room, sizeof room, "r+");
    REQUIRE(f != NULL);
    CHECK(fgetc(f) == '0' && fseek(f, -1, SEEK_END) == 0 && fgetc(f) == '9' && fgetc(f) == EOF);
    CHECK(fseek(f, 3, SEEK_SET) == 0 && fputs("xyz", f) == 0 && fflush(f) == 0 && memcmp(room, "012xyz6789", 10) == 0);
    CHECK_EQ(fclose(f), 0);
    char *made = NULL;
    size_t size = 0;
    f = open_memstream(&made, &size);
    REQUIRE(f != NULL);
    for (int i = 0; i < 2000; i++)
        fprintf(f, "%d ", i);
    CHECK_EQ(fflush(f), 0);
    CHECK(size == 8890 && strlen(made) == size && memcmp(made + size - 5, "1999 ", 5) == 0);
    CHECK_EQ(fclose(f), 0);
    free(made);
    CHECK_EQ(asprintf(&made, "%s-%d", "made", 5), 6);
    CHECK(made != NULL && strcmp(made, "made-5") == 0);
    free(made);
}

static void temporary_files(void)
{
    FILE *f = tmpfile();
    REQUIRE(f != NULL);
    CHECK(fputs("temporary", f) == 0 && ftell(f) == 9);
    rewind(f);
    CHECK(fgets(text, sizeof text, f) != NULL && strcmp(text, "temporary") == 0);
    CHECK_EQ(fclose(f), 0);
    char name[] = "/tmp/aXXXXXX", folder[] = "/tmp/dXXXXXX", bad[] = "/tmp/XXXXX";
    int fd = mkstemp(name);
    CHECK(fd >= 0 && strcmp(name, "/tmp/aXXXXXX") != 0 && close(fd) == 0 && unlink(name) == 0);
    CHECK(mkdtemp(folder) == folder && rmdir(folder) == 0);
    CHECK(mkstemp(bad) == -1 && errno == EINVAL);
}

static void commands_on_a_pipe(void)
{
    CHECK(system(NULL) != 0);
    int status = system("exit 3");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    FILE *f = popen("echo one; echo two; exit 5", "r");
    REQUIRE(f != NULL);
    CHECK(fgets(text, sizeof text, f) != NULL && strcmp(text, "one\n") == 0);
    CHECK(fgets(text, sizeof text, f) != NULL && strcmp(text, "two\n") == 0 && fgetc(f) == EOF);
    status = pclose(f);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
    f = popen("cat > /tmp/stdio", "w");
    FILE *other = popen("cat > /dev/null", "w"); /* does not keep the first one's pipe open */
    REQUIRE(f != NULL && other != NULL);
    CHECK(fputs("through", f) == 0 && pclose(f) == 0 && bytes_in("/tmp/stdio") == 7);
    CHECK(pclose(other) == 0 && remove("/tmp/stdio") == 0);
    CHECK(popen("true", "rw") == NULL && errno == EINVAL);
}

GT_MAIN(CASE(integers_are_written), CASE(reals_are_written_to_the_last_digit), CASE(reals_are_read_to_the_nearest), CASE(input_is_scanned),
        CASE(positions_and_pushed_back_bytes), CASE(buffers_are_pushed_out_when_they_must), CASE(exit_leaves_nothing_behind),
        CASE(memory_is_a_stream), CASE(temporary_files), CASE(commands_on_a_pipe))
