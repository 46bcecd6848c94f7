/* SPDX-License-Identifier: Apache-2.0 */
/* The PKCS#15 files by which bootstrap data are found on a UICC (LwM2M TS 1.0 appendix G, OMA Smart Card Provisioning; ISO/IEC 7816-15): templates of
 * EF_DIR, the object directory (ODF), directories of data objects (DODF), and the FCP of a file (TS 102 221 11.1.1.3). Pure; results borrow. */
#ifndef CODEC_PKCS15_H
#define CODEC_PKCS15_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"

enum {
    PKCS15_AID_LEN = 12,
    PKCS15_PATH_MAX = 8,     /* octets: four file ids */
    PKCS15_FILE_ODF = 0x5031,
    PKCS15_DIRECTORIES = 4,  /* DODFs that are looked at */
    PKCS15_ENTRIES = 32,     /* of one DODF */
    PKCS15_FILE_MAX = 32768, /* octets of one bootstrap file (LwM2M TS appendix G.2) */
};

extern const uint8_t pkcs15_aid[PKCS15_AID_LEN]; /* RID A000000063, "PKCS-15" */

struct pkcs15_path {
    uint8_t octets[PKCS15_PATH_MAX]; /* file ids; one: below the application, more: absolute from 3F00 */
    size_t len;                      /* 2, 4, 6 or 8 */
    bool has_range;                  /* index and length are given */
    uint32_t index, length;
};

enum pkcs15_object { PKCS15_OTHER, PKCS15_CP, PKCS15_CP_CONFIG1, PKCS15_CP_CONFIG2, PKCS15_DM, PKCS15_LWM2M };

struct pkcs15_entry {
    enum pkcs15_object object;
    struct slice label; /* as on the card: unchecked octets */
    bool is_private;    /* flags, bit 0: read after a PIN */
    struct pkcs15_path path;
};

/* One record of EF_DIR. NOT_FOUND: empty, or of another application. INCOMPLETE: the PKCS#15 template lacks its path; MALFORMED, TRUNCATED. */
enum error_code pkcs15_template(struct slice record, struct pkcs15_path *df, struct error *err);
/* The next DODF of an ODF; NOT_FOUND at its end (octet 00 or FF, or the last one). Other directories are passed over. */
enum error_code pkcs15_odf_next(struct reader *odf, struct pkcs15_path *path, struct error *err);
/* The next entry of the DODF at `self`, whatever its OID; NOT_FOUND at its end. INVALID: the path leads to the DODF itself. dm_oid: the OID of OMA DM
 * in dotted text, which no public text confirms; NULL: 2.23.43.7.1. */
enum error_code pkcs15_dodf_next(struct reader *dodf, const struct pkcs15_path *self, const char *dm_oid, struct pkcs15_entry *entry, struct error *err);

const char *pkcs15_object_name(enum pkcs15_object o); /* other, cp, cp-config1, cp-config2, dm, lwm2m */
/* Octets of a file without its padding of FF; empty for an erased file (all FF or all 00). */
struct slice pkcs15_content(struct slice file);
/* Of an answer to SELECT: file size (tag 80), and for a file of records their length and number (tag 82), else 0. False if it is no FCP of a file. */
bool fcp_read(struct slice answer, uint32_t *size, uint16_t *record_length, uint8_t *records);

#endif
