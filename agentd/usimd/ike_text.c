/* SPDX-License-Identifier: Apache-2.0 */
/* swanctl.conf(5) as messages: dotted keys become sections, keys that charon wants as lists become lists. */
#include "usimd/ike_text.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "codec/vici.h"

enum { NAME_CAP = 96 };

/* What charon reads as a list; in a file its items have commas between them. */
static const char *const lists[] = { "local_addrs", "remote_addrs", "proposals", "esp_proposals", "ah_proposals", "local_ts", "remote_ts",
                                     "vips",        "pools",        "groups",    "certs",         "cacerts",      "pubkeys" };

static struct slice text(const char *s)
{
    return (struct slice){ (const uint8_t *)s, strlen(s) };
}

char *ike_key_name(const struct ike_setting *s, char *out, size_t cap)
{
    (void)snprintf(out, cap, "gateway-agent-%s", s->name);
    return out;
}

/* A B-TID has a '=', with which strongSwan takes a text for a distinguished name unless it is told the type. */
static char *own_identity(const struct ike_setting *s, struct slice btid)
{
    return s->identity ? g_strdup(s->identity) : g_strdup_printf("rfc822:%.*s", (int)btid.len, (const char *)btid.data);
}

void ike_put_shared(struct writer *w, const struct ike_setting *s, struct slice btid, struct slice key)
{
    g_autofree char *own = own_identity(s, btid);
    char name[NAME_CAP];
    vici_begin(w, VICI_REQUEST, "load-shared");
    vici_put_text(w, "id", ike_key_name(s, name, sizeof name));
    vici_put_text(w, "type", "IKE");
    vici_put(w, text("data"), key);
    vici_list(w, "owners");
    vici_list_item(w, text(own));
    vici_list_item(w, text(s->peer));
    vici_list_end(w);
    vici_end(w);
}

struct pair {
    char *key, *value;
};

static int by_key(gconstpointer a, gconstpointer b)
{
    return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static void pair_clear(gpointer p)
{
    g_free(((struct pair *)p)->key);
    g_free(((struct pair *)p)->value);
}

static void add(GArray *pairs, const char *key, const char *value)
{
    for (guint i = 0; i < pairs->len; i++)
        if (strcmp(g_array_index(pairs, struct pair, i).key, key) == 0)
            return; /* the administrator's word */
    struct pair p = { g_strdup(key), g_strdup(value) };
    g_array_append_val(pairs, p);
}

static GArray *all_pairs(const struct ike_setting *s, struct slice btid)
{
    GArray *pairs = g_array_new(FALSE, FALSE, sizeof(struct pair));
    g_autofree char *own = own_identity(s, btid);
    g_array_set_clear_func(pairs, pair_clear);
    for (size_t i = 0; s->keys[i]; i++)
        add(pairs, s->keys[i], s->values[i]);
    add(pairs, "version", "2");
    add(pairs, "remote_addrs", s->naf);
    add(pairs, "local.auth", "psk");
    add(pairs, "local.id", own);
    add(pairs, "remote.auth", "psk");
    add(pairs, "remote.id", s->peer);
    g_array_sort(pairs, by_key); /* keys of one section stand together */
    return pairs;
}

static bool is_list(const char *key)
{
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        if (strcmp(lists[i], key) == 0)
            return true;
    return false;
}

static void put_value(struct writer *w, const char *key, const char *value)
{
    if (!is_list(key)) {
        vici_put_text(w, key, value);
        return;
    }
    g_auto(GStrv) items = g_strsplit(value, ",", -1);
    vici_list(w, key);
    for (char **item = items; *item; item++)
        vici_list_item(w, text(g_strstrip(*item)));
    vici_list_end(w);
}

/* Sections that the next key shares with the last one stay open. */
static void put_pair(struct writer *w, const struct pair *p, char ***open)
{
    char **path = g_strsplit(p->key, ".", -1);
    size_t had = g_strv_length(*open), depth = g_strv_length(path) - 1, same = 0;
    while (same < had && same < depth && strcmp((*open)[same], path[same]) == 0)
        same++;
    for (size_t i = same; i < had; i++)
        vici_section_end(w);
    for (size_t i = same; i < depth; i++)
        vici_section(w, text(path[i]));
    put_value(w, path[depth], p->value);
    g_clear_pointer(&path[depth], g_free);
    g_strfreev(*open);
    *open = path;
}

void ike_put_connection(struct writer *w, const struct ike_setting *s, struct slice btid)
{
    GArray *pairs = all_pairs(s, btid);
    char **open = g_new0(char *, 1);
    vici_begin(w, VICI_REQUEST, "load-conn");
    vici_section(w, text(s->name));
    for (guint i = 0; i < pairs->len; i++)
        put_pair(w, &g_array_index(pairs, struct pair, i), &open);
    for (guint i = 0; i < g_strv_length(open); i++)
        vici_section_end(w);
    vici_section_end(w);
    vici_end(w);
    g_strfreev(open);
    g_array_unref(pairs);
}

static void put_one(struct writer *w, const char *command, const char *key, const char *value)
{
    vici_begin(w, VICI_REQUEST, command);
    vici_put_text(w, key, value);
    vici_end(w);
}

void ike_put_unload_shared(struct writer *w, const struct ike_setting *s)
{
    char name[NAME_CAP];
    put_one(w, "unload-shared", "id", ike_key_name(s, name, sizeof name));
}

void ike_put_unload_connection(struct writer *w, const struct ike_setting *s)
{
    put_one(w, "unload-conn", "name", s->name);
}

void ike_put_terminate(struct writer *w, const struct ike_setting *s)
{
    vici_begin(w, VICI_REQUEST, "terminate");
    vici_put_text(w, "ike", s->name);
    vici_put_text(w, "timeout", "-1");
    vici_end(w);
}

void ike_put_query(struct writer *w, const char *command)
{
    vici_begin(w, VICI_REQUEST, command);
    vici_end(w);
}
