/* SPDX-License-Identifier: Apache-2.0 */
/* The table of devices. Promises: an identity has one device at most; an assignment whose MID is no longer ACTIVE, or no longer has the identity, is
 * revoked in the store too; while the trusted environment is away nothing is revoked and nothing shown. */
#include "pn/devices.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "base/writer.h"
#include "pn/identities.h"

/* One line a device in the value table: name, MID, IMPU, with tabs between; none of them can hold a tab. */
#define STORE_KEY "pn-devices"
enum { ROW_MAX = 65 + 65 + MID_IDENTITY_TEXT + 3, STORE_MAX = DEVICES_MAX * ROW_MAX + 1 };

struct device {
    char name[65]; /* "": free */
    char mid[65], impu[MID_IDENTITY_TEXT + 1]; /* "": no identity */
};

struct devices {
    struct store *store;
    struct tree *tree;
    struct trust *trust;
    struct identities *identities;
    struct device rows[DEVICES_MAX];
};

/* --- the store --- */

static enum error_code save(struct devices *d, struct error *err)
{
    char *text = malloc(STORE_MAX);
    if (!text)
        return error_set(err, ERROR_NO_MEMORY, "devices");
    struct writer w = writer_make(text, STORE_MAX - 1);
    for (size_t i = 0; i < DEVICES_MAX; i++) {
        const char *const words[] = { d->rows[i].name, "\t", d->rows[i].mid, "\t", d->rows[i].impu, "\n" };
        for (size_t k = 0; d->rows[i].name[0] && k < sizeof words / sizeof *words; k++)
            writer_text(&w, words[k]);
    }
    text[w.len] = '\0';
    enum error_code rc = store_begin(d->store, err);
    if (!rc) {
        store_value_put(d->store, STORE_KEY, text);
        rc = store_commit(d->store, err);
    }
    free(text);
    return rc;
}

/* The old row again if the new one could not be stored. */
static enum error_code change(struct devices *d, struct device *row, const struct device *to, struct error *err)
{
    struct device was = *row;
    *row = *to;
    enum error_code rc = save(d, err);
    if (rc)
        *row = was;
    return rc;
}

static struct slice take_word(struct reader *r, uint8_t end)
{
    struct reader look = *r;
    size_t len = 0;
    while (reader_left(&look) && reader_u8(&look) != end)
        len++;
    struct slice word = reader_take(r, len);
    if (reader_u8(r) != end)
        reader_fail(r);
    return word;
}

static void copy_word(char *out, size_t cap, struct slice word, struct reader *r)
{
    if (word.len >= cap) {
        reader_fail(r);
        return;
    }
    if (word.len)
        memcpy(out, word.data, word.len);
    out[word.len] = '\0';
}

static bool load(struct devices *d)
{
    char *text = malloc(STORE_MAX);
    if (!text || !store_value_get(d->store, STORE_KEY, text, STORE_MAX)) {
        free(text);
        return true;
    }
    struct reader r = reader_make(text, strlen(text));
    size_t n = 0;
    for (; reader_left(&r) && n < DEVICES_MAX; n++) {
        struct device *row = &d->rows[n];
        copy_word(row->name, sizeof row->name, take_word(&r, '\t'), &r);
        copy_word(row->mid, sizeof row->mid, take_word(&r, '\t'), &r);
        copy_word(row->impu, sizeof row->impu, take_word(&r, '\n'), &r);
    }
    free(text);
    return reader_done(&r);
}

/* --- what is shown --- */

static void show(struct devices *d, const struct device *row)
{
    struct node *n = tree_add(d->tree, TREE_DEVICE, row->name);
    const struct mid_identity *identity = NULL;
    bool known = row->mid[0] && identities_of(d->identities, row->mid, &identity) == IDENTITIES_KNOWN;
    struct node *mid = known ? tree_find(d->tree, TREE_MID, row->mid) : NULL;
    node_set(n, "Name", row->name);
    node_set(n, "Impu", known ? row->impu : "");
    node_set(n, "Impi", known ? identity->impi : "");
    node_set(n, "Domain", known ? identity->domain : "");
    node_set(n, "Mid", mid ? node_path(mid) : "/");
    node_set(n, "State", known ? "assigned" : row->mid[0] ? "waiting" : "none");
    node_publish(n);
}

static bool has(const struct mid_identity *identity, const char *impu)
{
    for (size_t i = 0; i < identity->impus; i++)
        if (strcmp(identity->impu[i], impu) == 0)
            return true;
    return false;
}

/* A failure to store it is tried again with the next change; what the node shows is revoked all the same. */
static void revoke(struct devices *d, struct device *row, const char *why)
{
    struct error e;
    struct device to = *row;
    log_notice("pn", "%s: its identity is revoked: %s", row->name, why);
    to.mid[0] = to.impu[0] = '\0';
    if (change(d, row, &to, &e)) {
        log_error("pn", "%s: %s", row->name, e.text);
        *row = to;
    }
}

static void on_identities(void *user)
{
    struct devices *d = user;
    for (size_t i = 0; i < DEVICES_MAX; i++) {
        struct device *row = &d->rows[i];
        const struct mid_identity *identity;
        if (!row->name[0])
            continue;
        enum identities_state state = row->mid[0] ? identities_of(d->identities, row->mid, &identity) : IDENTITIES_UNKNOWN;
        if (state == IDENTITIES_NONE)
            revoke(d, row, "the MID is no longer ACTIVE");
        else if (state == IDENTITIES_KNOWN && !has(identity, row->impu))
            revoke(d, row, "the MID has it no longer");
        show(d, row);
    }
}

