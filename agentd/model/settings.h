/* SPDX-License-Identifier: Apache-2.0 */
/* What a bootstrap asks to be installed: plain values, checked; secrets in the clear, so a struct settings lives only in memory, in
 * an allocation that is wiped (settings_free). Names follow OMA ProvCont 1.1 and the LwM2M Security object. */
#ifndef MODEL_SETTINGS_H
#define MODEL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/account.h"
#include "model/napdef.h"

enum napdef_auth { NAPDEF_AUTH_NONE, NAPDEF_AUTH_PAP, NAPDEF_AUTH_CHAP };
enum napdef_ip { NAPDEF_IPV4, NAPDEF_IPV6, NAPDEF_IPV4V6 };

struct napdef {
    char napid[64];      /* NAPID, unique in the document */
    char name[64];       /* NAME */
    char apn[101];       /* NAP-ADDRESS with NAP-ADDRTYPE APN; TS 23.003 9.1: <= 100 octets */
    enum napdef_auth auth;
    char user[128];      /* AUTHNAME */
    char password[128];  /* AUTHSECRET */
    enum napdef_ip ip_type; /* LOCAL-ADDRTYPE; default IPV4V6 */
    bool internet;       /* INTERNET present */
};

enum dm_auth { DM_AUTH_BASIC, DM_AUTH_MD5, DM_AUTH_HMAC };

struct dm_credential {
    char name[128];
    char secret[128];
    uint8_t nonce[64];
    size_t nonce_len;
};

struct server_trust { /* beside the factory roots; of this server only (DESIGN trust rule 4) */
    bool has_pin;
    uint8_t pin[32];     /* SHA-256 of the SubjectPublicKeyInfo */
};

struct dm_account { /* w7 */
    char server_id[256]; /* PROVIDER-ID */
    char name[64];
    char uri[256];       /* https only */
    char napid[64];      /* TO-NAPID, "" if none */
    enum dm_auth auth;
    struct dm_credential client; /* AAUTHLEVEL APPSRV */
    struct dm_credential server; /* AAUTHLEVEL CLIENT; secret "" if the document has none */
    struct server_trust trust;
};

struct lwm2m_account {
    uint16_t short_server_id; /* 1..65534; 0: a bootstrap server */
    char uri[256];            /* coaps://host[:port] */
    char identity[129];       /* PSK identity */
    uint8_t key[64];
    size_t key_len;           /* 16..64 */
    char endpoint[129];
    uint32_t lifetime;        /* seconds */
};

enum { SETTINGS_NAPDEFS = 8, SETTINGS_DM = 4, SETTINGS_LWM2M = 4 };

struct settings {
    char provurl[256];   /* BOOTSTRAP/PROVURL */
    char bootstrap_name[64]; /* BOOTSTRAP/NAME */
    char context[33];        /* VENDORCONFIG NAME=gateway-agent, CONTEXT; "": usim */
    struct napdef napdef[SETTINGS_NAPDEFS];
    size_t napdefs;
    struct dm_account dm[SETTINGS_DM];
    size_t dms;
    struct lwm2m_account lwm2m[SETTINGS_LWM2M];
    size_t lwm2ms;
};

struct settings *settings_new(void);
void settings_free(struct settings *s); /* wipes; NULL is fine */
const struct napdef *settings_napdef(const struct settings *s, const char *napid); /* NULL if none; "" or unknown: NULL */
/* The NAPDEF by which account a reaches its server from the serving network plmn at `now` (as for napdef_for_network): of those that TO-NAPID names,
 * or of all; "INTERNET" names those with INTERNET. NULL if none fits: *named then says whether TO-NAPID names any NAPDEF of the document. */
const struct napdef *settings_way(const struct settings *s, const struct dm_account *a, const char *plmn, int64_t now, bool *named);
/* Host and port of an https:// or coaps:// URI; port is the scheme's default if absent. ERROR_INVALID with text otherwise. */
enum error_code uri_split(const char *uri, const char *scheme, char *host, size_t host_cap, uint16_t *port, struct error *err);

#endif
