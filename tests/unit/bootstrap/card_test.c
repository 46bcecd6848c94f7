/* SPDX-License-Identifier: Apache-2.0 */
/* Smart cards above the codecs: a card's files as one message and back, what "unchanged" means, and the book of cards and contexts. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "bootstrap/card_book.h"
#include "bootstrap/start/card_document.h"
#include "support/vectors.h"

#define OTHER_DOCUMENT "v14_split_value_tokens_entities.wbxml"

static const char id[] = "00112233445566778899aabbccddeeff";

struct file {
    enum pkcs15_object object;
    struct octets octets;
};

/* A file of the image, or a document of the vectors by its name. */
static struct file file_of(const char *fid, enum pkcs15_object object)
{
    if (strchr(fid, '.'))
        return (struct file){ object, vectors_file(fid) };
    json_t *image = vectors_index("card-image.json");
    g_autofree char *path = g_strdup_printf("ADF:PKCS15/%s", fid);
    json_t *entry = json_object_get(json_object_get(json_object_get(image, "image"), "files"), path);
    struct file f = { object, octets_of_hex(vector_text(entry, "hex")) };
    json_t *len = json_object_get(entry, "content_len");
    if (len)
        f.octets.len = (size_t)json_integer_value(len);
    json_decref(image);
    return f;
}

static size_t compose(uint8_t *out, uint32_t generation, const struct file *files, size_t count)
{
    struct card_content c = { .count = count };
    struct writer w = writer_make(out, CARD_DOCUMENT_MAX);
    for (size_t i = 0; i < count; i++) {
        c.entry[i].object = files[i].object;
        c.entry[i].octets = octets_slice(&files[i].octets);
    }
    card_document_write(&w, id, generation, &c);
    g_assert_false(w.failed);
    return w.len;
}

/* Error of reading it, and the settings. */
static enum error_code read_back(const uint8_t *message, size_t len, struct trigger *t)
{
    struct wsp_push push = { .body = { message, len } };
    struct error err = { 0 };
    *t = (struct trigger){ .kind = TRIGGER_CARD, .settings = settings_new() };
    enum error_code rc = document_read_card(&push, t, &err);

    g_assert_cmpint(err.code, ==, rc);
    return rc;
}

static void files_become_settings(void)
{
    static const struct {
        const char *name;
        struct {
            const char *fid;
            enum pkcs15_object object;
        } file[3];
        bool good;
        size_t napdefs, dms, lwm2ms;
    } rows[] = {
        { "a CP file wins over a DM file", { { "6433", PKCS15_LWM2M }, { "6432", PKCS15_DM }, { OTHER_DOCUMENT, PKCS15_CP } }, true, 0, 0, 2 },
        { "DM and LwM2M", { { "6433", PKCS15_LWM2M }, { "6432", PKCS15_DM } }, true, 1, 1, 2 },
        { "LwM2M alone", { { "6433", PKCS15_LWM2M } }, true, 0, 0, 2 },
        { "DM alone", { { "6432", PKCS15_DM } }, true, 1, 1, 0 },
        { "a document of another application alone", { { OTHER_DOCUMENT, PKCS15_CP } }, false, 0, 0, 0 },
        { "a server that is not at its PROVURL", { { "6431", PKCS15_CP } }, false, 0, 0, 0 },
        { "what is not ours", { { "6431", PKCS15_CP_CONFIG1 } }, false, 0, 0, 0 },
        { "CP where LwM2M must be", { { OTHER_DOCUMENT, PKCS15_LWM2M } }, false, 0, 0, 0 },
        { "LwM2M where CP must be", { { "6433", PKCS15_CP } }, false, 0, 0, 0 },
    };
    g_autofree uint8_t *message = g_malloc(CARD_DOCUMENT_MAX);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct file files[3] = { 0 };
        struct trigger t;
        size_t n = 0;
        for (; n < 3 && rows[i].file[n].fid; n++)
            files[n] = file_of(rows[i].file[n].fid, rows[i].file[n].object);
        size_t len = compose(message, 7, files, n);
        g_test_message("%s", rows[i].name);
        enum error_code rc = read_back(message, len, &t);
        g_assert_cmpint(rc == ERROR_NONE, ==, rows[i].good);
        g_assert_true(rc || (t.settings->napdefs == rows[i].napdefs && t.settings->dms == rows[i].dms && t.settings->lwm2ms == rows[i].lwm2ms));
        g_assert_cmpstr(t.card, ==, id);
        g_assert_cmpstr(t.context, ==, "usim");
        settings_free(t.settings);
        for (size_t k = 0; k < n; k++)
            octets_free(&files[k].octets);
    }
}

static void every_truncation_is_refused(void)
{
    struct file files[] = { file_of("6433", PKCS15_LWM2M) };
    g_autofree uint8_t *message = g_malloc(CARD_DOCUMENT_MAX);
    size_t len = compose(message, 1, files, 1);
    for (size_t cut = 0; cut < len; cut++) {
        struct trigger t;
        struct octets exact = octets_copy(message, cut);
        g_assert_cmpint(read_back(exact.data, exact.len, &t), !=, ERROR_NONE);
        settings_free(t.settings);
        octets_free(&exact);
    }
    struct trigger t;
    message[0] = 2;
    g_assert_cmpint(read_back(message, len, &t), ==, ERROR_MALFORMED); /* of another version */
    settings_free(t.settings);
    octets_free(&files[0].octets);
}

