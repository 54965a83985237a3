/* SPDX-License-Identifier: Apache-2.0
 * Reads random pages of a dump with libkdumpfile, as PageReadBench does with ours: prints CPU
 * nanoseconds a page. Arguments: file, count, then the page frame numbers on standard input. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <libkdumpfile/kdumpfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double cpu(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    long count = atol(argv[2]);
    unsigned long long *frames = calloc(count, sizeof *frames);
    for (long i = 0; i < count; i++)
        if (scanf("%llu", &frames[i]) != 1) return 2;
    kdump_ctx_t *ctx = kdump_new();
    int fd = open(argv[1], O_RDONLY);
    if (!ctx || fd < 0 || kdump_open_fd(ctx, fd) != KDUMP_OK) {
        fprintf(stderr, "%s\n", ctx ? kdump_get_err(ctx) : "no context");
        return 1;
    }
    static char page[4096];
    long errors = 0;
    double start = cpu();
    for (long i = 0; i < count; i++) {
        size_t bytes = sizeof page;
        if (kdump_read(ctx, KDUMP_MACHPHYSADDR, frames[i] << 12, page, &bytes) != KDUMP_OK) errors++;
    }
    printf("%.0f %ld\n", (cpu() - start) / count, errors);
    return 0;
}
