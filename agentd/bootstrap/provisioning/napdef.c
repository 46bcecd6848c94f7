/* SPDX-License-Identifier: Apache-2.0 */
/* NAPDEF with NAPAUTHINFO and VALIDITY, ProvCont 1.1 4.6. */
#include <string.h>

#include "base/text.h"
#include "bootstrap/provisioning/room.h"

static enum napdef_auth auth_of(const char *type)
{
    if (type && strcmp(type, "PAP") == 0)
        return NAPDEF_AUTH_PAP;
    return type && strcmp(type, "CHAP") == 0 ? NAPDEF_AUTH_CHAP : NAPDEF_AUTH_NONE;
}

/* The first that is not for the agents of Mobile IP alone: those name who asks (AUTH-ENTITY), and are neither PAP nor CHAP. NULL if there is none. */
static struct prov_node *auth_of_bearer(const struct prov_node *in)
{
    struct prov_node *info = NULL;
    while ((info = prov_characteristic(in, WORD_NAPAUTHINFO, info)))
        if (!prov_parm(info, WORD_AUTH_ENTITY) || auth_of(prov_parm(info, WORD_AUTHTYPE)) != NAPDEF_AUTH_NONE)
            break;
    return info;
}

static enum error_code take_auth(struct prov_node *info, struct napdef *n, struct error *err)
{
    const char *type = field_value(info, WORD_AUTHTYPE);
    if (!type)
        return error_set(err, ERROR_INCOMPLETE, "NAPAUTHINFO lacks AUTHTYPE");
    n->auth = auth_of(type);
    if (n->auth == NAPDEF_AUTH_NONE)
        return error_set(err, ERROR_NOT_SUPPORTED, "NAPAUTHINFO: AUTHTYPE %.20s (PAP and CHAP are known)", type);
    enum error_code rc = field_text(&(struct field){ info, "NAPAUTHINFO", WORD_AUTHNAME }, false, n->user, sizeof n->user, err);
    return rc ? rc : field_text(&(struct field){ info, "NAPAUTHINFO", WORD_AUTHSECRET }, false, n->password, sizeof n->password, err);
}

/* LOCAL-ADDRTYPE; IPV4V6 is our extension, and the default (no standard parm for the PDP type exists). */
static enum error_code take_ip_type(struct prov_node *in, struct napdef *n, struct error *err)
{
    const char *type = field_value(in, WORD_LOCAL_ADDRTYPE);
    n->ip_type = NAPDEF_IPV4V6;
    if (!type || strcmp(type, "IPV4V6") == 0)
        return ERROR_NONE;
    if (strcmp(type, "IPV4") == 0)
        n->ip_type = NAPDEF_IPV4;
    else if (strcmp(type, "IPV6") == 0)
        n->ip_type = NAPDEF_IPV6;
    else
        return error_set(err, ERROR_INVALID, "NAPDEF: LOCAL-ADDRTYPE %.20s", type);
    return ERROR_NONE;
}

static enum error_code take_addresses(struct prov_node *in, struct napdef *n, struct error *err)
{
    enum error_code rc = field_text(&(struct field){ in, "NAPDEF", WORD_LOCAL_ADDR }, false, n->local_address, sizeof n->local_address, err);
    if (!rc)
        rc = field_address("NAPDEF", "LOCAL-ADDR", n->local_address, err);
    if (!rc)
        rc = field_texts(&(struct field){ in, "NAPDEF", WORD_DNS_ADDR }, n->dns[0], sizeof n->dns[0], NAPDEF_DNS, &n->dnss, err);
    for (size_t i = 0; !rc && i < n->dnss; i++)
        rc = field_address("NAPDEF", "DNS-ADDR", n->dns[i], err);
    return rc;
}

