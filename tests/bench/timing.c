/* SPDX-License-Identifier: Apache-2.0 */
/* Does the time of a MAC comparison tell how much of the MAC was right? After the method of dudect (Reparaz, Balasch, Verbauwhede 2017): two classes of
 * input in random order, slow outliers cropped, Welch's t-test. Class one is wrong in its first octet, class two in its last. A comparison that ends at the first
 * difference is measured in the same run as control. |t| below 4.5: no difference seen; above 10: a leak. usage: timing-bench [MEASUREMENTS]
 * A figure, not a test: a loaded machine adds noise, never a difference. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/secret.h"
#include "tred/aka.h"
#include "tred/heap.h"

enum { MEASUREMENTS = 200000, ROUNDS = 32, MAC = 20, CROP = 90 /* per cent of the measurements that are kept */ };

struct sample {
    double ns;
    int class;
};

static uint8_t right[MAC], wrong[2][MAC], autn[2][AKA_AUTN];
static uint8_t given[MAC], given_autn[AKA_AUTN]; /* either class at the same place: addresses have their own times */
static struct aka engine;
static struct aka_out out;
static volatile unsigned sink;

static void by_secret_equal(void)
{
    sink += secret_equal((struct slice){ right, MAC }, (struct slice){ given, MAC });
}

/* MAC-A of an AUTN (TS 33.102 section 6.3.3): f1 and the comparison. */
static void by_aka_check(void)
{
    uint8_t sqn[AKA_SQN];
    bool good = false;
    sink += aka_check(&engine, &out, given_autn, sqn, &good) && good;
}

static void by_first_difference(void)
{
    const volatile uint8_t *a = right, *b = given;
    size_t i = 0;
    while (i < MAC && a[i] == b[i])
        i++;
    sink += i == MAC;
}

static double now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_time(const void *a, const void *b)
{
    double d = ((const struct sample *)a)->ns - ((const struct sample *)b)->ns;
    return d < 0 ? -1 : d > 0;
}

static double welch(const struct sample *s, size_t count)
{
    double n[2] = { 0 }, mean[2] = { 0 }, m2[2] = { 0 };
    for (size_t i = 0; i < count; i++) { /* Welford */
        int c = s[i].class;
        double d = s[i].ns - mean[c];
        n[c]++;
        mean[c] += d / n[c];
        m2[c] += d * (s[i].ns - mean[c]);
    }
    return (mean[1] - mean[0]) / sqrt(m2[0] / (n[0] * (n[0] - 1)) + m2[1] / (n[1] * (n[1] - 1)));
}

static void measure(const char *what, void (*fn)(void), size_t count)
{
    struct sample *s = calloc(count, sizeof *s);
    if (!s)
        abort();
    for (size_t i = 0; i < count; i++) {
        s[i].class = rand() & 1; /* NOLINT: dice of a measurement */
        memcpy(given, wrong[s[i].class], MAC);
        memcpy(given_autn, autn[s[i].class], AKA_AUTN);
        double begin = now_ns();
        for (int k = 0; k < ROUNDS; k++)
            fn();
        s[i].ns = now_ns() - begin;
    }
    qsort(s, count, sizeof *s, by_time);
    double t = welch(s, count * CROP / 100), median = s[count / 2].ns / ROUNDS;
    printf("%-24s %8.1f ns   t = %8.2f   %s\n", what, median, t, fabs(t) < 4.5 ? "no difference seen" : fabs(t) < 10 ? "suspicious" : "tells where the octets differ");
    free(s);
}

int main(int argc, char **argv)
{
    static const uint8_t key[16] = { 1 }, op[16] = { 2 }, rand_octets[16] = { 3 };
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : MEASUREMENTS;
    struct aka_profile profile = { .algorithm = MID_MILENAGE, .iterations = 1, .res_len = 8, .k = { key, 16 }, .op = { op, 16 } };
    heap_start();
    for (size_t i = 0; i < MAC; i++)
        right[i] = wrong[0][i] = wrong[1][i] = (uint8_t)(37 * i + 11);
    wrong[0][0] ^= 1;
    wrong[1][MAC - 1] ^= 1;
    if (!aka_open(&engine, &profile) || !aka_f2345(&engine, rand_octets, &out) ||
        !aka_f1(&engine, &out, (const uint8_t[6]){ 0 }, (const uint8_t[2]){ 0x80 }, &autn[0][AKA_SQN + AKA_AMF], NULL))
        return EXIT_FAILURE;
    memcpy(autn[0], out.ak, AKA_SQN);
    autn[0][AKA_SQN] = 0x80;
    memcpy(autn[1], autn[0], sizeof autn[1]);
    autn[0][AKA_SQN + AKA_AMF] ^= 1;
    autn[1][AKA_AUTN - 1] ^= 1;
    measure("first difference ends", by_first_difference, count);
    measure("secret_equal", by_secret_equal, count);
    measure("MAC-A of AUTN", by_aka_check, count);
    aka_close(&engine);
    return EXIT_SUCCESS;
}