static void on_mids(void *user)
{
    identities_look(((struct devices *)user)->identities);
}

void devices_lost(struct devices *d)
{
    identities_lost(d->identities);
}

/* --- what is asked for --- */

static struct device *find(struct devices *d, const char *name, struct error *err)
{
    for (size_t i = 0; i < DEVICES_MAX; i++)
        if (d->rows[i].name[0] && strcmp(d->rows[i].name, name) == 0)
            return &d->rows[i];
    (void)error_set(err, ERROR_NOT_FOUND, "no device %.64s", name);
    return NULL;
}

enum error_code devices_add(struct devices *d, const char *name, struct error *err)
{
    struct error none;
    struct device *row = NULL, to = { .mid = "" };
    if (!text_is_name(name, "-_.", sizeof to.name - 1) || !text_copy(to.name, sizeof to.name, name))
        return error_set(err, ERROR_INVALID, "the name of a device is 1 to 64 letters, digits, - _ .");
    if (find(d, name, &none))
        return error_set(err, ERROR_EXISTS, "there is a device %.64s", name);
    for (size_t i = 0; i < DEVICES_MAX && !row; i++)
        if (!d->rows[i].name[0])
            row = &d->rows[i];
    if (!row)
        return error_set(err, ERROR_TOO_LARGE, "there are %d devices, and no room for more", DEVICES_MAX);
    enum error_code rc = change(d, row, &to, err);
    if (!rc)
        show(d, row);
    return rc;
}

enum error_code devices_remove(struct devices *d, const char *name, struct error *err)
{
    static const struct device none;
    struct device *row = find(d, name, err);
    enum error_code rc = row ? change(d, row, &none, err) : ERROR_NOT_FOUND;
    if (!rc)
        node_remove(tree_find(d->tree, TREE_DEVICE, name));
    return rc;
}

static const struct device *holder(const struct devices *d, const char *mid, const char *impu)
{
    for (size_t i = 0; i < DEVICES_MAX; i++)
        if (strcmp(d->rows[i].mid, mid) == 0 && strcmp(d->rows[i].impu, impu) == 0)
            return &d->rows[i];
    return NULL;
}

/* The MID and the text of the identity that is meant. */
static enum error_code choose(const struct devices *d, const char *impu, struct device *to, struct error *err)
{
    const char *mid;
    const struct device *other = NULL;
    for (size_t n = 0; identities_at(d->identities, n, &mid); n++) {
        const struct mid_identity *identity = identities_at(d->identities, n, &mid);
        for (size_t i = 0; i < identity->impus; i++) {
            const struct device *here = holder(d, mid, identity->impu[i]);
            if (impu[0] && strcmp(impu, identity->impu[i]) != 0)
                continue;
            other = here ? here : other;
            if (!here && text_copy(to->mid, sizeof to->mid, mid) && text_copy(to->impu, sizeof to->impu, identity->impu[i]))
                return ERROR_NONE;
        }
    }
    if (other && impu[0])
        return error_set(err, ERROR_EXISTS, "that identity is device %.64s's; revoke it there first", other->name);
    return error_set(err, ERROR_NOT_FOUND, impu[0] ? "no ACTIVE ISIM has that identity" : "no ACTIVE ISIM has a free identity");
}

enum error_code devices_assign(struct devices *d, const char *name, const char *impu, struct error *err)
{
    struct device *row = find(d, name, err);
    if (!row)
        return ERROR_NOT_FOUND;
    if (row->mid[0])
        return error_set(err, ERROR_EXISTS, "device %.64s has an identity; revoke it first", name);
    struct device to = *row;
    enum error_code rc = choose(d, impu, &to, err);
    if (!rc)
        rc = change(d, row, &to, err);
    if (!rc) {
        log_notice("pn", "%s: has an identity of %s", name, row->mid);
        show(d, row);
    }
    return rc;
}

enum error_code devices_revoke(struct devices *d, const char *name, struct error *err)
{
    struct device *row = find(d, name, err);
    if (!row)
        return ERROR_NOT_FOUND;
    struct device to = *row;
    to.mid[0] = to.impu[0] = '\0';
    enum error_code rc = row->mid[0] ? change(d, row, &to, err) : ERROR_NONE;
    if (!rc)
        show(d, row);
    return rc;
}

/* --- life --- */

struct devices *devices_new(struct store *store, struct tree *tree, struct trust *trust)
{
    struct devices *d = calloc(1, sizeof *d);
    if (!d)
        abort(); /* the agent restarts */
    *d = (struct devices){ .store = store, .tree = tree, .trust = trust };
    d->identities = identities_new(trust, tree, on_identities, d);
    if (!load(d)) {
        log_error("pn", "the devices in the store cannot be read; there are none now");
        memset(d->rows, 0, sizeof d->rows);
    }
    trust_watch_mids(trust, on_mids, d);
    on_identities(d);
    return d;
}

void devices_free(struct devices *d)
{
    if (!d)
        return;
    trust_watch_mids(d->trust, NULL, d);
    identities_free(d->identities);
    free(d);
}
