/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the parser's memory for one call. Must never be called before who vouches for the body was asked. */
#include "bootstrap/start/document.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/secret.h"
#include "base/text.h"
#include "bootstrap/provisioning/provisioning.h"
#include "codec/dm_bootstrap.h"
#include "codec/prov.h"

enum error_code document_read_cp(const struct wsp_push *push, struct trigger *t, struct error *err)
{
    void *memory = malloc(PROV_ARENA);
    if (!memory)
        return error_set(err, ERROR_NO_MEMORY, "message");
    struct arena arena = arena_make(memory, PROV_ARENA);
    struct prov_node *root = NULL;
    enum error_code rc = push->media == WSP_MEDIA_CP_XML ? prov_decode_xml(push->body, &arena, &root, err)
                                                         : prov_decode_wbxml(push->body, &arena, &root, err);
    if (!rc)
        rc = provisioning_settings(root, t->settings, err);
    secret_zero(memory, arena.len);
    free(memory);
    if (!rc)
        (void)text_copy(t->context, sizeof t->context, t->settings->context[0] ? t->settings->context : "usim");
    return rc;
}

enum error_code document_read_dm(const struct wsp_push *push, struct trigger *t, struct error *err)
{
    void *memory = malloc(DM_BOOTSTRAP_ARENA);
    if (!memory)
        return error_set(err, ERROR_NO_MEMORY, "message");
    struct arena arena = arena_make(memory, DM_BOOTSTRAP_ARENA);
    struct dm_bootstrap doc;
    enum error_code rc = dm_bootstrap_decode(push->body, &arena, &doc, err);
    if (!rc)
        rc = provisioning_trees(&doc, &arena, t->settings, err);
    secret_zero(memory, arena.len);
    free(memory);
    if (!rc)
        (void)text_copy(t->context, sizeof t->context, "usim");
    return rc;
}
