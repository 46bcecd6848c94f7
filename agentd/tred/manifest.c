/* SPDX-License-Identifier: Apache-2.0 */
/* MidManifest (doc mid-package, section 2). Promises: what is accepted is strict DER inside every bound of the page. Runs only over octets
 * whose signature was verified; must never decide anything but form. */
#include "tred/manifest.h"

#include <openssl/asn1t.h>
#include <openssl/crypto.h>
#include <string.h>
#include <time.h>

#include "base/secret.h"
#include "tred/asn1_fields.h"

enum { FORMAT = 1, KEY_128 = 16, KEY_256 = 32 };

struct man_target {
    ASN1_OCTET_STRING *tre_id, *thumbprint;
};
struct man_sqn {
    ASN1_INTEGER *ind_bits, *delta, *limit;
};
struct man_mide {
    ASN1_ENUMERATED *algorithm, *min_backend;
    ASN1_INTEGER *iterations;
    struct man_sqn *sqn;
};
struct man_policy {
    ASN1_BOOLEAN share_mide, session_check, order_only;
};
typedef struct man_acl {
    ASN1_UTF8STRING *subject, *operations;
} MAN_ACL; /* the stacks of libcrypto need a plain name */
typedef struct man_file {
    ASN1_OCTET_STRING *path, *content;
} MAN_FILE;
struct man_secrets {
    ASN1_OCTET_STRING *k, *op, *amf, *sqn;
    ASN1_UTF8STRING *pin;
};
struct man_check {
    ASN1_OCTET_STRING *rand, *autn, *res;
};
struct man {
    ASN1_INTEGER *format, *version;
    ASN1_UTF8STRING *id, *issuer;
    ASN1_ENUMERATED *type;
    struct man_target *target;
    ASN1_OCTET_STRING *token_hash, *nonce;
    ASN1_GENERALIZEDTIME *not_before, *not_after;
    struct man_mide *mide;
    struct man_policy *policy;
    STACK_OF(MAN_ACL) *acl;
    STACK_OF(MAN_FILE) *files;
    struct man_secrets *secrets;
    struct man_check *check;
};

DEFINE_STACK_OF(MAN_ACL)
DEFINE_STACK_OF(MAN_FILE)

