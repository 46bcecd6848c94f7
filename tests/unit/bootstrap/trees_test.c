/* SPDX-License-Identifier: Apache-2.0 */
/* Management trees -> settings: the bootstrap vectors in their two forms, the account of DM 1.1, references, forms and faults, each as a small tree. */
#include <glib.h>
#include <string.h>

#include "bootstrap/provisioning/provisioning.h"
#include "codec/dm_bootstrap.h"
#include "support/vectors.h"

static unsigned char memory[DM_BOOTSTRAP_ARENA] __attribute__((aligned(16)));
static struct settings *settings;

static void of_vector(const char *file)
{
    struct octets doc = vectors_file(file);
    struct arena arena = arena_make(memory, sizeof memory);
    struct dm_bootstrap b;
    struct error err = { 0 };
    g_assert_cmpint(dm_bootstrap_decode(octets_slice(&doc), &arena, &b, &err), ==, ERROR_NONE);
    g_assert_cmpint(provisioning_trees(&b, &arena, settings, &err), ==, ERROR_NONE);
    octets_free(&doc);
}

static void vectors_become_settings(void)
{
    static const char *const files[] = { "dm_bootstrap_dmprofile.wbxml", "dm_bootstrap_tnds_wbxml.wbxml" };
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        of_vector(files[i]);
        const struct dm_account *a = &settings->dm[0];
        g_assert_true(settings->by_tree && settings->dms == 1 && settings->napdefs == 1);
        g_assert_cmpstr(a->server_id, ==, "com.example.dm");
        g_assert_cmpstr(a->name, ==, "Operator X");
        g_assert_cmpstr(a->uri, ==, "https://dm.example.net:443/dm");
        g_assert_cmpstr(a->acl, ==, "Get=*&Replace=com.example.dm&Delete=com.example.dm");
        g_assert_true(a->napids == 1 && strcmp(a->napid[0], "NAP1") == 0); /* "./Inbox/NAP1" */
        g_assert_cmpint(a->auth, ==, DM_AUTH_MD5);
        g_assert_cmpstr(a->client.name, ==, "client-user");
        g_assert_cmpstr(a->client.secret, ==, "client-secret");
        g_assert_cmpstr(a->server.name, ==, "com.example.dm");
        g_assert_cmpstr(a->server.secret, ==, "server-secret");
        g_assert_true(a->client.nonce_len == 16 && a->client.nonce[15] == 0x0f && a->server.nonce_len == 16 && a->server.nonce[0] == 0x20);
        g_assert_cmpstr(settings->napdef[0].apn, ==, "m2m.example.net");
        g_assert_cmpstr(settings->napdef[0].name, ==, "M2M");
    }
}

/* --- small trees, written as lines: "path=value", "path:format=value", "path!type" (an object), "path~acl"; "." is the root --- */


static void put_node(GString *out, GPtrArray *lines, const char *path, const char *name)
{
    g_autofree char *below = *path ? g_strconcat(path, "/", NULL) : g_strdup("");
    g_autoptr(GHashTable) done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const char *type = NULL, *acl = NULL, *value = NULL, *format = NULL;
    g_string_append_printf(out, "<Node><NodeName>%s</NodeName>", name);
    for (guint i = 0; i < lines->len; i++) {
        const char *line = lines->pdata[i];
        size_t len = strcspn(line, "=:!~");
        bool mine = len == (*path ? strlen(path) : 1) && strncmp(line, *path ? path : ".", len) == 0;
        if (!mine)
            continue;
        if (line[len] == '!')
            type = &line[len + 1];
        else if (line[len] == '~')
            acl = &line[len + 1];
        else {
            format = line[len] == ':' ? &line[len + 1] : NULL;
            value = &line[len + strcspn(&line[len], "=") + 1];
        }
    }
    g_string_append(out, "<RTProperties>");
    if (acl)
        g_string_append_printf(out, "<ACL>%s</ACL>", acl);
    if (format)
        g_string_append_printf(out, "<Format><%.*s/></Format>", (int)strcspn(format, "="), format);
    if (type)
        g_string_append_printf(out, "<Type><DDFName>%s</DDFName></Type>", type);
    g_string_append(out, "</RTProperties>");
    for (guint i = 0; i < lines->len; i++) {
        const char *line = lines->pdata[i];
        size_t whole = strcspn(line, "=:!~");
        if (*line == '.' || strncmp(line, below, strlen(below)) != 0 || whole <= strlen(below))
            continue;
        g_autofree char *child = g_strndup(&line[strlen(below)], strcspn(&line[strlen(below)], "/=:!~"));
        if (!g_hash_table_add(done, g_strdup(child)))
            continue;
        g_autofree char *child_path = g_strconcat(below, child, NULL);
        put_node(out, lines, child_path, child);
    }
    if (value)
        g_string_append_printf(out, "<Value>%s</Value>", value);
    g_string_append(out, "</Node>");
}

