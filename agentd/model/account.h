/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts at servers: OMA DM (w7), here, and LwM2M. Plain values; secrets in the clear, so they live only in memory that is wiped. Names follow OMA ProvCont
 * 1.1 and the w7 registration. */
#ifndef MODEL_ACCOUNT_H
#define MODEL_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/account_lwm2m.h"

enum dm_auth { DM_AUTH_BASIC, DM_AUTH_MD5, DM_AUTH_HMAC };

struct dm_credential {
    char name[128];
    char secret[128];
    uint8_t nonce[64];
    size_t nonce_len;
    bool hashed;         /* secret is B64(H(name:secret)); for the time of a session, never stored */
};

struct server_trust { /* beside the factory roots; of this server only (DESIGN trust rule 4) */
    bool has_pin;
    uint8_t pin[32];     /* SHA-256 of the SubjectPublicKeyInfo */
};

/* Where the secrets of an account come from until it has some of its own; an account in the store with an empty client secret is one by PIN. */
enum dm_secrets { DM_SECRETS_OWN, DM_SECRETS_PIN, DM_SECRETS_KEYED, DM_SECRETS_FCS11384, DM_SECRETS_FCS14345 };

enum http_proxy_login { HTTP_PROXY_OPEN, HTTP_PROXY_BASIC, HTTP_PROXY_DIGEST };
struct http_proxy {
    char host[128];      /* address or name; "": no proxy */
    uint16_t port;
    enum http_proxy_login login;
    char user[64], password[64];
};

enum { DM_TO_NAPIDS = 4 };
struct dm_account { /* w7 */
    char server_id[256]; /* PROVIDER-ID */
    char name[64];
    char uri[256];       /* https only */
    char napid[DM_TO_NAPIDS][64]; /* TO-NAPID */
    size_t napids;       /* 0: any */
    struct http_proxy proxy; /* through which its sessions go */
    enum dm_auth auth;
    struct dm_credential client; /* AAUTHLEVEL APPSRV */
    struct dm_credential server; /* AAUTHLEVEL CLIENT; secret "" if the document has none */
    uint8_t given[64];   /* the nonce that the server was sent last: if that came, it uses this one, and server.nonce is over as soon as it does */
    size_t given_len;    /* 0: none */
    struct server_trust trust;
    enum dm_secrets secrets; /* not stored */
    char acl[192];       /* of ./DMAcc/1, as the DM profile gave it; "": Get, Replace and Delete for server_id (DM Bootstrap 1.2, CP profile) */
};

const char *dm_auth_name(enum dm_auth a);  /* basic, md5, hmac */

#endif
