/* SPDX-License-Identifier: Apache-2.0 */
/* The MID engine as agentd sees it: what its ACL gives to agentd, never CK or IK; of the keys made of them Ks_NAF alone, of servers that agentd itself talks
 * to over TLS, if the ACL names it with `naf`. Part of trust/trust.h. */
#ifndef TRUST_TRUST_AKA_H
#define TRUST_TRUST_AKA_H

#include "trust/trust.h"

struct trust_aka {
    enum tre_verdict verdict;
    uint32_t session; /* 0: none */
    struct slice res, auts;
};
typedef void trust_aka_fn(void *user, enum error_code status, const struct trust_aka *aka); /* NULL on error */
/* AUTHENTICATE of an ACTIVE MID as the card that it is (usim or isim, by its entry in the tree). What else the TRE's answer holds is dropped. */
uint32_t trust_authenticate(struct trust *t, const char *mid_id, const uint8_t rand[16], const uint8_t autn[16], trust_aka_fn *fn, void *user);
/* GBA (TS 33.220): the same with RES, CK and IK kept in the TRE under the session; out of step there is one too. */
uint32_t trust_gba_authenticate(struct trust *t, const char *mid_id, const uint8_t rand[16], const uint8_t autn[16], trust_aka_fn *fn, void *user);
/* The same for responses of HTTP Digest AKA alone. */
uint32_t trust_digest_authenticate(struct trust *t, const char *mid_id, const uint8_t rand[16], const uint8_t autn[16], trust_aka_fn *fn, void *user);
struct trust_digest { /* RFC 3310; texts are borrowed for the call */
    uint32_t session, nc;
    uint8_t version, qop; /* 1, 2; 0 none, 1 auth, 2 auth-int */
    const uint8_t *body; /* 16 octets: MD5 of the body */
    const char *username, *realm, *nonce, *uri, *method, *cnonce; /* method "": the response-auth of the server */
};
uint32_t trust_digest(struct trust *t, const struct trust_digest *d, trust_octets_fn *fn, void *user); /* 32 hex digits */
/* The session's keys become Ks of its MID. */
uint32_t trust_gba_bind(struct trust *t, uint32_t session, uint32_t seconds, const char *btid, const char *impi, trust_done_fn *fn, void *user);
struct trust_naf { /* borrowed for the call */
    uint32_t seconds;  /* that are left */
    const char *btid;
    struct slice key;
};
typedef void trust_naf_fn(void *user, enum error_code status, const struct trust_naf *naf); /* NULL on error */
/* naf_id: FQDN and Ua security protocol identifier (TS 33.220 annex B.3). NOT_READY: there is no Ks now; DENIED: not in the ACL, or not for that Ua protocol. */
uint32_t trust_naf_key(struct trust *t, const char *mid_id, struct slice naf_id, trust_naf_fn *fn, void *user);
uint32_t trust_session_end(struct trust *t, uint32_t session);
/* All files of an ACTIVE MID (body of READ_FILE). */
uint32_t trust_files(struct trust *t, const char *mid_id, trust_octets_fn *fn, void *user);
/* fn hears whenever the Mid nodes were brought up to date; NULL: that user does not listen any more. Two may listen. */
void trust_watch_mids(struct trust *t, void (*fn)(void *user), void *user);
/* fn hears of each MID whose Ks somebody wants while there is none. */
void trust_watch_ks(struct trust *t, void (*fn)(void *user, const char *mid_id), void *user);
#endif
