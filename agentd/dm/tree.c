/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on the management tree. Owns the rules of access, format, bounds and existence (OMA DM Tree 1.2); values belong to nodes.c. */
#include "dm/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "base/writer.h"
#include "codec/syncml.h"
#include "dm/nodes.h"

enum match { MATCH_NO, MATCH_EXACT, MATCH_ABOVE };

struct place {
    char path[DM_URI_CAP];
    char name[DM_NAME_CAP];
    const struct dm_row *row;   /* exact leaf or instance; NULL: a folder of the tree */
    const struct dm_row *inner; /* some row that path stands above; its instance is `name` */
};

const char *dm_format_name(enum dm_format f)
{
    static const char *const names[] = { "bin", "chr", "int", "node", "null", "bool" };
    return names[f];
}

/* Compares a path with the pattern of a row; the segment at '*' goes to name. rest: what of the pattern lies below path. */
static enum match match_path(const char *pattern, const char *path, char name[DM_NAME_CAP], const char **rest)
{
    size_t i = 0, j = 0;
    *name = '\0';
    while (path[j]) {
        if (pattern[i] == '*') {
            size_t len = strcspn(&path[j], "/");
            if (len == 0 || len >= DM_NAME_CAP)
                return MATCH_NO;
            memcpy(name, &path[j], len);
            name[len] = '\0';
            if (!text_is_name(name, "_-", DM_NAME_CAP - 1))
                return MATCH_NO;
            i++;
            j += len;
        } else if (pattern[i] == path[j]) {
            i++;
            j++;
        } else {
            return MATCH_NO;
        }
    }
    if (pattern[i] == '\0')
        return MATCH_EXACT;
    *rest = j == 0 ? &pattern[i] : &pattern[i + 1];
    return j == 0 || pattern[i] == '/' ? MATCH_ABOVE : MATCH_NO;
}

/* The place that uri names: OK, NOT_FOUND, URI_TOO_LONG, or OPTIONAL for "?prop" and "?list" (OMA DM Tree 1.2, optional for us). */
static int locate(struct slice uri, struct place *p)
{
    char text[DM_URI_CAP];
    *p = (struct place){ .row = NULL };
    if (uri.len >= sizeof text)
        return DM_URI_TOO_LONG;
    if (!syncml_copy(uri, text, sizeof text) || text[0] != '.' || (text[1] && text[1] != '/'))
        return DM_NOT_FOUND;
    if (strchr(text, '?'))
        return DM_OPTIONAL;
    (void)text_copy(p->path, sizeof p->path, text[1] ? &text[2] : "");
    for (size_t i = 0; i < dm_row_count; i++) {
        const char *rest;
        char name[DM_NAME_CAP];
        enum match m = match_path(dm_rows[i].path, p->path, name, &rest);
        if (m == MATCH_EXACT)
            p->row = &dm_rows[i];
        else if (m == MATCH_ABOVE && !p->inner)
            p->inner = &dm_rows[i];
        if (m != MATCH_NO && *name)
            (void)text_copy(p->name, sizeof p->name, name);
    }
    return p->row || p->inner ? DM_OK : DM_NOT_FOUND;
}

bool dm_acl_grants(const char *acl, const char *command, const char *server_id)
{
    size_t name = strlen(command), server = strlen(server_id);
    for (const char *p = acl; *p; p += p[strcspn(p, "&")] == '&' ? strcspn(p, "&") + 1 : strlen(p)) {
        if (strncmp(p, command, name) != 0 || p[name] != '=')
            continue;
        const char *who = &p[name + 1];
        for (size_t len = strcspn(who, "+&"); len; len = strcspn(who, "+&")) {
            if ((len == 1 && *who == '*') || (len == server && strncmp(who, server_id, len) == 0))
                return true;
            who = &who[len + (who[len] == '+')];
        }
    }
    return *acl == '\0';
}

/* The account's own leaves: as the ACL of its bootstrap grants. */
static bool is_granted(const struct dm_tree *t, const struct place *p, const char *command)
{
    return strncmp(p->path, "DMAcc/1", 7) != 0 || dm_acl_grants(t->account->acl, command, t->account->server_id);
}

static bool place_exists(const struct dm_tree *t, const struct place *p)
{
    const struct dm_row *row = p->row ? p->row : p->inner;
    return !*p->name || dm_instance_exists(t, row->path, p->name);
}