static void hash_of(const struct file *files, size_t count, uint32_t generation, uint8_t hash[32])
{
    g_autofree uint8_t *message = g_malloc(CARD_DOCUMENT_MAX);
    size_t len = compose(message, generation, files, count);
    g_assert_true(card_document_hash((struct slice){ message, len }, hash));
}

static void unchanged_means_the_files(void)
{
    struct file files[] = { file_of("6431", PKCS15_CP), file_of("6433", PKCS15_LWM2M) };
    uint8_t first[32], second[32];
    hash_of(files, 2, 1, first);
    hash_of(files, 2, 9, second);
    g_assert_cmpmem(first, 32, second, 32); /* whatever its generation */
    files[1].octets.data[60] ^= 1;
    hash_of(files, 2, 1, second);
    g_assert_cmpint(memcmp(first, second, 32), !=, 0);
    files[1].octets.data[60] ^= 1;
    hash_of(files, 1, 1, second);
    g_assert_cmpint(memcmp(first, second, 32), !=, 0);
    files[0].object = PKCS15_CP_CONFIG1;
    hash_of(files, 2, 1, second);
    g_assert_cmpint(memcmp(first, second, 32), !=, 0);
    g_assert_false(card_document_hash((struct slice){ first, 20 }, second));
    octets_free(&files[0].octets);
    octets_free(&files[1].octets);
}

/* --- the book --- */

static void put(struct store *s, const char *card, uint8_t content)
{
    struct card_row row = { .generation = 1 };
    struct error err;
    (void)card_book_get(s, card, &row);
    memset(row.offered, content, sizeof row.offered);
    g_assert_cmpint(store_begin(s, &err), ==, ERROR_NONE);
    card_book_put(s, card, &row);
    g_assert_cmpint(store_commit(s, &err), ==, ERROR_NONE);
}

static void commit(struct store *s, const char *card, uint8_t content)
{
    uint8_t hash[32];
    struct error err;
    memset(hash, content, sizeof hash);
    g_assert_cmpint(store_begin(s, &err), ==, ERROR_NONE);
    card_book_commit(s, "usim", card, hash);
    g_assert_cmpint(store_commit(s, &err), ==, ERROR_NONE);
}

static int applied(struct store *s, const char *card)
{
    struct card_row row;
    g_assert_true(card_book_get(s, card, &row));
    return row.is_applied ? row.applied[0] : -1;
}

static int offered(struct store *s, const char *card)
{
    struct card_row row;
    g_assert_true(card_book_get(s, card, &row));
    return row.offered[31];
}

static void the_book(void)
{
    struct store *s;
    struct error err;
    struct card_row row;
    char owner[CARD_ID], a[CARD_ID], b[CARD_ID];
    g_assert_cmpint(store_open(":memory:", &s, &err), ==, ERROR_NONE);
    card_book_id("89460811111111111114", a);
    card_book_id("89460811111111111122", b);
    g_assert_cmpuint(strlen(a), ==, 32);
    g_assert_cmpstr(a, !=, b);
    g_assert_false(card_book_get(s, a, &row));
    g_assert_false(card_book_owner(s, "usim", owner));
    put(s, a, 1);
    g_assert_cmpint(applied(s, a), ==, -1);
    commit(s, a, 1);
    g_assert_cmpint(applied(s, a), ==, 1);
    g_assert_true(card_book_owner(s, "usim", owner));
    g_assert_cmpstr(owner, ==, a);
    put(s, a, 2); /* offered and refused: what is applied stays known */
    g_assert_cmpint(applied(s, a), ==, 1);
    put(s, b, 3);
    commit(s, b, 3); /* another card takes over, and the first one's content is new when it returns */
    g_assert_cmpint(applied(s, b), ==, 3);
    g_assert_cmpint(applied(s, a), ==, -1);
    g_assert_cmpint(offered(s, a), ==, 0);
    commit(s, "", 0); /* another source */
    g_assert_cmpint(applied(s, b), ==, -1);
    g_assert_false(card_book_owner(s, "usim", owner));
    g_assert_cmpint(store_begin(s, &err), ==, ERROR_NONE);
    g_autofree char *key = g_strdup_printf("card/%s", a);
    store_value_put(s, key, "x");
    g_assert_cmpint(store_commit(s, &err), ==, ERROR_NONE);
    g_assert_false(card_book_get(s, a, &row));
    store_close(s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/card/files become settings", files_become_settings);
    g_test_add_func("/card/every truncation is refused", every_truncation_is_refused);
    g_test_add_func("/card/unchanged means the files", unchanged_means_the_files);
    g_test_add_func("/card/the book", the_book);
    return g_test_run();
}
