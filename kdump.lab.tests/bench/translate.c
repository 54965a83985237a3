/* SPDX-License-Identifier: Apache-2.0
 * The loops of TranslateBench in C over the same tables: those of VT-d, or with -Damdvi those of
 * AMD-Vi. Does what the modelled unit does for each request: caches of the same sizes, sets of four
 * ways replaced in turn, tags, free ways first; a walk that begins at the lowest table known and
 * checks rights and reserved bits at each level, keeping each table it comes to; the page kept.
 * With -Dleast it leaves out what a unit need not have: tables are not kept, the context has one
 * way, the IOTLB is four times as large and looks for no free way. Prints nanoseconds of CPU time a
 * translation, a line a loop. */
#define _POSIX_C_SOURCE 199309L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PAGES 32768u
#define REQUESTERS 16u
#define WAYS 4u
#define ADDR 0x000ffffffffff000ull
#define RESERVED 0x7ff0000000000000ull
#define SPREAD 0x9e3779b97f4a7c15ull

static uint8_t *memory;
static uint64_t top = 0x100000, root;
static volatile int translating = 1, excluding = 0;

static uint64_t *at(uint64_t a) { return (uint64_t *)(memory + a); }
static uint64_t page(void) { top += 4096; return top; }
static unsigned set(uint64_t key, unsigned entries) {
    return ((unsigned)(key * SPREAD >> 40) & (entries / WAYS - 1)) * WAYS;
}

#ifndef least
/* Returns the slot of a key in a set, or -1. */
static int find(const uint64_t *keys, unsigned first, uint64_t key) {
    for (unsigned s = first; s < first + WAYS; s++)
        if (keys[s] == key) return (int)s;
    return -1;
}

/* Returns the slot of a key from now on: its own, a free one, or the next in turn. */
static unsigned place(uint64_t *keys, uint8_t *turn, unsigned first, uint64_t key) {
    int slot = -1;
    for (unsigned s = first; s < first + WAYS; s++) {
        if (keys[s] == key) return s;
        if (slot < 0 && !keys[s]) slot = (int)s;
    }
    if (slot < 0) {
        slot = (int)(first + turn[first / WAYS]);
        turn[first / WAYS] = (turn[first / WAYS] + 1) & (WAYS - 1);
    }
    keys[slot] = key;
    return (unsigned)slot;
}
#endif

#ifdef amdvi
#define BOTH (3ull << 61)
static uint64_t directory(uint64_t table, int next) { return table | BOTH | (uint64_t)next << 9 | 1; }
static uint64_t leafof(uint64_t to) { return to | BOTH | 1; }
static unsigned rightsof(uint64_t e) { return e >> 61 & 3; }
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
static int good(uint64_t e, int level, unsigned rights, unsigned access) {
    if (!(e & 1) || (rights & access) != access) return 0;
    return (int)(e >> 9 & 7) == level - 1;
}
#else
static uint64_t directory(uint64_t table, int next) { (void)next; return table | 3; }
static uint64_t leafof(uint64_t to) { return to | 3; }
static unsigned rightsof(uint64_t e) { return e & 3; }
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
static int good(uint64_t e, int level, unsigned rights, unsigned access) {
    if (!(e & 3) || (e & RESERVED) || (rights & access) != access) return 0;
    return level == 1 || !(e & 128);
}
#endif

#ifdef least
#define PAGES_KEPT 4096u
static uint64_t tag[PAGES_KEPT], leaf[PAGES_KEPT], victim;
static uint64_t context_tag[256], context_table[256], context_domain[256];

static int walk(uint64_t table, uint64_t iova, unsigned access, uint64_t *out) {
    unsigned rights = 3;
    for (int level = 4;; level--) {
        uint64_t a = table + 8 * (iova >> (12 + 9 * (level - 1)) & 511);
        if (a >= 1u << 28) return 0;
        uint64_t e = *at(a);
        rights &= rightsof(e);
        if (!good(e, level, rights, access)) return 0;
        table = e & ADDR;
        if (level == 1) { *out = table | rights; return 1; }
    }
}

static uint64_t translate(unsigned sid, uint64_t iova, unsigned access) {
    unsigned slot = sid & 255;
    if (context_tag[slot] != sid + 1) {
        if (!locate(sid, &context_table[slot], &context_domain[slot])) return ~0ull;
        context_tag[slot] = sid + 1;
    }
    if (iova >> 48) return ~0ull;
    uint64_t wanted = 1ull << 61 | (iova >> 12) << 16 | context_domain[slot];
    unsigned first = set(wanted, PAGES_KEPT);
    for (unsigned s = first; s < first + WAYS; s++)
        if (tag[s] == wanted && (leaf[s] & access) == access) return (leaf[s] & ADDR) | (iova & 4095);
    uint64_t found;
    if (!walk(context_table[slot], iova, access, &found)) return ~0ull;
    unsigned s = first + (victim++ & (WAYS - 1));
    tag[s] = wanted;
    leaf[s] = found;
    return (found & ADDR) | (iova & 4095);
}
#else
#define PAGES_KEPT 1024u
#define CONTEXTS 256u
static uint64_t tag[PAGES_KEPT], leaf[PAGES_KEPT];
static int32_t owner[PAGES_KEPT], domain_of[PAGES_KEPT];
static uint64_t context_tag[CONTEXTS], context_table[CONTEXTS], context_domain[CONTEXTS];
static uint8_t pages_turn[PAGES_KEPT / WAYS], contexts_turn[CONTEXTS / WAYS];
static int in_use[4];

