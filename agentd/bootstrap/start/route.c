/* SPDX-License-Identifier: Apache-2.0 */
/* The table; const. Its order does not matter: no two rows fit one message. */
#include "bootstrap/start/route.h"

#include <string.h>

#include "bootstrap/factory/message.h"
#include "bootstrap/instruction/instruction.h"
#include "bootstrap/service/renewal_message.h"
#include "bootstrap/start/card_document.h"
#include "bootstrap/start/document.h"

static const struct route routes[] = {
    /* source, what the push is, what it means, who vouches, reader */
    { NULL, PUSH_CP_WBXML, TRIGGER_SETTINGS, ROUTE_BY_SEC, document_read_cp },
    { NULL, PUSH_CP_XML, TRIGGER_SETTINGS, ROUTE_BY_SEC, document_read_cp },
    { NULL, PUSH_INSTRUCTION, TRIGGER_BEI, ROUTE_BY_PROOF, instruction_read },
    { NULL, PUSH_DM_BOOTSTRAP, TRIGGER_SETTINGS, ROUTE_BY_SEC, document_read_dm },
    { NULL, PUSH_DM_NOTIFICATION, TRIGGER_NOTIFICATION, ROUTE_BY_TAKER, NULL },
    { NULL, PUSH_LWM2M_TRIGGER, TRIGGER_LWM2M, ROUTE_BY_TAKER, NULL },
    { "instruction", PUSH_FOREIGN, TRIGGER_BEI, ROUTE_BY_PROOF, instruction_read },
    { "bbn", PUSH_FOREIGN, TRIGGER_BEI, ROUTE_BY_PROOF, instruction_read },
    { "lan", PUSH_FOREIGN, TRIGGER_BEI, ROUTE_BY_SIGNATURE, instruction_read },
    { "ui", PUSH_FOREIGN, TRIGGER_BEI, ROUTE_BY_SOURCE, instruction_read },
    { "factory", PUSH_FOREIGN, TRIGGER_BEI, ROUTE_BY_SOURCE, document_read_factory },
    { "lwm2m", PUSH_FOREIGN, TRIGGER_RENEWAL, ROUTE_BY_SOURCE, document_read_renewal },
    { "card", PUSH_FOREIGN, TRIGGER_CARD, ROUTE_BY_SOURCE, document_read_card },
};

static const struct route *row_of_source(const char *source)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (routes[i].source && strcmp(routes[i].source, source) == 0)
            return &routes[i];
    return NULL;
}

static const struct route *row_of_push(const struct wsp_push *push)
{
    enum push_kind kind = push_kind(push);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (!routes[i].source && routes[i].push == kind)
            return &routes[i];
    return NULL;
}

enum error_code route_find(const char *source, struct slice message, struct wsp_push *push, const struct route **out, struct error *err)
{
    *out = row_of_source(source);
    if (*out) {
        *push = (struct wsp_push){ .body = message };
        return message.len ? ERROR_NONE : error_set(err, ERROR_TRUNCATED, "message of %s is empty", source);
    }
    enum error_code rc = wsp_push_parse(message, push, err);
    if (rc)
        return rc;
    *out = row_of_push(push);
    if (*out)
        return ERROR_NONE;
    return error_set(err, ERROR_NOT_FOR_US, "push message: content type %s%s is not for this gateway", wsp_media_name(push->media),
                     push->has_application_id ? " with its application id" : "");
}
