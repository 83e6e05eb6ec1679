/* SPDX-License-Identifier: MIT
 * The value of $((...)): integers of 64 bits, the operators of C with its precedences, variables by name. What goes beyond 64
 * bits wraps.
 */
#include "sh.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sum {
    const char *at;
    const char *wrong; /* the first thing that is */
    unsigned depth;
    unsigned unused;   /* not 0: the other side of && or || decided, so nothing is assigned and nothing divided */
};

enum operator { OR, AND, BIT_OR, BIT_XOR, BIT_AND, EQ, NE, LE, GE, LT, GT, SHL, SHR, ADD, SUB, MUL, DIV, MOD, NONE };
static const struct {
    char text[3];
    unsigned level; /* binds tighter than lower ones */
    bool assigns;   /* also with a = behind it */
} operators[] = {
    [OR] = {"||", 1, false}, [AND] = {"&&", 2, false}, [BIT_OR] = {"|", 3, true}, [BIT_XOR] = {"^", 4, true}, [BIT_AND] = {"&", 5, true},
    [EQ] = {"==", 6, false}, [NE] = {"!=", 6, false}, [LE] = {"<=", 7, false}, [GE] = {">=", 7, false}, [LT] = {"<", 7, false},
    [GT] = {">", 7, false}, [SHL] = {"<<", 8, true}, [SHR] = {">>", 8, true}, [ADD] = {"+", 9, true}, [SUB] = {"-", 9, true},
    [MUL] = {"*", 10, true}, [DIV] = {"/", 10, true}, [MOD] = {"%", 10, true}};

static int64_t fail(struct sum *s, const char *why)
{
    if (s->wrong == NULL)
        s->wrong = why;
    return 0;
}

static void skip_blanks(struct sum *s) { s->at += strspn(s->at, " \t\r\n"); }

static bool take(struct sum *s, const char *text)
{
    skip_blanks(s);
    bool there = strncmp(s->at, text, strlen(text)) == 0;
    s->at += there ? strlen(text) : 0;
    return there;
}

/* The longest operator there. */
static enum operator look(struct sum *s)
{
    enum operator best = NONE;
    skip_blanks(s);
    for (enum operator o = OR; o < NONE; o++) {
        size_t len = strlen(operators[o].text);
        if (strncmp(s->at, operators[o].text, len) == 0 && (best == NONE || len > strlen(operators[best].text)))
            best = o;
    }
    return best;
}

static int64_t divide(struct sum *s, enum operator o, int64_t a, int64_t b)
{
    if (s->unused > 0)
        return 0;
    if (b == 0)
        return fail(s, "division by zero");
    if (b == -1) /* the lowest number has no counterpart */
        return o == DIV ? (int64_t)(0 - (uint64_t)a) : 0;
    return o == DIV ? a / b : a % b;
}

static int64_t apply(struct sum *s, enum operator o, int64_t a, int64_t b)
{
    switch (o) {
    case OR: return a != 0 || b != 0;
    case AND: return a != 0 && b != 0;
    case BIT_OR: return a | b;
    case BIT_XOR: return a ^ b;
    case BIT_AND: return a & b;
    case EQ: return a == b;
    case NE: return a != b;
    case LE: return a <= b;
    case GE: return a >= b;
    case LT: return a < b;
    case GT: return a > b;
    case SHL: return (int64_t)((uint64_t)a << (b & 63));
    case SHR: return a >> (b & 63);
    case ADD: return (int64_t)((uint64_t)a + (uint64_t)b);
    case SUB: return (int64_t)((uint64_t)a - (uint64_t)b);
    case MUL: return (int64_t)((uint64_t)a * (uint64_t)b);
    default: return divide(s, o, a, b);
    }
}

/* ---- numbers and variables ---- */

/* Decimal, 0x... or 0... */
static int64_t number(struct sum *s, const char **at)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(*at, &end, 0);
    if (errno != 0 || n > INT64_MAX)
        return fail(s, "a number is too large");
    if (isalnum((unsigned char)*end) || *end == '_')
        return fail(s, "a number goes on as none can");
    *at = end;
    return (int64_t)n;
}

/* Unset and empty ones are 0. */
static int64_t value_of(struct sum *s, const char *name)
{
    const char *text = parameter(name);
    if (text == NULL && option('u'))
        return fail(s, "a variable is not set");
    text = text != NULL ? text + strspn(text, " \t\n") : "";
    bool minus = *text == '-';
    text += minus || *text == '+';
    if (*text == '\0' && !minus)
        return 0;
    if (!isdigit((unsigned char)*text))
        return fail(s, "a variable's value is no number");
    int64_t n = number(s, &text);
    if (text[strspn(text, " \t\n")] != '\0')
        return fail(s, "a variable's value is no number");
    return minus ? -n : n;
}