#ifdef amdvi
#define TABLES 256u
static uint64_t table_tag[TABLES], table_at[TABLES];
static uint8_t tables_turn[TABLES / WAYS];
static uint64_t table_key(uint64_t domain, uint64_t iova, int level) {
    return iova >> (12 + 9 * level) << 19 | domain << 3 | (unsigned)level;
}
static int known(uint64_t domain, uint64_t iova, uint64_t *table) {
    for (int level = 1; level < 4; level++) {
        uint64_t key = table_key(domain, iova, level);
        int slot = find(table_tag, set(key, TABLES), key);
        if (slot >= 0) { *table = table_at[slot]; return level; }
    }
    return 0;
}
static void keep(uint64_t domain, uint64_t iova, int level, uint64_t table) {
    uint64_t key = table_key(domain, iova, level);
    table_at[place(table_tag, tables_turn, set(key, TABLES), key)] = table;
}
#else
#define TABLES 1024u
static uint64_t table_tag[4][TABLES], table_at[4][TABLES];
static int32_t table_owner[4][TABLES];
static unsigned table_slot(uint64_t domain, uint64_t prefix) {
    return (unsigned)(prefix ^ prefix >> 9 ^ domain * 0x9e37 ^ ~0ull) & (TABLES - 1);
}
static int known(uint64_t domain, uint64_t iova, uint64_t *table) {
    for (int level = 1; level < 4; level++) {
        uint64_t prefix = iova >> (12 + 9 * level);
        unsigned slot = table_slot(domain, prefix);
        if (table_tag[level][slot] == (1ull << 62 | prefix << 16 | domain)
                && table_owner[level][slot] == -1) {
            *table = table_at[level][slot];
            return level;
        }
    }
    return 0;
}
static void keep(uint64_t domain, uint64_t iova, int level, uint64_t table) {
    uint64_t prefix = iova >> (12 + 9 * level);
    unsigned slot = table_slot(domain, prefix);
    table_tag[level][slot] = 1ull << 62 | prefix << 16 | domain;
    table_owner[level][slot] = -1;
    table_at[level][slot] = table;
}
#endif

static int walk(uint64_t domain, uint64_t from, uint64_t iova, unsigned access, uint64_t *out) {
    uint64_t table = from;
    int level = known(domain, iova, &table);
    unsigned rights = level ? table & 3 : 3;
    if (level) table &= ADDR; else level = 4;
    for (;; level--) {
        uint64_t a = table + 8 * (iova >> (12 + 9 * (level - 1)) & 511);
        if (a >= 1u << 28) return 0;
        uint64_t e = *at(a);
        rights &= rightsof(e);
        if (!good(e, level, rights, access)) return 0;
        table = e & ADDR;
        if (level == 1) break;
        keep(domain, iova, level - 1, table | rights);
    }
    if (table >> 20 == 0xfee) return 0;
    *out = table | rights;
    return 1;
}

static int kept(uint64_t domain, uint64_t iova) {
    for (unsigned size = 1; size < 4; size++)
        if (in_use[size]) {
            unsigned above = 9 * (size - 1);
            uint64_t wanted = (uint64_t)size << 61 | iova >> 12 >> above << above << 16 | domain;
            unsigned first = set(wanted, PAGES_KEPT);
            for (unsigned s = first; s < first + WAYS; s++)
                if (tag[s] == wanted && owner[s] == -1) return (int)s;
        }
    return -1;
}

static uint64_t translate(unsigned sid, uint64_t iova, unsigned access) {
    if (!translating || iova >> 20 == 0xfee || excluding) return ~0ull;
    uint64_t key = 1ull << 63 | sid;
    unsigned first = set(key, CONTEXTS);
    int context = find(context_tag, first, key);
    if (context < 0) {
        uint64_t table, domain;
        if (!locate(sid, &table, &domain)) return ~0ull;
        context = (int)place(context_tag, contexts_turn, first, key);
        context_table[context] = table;
        context_domain[context] = domain;
    }
    if (iova >> 48) return ~0ull;
    uint64_t domain = context_domain[context];
    int hit = kept(domain, iova);
    if (hit >= 0) {
        uint64_t to = leaf[hit] & ADDR;
        if (to >> 20 == 0xfee || (leaf[hit] & access) != access) return ~0ull;
        return to | (iova & 4095);
    }
    uint64_t found;
    if (!walk(domain, context_table[context], iova, access, &found)) return ~0ull;
    uint64_t wanted = 1ull << 61 | iova >> 12 << 16 | domain;
    unsigned slot = place(tag, pages_turn, set(wanted, PAGES_KEPT), wanted);
    leaf[slot] = found;
    owner[slot] = -1;
    domain_of[slot] = (int32_t)domain;
    in_use[1] = 1;
    return (found & ADDR) | (iova & 4095);
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

static double nanos(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
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
