/* SPDX-License-Identifier: Apache-2.0 */
/* What a bootstrap asks to be installed: plain values, checked; secrets in the clear, so a struct settings lives only in memory, in
 * an allocation that is wiped (settings_free). Names follow OMA ProvCont 1.1 and the LwM2M Security object. */
#ifndef MODEL_SETTINGS_H
#define MODEL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/access_rights.h"
#include "model/account.h"
#include "model/extras.h"
#include "model/leftover.h"
#include "model/napdef.h"

enum { SETTINGS_NAPDEFS = 8, SETTINGS_DM = 4, SETTINGS_LWM2M = 4 };

/* The instruction that these settings come from (doc bootstrap-instruction). */
struct settings_origin {
    char signer[65];          /* kid in hex, "pin", "local"; "": no instruction */
    char issuer[129], id[33], subject[97];
    char next[256];           /* where the result goes, "" : nowhere */
    uint64_t seq, issued, expires;
};

struct settings { /* pages: counts and single values stand before the lists, so that most of the latter is never touched */
    struct settings_origin origin;
    char provurl[256];   /* BOOTSTRAP/PROVURL */
    char bootstrap_name[64]; /* BOOTSTRAP/NAME */
    bool by_tree;            /* a DM profile: of management trees */
    bool renew;              /* the LwM2M bootstrap server is asked though accounts are there */
    char context[33];        /* VENDORCONFIG NAME=gateway-agent, CONTEXT; "": usim */
    char beyond[33];         /* first characteristic that is neither BOOTSTRAP nor NAPDEF, e.g. PXLOGICAL; "" if there is none */
    size_t napdefs, dms, lwm2ms;
    struct access_rights *rights; /* of those accounts' servers; NULL: nothing is said */
    struct leftover leftover;     /* all that none of these says */
    struct settings_extras extras; /* proxies and rules have done their work: accounts have their ways; the rest is kept for people */
    struct napdef napdef[SETTINGS_NAPDEFS];
    struct dm_account dm[SETTINGS_DM];
    struct lwm2m_account lwm2m[SETTINGS_LWM2M];
};

struct settings *settings_new(void);
struct access_rights *settings_rights(struct settings *s); /* made if there are none; aborts without memory */
void settings_free(struct settings *s); /* wipes; NULL is fine */
bool settings_is_bearer_only(const struct settings *s); /* NAPDEFs and nothing that needs a server */
/* Empties: every count 0, every text "". Elements beyond the counts keep what they were: secrets too, until settings_free. */
void settings_clear(struct settings *s);
const struct napdef *settings_napdef(const struct settings *s, const char *napid); /* NULL if none; "" or unknown: NULL */
/* True if TO-NAPID names n, or nothing; "INTERNET" names those with INTERNET. */
bool settings_names(const struct dm_account *a, const struct napdef *n);
/* The NAPDEF by which account a reaches its server from the serving network plmn at `now` (as for napdef_for_network): of those that TO-NAPID names,
 * or of all (a NULL: of all); "INTERNET" names those with INTERNET. except: a bit for each that is not to be
 * taken. NULL if none fits: *named then says whether TO-NAPID names any NAPDEF of the document. */
const struct napdef *settings_way(const struct settings *s, const struct dm_account *a, const char *plmn, int64_t now, uint32_t except,
                                 bool *named);
/* Host and port of a URI of that scheme (https, coap, coaps, coap+tcp, coaps+tcp); port is the scheme's default if absent. ERROR_INVALID with text otherwise. */
enum error_code uri_split(const char *uri, const char *scheme, char *host, size_t host_cap, uint16_t *port, struct error *err);
/* The same of a URI of one of the schemes in a list "https coaps". */
enum error_code uri_split_any(const char *uri, const char *schemes, char *host, size_t host_cap, uint16_t *port, struct error *err);

#endif