static int64_t set(struct sum *s, const char *name, int64_t value)
{
    char text[24];
    if (s->unused > 0 || s->wrong != NULL)
        return value;
    snprintf(text, sizeof text, "%lld", (long long)value);
    return variable_set(name, text) ? value : fail(s, "a variable is readonly");
}

/* ---- the grammar, from what binds tightest ---- */

static int64_t expression(struct sum *s);

/* ++ or -- before or behind a name. */
static int64_t step(struct sum *s, const char *name, int64_t by, bool behind)
{
    int64_t old = value_of(s, name), new = set(s, name, apply(s, ADD, old, by));
    return behind ? old : new;
}

static int64_t name_value(struct sum *s, int64_t before)
{
    skip_blanks(s);
    size_t len = name_len(s->at);
    char *name = arena_text(s->at, len);
    s->at += len;
    if (before != 0)
        return step(s, name, before, false);
    if (take(s, "++"))
        return step(s, name, 1, true);
    if (take(s, "--"))
        return step(s, name, -1, true);
    return value_of(s, name);
}

static int64_t operand(struct sum *s)
{
    skip_blanks(s);
    if (name_len(s->at) > 0)
        return name_value(s, 0);
    if (isdigit((unsigned char)*s->at))
        return number(s, &s->at);
    if (!take(s, "("))
        return fail(s, "a number or a name is missing");
    int64_t value = expression(s);
    return take(s, ")") ? value : fail(s, "a parenthesis is not closed");
}

static int64_t unary(struct sum *s)
{
    int64_t value = 0;
    skip_blanks(s);
    const char *at = s->at;
    bool twice = (*at == '+' || *at == '-') && at[1] == at[0];
    if (++s->depth > DEPTH_MAX) {
        value = fail(s, "too deep");
    } else if (twice && name_len(at + 2 + strspn(at + 2, " \t")) > 0) {
        s->at += 2;
        value = name_value(s, *at == '+' ? 1 : -1);
    } else if (*at != '\0' && strchr("+-!~", *at) != NULL) {
        s->at++;
        value = unary(s);
        value = *at == '-' ? apply(s, SUB, 0, value) : *at == '!' ? value == 0 : *at == '~' ? ~value : value;
    } else {
        value = operand(s);
    }
    s->depth--;
    return value;
}

static int64_t binary(struct sum *s, unsigned level)
{
    int64_t left = unary(s);
    for (enum operator o; s->wrong == NULL && (o = look(s)) != NONE && operators[o].level >= level;) {
        bool decided = (o == OR && left != 0) || (o == AND && left == 0);
        s->at += strlen(operators[o].text);
        s->unused += decided;
        int64_t right = binary(s, operators[o].level + 1);
        s->unused -= decided;
        left = apply(s, o, left, right);
    }
    return left;
}

static int64_t choice(struct sum *s)
{
    int64_t condition = binary(s, 1);
    if (s->wrong != NULL || !take(s, "?"))
        return condition;
    s->unused += condition == 0;
    int64_t yes = expression(s);
    s->unused -= condition == 0;
    if (!take(s, ":"))
        return fail(s, "a : is missing");
    s->unused += condition != 0;
    int64_t no = expression(s);
    s->unused -= condition != 0;
    return condition != 0 ? yes : no;
}

/* Whether the text goes on with NAME = or NAME op=; then it is behind that. */
static bool take_assignment(struct sum *s, char **name, enum operator *how)
{
    skip_blanks(s);
    struct sum ahead = *s;
    size_t len = name_len(s->at);
    ahead.at += len;
    *how = look(&ahead);
    if (*how != NONE && operators[*how].assigns)
        ahead.at += strlen(operators[*how].text);
    else
        *how = NONE;
    if (len == 0 || *ahead.at != '=' || (ahead.at[1] == '=' && *how == NONE))
        return false;
    *name = arena_text(s->at, len);
    s->at = ahead.at + 1;
    return true;
}

static int64_t expression(struct sum *s)
{
    char *name;
    enum operator how;
    int64_t value;
    if (++s->depth > DEPTH_MAX) {
        value = fail(s, "too deep");
    } else if (take_assignment(s, &name, &how)) {
        value = expression(s);
        value = set(s, name, how == NONE ? value : apply(s, how, value_of(s, name), value));
    } else {
        value = choice(s);
    }
    s->depth--;
    return value;
}

const char *arithmetic(const char *text, long long *value)
{
    struct sum s = {.at = text};
    skip_blanks(&s);
    *value = *s.at != '\0' ? expression(&s) : 0;
    skip_blanks(&s);
    if (*s.at != '\0')
        (void)fail(&s, "an operator is missing, or is not understood");
    return s.wrong;
}