#define NUMBERS(X) /* and the highest value of each */ \
    X(LINKSPEED, UINT32_MAX) X(DNLINKSPEED, UINT32_MAX) X(LINGER, 86400) X(DELIVERY_ERR_SDU, 7) X(DELIVERY_ORDER, 3) X(TRAFFIC_CLASS, 7) X(MAX_SDU_SIZE, 255) \
    X(MAX_BITRATE_UPLINK, 255) X(MAX_BITRATE_DNLINK, 255) X(RESIDUAL_BER, 15) X(SDU_ERROR_RATIO, 15) X(TRAFFIC_HANDL_PRIO, 3) X(TRANSFER_DELAY, 63) \
    X(GUARANTEED_BITRATE_UPLINK, 255) X(GUARANTEED_BITRATE_DNLINK, 255) X(MAX_NUM_RETRY, 255) X(FIRST_RETRY_TIMEOUT, 86400) X(REREG_THRESHOLD, 86400)

static enum error_code take_number(struct prov_node *in, enum napdef_number i, enum prov_word name, uint32_t max, struct napdef *n, struct error *err)
{
    bool given, speed = i == NAPDEF_LINKSPEED || i == NAPDEF_DNLINKSPEED;
    const char *text = field_value(in, name);
    if (!text)
        return ERROR_NONE;
    n->numbers |= 1U << i;
    if (speed && strcmp(text, "AUTOBAUDING") == 0)
        return ERROR_NONE;
    return field_number(&(struct field){ in, "NAPDEF", name }, max, &n->number[i], &given, err);
}

static enum error_code take_numbers(struct prov_node *in, struct napdef *n, struct error *err)
{
    static const struct {
        enum prov_word name;
        uint32_t max;
    } rows[NAPDEF_NUMBERS] = {
#define X(number, max) [NAPDEF_##number] = { WORD_##number, max },
        NUMBERS(X)
#undef X
    };
#define X(number, max) | prov_word_bit(WORD_##number)
    const uint64_t any = 0 NUMBERS(X);
#undef X
    enum error_code rc = ERROR_NONE;
    for (size_t i = 0; !rc && in->words & any && i < NAPDEF_NUMBERS; i++) /* most have none */
        rc = take_number(in, (enum napdef_number)i, rows[i].name, rows[i].max, n, err);
    return rc;
}

/* COUNTRY is ISO 3166 alpha-2 (senders also put the MCC there); NETWORK is MCC and MNC, beside COUNTRY also the MNC alone. */
static enum error_code take_validity(struct prov_node *in, struct napdef_validity *v, struct error *err)
{
    char until[32];
    enum error_code rc = field_text(&(struct field){ in, "VALIDITY", WORD_COUNTRY }, false, v->country, sizeof v->country, err);
    if (!rc)
        rc = field_text(&(struct field){ in, "VALIDITY", WORD_NETWORK }, false, v->network, sizeof v->network, err);
    if (!rc)
        rc = field_text(&(struct field){ in, "VALIDITY", WORD_SID }, false, v->sid, sizeof v->sid, err);
    if (!rc)
        rc = field_text(&(struct field){ in, "VALIDITY", WORD_SOC }, false, v->soc, sizeof v->soc, err);
    if (!rc)
        rc = field_text(&(struct field){ in, "VALIDITY", WORD_VALIDUNTIL }, false, until, sizeof until, err);
    if (rc)
        return rc;
    if (v->country[0] && !country_known(v->country) && !field_is_digits(v->country, 3, 3))
        return error_set(err, ERROR_INVALID, "VALIDITY: COUNTRY is no ISO 3166 country");
    if (v->network[0] && !field_is_digits(v->network, 5, 6) && !(v->country[0] && field_is_digits(v->network, 2, 3)))
        return error_set(err, ERROR_INVALID, "VALIDITY: NETWORK is no MCC and MNC");
    if (until[0] && !text_time((struct slice){ (const uint8_t *)until, strlen(until) }, &v->until))
        return error_set(err, ERROR_INVALID, "VALIDITY: VALIDUNTIL is no time YYYY-MM-DDThh:mm:ssZ");
    return ERROR_NONE;
}

static enum error_code take_validities(struct prov_node *in, struct napdef *n, struct error *err)
{
    for (struct prov_node *v = NULL; (v = prov_characteristic(in, WORD_VALIDITY, v));) {
        if (n->validities == NAPDEF_VALIDITIES)
            return error_set(err, ERROR_TOO_LARGE, "NAPDEF: more than %d VALIDITY", NAPDEF_VALIDITIES);
        enum error_code rc = take_validity(v, &n->validity[n->validities++], err);
        if (rc)
            return rc;
    }
    return ERROR_NONE;
}

