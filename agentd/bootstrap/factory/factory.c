/* SPDX-License-Identifier: Apache-2.0 */
/* factory.json -> struct factory_data. Strict: unknown keys, wrong types, values out of bounds refuse the whole file. */
#include "bootstrap/factory/factory.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "bootstrap/factory/sources.h"

enum { MAX_FILE = 128 * 1024, MAX_ROOTS = 8 };
#define STORE_KEY "factory"

struct text_key {
    const char *key;
    size_t offset;
    bool mandatory, is_id;
};

static const struct text_key text_keys[] = {
    { "gateway_id", offsetof(struct factory_data, gateway_id), true, true },
    { "manufacturer", offsetof(struct factory_data, manufacturer), true, false },
    { "model", offsetof(struct factory_data, model), true, false },
    { "serial", offsetof(struct factory_data, serial), true, false },
    { "hardware_version", offsetof(struct factory_data, hardware_version), false, false },
};

static bool is_printable(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            return false;
    return true;
}

static enum error_code take_text(json_t *root, const struct text_key *k, struct factory_data *out, struct error *err)
{
    json_t *v = json_object_get(root, k->key);
    if (!v)
        return k->mandatory ? error_set(err, ERROR_INVALID, "factory data: key \"%s\" is missing", k->key) : ERROR_NONE;
    const char *text = json_string_value(v);
    size_t len = text ? strlen(text) : 0;
    bool good = len >= 1 && len <= 64 && is_printable(text) && (!k->is_id || text_is_name(text, "._:-", 64));
    if (!good)
        return error_set(err, ERROR_INVALID, "factory data: \"%s\" must be a text of 1..64 allowed characters", k->key);
    memcpy((char *)out + k->offset, text, len + 1);
    return ERROR_NONE;
}

static bool is_certificate(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    bool ok = cert != NULL;
    X509_free(cert);
    BIO_free(bio);
    return ok;
}

static enum error_code take_roots(json_t *root, struct factory_data *out, struct error *err)
{
    json_t *list = json_object_get(root, "trust_roots");
    size_t count = json_is_array(list) ? json_array_size(list) : 0, len = 1;
    if (count < 1 || count > MAX_ROOTS)
        return error_set(err, ERROR_INVALID, "factory data: \"trust_roots\" must hold 1..8 certificates");
    for (size_t i = 0; i < count; i++) {
        const char *pem = json_string_value(json_array_get(list, i));
        if (!pem || !is_certificate(pem))
            return error_set(err, ERROR_INVALID, "factory data: \"trust_roots\" entry %zu is no PEM certificate", i + 1);
        len += strlen(pem) + 1;
    }
    out->roots_pem = calloc(1, len);
    if (!out->roots_pem)
        return error_set(err, ERROR_NO_MEMORY, "factory data");
    for (size_t i = 0; i < count; i++) {
        strcat(out->roots_pem, json_string_value(json_array_get(list, i)));
        strcat(out->roots_pem, "\n");
    }
    return ERROR_NONE;
}

static enum error_code take_contexts(json_t *root, struct factory_data *out, struct error *err)
{
    json_t *list = json_object_get(root, "contexts");
    if (!list) {
        (void)strcpy(out->contexts[0], "usim");
        (void)strcpy(out->contexts[1], "m2m");
        out->context_count = 2;
        return ERROR_NONE;
    }
    size_t count = json_is_array(list) ? json_array_size(list) : 0;
    if (count < 1 || count > 4)
        return error_set(err, ERROR_INVALID, "factory data: \"contexts\" must hold 1..4 names");
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (!name || !text_is_name(name, "_-", 32))
            return error_set(err, ERROR_INVALID, "factory data: \"contexts\" entry %zu is no name", i + 1);
        (void)text_copy(out->contexts[i], sizeof out->contexts[i], name);
    }
    out->context_count = count;
    return ERROR_NONE;
}

static bool is_known_key(const char *key)
{
    static const char *const others[] = { "format", "trust_roots", "contexts" };
    for (size_t i = 0; i < sizeof text_keys / sizeof *text_keys; i++)
        if (strcmp(key, text_keys[i].key) == 0)
            return true;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(key, others[i]) == 0)
            return true;
    return factory_sources_key(key);
}

static enum error_code take_all(json_t *root, struct factory_data *out, struct error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
        if (!is_known_key(key))
            return error_set(err, ERROR_INVALID, "factory data: unknown key \"%.40s\"", key);
    if (json_integer_value(json_object_get(root, "format")) != 1)
        return error_set(err, ERROR_INVALID, "factory data: \"format\" must be 1");
    for (size_t i = 0; i < sizeof text_keys / sizeof *text_keys; i++)
        if (take_text(root, &text_keys[i], out, err))
            return err->code;
    enum error_code rc = take_roots(root, out, err);
    if (!rc)
        rc = take_contexts(root, out, err);
    return rc ? rc : factory_sources_take(root, out, err);
}

static enum error_code parse(const char *text, struct factory_data *out, struct error *err)
{
    json_error_t where;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    enum error_code rc = json_is_object(root) ? take_all(root, out, err)
                                              : error_set(err, ERROR_INVALID, "factory data: line %d: %.80s", where.line, where.text);
    json_decref(root);
    if (rc)
        factory_clear(out);
    else
        out->present = true;
    return rc;
}

static enum error_code read_file(const char *path, char **text, struct error *err)
{
    *text = NULL;
    FILE *f = fopen(path, "re");
    if (!f)
        return errno == ENOENT ? ERROR_NONE : error_set(err, ERROR_IO, "factory data: %s: %s", path, strerror(errno));
    char *buf = calloc(1, MAX_FILE + 1);
    size_t n = buf ? fread(buf, 1, MAX_FILE + 1, f) : 0;
    fclose(f);
    if (!buf || n > MAX_FILE) {
        free(buf);
        return error_set(err, ERROR_TOO_LARGE, "factory data: %s exceeds %d octets", path, MAX_FILE);
    }
    buf[n] = '\0';
    *text = buf;
    return ERROR_NONE;
}

static enum error_code consume(struct store *store, const char *text, struct error *err)
{
    enum error_code rc = store_begin(store, err);
    if (rc)
        return rc;
    store_value_put(store, STORE_KEY, text);
    return store_commit(store, err);
}

enum error_code factory_load(struct store *store, const char *path, struct factory_data *out, struct error *err)
{
    *out = (struct factory_data){ 0 };
    char *text = calloc(1, MAX_FILE + 1);
    if (!text)
        return error_set(err, ERROR_NO_MEMORY, "factory data");
    bool stored = store_value_get(store, STORE_KEY, text, MAX_FILE + 1);
    enum error_code rc = ERROR_NONE;
    if (!stored) {
        free(text);
        rc = read_file(path, &text, err);
    }
    if (!rc && text)
        rc = parse(text, out, err);
    if (!rc && text && !stored)
        rc = consume(store, text, err);
    free(text);
    return rc;
}

void factory_clear(struct factory_data *f)
{
    free(f->roots_pem);
    *f = (struct factory_data){ 0 };
}