/* Adds one name to a list "a/b/c" unless it is there (OMA DM Tree 1.2: the value of an interior node). */
static void add_name(struct dm_value *out, const char *name, size_t len)
{
    for (size_t at = 0; at < out->len;) {
        const uint8_t *slash = memchr(&out->octets[at], '/', out->len - at);
        size_t end = slash ? (size_t)(slash - out->octets) : out->len;
        if (end - at == len && memcmp(&out->octets[at], name, len) == 0)
            return;
        at = end + 1;
    }
    struct writer w = writer_make(out->octets, sizeof out->octets);
    w.len = out->len;
    if (out->len)
        writer_u8(&w, '/');
    writer_put(&w, name, len);
    if (!w.failed)
        out->len = w.len;
}

static int list_children(const struct dm_tree *t, const struct place *p, struct dm_value *out)
{
    out->format = DM_NODE;
    for (size_t i = 0; i < dm_row_count; i++) {
        const char *rest;
        char name[DM_NAME_CAP];
        if (match_path(dm_rows[i].path, p->path, name, &rest) != MATCH_ABOVE)
            continue;
        for (size_t k = 0; *rest == '*' && k < DM_INSTANCES; k++) {
            const char *instance = dm_instance_name(t, dm_rows[i].path, k);
            if (*instance)
                add_name(out, instance, strlen(instance));
        }
        if (*rest != '*' && (rest[strcspn(rest, "/")] || dm_row_present(&dm_rows[i], t, p->name)))
            add_name(out, rest, strcspn(rest, "/"));
    }
    return DM_OK;
}

int dm_tree_get(struct dm_tree *t, struct slice uri, struct dm_value *out, enum dm_ask *ask, char name[DM_NAME_CAP])
{
    struct place p;
    int status = locate(uri, &p);
    out->len = 0;
    *ask = DM_ASK_NOTHING;
    if (status != DM_OK)
        return status;
    (void)text_copy(name, DM_NAME_CAP, p.name);
    if (!place_exists(t, &p))
        return DM_NOT_FOUND;
    if (!p.row || p.row->format == DM_NODE)
        return list_children(t, &p, out);
    if (!(p.row->access & DM_GET))
        return DM_NOT_ALLOWED;
    if (!is_granted(t, &p, "Get"))
        return DM_DENIED;
    out->format = p.row->format;
    *ask = p.row->ask;
    return p.row->get ? p.row->get(t, p.name, p.row->field, out) : DM_OK;
}

/* The value in plain octets: bin travels as OPAQUE, or as text in Base64 when the format says so (SyncML MetInf 1.2, Format). */
static int plain_value(const struct dm_row *row, const struct dm_input *in, uint8_t *buffer, size_t cap, struct slice *value)
{
    *value = in->data;
    if (row->format == DM_BIN && slice_is(in->format, "b64")) {
        size_t len = 0;
        if (!text_base64_decode(in->data, buffer, cap, &len))
            return DM_BAD_FORMAT;
        *value = (struct slice){ buffer, len };
        return DM_OK;
    }
    if (in->format.len ? !slice_is(in->format, dm_format_name(row->format)) : row->format == DM_BIN && !in->opaque)
        return DM_BAD_FORMAT;
    return DM_OK;
}

static int check_bounds(const struct dm_row *row, struct slice value)
{
    char text[DM_VALUE_MAX];
    uint64_t number = 0;
    if (row->format == DM_INT)
        return text_decimal(value, row->max, &number) && number >= row->min ? DM_OK : DM_BAD_REQUEST;
    if (value.len > row->max)
        return DM_TOO_LARGE;
    if (value.len < row->min)
        return DM_BAD_REQUEST;
    return row->format == DM_CHR && !syncml_copy(value, text, sizeof text) ? DM_BAD_REQUEST : DM_OK;
}

