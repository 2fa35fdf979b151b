/* What memory alone costs, in the order in which claims come: the floor under the kernel.

   Each function goes through the claims once. `members` is the line of each claim, 4 bytes each;
   a line is 64 bytes on 64 bytes; `ahead` is how many claims before its turn a line is asked for.
   Every word of a line is read and changed, so that nothing can be left out. */

#include <stdint.h>
#include <stddef.h>

enum { WORDS = 8 };

static inline int64_t change(int64_t *line, int64_t with)
{
    int64_t seen = 0;
    for (int word = 0; word < WORDS; word++) {
        seen += line[word];
        line[word] += with;
    }
    return seen;
}

/* Reads 4 bytes of an index, reads and writes one line. */
int64_t floor_lines(const int32_t *members, int64_t count, int64_t ahead, int64_t *lines)
{
    int64_t seen = 0;
    for (int64_t n = 0; n < count; n++) {
        if (n + ahead < count)
            __builtin_prefetch(lines + (size_t)members[n + ahead] * WORDS, 1, 3);
        seen += change(lines + (size_t)members[n] * WORDS, n & 7);
    }
    return seen;
}

static inline int64_t add(int64_t *word, int64_t with)
{
    int64_t seen = *word;
    *word = seen + with;
    return seen;
}

/* The same, and a word of two more arrays: of `keyed` and `balances`, at `slots` and `accounts`,
   4 bytes of an index each, where that is not below zero. */
int64_t floor_state(const int32_t *members, const int32_t *slots, const int32_t *accounts,
                    int64_t count, int64_t ahead, int64_t *lines, int64_t *keyed,
                    int64_t *balances)
{
    int64_t seen = 0;
    for (int64_t n = 0; n < count; n++) {
        int64_t next = n + ahead;
        if (next < count) {
            __builtin_prefetch(lines + (size_t)members[next] * WORDS, 1, 3);
            if (slots[next] >= 0)
                __builtin_prefetch(keyed + slots[next], 1, 3);
            if (accounts[next] >= 0)
                __builtin_prefetch(balances + accounts[next], 1, 3);
        }
        seen += change(lines + (size_t)members[n] * WORDS, n & 7);
        if (slots[n] >= 0)
            seen += add(keyed + slots[n], n & 7);
        if (accounts[n] >= 0)
            seen += add(balances + accounts[n], n & 7);
    }
    return seen;
}

/* One line as above; and reads a row of `row_words` words and writes a result of `result_words`. */
int64_t floor_rows(const int32_t *members, int64_t count, int64_t ahead, int64_t *lines,
                   const int64_t *rows, int64_t row_words, int64_t *results, int64_t result_words)
{
    int64_t seen = 0;
    for (int64_t n = 0; n < count; n++) {
        if (n + ahead < count)
            __builtin_prefetch(lines + (size_t)members[n + ahead] * WORDS, 1, 3);
        const int64_t *row = rows + n * row_words;
        int64_t *result = results + n * result_words;
        int64_t sum = 0;
        for (int64_t word = 0; word < row_words; word++)
            sum += row[word];
        sum += change(lines + (size_t)members[n] * WORDS, n & 7);
        for (int64_t word = 0; word < result_words; word++)
            result[word] = sum;
        seen += sum;
    }
    return seen;
}