/* One tree for each text; "./Inbox/tN" is where the N-th stands. */
static enum error_code of_trees(const char *const *texts, size_t count)
{
    static unsigned char scratch_memory[DM_BOOTSTRAP_ARENA] __attribute__((aligned(16)));
    struct arena arena = arena_make(memory, sizeof memory), scratch = arena_make(scratch_memory, sizeof scratch_memory);
    struct dm_bootstrap_item items[4] = { 0 };
    struct dm_bootstrap doc = { .server_id = "s", .device_id = "d", .item = items };
    char names[4][4], targets[4][16];
    struct error err = { 0 };
    for (size_t i = 0; i < count; i++) {
        g_autoptr(GPtrArray) lines = g_ptr_array_new();
        g_auto(GStrv) parts = g_strsplit(texts[i], "\n", -1);
        g_autoptr(GString) xml = g_string_new("<MgmtTree><VerDTD>1.2</VerDTD>");
        for (char **p = parts; *p; p++)
            if (**p)
                g_ptr_array_add(lines, *p);
        g_snprintf(names[i], sizeof names[i], "t%zu", i);
        g_snprintf(targets[i], sizeof targets[i], "./Inbox/t%zu", i);
        put_node(xml, lines, "", names[i]);
        g_string_append(xml, "</MgmtTree>");
        items[i].target = targets[i];
        arena_reset(&scratch);
        g_assert_cmpint(dm_bootstrap_tree((struct slice){ (const uint8_t *)xml->str, xml->len }, &scratch, &arena, &items[i].root, &err), ==, ERROR_NONE);
        if (i)
            items[i - 1].next = &items[i];
    }
    enum error_code rc = provisioning_trees(&doc, &arena, settings, &err);
    g_assert_cmpint(err.code, ==, rc);
    return rc;
}

#define DMACC ".!urn:oma:mo:oma-dm-dmacc:1.0\nAppID=w7\nServerID=srv\nAppAddr/1/Addr=https://a.example/x\n"
#define W7 ".!org.openmobilealliance/1.0/w7\nAppID=w7\nServerID=srv\nAppAddr/1/Addr=https://old.example/x\n"
#define CLIENT "AppAuth/c/AAuthLevel=CLCRED\nAppAuth/c/AAuthType=DIGEST\nAppAuth/c/AAuthName=u\nAppAuth/c/AAuthSecret=p\n"
#define NAP(id) ".!urn:oma:mo:oma-connmo-nap:1.0\nNAPID=" id "\nAddr=apn." id "\n"
#define ACC11 "ServerID=old\nAddr=https://b.example/\nAddrType=1\nPortNbr=8443\nUserName=u\nClientPW=cp\nServerPW=sp\nServerNonce:b64=AQI=\nAuthPref=syncml:auth-mac\n"

