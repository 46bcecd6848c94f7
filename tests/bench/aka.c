/* SPDX-License-Identifier: Apache-2.0 */
/* AKA computations a second: the engine beside libosmocore's osmo_auth_gen_vec in one run, and AUTHENTICATE through the socket of a running
 * agent-tred. usage: aka engine | aka socket PATH MID K OPC SQN COUNT (K, OPC, SQN hexadecimal; SQN the last one used) */
#include <errno.h>
#include <osmocom/crypt/auth.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "base/wire.h"
#include "base/writer.h"
#include "model/fields.h"
#include "model/tre_wire.h"
#include "tred/aka.h"
#include "tred/heap.h"
#include "tred/sqn.h"

enum { ROUNDS = 5, COUNT = 200000, IN_FLIGHT = 16 };

static double now(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static const uint8_t k[16] = { 0x90, 0xdc, 0xa4, 0xed, 0xa4, 0x5b, 0x53, 0xcf, 0x0f, 0x12, 0xd7, 0xc9, 0xc3, 0xbc, 0x6a, 0x89 };
static const uint8_t opc[16] = { 0xcb, 0x9c, 0xcc, 0xc4, 0xb9, 0x25, 0x8e, 0x6d, 0xca, 0x47, 0x60, 0x37, 0x9f, 0xb8, 0x25, 0x81 };
static const uint8_t amf[2] = { 0x80, 0 };

static void rand_make(uint8_t rand[16], unsigned n)
{
    memset(rand, 0x5a, 16);
    memcpy(rand, &n, sizeof n);
}

static void autn_make(const struct aka *a, const uint8_t rand[16], uint64_t sqn, uint8_t autn[16])
{
    struct aka_out out;
    uint8_t octets[6];
    sqn_to(sqn, octets);
    (void)aka_f2345(a, rand, &out);
    (void)aka_f1(a, &out, octets, amf, &autn[8], NULL);
    for (size_t i = 0; i < 6; i++)
        autn[i] = octets[i] ^ out.ak[i];
    memcpy(&autn[6], amf, 2);
}

static double theirs(void)
{
    struct osmo_sub_auth_data d = { .type = OSMO_AUTH_TYPE_UMTS, .algo = OSMO_AUTH_ALG_MILENAGE };
    struct osmo_auth_vector v;
    uint8_t rand[16];
    memcpy(d.u.umts.k, k, 16);
    memcpy(d.u.umts.opc, opc, 16);
    memcpy(d.u.umts.amf, amf, 2);
    d.u.umts.ind_bitlen = 5;
    double begin = now();
    for (unsigned n = 0; n < COUNT; n++) {
        rand_make(rand, n);
        if (osmo_auth_gen_vec(&v, &d, rand) < 0)
            abort();
    }
    return COUNT / (now() - begin);
}

/* The same five functions of the same key, as the network would. */
static double ours(const struct aka *a)
{
    uint8_t rand[16], autn[16];
    double begin = now();
    for (unsigned n = 0; n < COUNT; n++) {
        rand_make(rand, n);
        autn_make(a, rand, (uint64_t)n * 32, autn);
    }
    return COUNT / (now() - begin);
}

/* What a USIM does: functions, MAC, freshness. */
static double card(const struct aka *a)
{
    static uint8_t autn[COUNT][16];
    struct sqn_scheme scheme = sqn_default();
    struct sqn s;
    struct aka_out out;
    uint8_t rand[16], octets[6];
    bool good;
    sqn_start(&s, &scheme, (const uint8_t[6]){ 0 });
    for (unsigned n = 0; n < COUNT; n++) {
        rand_make(rand, n);
        autn_make(a, rand, (uint64_t)(n + 1) * 32, autn[n]);
    }
    double begin = now();
    for (unsigned n = 0; n < COUNT; n++) {
        rand_make(rand, n);
        if (!aka_f2345(a, rand, &out) || !aka_check(a, &out, autn[n], octets, &good) || !good || !sqn_fresh(&s, sqn_from(octets)))
            abort();
        sqn_accept(&s, sqn_from(octets));
    }
    return COUNT / (now() - begin);
}

static int engine(void)
{
    struct aka_profile p = { .algorithm = MID_MILENAGE, .iterations = 1, .res_len = 8, .k = { k, 16 }, .op = { opc, 16 } };
    struct aka a;
    double best[3] = { 0, 0, 0 };
    heap_start();
    if (!aka_open(&a, &p))
        return 1;
    for (int round = 0; round < ROUNDS; round++) {
        double got[3] = { theirs(), ours(&a), card(&a) };
        for (int i = 0; i < 3; i++)
            best[i] = got[i] > best[i] ? got[i] : best[i];
    }
    printf("osmo_auth_gen_vec %.0f\nengine %.0f\ncard %.0f\nratio %.2f\n", best[0], best[1], best[2], best[1] / best[0]);
    aka_close(&a);
    return 0;
}

static bool receive(int sock)
{
    static uint8_t buffer[WIRE_MAX];
    struct wire_packet p;
    enum error_code rc;
    while ((rc = wire_receive(sock, buffer, sizeof buffer, &p)) == ERROR_BUSY)
        (void)poll(&(struct pollfd){ .fd = sock, .events = POLLIN }, 1, -1);
    return !rc && p.status == 0 && p.body.len > 0 && p.body.data[0] == TRE_AKA_OK;
}

static int through_socket(char **argv)
{
    struct aka a;
    uint8_t keys[2][16], octets[6], rand[16], autn[16], body[128];
    size_t len;
    unsigned count = (unsigned)strtoul(argv[6], NULL, 10), sent = 0, got = 0;
    if (!text_hex_decode((struct slice){ (uint8_t *)argv[3], strlen(argv[3]) }, keys[0], 16, &len) ||
        !text_hex_decode((struct slice){ (uint8_t *)argv[4], strlen(argv[4]) }, keys[1], 16, &len) ||
        !text_hex_decode((struct slice){ (uint8_t *)argv[5], strlen(argv[5]) }, octets, 6, &len))
        return 2;
    struct aka_profile p = { .algorithm = MID_MILENAGE, .iterations = 1, .res_len = 8, .k = { keys[0], 16 }, .op = { keys[1], 16 } };
    int sock = wire_connect(argv[1]);
    if (sock < 0 || !aka_open(&a, &p))
        return 1;
    double begin = now();
    while (got < count) {
        while (sent < count && sent - got < IN_FLIGHT) {
            struct writer w = writer_make(body, sizeof body);
            rand_make(rand, sent);
            autn_make(&a, rand, sqn_from(octets) + (uint64_t)(sent + 1) * 32, autn);
            fields_put_text(&w, argv[2]);
            writer_u8(&w, TRE_FOR_USIM);
            writer_put(&w, rand, 16);
            writer_put(&w, autn, 16);
            if (wire_send(sock, &(struct wire_packet){ .seq = ++sent, .op = TRE_OP_AUTHENTICATE, .fd = -1, .body = writer_slice(&w) }) != ERROR_NONE)
                return 1;
        }
        if (!receive(sock))
            return 1;
        got++;
    }
    printf("socket %.0f\n", count / (now() - begin));
    aka_close(&a);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "engine") == 0)
        return engine();
    if (argc == 8 && strcmp(argv[1], "socket") == 0)
        return through_socket(&argv[1]);
    (void)fprintf(stderr, "usage: aka engine | aka socket PATH MID K OPC SQN COUNT\n");
    return 2;
}
