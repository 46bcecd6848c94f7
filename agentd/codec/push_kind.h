/* SPDX-License-Identifier: Apache-2.0 */
/* What a push is, by its content type and X-Wap-Application-Id: one table for who acts on pushes and for who explains them. Pure. */
#ifndef CODEC_PUSH_KIND_H
#define CODEC_PUSH_KIND_H

#include "codec/wsp.h"

enum push_kind {
    PUSH_FOREIGN,         /* not for a gateway: dropped and counted */
    PUSH_CP_WBXML,        /* OMA client provisioning, by SEC and MAC */
    PUSH_CP_XML,
    PUSH_DM_BOOTSTRAP,    /* OMA DM bootstrap, DM profile; by SEC and MAC */
    PUSH_DM_NOTIFICATION, /* OMA DM Package #0, by its digest */
    PUSH_LWM2M_TRIGGER,   /* a CoAP request without proof */
    PUSH_INSTRUCTION,     /* COSE, by its MAC or signature */
};

enum push_kind push_kind(const struct wsp_push *push);

#endif
