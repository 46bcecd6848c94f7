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
    /* source, content type, application id, what it is, who vouches, reader */
    { NULL, WSP_MEDIA_CP_WBXML, ROUTE_ANY, TRIGGER_SETTINGS, ROUTE_BY_SEC, document_read_cp },
    { NULL, WSP_MEDIA_CP_XML, ROUTE_ANY, TRIGGER_SETTINGS, ROUTE_BY_SEC, document_read_cp },
    { NULL, WSP_MEDIA_COSE, ROUTE_ANY, TRIGGER_BEI, ROUTE_BY_PROOF, instruction_read },
    { "instruction", WSP_MEDIA_COSE, ROUTE_ANY, TRIGGER_BEI, ROUTE_BY_PROOF, instruction_read },
    { "bbn", WSP_MEDIA_COSE, ROUTE_ANY, TRIGGER_BEI, ROUTE_BY_PROOF, instruction_read },
    { "lan", WSP_MEDIA_COSE, ROUTE_ANY, TRIGGER_BEI, ROUTE_BY_SIGNATURE, instruction_read },
    { "ui", WSP_MEDIA_COSE, ROUTE_ANY, TRIGGER_BEI, ROUTE_BY_SOURCE, instruction_read },
    { "factory", WSP_MEDIA_COSE, ROUTE_ANY, TRIGGER_BEI, ROUTE_BY_SOURCE, document_read_factory },
    { NULL, WSP_MEDIA_DM_WBXML, WSP_APPLICATION_SYNCML_DM, TRIGGER_SETTINGS, ROUTE_BY_SEC, document_read_dm },
    { NULL, WSP_MEDIA_DM_WBXML, ROUTE_NONE, TRIGGER_SETTINGS, ROUTE_BY_SEC, document_read_dm },
    { "lwm2m", WSP_MEDIA_OTHER, ROUTE_ANY, TRIGGER_RENEWAL, ROUTE_BY_SOURCE, document_read_renewal },
    { "card", WSP_MEDIA_OTHER, ROUTE_ANY, TRIGGER_CARD, ROUTE_BY_SOURCE, document_read_card },
    { NULL, WSP_MEDIA_DM_NOTIFICATION, WSP_APPLICATION_SYNCML_DM, TRIGGER_NOTIFICATION, ROUTE_BY_TAKER, NULL },
    { NULL, WSP_MEDIA_DM_NOTIFICATION, WSP_APPLICATION_LWM2M_DM, TRIGGER_LWM2M, ROUTE_BY_TAKER, NULL },
};

static bool application_fits(const struct route *r, const struct wsp_push *push)
{
    if (r->application == ROUTE_ANY)
        return true;
    if (r->application == ROUTE_NONE)
        return !push->has_application_id;
    return push->has_application_id && (int64_t)push->application_id == r->application;
}

static const struct route *row_of_source(const char *source)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (routes[i].source && strcmp(routes[i].source, source) == 0)
            return &routes[i];
    return NULL;
}

static const struct route *row_of_push(const struct wsp_push *push)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (!routes[i].source && routes[i].media == push->media && application_fits(&routes[i], push))
            return &routes[i];
    return NULL;
}

enum error_code route_find(const char *source, struct slice message, struct wsp_push *push, const struct route **out, struct error *err)
{
    *out = row_of_source(source);
    if (*out) {
        *push = (struct wsp_push){ .media = (*out)->media, .body = message };
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
