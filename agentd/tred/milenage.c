/* SPDX-License-Identifier: Apache-2.0 */
/* MILENAGE over AES-128 of libcrypto: one key schedule for the life of the key, OUT2..OUT5 in one call. Promises to zero what it computes
 * on the way. */
#include "tred/milenage.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/secret.h"

enum { BLOCK = MILENAGE_BLOCK, OUTS = 4 };

struct block {
    uint64_t half[2]; /* in memory order: only xor is done to it */
};

static struct block block_from(const uint8_t *octets)
{
    struct block b;
    memcpy(&b, octets, BLOCK);
    return b;
}

static struct block block_xor(struct block a, struct block b)
{
    return (struct block){ { a.half[0] ^ b.half[0], a.half[1] ^ b.half[1] } };
}

/* Cyclic to the left by whole octets: r1..r5 are 64, 0, 32, 64, 96 bits (section 4.1). */
static struct block block_turn(struct block b, size_t octets)
{
    uint8_t twice[2 * BLOCK];
    memcpy(twice, &b, BLOCK);
    memcpy(&twice[BLOCK], &b, BLOCK);
    b = block_from(&twice[octets]);
    secret_zero(twice, sizeof twice);
    return b;
}

static bool encrypt(const struct milenage *m, const struct block *in, struct block *out, size_t blocks)
{
    int n = 0, len = (int)(blocks * BLOCK);
    return EVP_EncryptUpdate(m->cipher, (unsigned char *)out, &n, (const unsigned char *)in, len) == 1 && n == len;
}

bool milenage_open(struct milenage *m, const uint8_t k[16], const uint8_t opc[16])
{
    EVP_CIPHER *aes = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
    m->cipher = aes ? EVP_CIPHER_CTX_new() : NULL;
    memcpy(m->opc, opc, BLOCK);
    bool ok = m->cipher && EVP_EncryptInit_ex2(m->cipher, aes, k, NULL, NULL) == 1 && EVP_CIPHER_CTX_set_padding(m->cipher, 0) == 1;
    EVP_CIPHER_free(aes);
    if (!ok)
        milenage_close(m);
    return ok;
}

void milenage_close(struct milenage *m)
{
    EVP_CIPHER_CTX_free(m->cipher);
    m->cipher = NULL;
    secret_zero(m->opc, sizeof m->opc);
}

bool milenage_temp(const struct milenage *m, const uint8_t rand[16], uint8_t temp[16])
{
    struct block in = block_xor(block_from(rand), block_from(m->opc)), out;
    bool ok = encrypt(m, &in, &out, 1);
    memcpy(temp, &out, BLOCK);
    secret_zero(&out, sizeof out);
    return ok;
}

/* OUT2..OUT5 = E_K(rot(TEMP xor OPc, r) xor c) xor OPc; the c are 1, 2, 4, 8 in the last octet. */
bool milenage_f2345(const struct milenage *m, const uint8_t temp[16], uint8_t res[8], uint8_t ck[16], uint8_t ik[16], uint8_t ak[6],
                    uint8_t akstar[6])
{
    static const uint8_t c[OUTS][BLOCK] = { { [15] = 1 }, { [15] = 2 }, { [15] = 4 }, { [15] = 8 } };
    struct block opc = block_from(m->opc), base = block_xor(block_from(temp), opc), in[OUTS], out[OUTS];
    for (size_t i = 0; i < OUTS; i++)
        in[i] = block_xor(block_turn(base, 4 * i), block_from(c[i]));
    bool ok = encrypt(m, in, out, OUTS);
    for (size_t i = 0; i < OUTS; i++)
        out[i] = block_xor(out[i], opc);
    memcpy(ak, &out[0], 6);
    memcpy(res, &out[0].half[1], MILENAGE_RES);
    memcpy(ck, &out[1], BLOCK);
    memcpy(ik, &out[2], BLOCK);
    memcpy(akstar, &out[3], 6);
    secret_zero(in, sizeof in);
    secret_zero(out, sizeof out);
    secret_zero(&base, sizeof base);
    return ok;
}

/* OUT1 = E_K(TEMP xor rot(IN1 xor OPc, 64) xor c1) xor OPc, IN1 = SQN | AMF | SQN | AMF, c1 = 0. */
bool milenage_f1(const struct milenage *m, const uint8_t temp[16], const uint8_t sqn[6], const uint8_t amf[2], uint8_t f1[8], uint8_t f1star[8])
{
    struct block opc = block_from(m->opc), in1, out;
    memcpy(&in1.half[0], sqn, 6);
    memcpy((uint8_t *)&in1.half[0] + 6, amf, 2);
    in1.half[1] = in1.half[0];
    in1 = block_xor(block_turn(block_xor(in1, opc), 8), block_from(temp));
    bool ok = encrypt(m, &in1, &out, 1);
    out = block_xor(out, opc);
    if (f1)
        memcpy(f1, &out.half[0], 8);
    if (f1star)
        memcpy(f1star, &out.half[1], 8);
    secret_zero(&in1, sizeof in1);
    secret_zero(&out, sizeof out);
    return ok;
}