static const struct {
    const char *name;
    const char *trees[4];
    enum error_code rc;
} rows[] = {
    { "smallest account", { DMACC CLIENT }, ERROR_NONE },
    { "account of another application", { ".!urn:oma:mo:oma-dm-dmacc:1.0\nAppID=w5\nServerID=srv\n" }, ERROR_NONE },
    { "unknown object", { ".!urn:oma:mo:oma-fumo:1.0\nPkgName=x\n", DMACC CLIENT }, ERROR_NONE },
    { "account in a folder", { "DMAcc/x!urn:oma:mo:oma-dm-dmacc:1.0\nDMAcc/x/AppID=w7\nDMAcc/x/ServerID=srv\nDMAcc/x/AppAddr/1/Addr=https://a.example/x\n" }, ERROR_NONE },
    { "no server id", { ".!urn:oma:mo:oma-dm-dmacc:1.0\nAppID=w7\nAppAddr/1/Addr=https://a.example/x\n" CLIENT }, ERROR_INCOMPLETE },
    { "no address", { ".!urn:oma:mo:oma-dm-dmacc:1.0\nAppID=w7\nServerID=srv\n" CLIENT }, ERROR_INCOMPLETE },
    { "http", { ".!urn:oma:mo:oma-dm-dmacc:1.0\nServerID=srv\nAppAddr/1/Addr=http://a.example/x\n" CLIENT }, ERROR_INVALID },
    { "no secret", { DMACC "AppAuth/c/AAuthLevel=CLCRED\nAppAuth/c/AAuthName=u\n" }, ERROR_INCOMPLETE },
    { "nonce that is no Base64", { DMACC CLIENT "AppAuth/c/AAuthData:b64=***\n" }, ERROR_INVALID },
    { "unknown type of authentication", { DMACC "AppAuth/c/AAuthLevel=CLCRED\nAppAuth/c/AAuthType=X509\nAppAuth/c/AAuthName=u\nAppAuth/c/AAuthSecret=p\n" },
      ERROR_NOT_SUPPORTED },
    { "port out of range", { DMACC CLIENT "AppAddr/1/Port/1/PortNbr=70000\n" }, ERROR_INVALID },
    { "same account twice", { DMACC CLIENT, DMACC CLIENT }, ERROR_INVALID },
    { "access point without address", { ".!urn:oma:mo:oma-connmo-nap:1.0\nNAPID=n\n" }, ERROR_INCOMPLETE },
    { "access point without id", { ".!urn:oma:mo:oma-connmo-nap:1.0\nAddr=n\n" }, ERROR_INCOMPLETE },
    { "unknown authentication of an access point", { NAP("n") "AuthInfo/AuthType=EAP\n" }, ERROR_NOT_SUPPORTED },
    { "unknown preference of DM 1.1", { "ServerID=s\nAddr=https://b.example/\nClientPW=p\nUserName=u\nAuthPref=x\n" }, ERROR_NOT_SUPPORTED },
};

static void rules(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t count = 0;
        while (count < 4 && rows[i].trees[count])
            count++;
        g_test_message("%s", rows[i].name);
        enum error_code rc = of_trees(rows[i].trees, count);
        if (rc != rows[i].rc)
            g_error("%s: %s", rows[i].name, error_name(rc));
    }
}

static void the_newer_form_counts(void)
{
    static const char *const both[] = { W7 CLIENT, DMACC CLIENT ".~Get=*\n", NAP("n") };
    g_assert_cmpint(of_trees(both, 3), ==, ERROR_NONE);
    g_assert_true(settings->dms == 1 && strcmp(settings->dm[0].uri, "https://a.example/x") == 0 && strcmp(settings->dm[0].acl, "Get=*") == 0);
    g_assert_true(settings->napdefs == 1 && settings->dm[0].napids == 0 && strcmp(settings->napdef[0].apn, "apn.n") == 0);
}

static void a_folder_is_looked_into(void)
{
    static const char *const trees[] = { "DMAcc/x!urn:oma:mo:oma-dm-dmacc:1.0\nDMAcc/x/ServerID=srv\nDMAcc/x/AppAddr/1/Addr=https://a.example/x\n"
        "DMAcc/x/PrefConRef=./Inbox/t0/Con/n\nCon/n!urn:oma:mo:oma-connmo-nap:1.0\nCon/n/NAPID=in\nCon/n/Addr=apn\n" };
    g_assert_cmpint(of_trees(trees, 1), ==, ERROR_NONE);
    g_assert_true(settings->dms == 1 && settings->napdefs == 1 && settings->dm[0].napids == 1 && strcmp(settings->dm[0].napid[0], "in") == 0);
}

