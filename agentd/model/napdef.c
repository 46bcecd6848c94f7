/* SPDX-License-Identifier: Apache-2.0 */
/* Names, and the choice by VALIDITY. Asks no clock and no modem. */
#include "model/napdef.h"

#include <string.h>

#include "base/text.h"
#include "model/country.h"

static bool holds_country(const char *country, const char *plmn)
{
    uint64_t mcc = 0;
    if (!plmn[0])
        return false;
    if (country[0] >= '0' && country[0] <= '9')
        return strncmp(country, plmn, 3) == 0;
    return text_decimal((struct slice){ (const uint8_t *)plmn, 3 }, 999, &mcc) && country_has_mcc(country, (unsigned)mcc);
}

/* MCC and MNC, or the MNC alone, whose country COUNTRY tells. */
static bool holds_network(const struct napdef_validity *v, const char *plmn)
{
    return strlen(v->network) >= 5 ? strcmp(v->network, plmn) == 0 : plmn[0] && strcmp(v->network, &plmn[3]) == 0;
}

static enum napdef_fit validity_fit(const struct napdef_validity *v, const char *plmn, int64_t now)
{
    if (v->sid[0] || v->soc[0] || (v->until && now && now >= v->until))
        return NAPDEF_UNFIT;
    if ((v->country[0] && !holds_country(v->country, plmn)) || (v->network[0] && !holds_network(v, plmn)))
        return NAPDEF_UNFIT;
    if (v->network[0])
        return NAPDEF_FITS_NETWORK;
    return v->country[0] ? NAPDEF_FITS_COUNTRY : NAPDEF_FITS_ANYWHERE;
}

enum napdef_fit napdef_fit(const struct napdef *n, const char *plmn, int64_t now)
{
    if (n->disabled)
        return NAPDEF_UNFIT;
    enum napdef_fit best = n->validities ? NAPDEF_UNFIT : NAPDEF_FITS_ANYWHERE;
    if (strlen(plmn) < 5)
        plmn = "";
    for (size_t i = 0; i < n->validities; i++) {
        enum napdef_fit fit = validity_fit(&n->validity[i], plmn, now);
        best = fit > best ? fit : best;
    }
    return best;
}

const struct napdef *napdef_for_network(const struct napdef *list, size_t count, const char *plmn, int64_t now)
{
    const struct napdef *best = NULL;
    enum napdef_fit best_fit = NAPDEF_UNFIT;
    for (size_t i = 0; i < count; i++) {
        enum napdef_fit fit = napdef_fit(&list[i], plmn, now);
        if (fit > best_fit) {
            best = &list[i];
            best_fit = fit;
        }
    }
    return best;
}

const char *napdef_auth_name(enum napdef_auth a)
{
    switch (a) {
    case NAPDEF_AUTH_NONE:
        return "none";
    case NAPDEF_AUTH_PAP:
        return "pap";
    case NAPDEF_AUTH_CHAP:
        return "chap";
    }
    return "none";
}

const char *napdef_ip_name(enum napdef_ip t)
{
    switch (t) {
    case NAPDEF_IPV4:
        return "ipv4";
    case NAPDEF_IPV6:
        return "ipv6";
    case NAPDEF_IPV4V6:
        return "ipv4v6";
    }
    return "ipv4v6";
}

bool napdef_ip_from_name(const char *name, enum napdef_ip *out)
{
    for (int t = NAPDEF_IPV4; t <= NAPDEF_IPV4V6; t++)
        if (strcmp(name, napdef_ip_name((enum napdef_ip)t)) == 0) {
            *out = (enum napdef_ip)t;
            return true;
        }
    return false;
}