/* NAPID is unique in the document, among those that are of no use here too. */
static bool napid_stands_before(const struct prov_node *root, struct prov_node *in, const char *napid)
{
    for (struct prov_node *n = NULL; (n = prov_characteristic(root, WORD_NAPDEF, n)) && n != in;) {
        const char *other = prov_parm(n, WORD_NAPID);
        if (other && strcmp(other, napid) == 0)
            return true;
    }
    return false;
}

static enum error_code take_names(const struct prov_node *root, struct prov_node *in, struct napdef *n, struct error *err)
{
    enum error_code rc = field_text(&(struct field){ in, "NAPDEF", WORD_NAPID }, true, n->napid, sizeof n->napid, err);
    if (!rc && napid_stands_before(root, in, n->napid))
        rc = error_set(err, ERROR_INVALID, "NAPID %s stands twice", n->napid);
    if (!rc)
        rc = field_text(&(struct field){ in, "NAPDEF", WORD_NAME }, false, n->name, sizeof n->name, err);
    return rc ? rc : field_text(&(struct field){ in, "NAPDEF", WORD_NAP_ADDRESS }, true, n->apn, sizeof n->apn, err);
}

static bool is_without_packets(const char *bearer)
{
    static const char *const names[] = { "GSM-USSD", "GSM-SMS", "ANSI-136-GUTS", "IS-95-CDMA-SMS", "IS-95-CDMA-CSD", "IS-95-CDMA-PACKET", "ANSI-136-CSD",
                                         "GSM-CSD", "AMPS-CDPD", "PDC-CSD", "PDC-PACKET", "IDEN-SMS", "IDEN-CSD", "IDEN-PACKET", "FLEX/REFLEX", "PHS-SMS",
                                         "PHS-CSD", "TETRA-SDS", "TETRA-PACKET", "ANSI-136-GHOST", "MOBITEX-MPAK", "CDMA2000-1X-SIMPLE-IP",
                                         "CDMA2000-1X-MOBILE-IP", "WLAN" };
    if (strcmp(bearer, "GSM-GPRS") == 0) /* as in most documents */
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (bearer[0] == names[i][0] && strcmp(bearer, names[i]) == 0)
            return true;
    return false;
}

/* BEARER *: any if there is none. Names that no table knows are no reason to refuse: bearers came after the table. */
static bool for_packets(struct prov_node *in)
{
    bool any = false;
    for (struct prov_node *n = NULL; (n = prov_parm_next(in, WORD_BEARER, n));) {
        if (!prov_value(n))
            continue;
        any = true;
        if (!is_without_packets(prov_value(n)))
            return true;
    }
    return !any;
}

enum error_code provisioning_napdef(const struct prov_node *root, struct prov_node *in, struct settings *out, struct error *err)
{
    struct napdef other, *n = out->napdefs < SETTINGS_NAPDEFS ? &out->napdef[out->napdefs] : &other;
    *n = (struct napdef){ 0 };
    enum error_code rc = take_names(root, in, n, err);
    if (rc)
        return rc;
    if (!slice_is(prov_text(in, WORD_NAP_ADDRTYPE), "APN") || !for_packets(in)) { /* a number to dial: another NAPDEF may be usable */
        field_give_back(in);
        return provisioning_named(in, "NAPDEF", WORD_NAPID, &out->extras, err);
    }
    (void)field_value(in, WORD_NAP_ADDRTYPE);
    if (n == &other)
        return error_set(err, ERROR_TOO_LARGE, "more than %d NAPDEF", SETTINGS_NAPDEFS);
    struct prov_node *info = auth_of_bearer(in);
    rc = info ? take_auth(info, n, err) : ERROR_NONE;
    if (!rc)
        rc = take_ip_type(in, n, err);
    if (!rc)
        rc = take_addresses(in, n, err);
    if (!rc)
        rc = take_numbers(in, n, err);
    if (!rc)
        rc = take_validities(in, n, err);
    if (rc)
        return rc;
    n->internet = field_value(in, WORD_INTERNET) != NULL;
    n->mobile_ip = field_value(in, WORD_T_BIT) != NULL;
    out->napdefs++;
    return ERROR_NONE;
}
