/* SPDX-License-Identifier: Apache-2.0 */
/* The two algorithm sets behind one face, and what a USIM makes of them. Owns no state but the opened key; must never decide freshness. */
#include "tred/aka.h"

#include <string.h>

#include "base/secret.h"

bool aka_open(struct aka *a, const struct aka_profile *p)
{
    *a = (struct aka){ .algorithm = p->algorithm, .res_len = p->res_len };
    switch (p->algorithm) {
    case MID_MILENAGE:
        return p->k.len == MILENAGE_BLOCK && p->op.len == MILENAGE_BLOCK && p->res_len >= 4 && p->res_len <= MILENAGE_RES && p->iterations == 1 &&
               milenage_open(&a->milenage, p->k.data, p->op.data);
    case MID_TUAK:
        return (p->res_len == 4 || p->res_len == 8 || p->res_len == 16) && tuak_open(&a->tuak, p->k, p->op, p->iterations);
    }
    return false;
}

void aka_close(struct aka *a)
{
    milenage_close(&a->milenage);
    tuak_close(&a->tuak);
    secret_zero(a, sizeof *a);
}

static bool tuak_all(const struct aka *a, struct aka_out *out)
{
    struct tuak_out o = { .res_len = a->res_len, .ck_len = AKA_KEY, .ik_len = AKA_KEY };
    bool ok = tuak_f2345(&a->tuak, out->rand, &o) && tuak_f5star(&a->tuak, out->rand, out->akstar);
    memcpy(out->res, o.res, a->res_len);
    memcpy(out->ck, o.ck, AKA_KEY);
    memcpy(out->ik, o.ik, AKA_KEY);
    memcpy(out->ak, o.ak, sizeof out->ak);
    secret_zero(&o, sizeof o);
    return ok;
}

bool aka_f2345(const struct aka *a, const uint8_t rand[16], struct aka_out *out)
{
    memcpy(out->rand, rand, AKA_RAND);
    out->res_len = a->res_len;
    switch (a->algorithm) {
    case MID_MILENAGE:
        return milenage_temp(&a->milenage, rand, out->temp) &&
               milenage_f2345(&a->milenage, out->temp, out->res, out->ck, out->ik, out->ak, out->akstar);
    case MID_TUAK:
        return tuak_all(a, out);
    }
    return false;
}

bool aka_f1(const struct aka *a, const struct aka_out *out, const uint8_t sqn[6], const uint8_t amf[2], uint8_t f1[8], uint8_t f1star[8])
{
    switch (a->algorithm) {
    case MID_MILENAGE:
        return milenage_f1(&a->milenage, out->temp, sqn, amf, f1, f1star);
    case MID_TUAK:
        return (!f1 || tuak_f1(&a->tuak, out->rand, sqn, amf, false, AKA_MAC, f1)) &&
               (!f1star || tuak_f1(&a->tuak, out->rand, sqn, amf, true, AKA_MAC, f1star));
    }
    return false;
}

static void conceal(const uint8_t sqn[6], const uint8_t ak[6], uint8_t out[6])
{
    for (size_t i = 0; i < AKA_SQN; i++)
        out[i] = (uint8_t)(sqn[i] ^ ak[i]);
}

bool aka_check(const struct aka *a, const struct aka_out *out, const uint8_t autn[16], uint8_t sqn[6], bool *good)
{
    uint8_t mac[AKA_MAC];
    conceal(autn, out->ak, sqn);
    bool ok = aka_f1(a, out, sqn, &autn[AKA_SQN], mac, NULL);
    *good = ok && secret_equal((struct slice){ mac, sizeof mac }, (struct slice){ &autn[AKA_SQN + AKA_AMF], AKA_MAC });
    secret_zero(mac, sizeof mac);
    return ok;
}

bool aka_resync(const struct aka *a, const struct aka_out *out, const uint8_t sqn_ms[6], uint8_t auts[14])
{
    static const uint8_t amf[AKA_AMF] = { 0, 0 };
    conceal(sqn_ms, out->akstar, auts);
    return aka_f1(a, out, sqn_ms, amf, NULL, &auts[AKA_SQN]);
}

void aka_gsm(const struct aka_out *out, uint8_t sres[AKA_SRES], uint8_t kc[AKA_KC])
{
    memset(sres, 0, AKA_SRES);
    for (size_t i = 0; i < out->res_len; i++)
        sres[i % AKA_SRES] ^= out->res[i];
    for (size_t i = 0; i < AKA_KC; i++)
        kc[i] = (uint8_t)(out->ck[i] ^ out->ck[i + AKA_KC] ^ out->ik[i] ^ out->ik[i + AKA_KC]);
}