/* Rights and existence. Nonce may be replaced before it was added: it is one slot that is always there. */
static int may_write(const struct dm_tree *t, const struct place *p, bool add)
{
    unsigned need = add ? DM_ADD : DM_REPLACE;
    if (t->management && *p->name)
        return DM_NOT_ALLOWED; /* nobody would take over what is made here: a context is provisioned by a bootstrap */
    if (!p->row || !(p->row->access & need))
        return place_exists(t, p) || !*p->name ? DM_NOT_ALLOWED : DM_NOT_FOUND;
    if (!is_granted(t, p, add ? "Add" : "Replace"))
        return DM_DENIED;
    bool exists = place_exists(t, p);
    if (add)
        return exists && (p->row->format == DM_NODE || dm_row_present(p->row, t, p->name)) ? DM_EXISTS : DM_OK;
    if (!exists)
        return DM_NOT_FOUND;
    return !*p->name || dm_row_present(p->row, t, p->name) ? DM_OK : DM_NOT_FOUND;
}

static int write_leaf(struct dm_tree *t, const struct place *p, const struct dm_input *in)
{
    uint8_t decoded[DM_VALUE_MAX];
    struct slice value;
    int status = plain_value(p->row, in, decoded, sizeof decoded, &value);
    if (status == DM_OK)
        status = check_bounds(p->row, value);
    bool made = status == DM_OK && *p->name && !place_exists(t, p);
    if (made)
        status = dm_instance_make(t, p->row->path, p->name);
    if (status == DM_OK)
        status = p->row->set(t, p->name, p->row->field, value);
    if (made && status != DM_OK)
        dm_instance_drop(t, p->row->path, p->name);
    secret_zero(decoded, sizeof decoded);
    return status;
}

int dm_tree_set(struct dm_tree *t, struct slice uri, const struct dm_input *in)
{
    struct place p;
    int status = locate(uri, &p);
    if (status == DM_OK)
        status = may_write(t, &p, in->add);
    if (status != DM_OK)
        return status;
    if (p.row->format != DM_NODE)
        return write_leaf(t, &p, in);
    if (in->data.len || (in->format.len && !slice_is(in->format, "node")))
        return DM_BAD_FORMAT;
    return dm_instance_make(t, p.row->path, p.name);
}

int dm_tree_delete(struct dm_tree *t, struct slice uri)
{
    struct place p;
    int status = locate(uri, &p);
    if (status != DM_OK)
        return status;
    if (!place_exists(t, &p))
        return DM_NOT_FOUND;
    if (!p.row || !(p.row->access & DM_DELETE))
        return DM_NOT_ALLOWED;
    dm_instance_drop(t, p.row->path, p.name);
    return DM_OK;
}

int dm_tree_exec(struct dm_tree *t, struct slice uri, enum dm_ask *ask, char name[DM_NAME_CAP])
{
    struct place p;
    int status = locate(uri, &p);
    *ask = DM_ASK_NOTHING;
    if (status != DM_OK)
        return status;
    if (!place_exists(t, &p))
        return DM_NOT_FOUND;
    if (!p.row || !(p.row->access & DM_EXEC))
        return DM_NOT_ALLOWED;
    *ask = p.row->ask;
    (void)text_copy(name, DM_NAME_CAP, p.name);
    return DM_OK;
}

void dm_tree_clear(struct dm_tree *t)
{
    for (size_t i = 0; i < DM_INSTANCES; i++)
        free(t->vendor.mid[i].package);
    secret_zero(&t->vendor, sizeof t->vendor);
}

bool dm_tree_save(const struct dm_tree *t, struct dm_tree *copy)
{
    *copy = *t;
    copy->account = malloc(sizeof *copy->account);
    bool ok = copy->account != NULL;
    if (ok)
        *copy->account = *t->account;
    for (size_t i = 0; i < DM_INSTANCES; i++) {
        const struct dm_mid *from = &t->vendor.mid[i];
        if (!from->package)
            continue;
        copy->vendor.mid[i].package = malloc(from->package_len + 1);
        if (copy->vendor.mid[i].package)
            memcpy(copy->vendor.mid[i].package, from->package, from->package_len);
        else
            ok = false;
    }
    return ok;
}

void dm_tree_discard(struct dm_tree *copy)
{
    dm_tree_clear(copy);
    if (copy->account)
        secret_zero(copy->account, sizeof *copy->account);
    free(copy->account);
    copy->account = NULL;
}

void dm_tree_restore(struct dm_tree *t, struct dm_tree *copy)
{
    dm_tree_clear(t);
    t->vendor = copy->vendor;
    *t->account = *copy->account;
    memset(&copy->vendor, 0, sizeof copy->vendor); /* its packages have moved */
    dm_tree_discard(copy);
}
