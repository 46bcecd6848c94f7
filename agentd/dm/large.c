/* SPDX-License-Identifier: Apache-2.0 */
/* Large objects (OMA DM Protocol 1.2, section 7): chunks are gathered up to the announced Size, which must be given and is bounded by the largest
 * leaf of the tree. The command takes effect with the last chunk or not at all. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "dm/session.h"

static struct slice meta_of(const struct dm_task *t, enum syncml_element element)
{
    struct slice s = syncml_text2(t->item, SYNCML_META, element);
    return s.len ? s : syncml_text2(t->cmd, SYNCML_META, element);
}

void large_clear(struct dm_session *s)
{
    if (s->large.data) {
        secret_zero(s->large.data, s->large.len);
        free(s->large.data);
    }
    s->large = (struct dm_large){ 0 };
}

static struct slice text_slice(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

void large_interrupt(struct dm_session *s)
{
    if (!s->large.active)
        return;
    log_warning(s->log, "object for %s ended early: %zu of %zu octets", s->large.uri, s->large.len, s->large.size);
    (void)outbox_alert(&s->outbox, 1225, text_slice(s->large.uri));
    large_clear(s);
}

static int first_chunk(struct dm_session *s, const struct dm_task *t, const struct dm_input *in)
{
    uint64_t size = 0;
    struct slice given = meta_of(t, SYNCML_SIZE);
    if (given.len == 0)
        return DM_SIZE_REQUIRED;
    if (!text_decimal(given, UINT64_MAX, &size) || size == 0)
        return DM_BAD_REQUEST;
    if (size > DM_PACKAGE_MAX)
        return DM_TOO_LARGE;
    if (slice_is(in->format, "b64") || !syncml_copy(in->format, s->large.format, sizeof s->large.format))
        return DM_BAD_FORMAT;
    if (!syncml_copy(command_uri(t), s->large.uri, sizeof s->large.uri))
        return DM_URI_TOO_LONG;
    s->large.data = malloc((size_t)size);
    if (!s->large.data)
        return DM_FULL;
    s->large.active = true;
    s->large.add = in->add;
    s->large.opaque = in->opaque;
    s->large.size = (size_t)size;
    return DM_CHUNK;
}

static int last_chunk(struct dm_session *s)
{
    struct dm_input whole = { .format = text_slice(s->large.format), .data = { s->large.data, s->large.len }, .opaque = s->large.opaque,
                              .add = s->large.add };
    int status = s->large.len == s->large.size ? dm_tree_set(&s->tree, text_slice(s->large.uri), &whole) : DM_SIZE_MISMATCH;
    large_clear(s);
    return status;
}

int large_take(struct dm_session *s, const struct dm_task *t, const struct dm_input *in)
{
    bool more = syncml_child(t->item, SYNCML_MORE_DATA) != NULL;
    if (s->large.active && (!slice_is(command_uri(t), s->large.uri) || s->large.add != in->add))
        large_interrupt(s);
    if (!s->large.active) {
        int status = more ? first_chunk(s, t, in) : dm_tree_set(&s->tree, command_uri(t), in);
        if (status != DM_CHUNK)
            return status;
    }
    if (in->data.len > s->large.size - s->large.len) {
        large_clear(s);
        return DM_SIZE_MISMATCH;
    }
    if (in->data.len)
        memcpy(&s->large.data[s->large.len], in->data.data, in->data.len);
    s->large.len += in->data.len;
    return more ? DM_CHUNK : last_chunk(s);
}
