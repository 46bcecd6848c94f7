/* SPDX-License-Identifier: Apache-2.0 */
/* TUAK without a Keccak of our own. INOUT of TS 35.231 is 96 octets of input, 1F at 96 and 80 at 135: the padding of SHAKE256, whose rate
 * is 136 octets. So one permutation of INOUT is what SHAKE256 squeezes first from those 96 octets, and since squeezing goes on with the
 * bare permutation, N of them are its N-th block. All outputs lie in the first 102 octets of INOUT. Promises to zero what it computes. */
#include "tred/tuak.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/secret.h"
#include "base/writer.h"

enum { INPUT = 96, RATE = 136, USED = 102, OUT = RATE * (TUAK_ITERATIONS_MAX - 1) + USED };

/* INSTANCE (TS 35.231 section 6.1): which function, and the lengths. */
enum { INSTANCE_TOPC = 0x00, INSTANCE_F2345 = 0x40, INSTANCE_STAR = 0x80, INSTANCE_F5STAR = 0xC0, KEY_LONG = 1, IK_LONG = 2, CK_LONG = 4 };

struct input { /* NULL: zeros */
    uint8_t instance;
    const uint8_t *rand, *amf, *sqn;
};

bool tuak_open(struct tuak *t, struct slice k, struct slice top, uint8_t iterations)
{
    *t = (struct tuak){ .k_len = k.len, .iterations = iterations };
    if ((k.len != 16 && k.len != TUAK_LONG) || top.len != TUAK_TOP || iterations < 1 || iterations > TUAK_ITERATIONS_MAX)
        return false;
    memcpy(t->k, k.data, k.len);
    memcpy(t->top, top.data, top.len);
    t->digest = EVP_MD_fetch(NULL, "SHAKE256", NULL);
    if (!t->digest)
        tuak_close(t);
    return t->digest != NULL;
}

void tuak_close(struct tuak *t)
{
    EVP_MD_free(t->digest);
    secret_zero(t, sizeof *t);
}

/* Every field of INOUT lies in it with its octets reversed. */
static void put_reversed(struct writer *w, const uint8_t *field, size_t len)
{
    for (size_t i = 0; i < len; i++)
        writer_u8(w, field ? field[len - 1 - i] : 0);
}

static void take_reversed(const uint8_t *from, uint8_t *to, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = from[len - 1 - i];
}

/* The first USED octets of INOUT after the permutations. */
static bool permute(const struct tuak *t, const struct input *in, uint8_t inout[USED])
{
    static const uint8_t name[] = { 'T', 'U', 'A', 'K', '1', '.', '0' };
    uint8_t input[INPUT] = { 0 }, out[OUT];
    struct writer w = writer_make(input, sizeof input);
    put_reversed(&w, t->top, sizeof t->top);
    writer_u8(&w, (uint8_t)(in->instance | (t->k_len == TUAK_LONG ? KEY_LONG : 0)));
    put_reversed(&w, name, sizeof name);
    put_reversed(&w, in->rand, 16);
    put_reversed(&w, in->amf, 2);
    put_reversed(&w, in->sqn, 6);
    put_reversed(&w, t->k, t->k_len);
    size_t before = (size_t)RATE * (t->iterations - 1u);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = c && EVP_DigestInit_ex2(c, t->digest, NULL) == 1 && EVP_DigestUpdate(c, input, sizeof input) == 1 &&
              EVP_DigestFinalXOF(c, out, before + USED) == 1;
    EVP_MD_CTX_free(c);
    memcpy(inout, &out[before], USED);
    secret_zero(input, sizeof input);
    secret_zero(out, sizeof out);
    return ok;
}

bool tuak_topc(const struct tuak *t, uint8_t topc[TUAK_TOP])
{
    uint8_t inout[USED];
    bool ok = permute(t, &(struct input){ .instance = INSTANCE_TOPC }, inout);
    take_reversed(inout, topc, TUAK_TOP);
    secret_zero(inout, sizeof inout);
    return ok;
}

bool tuak_f1(const struct tuak *t, const uint8_t rand[16], const uint8_t sqn[6], const uint8_t amf[2], bool star, size_t mac_len, uint8_t *mac)
{
    uint8_t inout[USED]; /* MAC length 8, 16, 32: 08, 10, 20 */
    struct input in = { .instance = (uint8_t)((star ? INSTANCE_STAR : 0) | mac_len), .rand = rand, .amf = amf, .sqn = sqn };
    bool ok = permute(t, &in, inout);
    take_reversed(inout, mac, mac_len);
    secret_zero(inout, sizeof inout);
    return ok;
}

bool tuak_f2345(const struct tuak *t, const uint8_t rand[16], struct tuak_out *out)
{
    uint8_t inout[USED]; /* RES length 4, 8, 16, 32: 00, 08, 10, 20 */
    size_t lengths = (out->res_len == 4 ? 0 : out->res_len) | (out->ck_len == TUAK_LONG ? CK_LONG : 0) | (out->ik_len == TUAK_LONG ? IK_LONG : 0);
    bool ok = permute(t, &(struct input){ .instance = (uint8_t)(INSTANCE_F2345 | lengths), .rand = rand }, inout);
    take_reversed(inout, out->res, out->res_len);
    take_reversed(&inout[32], out->ck, out->ck_len);
    take_reversed(&inout[64], out->ik, out->ik_len);
    take_reversed(&inout[96], out->ak, sizeof out->ak);
    secret_zero(inout, sizeof inout);
    return ok;
}

bool tuak_f5star(const struct tuak *t, const uint8_t rand[16], uint8_t akstar[6])
{
    uint8_t inout[USED];
    bool ok = permute(t, &(struct input){ .instance = INSTANCE_F5STAR, .rand = rand }, inout);
    take_reversed(&inout[96], akstar, 6);
    secret_zero(inout, sizeof inout);
    return ok;
}
