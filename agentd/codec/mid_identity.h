/* SPDX-License-Identifier: Apache-2.0 */
/* Who a MID is, from its files: private and public identities of IMS, and the BSF of its home network (TS 31.102, TS 31.103, TS 23.003). */
#ifndef CODEC_MID_IDENTITY_H
#define CODEC_MID_IDENTITY_H

#include "base/error.h"
#include "base/reader.h"
#include "model/mid.h"

enum { MID_IDENTITY_TEXT = 255, MID_IDENTITY_IMPUS = 8 };

struct mid_identity {
    char impi[MID_IDENTITY_TEXT + 1];
    char domain[MID_IDENTITY_TEXT + 1]; /* home network domain */
    char bsf[MID_IDENTITY_TEXT + 1];    /* FQDN */
    char impu[MID_IDENTITY_IMPUS][MID_IDENTITY_TEXT + 1]; /* of an ISIM; a USIM has none */
    size_t impus;
};

struct mid_imsi {
    char digits[16];
    unsigned mnc; /* digits of the MNC, 2 or 3, behind the three of the MCC */
};

/* EF_IMSI and EF_AD (TS 31.102 clauses 4.2.2, 4.2.18): whose network the IMSI leads to. MALFORMED names the file that is wrong. */
enum error_code mid_imsi_take(struct slice imsi, struct slice ad, struct mid_imsi *out, struct error *err);
/* files: body of READ_FILE (model/tre_wire.h). INCOMPLETE names the file that is missing, MALFORMED the one that is wrong. */
enum error_code mid_identity_take(enum mid_type type, struct slice files, struct mid_identity *out, struct error *err);

enum { MID_ICCID = 21 };
/* The number in EF_ICCID (TS 102 221 clause 13.2), 18 to 20 digits; false, "": there is no such file, or no number in it. */
bool mid_iccid_take(struct slice files, char out[MID_ICCID]);

#endif
