/* SPDX-License-Identifier: Apache-2.0 */
/* The regression run of a target without libFuzzer: every file of the named folders, as it is, cut at each octet, and with one bit of each octet
 * changed. usage: feed-TARGET FOLDER...; a broken oracle aborts. Prints TAP: one line a folder. */
#include <dirent.h>
#include <string.h>

#include "fuzz.h"

enum { FILE_MAX = 1 << 20, MUTATED_MAX = 4096 };

static void run(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size ? size : 1); /* so that a sanitizer sees every octet beyond it */
    FUZZ_ASSERT(exact);
    if (size)
        memcpy(exact, data, size);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static void feed(uint8_t *data, size_t size)
{
    run(data, size);
    if (size > MUTATED_MAX)
        return;
    for (size_t i = 0; i < size; i++) {
        uint8_t bit = (uint8_t)(1U << (i * 5 % 8));
        run(data, i);
        data[i] ^= bit;
        run(data, size);
        data[i] ^= bit;
    }
}

static size_t feed_folder(const char *path, uint8_t *buffer)
{
    size_t files = 0;
    DIR *dir = opendir(path);
    FUZZ_ASSERT(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        char name[4096];
        (void)snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        FILE *f = e->d_type == DT_REG ? fopen(name, "rbe") : NULL;
        if (!f)
            continue;
        feed(buffer, fread(buffer, 1, FILE_MAX, f));
        (void)fclose(f);
        files++;
    }
    (void)closedir(dir);
    return files;
}

int main(int argc, char **argv)
{
    uint8_t *buffer = malloc(FILE_MAX);
    FUZZ_ASSERT(buffer);
    bool good = argc > 1;
    printf("1..%d\n", argc - 1);
    for (int i = 1; i < argc; i++) {
        size_t files = feed_folder(argv[i], buffer);
        printf("%sok %d - %zu files of %s\n", files ? "" : "not ", i, files, argv[i]);
        good = good && files;
    }
    free(buffer);
    return good ? 0 : 1;
}
