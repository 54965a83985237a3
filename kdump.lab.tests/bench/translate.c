/* SPDX-License-Identifier: Apache-2.0
 * The loops of TranslateBench in C: context cache, IOTLB of 4 ways tagged by domain, rights, walk of
 * four levels with the same checks, over the same tables: those of VT-d, or with -Damdvi those of
 * AMD-Vi. Prints nanoseconds a translation, a line a loop. */
#define _POSIX_C_SOURCE 199309L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PAGES 32768u
#define REQUESTERS 16u
#define ENTRIES 4096u
#define WAYS 4u
#define ADDR 0x000ffffffffff000ull
#define RESERVED 0x7ff0000000000000ull

static uint8_t *memory;
static uint64_t top = 0x100000, root, tag[ENTRIES], leaf[ENTRIES], victim;
static uint64_t context_tag[256], context_table[256], context_domain[256];

static uint64_t *at(uint64_t a) { return (uint64_t *)(memory + a); }
static uint64_t page(void) { top += 4096; return top; }

#ifdef amdvi
#define BOTH (3ull << 61)

static uint64_t directory(uint64_t table, int next) { return table | BOTH | (uint64_t)next << 9 | 1; }
static uint64_t leafof(uint64_t to) { return to | BOTH | 1; }

static int walk(uint64_t table, uint64_t iova, unsigned access, uint64_t *out) {
    unsigned rights = 3;
    for (unsigned level = 4;;) {
        uint64_t a = table + 8 * (iova >> (12 + 9 * (level - 1)) & 511);
        if (a >= 1u << 28) return 0;
        uint64_t e = *at(a);
        unsigned next = e >> 9 & 7;
        if (!(e & 1)) return 0;
        rights &= e >> 61;
        if ((rights & access) != access) return 0;
        if (!next && level == 1) { *out = (e & ADDR) | rights; return 1; }
        if (next + 1 != level) return 0;
        table = e & ADDR;
        level = next;
    }
}

static int locate(unsigned sid, uint64_t *table, uint64_t *domain) {
    uint64_t *e = at(root + 32 * sid);
    if ((e[0] & 3) != 3 || (e[0] & 0x800000000000007cull) || (e[0] >> 9 & 7) != 4) return 0;
    *table = e[0] & ADDR;
    *domain = e[1] & 0xffff;
    return 1;
}

static void describe(uint64_t contexts, unsigned r, uint64_t table) {
    (void)contexts;
    at(root + 32 * 8 * r)[0] = table | BOTH | 4 << 9 | 3;
    at(root + 32 * 8 * r)[1] = r + 1;
}
#else
static uint64_t directory(uint64_t table, int next) { (void)next; return table | 3; }
static uint64_t leafof(uint64_t to) { return to | 3; }

static int walk(uint64_t table, uint64_t iova, unsigned access, uint64_t *out) {
    unsigned rights = 3;
    for (int level = 4;; level--) {
        uint64_t a = table + 8 * (iova >> (12 + 9 * (level - 1)) & 511);
        if (a >= 1u << 28) return 0;
        uint64_t e = *at(a);
        if (!(e & 3) || (e & RESERVED)) return 0;
        rights &= e & 3;
        if ((rights & access) != access) return 0;
        if (level == 1) { *out = e & ADDR | rights; return 1; }
        if (e & 128) return 0;
        table = e & ADDR;
    }
}

static int locate(unsigned sid, uint64_t *table, uint64_t *domain) {
    uint64_t ctp = *at(root + 16 * (sid >> 8));
    if (!(ctp & 1)) return 0;
    uint64_t c = (ctp & ADDR) + 16 * (sid & 255), lo = *at(c), hi = *at(c + 8);
    if (!(lo & 1) || (hi & 7) != 2) return 0;
    *table = lo & ADDR;
    *domain = hi >> 8 & 0xffff;
    return 1;
}

static void describe(uint64_t contexts, unsigned r, uint64_t table) {
    *at(contexts + 16 * 8 * r) = table | 1;
    *at(contexts + 16 * 8 * r + 8) = (uint64_t)(r + 1) << 8 | 2;
}
#endif

static void map(uint64_t table, uint64_t iova, uint64_t to) {
    for (int level = 4; level > 1; level--) {
        uint64_t *e = at(table + 8 * (iova >> (12 + 9 * (level - 1)) & 511));
        if (!*e) *e = directory(page(), level - 1);
        table = *e & ADDR;
    }
    *at(table + 8 * (iova >> 12 & 511)) = leafof(to);
}

static uint64_t translate(unsigned sid, uint64_t iova, unsigned access) {
    unsigned slot = sid & 255;
    if (context_tag[slot] != sid + 1) {
        if (!locate(sid, &context_table[slot], &context_domain[slot])) return ~0ull;
        context_tag[slot] = sid + 1;
    }
    if (iova >> 48) return ~0ull;
    uint64_t wanted = 1ull << 61 | (iova >> 12) << 16 | context_domain[slot];
    uint64_t h = wanted * 0x9e3779b97f4a7c15ull >> 52;
    unsigned first = h & (ENTRIES - 1) & ~(WAYS - 1);
    for (unsigned s = first; s < first + WAYS; s++)
        if (tag[s] == wanted && (leaf[s] & access) == access) return (leaf[s] & ADDR) | (iova & 4095);
    uint64_t found;
    if (!walk(context_table[slot], iova, access, &found)) return ~0ull;
    unsigned s = first + (victim++ & (WAYS - 1));
    tag[s] = wanted;
    leaf[s] = found;
    return (found & ADDR) | (iova & 4095);
}

static double nanos(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv) {
    long count = argc > 1 ? atol(argv[1]) : 5000000;
    memory = calloc(1, 1u << 28);
    root = page();
    uint64_t contexts = page();
    *at(root) = contexts | 1;
    for (unsigned r = 0; r < REQUESTERS; r++) {
        uint64_t table = page();
        describe(contexts, r, table);
        for (unsigned p = 0; p < PAGES; p++) map(table, (uint64_t)p << 12, 0x8000000 + ((uint64_t)p << 12));
    }
    const char *name[] = {"one page", "64-byte stream", "random pages", "16 requesters"};
    for (int loop = 0; loop < 4; loop++) {
        double best = 1e18;
        uint64_t sum = 0;
        for (int round = 0; round < 7; round++) {
            uint64_t x = 1;
            double start = nanos();
            for (long i = 0; i < count; i++) {
                x = x * 6364136223846793005ull + 1442695040888963407ull;
                uint64_t iova = loop == 0 ? 0x5000 | (x >> 40 & 0xff8) : loop == 1 ? (uint64_t)i * 64 & 0x1fffff
                              : (x >> 40) % PAGES << 12;
                unsigned sid = loop == 3 ? (unsigned)(x >> 33 & 15) << 3 : 0;
                sum += translate(sid, iova, 1);
            }
            double each = (nanos() - start) / count;
            if (each < best) best = each;
        }
        printf("%s %.2f %llx\n", name[loop], best, (unsigned long long)sum);
    }
    return 0;
}
