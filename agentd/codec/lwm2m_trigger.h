/* SPDX-License-Identifier: Apache-2.0 */
/* A LwM2M trigger in a push (LwM2M 1.0 appendix L; 1.1 Transport clause 6.6): one CoAP request, POST /1/x/8 (Registration Update Trigger) or /1/x/9
 * (Bootstrap-Request Trigger). Nobody has authenticated it, and nothing else may come this way. */
#ifndef CODEC_LWM2M_TRIGGER_H
#define CODEC_LWM2M_TRIGGER_H

#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"

enum lwm2m_trigger_kind { LWM2M_TRIGGER_UPDATE = 8, LWM2M_TRIGGER_BOOTSTRAP = 9 }; /* the resource of object 1 */

struct lwm2m_trigger {
    enum lwm2m_trigger_kind kind;
    uint16_t instance;   /* of the Server object */
    uint16_t message_id;
    uint8_t token[8];
    size_t token_len;
};

/* MALFORMED: no CoAP message. DENIED: a CoAP message that is no trigger (another method, path, option, or a payload). NO_MEMORY. */
enum error_code lwm2m_trigger_parse(struct slice body, struct lwm2m_trigger *out, struct error *err);
const char *lwm2m_trigger_name(enum lwm2m_trigger_kind kind); /* update, bootstrap */

#endif
