/* SPDX-License-Identifier: Apache-2.0 */
/* The file system of the card: what a MID carries, found by identifier or short identifier (SFI), and its control parameters (FCP). */
#ifndef USIMD_UICC_FILES_H
#define USIMD_UICC_FILES_H

#include <stdbool.h>

#include "base/reader.h"
#include "base/writer.h"
#include "model/mid.h"

enum { UICC_FILES = 64, UICC_MF = -1, UICC_ADF_FID = 0x7fff, UICC_MF_FID = 0x3f00, UICC_AID = 16 };

struct uicc_app { /* one MID; slices lie in octets */
    char mid[65];
    uint32_t version;
    enum mid_type type;
    bool pin_enabled;
    uint8_t pin_left;
    uint8_t *octets; /* body of READ_FILE; owned by whoever fills this */
    struct {
        bool adf; /* else under the MF */
        uint16_t fid;
        struct slice content;
    } files[UICC_FILES];
    size_t count;
};

struct uicc_file { /* found: records of one, in order */
    uint16_t fid;
    bool linear;
    bool free;   /* READ ALW; else PIN1 */
    size_t count; /* of records; 1 for a transparent one; 0: no file */
    size_t record_len;
    struct slice content[UICC_FILES];
    uint8_t made[2 * 48]; /* of EF_DIR, which no package carries */
};

/* Takes the files of a READ_FILE body; false if it is not one. */
bool uicc_app_take(struct uicc_app *a, struct slice body);
/* The file of that identifier in the MF or the application (df), or in the MF if the application has none. */
bool uicc_file_find(const struct uicc_app *apps, size_t count, int df, uint16_t fid, struct uicc_file *out);
/* The identifier that a SFI (1..30) stands for there; 0 if for none. */
uint16_t uicc_file_by_sfi(const struct uicc_app *apps, int df, uint8_t sfi);
const uint8_t *uicc_aid(enum mid_type type); /* UICC_AID octets */
bool uicc_flag(const struct uicc_app *a, uint16_t table, unsigned service); /* bit n (from 1) of EF_UST or EF_IST */
/* FCP (TS 102 221 section 11.1.1.3) of a file, or of MF or application with f NULL. */
void uicc_fcp(const struct uicc_app *apps, size_t count, int df, const struct uicc_file *f, struct writer *out);

#endif