static void account_of_dm_11(void)
{
    static const char *const trees[] = { ACC11 "ConRef=./Inbox/t1\nName=eleven\n", NAP("n") "AuthInfo/1/AuthType=PAP\nAuthInfo/1/AuthName=u\nAuthInfo/1/AuthSecret=p\n" };
    g_assert_cmpint(of_trees(trees, 2), ==, ERROR_NONE);
    const struct dm_account *a = &settings->dm[0];
    g_assert_cmpstr(a->uri, ==, "https://b.example:8443/");
    g_assert_true(a->auth == DM_AUTH_HMAC && strcmp(a->client.name, "u") == 0 && strcmp(a->client.secret, "cp") == 0 && strcmp(a->name, "eleven") == 0);
    g_assert_true(strcmp(a->server.name, "old") == 0 && strcmp(a->server.secret, "sp") == 0 && a->server.nonce_len == 2 && a->server.nonce[1] == 2);
    g_assert_true(a->napids == 1 && strcmp(a->napid[0], "n") == 0);
    g_assert_true(settings->napdef[0].auth == NAPDEF_AUTH_PAP && strcmp(settings->napdef[0].password, "p") == 0);
}

static void references_and_preferences(void)
{
    static const char *const trees[] = { DMACC "PrefConRef=./Inbox/t1\nToConRef/1/ConRef=n2\nToConRef/2/ConRef=./Inbox/t9\nAAuthPref=HMAC\n"
        "AppAuth/a/AAuthLevel=CLCRED\nAppAuth/a/AAuthType=X509\nAppAuth/a/AAuthName=x\nAppAuth/a/AAuthSecret=x\n"
        "AppAuth/b/AAuthLevel=CLCRED\nAppAuth/b/AAuthType=DIGEST\nAppAuth/b/AAuthName=d\nAppAuth/b/AAuthSecret=d\n"
        "AppAuth/c/AAuthLevel=CLCRED\nAppAuth/c/AAuthType=HMAC\nAppAuth/c/AAuthName=h\nAppAuth/c/AAuthSecret=h\nAppAuth/c/AAuthData:bin=ab\n"
        "AppAuth/d/AAuthLevel=OBEX\nAppAuth/d/AAuthType=BASIC\n",
        ".!urn:oma:mo:oma-connmo-proxy:1.0\nProxyID=px\nAddr=10.0.0.1\nConRef=n1\n", NAP("n1"), NAP("n2") "DNSAddr/1/DNSAddr=192.0.2.1\nName=two\n" };
    g_assert_cmpint(of_trees(trees, 4), ==, ERROR_NONE);
    const struct dm_account *a = &settings->dm[0];
    g_assert_true(a->auth == DM_AUTH_HMAC && strcmp(a->client.name, "h") == 0 && a->client.nonce_len == 2 && a->client.nonce[0] == 'a');
    g_assert_true(a->napids == 3 && strcmp(a->napid[0], "n1") == 0 && strcmp(a->napid[1], "n2") == 0 && strcmp(a->napid[2], "./Inbox/t9") == 0);
    g_assert_true(settings->napdefs == 2 && strcmp(settings->napdef[1].dns[0], "192.0.2.1") == 0 && strcmp(settings->napdef[1].name, "two") == 0);
}

static void acl_has_its_bound(void)
{
    g_autofree char *longest = g_strnfill(191, 'a'), *more = g_strnfill(192, 'a');
    g_autofree char *good = g_strconcat(DMACC CLIENT ".~", longest, "\n", NULL), *bad = g_strconcat(DMACC CLIENT ".~", more, "\n", NULL);
    g_assert_cmpint(of_trees((const char *const[]){ good }, 1), ==, ERROR_NONE);
    g_assert_cmpstr(settings->dm[0].acl, ==, longest);
    g_assert_cmpint(of_trees((const char *const[]){ bad }, 1), ==, ERROR_TOO_LARGE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    settings = settings_new();
    g_test_add_func("/trees/vectors become settings", vectors_become_settings);
    g_test_add_func("/trees/rules", rules);
    g_test_add_func("/trees/the newer form counts", the_newer_form_counts);
    g_test_add_func("/trees/a folder is looked into", a_folder_is_looked_into);
    g_test_add_func("/trees/account of DM 1.1", account_of_dm_11);
    g_test_add_func("/trees/references and preferences", references_and_preferences);
    g_test_add_func("/trees/ACL has its bound", acl_has_its_bound);
    int rc = g_test_run();
    settings_free(settings);
    return rc;
}
