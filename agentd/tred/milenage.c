/* SPDX-License-Identifier: Apache-2.0 */
/* MILENAGE over AES-128 of libcrypto. Promises to zero what it computes on the way. */
#include "tred/milenage.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/secret.h"

enum { BLOCK = 16 };

static bool encrypt(const uint8_t *k, const uint8_t in[BLOCK], uint8_t out[BLOCK])
{
    int n = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ok = c && EVP_EncryptInit_ex(c, EVP_aes_128_ecb(), NULL, k, NULL) == 1 && EVP_CIPHER_CTX_set_padding(c, 0) == 1 &&
              EVP_EncryptUpdate(c, out, &n, in, BLOCK) == 1 && n == BLOCK;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

static void xor_into(uint8_t *to, const uint8_t *with)
{
    for (size_t i = 0; i < BLOCK; i++)
        to[i] = (uint8_t)(to[i] ^ with[i]);
}

/* TEMP = E_K(RAND xor OPc), TS 35.206 section 4.1. */
static bool temp_make(const struct milenage_keys *keys, const uint8_t *rand, uint8_t temp[BLOCK])
{
    uint8_t in[BLOCK];
    memcpy(in, rand, BLOCK);
    xor_into(in, keys->opc);
    return encrypt(keys->k, in, temp);
}

/* OUT = E_K(rot(TEMP xor OPc, turn octets) xor c) xor OPc for OUT2..OUT5. */
static bool out_make(const struct milenage_keys *keys, const uint8_t *temp, size_t turn, uint8_t c, uint8_t out[BLOCK])
{
    uint8_t in[BLOCK];
    for (size_t i = 0; i < BLOCK; i++) {
        size_t from = (i + turn) % BLOCK;
        in[i] = (uint8_t)(temp[from] ^ keys->opc[from]);
    }
    in[BLOCK - 1] = (uint8_t)(in[BLOCK - 1] ^ c);
    bool ok = encrypt(keys->k, in, out);
    xor_into(out, keys->opc);
    secret_zero(in, sizeof in);
    return ok;
}

bool milenage_f1(const struct milenage_keys *keys, const uint8_t rand[16], const uint8_t sqn[6], const uint8_t amf[2], uint8_t f1[8],
                 uint8_t f1star[8])
{
    uint8_t temp[BLOCK], in1[BLOCK], in[BLOCK], out[BLOCK];
    memcpy(in1, sqn, MILENAGE_SQN);
    memcpy(&in1[MILENAGE_SQN], amf, MILENAGE_AMF);
    memcpy(&in1[BLOCK / 2], in1, BLOCK / 2);
    xor_into(in1, keys->opc);
    bool ok = temp_make(keys, rand, temp);
    for (size_t i = 0; i < BLOCK; i++) /* r1 = 64 bits, c1 = 0 */
        in[i] = (uint8_t)(temp[i] ^ in1[(i + BLOCK / 2) % BLOCK]);
    ok = ok && encrypt(keys->k, in, out);
    xor_into(out, keys->opc);
    if (ok && f1)
        memcpy(f1, out, MILENAGE_MAC);
    if (ok && f1star)
        memcpy(f1star, &out[MILENAGE_MAC], MILENAGE_MAC);
    secret_zero(temp, sizeof temp);
    secret_zero(in, sizeof in);
    secret_zero(in1, sizeof in1);
    secret_zero(out, sizeof out);
    return ok;
}

bool milenage_f2345(const struct milenage_keys *keys, const uint8_t rand[16], struct milenage_out *out)
{
    uint8_t temp[BLOCK], two[BLOCK], five[BLOCK]; /* r2..r5 = 0, 32, 64, 96 bits; c2..c5 = 1, 2, 4, 8 */
    bool ok = temp_make(keys, rand, temp) && out_make(keys, temp, 0, 1, two) && out_make(keys, temp, 4, 2, out->ck) &&
              out_make(keys, temp, 8, 4, out->ik) && out_make(keys, temp, 12, 8, five);
    if (ok) {
        memcpy(out->res, &two[8], MILENAGE_RES);
        memcpy(out->ak, two, MILENAGE_AK);
        memcpy(out->akstar, five, MILENAGE_AK);
    }
    secret_zero(temp, sizeof temp);
    secret_zero(two, sizeof two);
    secret_zero(five, sizeof five);
    return ok;
}
