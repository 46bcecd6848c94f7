/* SPDX-License-Identifier: Apache-2.0 */
/* BootstrappingInfo, what a BSF gives at the end of a bootstrapping (TS 24.109 annex C, application/vnd.3gpp.bsf+xml). */
#ifndef CODEC_GBA_INFO_H
#define CODEC_GBA_INFO_H

#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"

enum { GBA_INFO_OCTETS = 8 * 1024, GBA_INFO_BTID = 280 };

struct gba_info {
    char btid[GBA_INFO_BTID + 1]; /* NAI: printable ASCII with one @ */
    int64_t ends;                 /* UTC, Unix seconds */
};

/* Unknown elements are passed over. MALFORMED; INCOMPLETE without B-TID or lifetime; TOO_LARGE. */
enum error_code gba_info_read(struct slice doc, struct gba_info *out, struct error *err);

#endif