ASN1_SEQUENCE(man_target) = {
    ASN1_SIMPLE(struct man_target, tre_id, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct man_target, thumbprint, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END_name(struct man_target, man_target)

ASN1_SEQUENCE(man_sqn) = {
    ASN1_SIMPLE(struct man_sqn, ind_bits, ASN1_INTEGER),
    ASN1_SIMPLE(struct man_sqn, delta, ASN1_INTEGER),
    ASN1_IMP_OPT(struct man_sqn, limit, ASN1_INTEGER, 0),
} static_ASN1_SEQUENCE_END_name(struct man_sqn, man_sqn)

ASN1_SEQUENCE(man_mide) = {
    ASN1_SIMPLE(struct man_mide, algorithm, ASN1_ENUMERATED),
    ASN1_SIMPLE(struct man_mide, min_backend, ASN1_ENUMERATED),
    ASN1_IMP_OPT(struct man_mide, iterations, ASN1_INTEGER, 0),
    ASN1_IMP_OPT(struct man_mide, sqn, man_sqn, 1),
} static_ASN1_SEQUENCE_END_name(struct man_mide, man_mide)

ASN1_SEQUENCE(man_policy) = {
    ASN1_SIMPLE(struct man_policy, share_mide, ASN1_BOOLEAN),
    ASN1_SIMPLE(struct man_policy, session_check, ASN1_BOOLEAN),
    ASN1_IMP_OPT(struct man_policy, order_only, ASN1_FBOOLEAN, 0),
} static_ASN1_SEQUENCE_END_name(struct man_policy, man_policy)

ASN1_SEQUENCE(man_acl) = {
    ASN1_SIMPLE(struct man_acl, subject, ASN1_UTF8STRING),
    ASN1_SIMPLE(struct man_acl, operations, ASN1_UTF8STRING),
} static_ASN1_SEQUENCE_END_name(struct man_acl, man_acl)

ASN1_SEQUENCE(man_file) = {
    ASN1_SIMPLE(struct man_file, path, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct man_file, content, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END_name(struct man_file, man_file)

ASN1_SEQUENCE(man_secrets) = {
    ASN1_SIMPLE(struct man_secrets, k, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct man_secrets, op, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct man_secrets, amf, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct man_secrets, sqn, ASN1_OCTET_STRING),
    ASN1_IMP_OPT(struct man_secrets, pin, ASN1_UTF8STRING, 0),
} static_ASN1_SEQUENCE_END_name(struct man_secrets, man_secrets)

ASN1_SEQUENCE(man_check) = {
    ASN1_SIMPLE(struct man_check, rand, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct man_check, autn, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct man_check, res, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END_name(struct man_check, man_check)

ASN1_SEQUENCE(man) = {
    ASN1_SIMPLE(struct man, format, ASN1_INTEGER),
    ASN1_SIMPLE(struct man, id, ASN1_UTF8STRING),
    ASN1_SIMPLE(struct man, type, ASN1_ENUMERATED),
    ASN1_SIMPLE(struct man, version, ASN1_INTEGER),
    ASN1_SIMPLE(struct man, issuer, ASN1_UTF8STRING),
    ASN1_SIMPLE(struct man, target, man_target),
    ASN1_SIMPLE(struct man, token_hash, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct man, nonce, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct man, not_before, ASN1_GENERALIZEDTIME),
    ASN1_SIMPLE(struct man, not_after, ASN1_GENERALIZEDTIME),
    ASN1_SIMPLE(struct man, mide, man_mide),
    ASN1_SIMPLE(struct man, policy, man_policy),
    ASN1_SEQUENCE_OF(struct man, acl, man_acl),
    ASN1_SEQUENCE_OF(struct man, files, man_file),
    ASN1_SIMPLE(struct man, secrets, man_secrets),
    ASN1_SIMPLE(struct man, check, man_check),
} static_ASN1_SEQUENCE_END_name(struct man, man)

static bool check_lists(const struct man *p)
{
    if (sk_MAN_ACL_num(p->acl) > MANIFEST_ACL || sk_MAN_FILE_num(p->files) > MANIFEST_FILES)
        return false;
    for (int i = 0; i < sk_MAN_ACL_num(p->acl); i++) {
        unsigned rights;
        const MAN_ACL *a = sk_MAN_ACL_value(p->acl, i);
        if (!asn1_within(a->subject, 1, 32) || !policy_words(asn1_octets(a->operations), POLICY_RIGHTS, &rights))
            return false;
    }
    for (int i = 0; i < sk_MAN_FILE_num(p->files); i++) {
        const MAN_FILE *f = sk_MAN_FILE_value(p->files, i);
        size_t path = (size_t)ASN1_STRING_length(f->path); /* file ids of two octets each */
        if (path < 2 || path > 16 || path % 2 || !asn1_within(f->content, 0, MANIFEST_FILE_MAX))
            return false;
    }
    return true;
}

static bool check_octets(const struct man *p)
{
    size_t k = (size_t)ASN1_STRING_length(p->secrets->k);
    return asn1_within(p->target->tre_id, 16, 16) && asn1_within(p->target->thumbprint, 32, 32) && asn1_within(p->token_hash, 32, 32) &&
           asn1_within(p->nonce, 16, 64) && (k == KEY_128 || k == KEY_256) &&
           (asn1_within(p->secrets->op, KEY_128, KEY_128) || asn1_within(p->secrets->op, KEY_256, KEY_256)) && asn1_within(p->secrets->amf, 2, 2) &&
           asn1_within(p->secrets->sqn, 6, 6) && asn1_within(p->check->rand, 16, 16) && asn1_within(p->check->autn, 16, 16) && asn1_within(p->check->res, 4, 16);
}

/* SQN scheme (TS 33.102 annex C.2); absent: that of annex C.3 without L. */
static bool scheme_take(const struct man_sqn *p, struct sqn_scheme *out)
{
    uint32_t bits;
    uint64_t delta, limit = UINT64_MAX;
    *out = sqn_default();
    if (!p)
        return true;
    if (!asn1_number(p->ind_bits, 0, SQN_BITS_MAX, &bits) || ASN1_INTEGER_get_uint64(&delta, p->delta) != 1 || delta < 1 || delta >> 48 ||
        (p->limit && ASN1_INTEGER_get_uint64(&limit, p->limit) != 1))
        return false;
    *out = (struct sqn_scheme){ .ind_bits = (uint8_t)bits, .delta = delta, .limit = limit };
    return true;
}

/* PIN1 (TS 31.101 section 9.3): 4..8 digits. */
static bool pin_good(const ASN1_STRING *s)
{
    struct slice pin = asn1_octets(s);
    for (size_t i = 0; i < pin.len; i++)
        if (pin.data[i] < '0' || pin.data[i] > '9')
            return false;
    return pin.len >= 4 && pin.len <= MANIFEST_PIN;
}

static bool take_options(const struct man *p, struct manifest *m)
{
    uint32_t iterations = 1;
    if ((p->mide->iterations && !asn1_number(p->mide->iterations, 1, TUAK_ITERATIONS_MAX, &iterations)) || !scheme_take(p->mide->sqn, &m->scheme) ||
        (p->secrets->pin && !pin_good(p->secrets->pin)))
        return false;
    m->iterations = (uint8_t)iterations;
    m->pin = p->secrets->pin ? asn1_octets(p->secrets->pin) : (struct slice){ NULL, 0 };
    return true;
}

static bool take_values(const struct man *p, struct manifest *m)
{
    uint32_t format, type, algorithm, backend;
    bool ok = asn1_number(p->format, FORMAT, FORMAT, &format) && asn1_name(p->id, "._-", m->id) && asn1_enumerated(p->type, MID_PCID, &type) &&
              asn1_number(p->version, 1, INT32_MAX, &m->version) && asn1_name(p->issuer, NULL, m->issuer) &&
              asn1_time(p->not_before, &m->not_before) && asn1_time(p->not_after, &m->not_after) && m->not_before <= m->not_after &&
              asn1_enumerated(p->mide->algorithm, MID_TUAK, &algorithm) && asn1_enumerated(p->mide->min_backend, 1, &backend);
    if (!ok)
        return false;
    m->type = (enum mid_type)type;
    m->algorithm = (enum mid_algorithm)algorithm;
    m->min_backend = (uint8_t)backend;
    m->share_mide = p->policy->share_mide != 0;
    m->session_check = p->policy->session_check != 0;
    m->order_only = p->policy->order_only > 0;
    return true;
}

static void take_octets(const struct man *p, struct manifest *m)
{
    m->tre_id = asn1_octets(p->target->tre_id);
    m->pfc_thumbprint = asn1_octets(p->target->thumbprint);
    m->token_hash = asn1_octets(p->token_hash);
    m->nonce = asn1_octets(p->nonce);
    m->k = asn1_octets(p->secrets->k);
    m->op = asn1_octets(p->secrets->op);
    m->amf = asn1_octets(p->secrets->amf);
    m->sqn = asn1_octets(p->secrets->sqn);
    m->rand = asn1_octets(p->check->rand);
    m->autn = asn1_octets(p->check->autn);
    m->res = asn1_octets(p->check->res);
}

bool manifest_parse(struct manifest *m, struct slice der)
{
    const unsigned char *at = der.data;
    *m = (struct manifest){ .parsed = NULL };
    struct man *p = (struct man *)ASN1_item_d2i(NULL, &at, (long)der.len, ASN1_ITEM_rptr(man));
    m->parsed = p;
    if (p && asn1_is_der(p, ASN1_ITEM_rptr(man), der) && check_octets(p) && check_lists(p) && take_values(p, m) && take_options(p, m)) {
        take_octets(p, m);
        return true;
    }
    manifest_free(m);
    return false;
}

unsigned manifest_rights(const struct manifest *m, const char *subject)
{
    const struct man *p = m->parsed;
    unsigned rights = 0;
    for (int i = 0; i < sk_MAN_ACL_num(p->acl); i++) {
        const MAN_ACL *a = sk_MAN_ACL_value(p->acl, i);
        unsigned more;
        if (slice_is(asn1_octets(a->subject), subject) && policy_words(asn1_octets(a->operations), POLICY_RIGHTS, &more))
            rights |= more;
    }
    return rights;
}

size_t manifest_file_count(const struct manifest *m)
{
    return (size_t)sk_MAN_FILE_num(((const struct man *)m->parsed)->files);
}

void manifest_file(const struct manifest *m, size_t i, struct slice *path, struct slice *content)
{
    const MAN_FILE *f = sk_MAN_FILE_value(((const struct man *)m->parsed)->files, (int)i);
    *path = asn1_octets(f->path);
    *content = asn1_octets(f->content);
}

struct aka_profile manifest_profile(const struct manifest *m)
{
    return (struct aka_profile){ .algorithm = m->algorithm, .iterations = m->iterations, .res_len = m->res.len, .k = m->k, .op = m->op };
}

void manifest_free(struct manifest *m)
{
    ASN1_item_free(m->parsed, ASN1_ITEM_rptr(man)); /* libcrypto zeroes what it frees: heap.c */
    *m = (struct manifest){ .parsed = NULL };
}
