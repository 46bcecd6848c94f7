/* SPDX-License-Identifier: Apache-2.0 */
/* The bootstrap execution instruction (oneM2M: the result of the start phase, carried out in the execution phase): one value for all sources. Plain,
 * checked by codec/bei; holds no secret, only references to such. */
#ifndef MODEL_BEI_H
#define MODEL_BEI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include "model/settings.h"

enum bei_mechanism { BEI_GBA = 1, BEI_PKI = 2, BEI_PSK = 3, BEI_LWM2M = 4, BEI_OMADM = 5 };
enum bei_trust_type { BEI_TRUST_SPKI = 1 /* SHA-256 of the SubjectPublicKeyInfo */, BEI_TRUST_CERTIFICATE = 2 /* DER */, BEI_TRUST_ISSUER = 3 /* name */ };
enum bei_credential { BEI_CREDENTIAL_NONE, BEI_CREDENTIAL_PSK = 1, BEI_CREDENTIAL_BTID = 2, BEI_CREDENTIAL_KEY = 3 };

enum { BEI_URIS = 3, BEI_TRUSTS = 4, BEI_TRUST_MAX = 2048, BEI_OCTETS_MAX = 12 * 1024, BEI_PIN = 32, BEI_UA = 5 };

struct bei_target {
    char nid[129];            /* name of the server: OMA DM ServerID */
    char uri[BEI_URIS][256];  /* in the order of preference */
    size_t uris;
    char naf[129], sni[129];
    uint16_t port;            /* 0: the URI's */
    uint16_t server_id;       /* LwM2M Short Server ID; 0: a bootstrap server */
};

struct bei_trust {
    enum bei_trust_type type;
    struct slice value;       /* borrowed from the payload */
};

struct bei {
    uint64_t version;         /* 1 */
    char id[33];              /* unique at the issuer; octets are kept as hex */
    bool id_is_octets;
    uint64_t seq;             /* rises at each issuer */
    char issuer[129];
    char subject[97];         /* urn:gateway:ID or ueid:HEX */
    uint64_t issued, expires; /* Unix seconds */
    enum bei_mechanism mechanism;
    struct bei_target target;
    char bsf[256];            /* GBA */
    uint8_t ua[BEI_UA];       /* GBA: protocol id, all zero if absent */
    bool has_ua;
    struct bei_trust trust[BEI_TRUSTS];
    size_t trusts;
    enum bei_credential credential;
    char credential_ref[65];  /* name inside the TRE */
    bool has_bearer;
    struct {
        char apn[101];
        enum napdef_auth auth;
        enum napdef_ip ip;
    } bearer;
    char context[33];         /* "" : usim */
    char next[256];           /* where the result is reported, "" : nowhere */
};

const char *bei_mechanism_name(enum bei_mechanism m); /* gba, pki, psk, lwm2m, omadm */

#endif
