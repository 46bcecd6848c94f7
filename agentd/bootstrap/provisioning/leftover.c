/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a document when the other files have taken their parms: all that has a word, below characteristics that have one. Names without a word are
 * ignored (ProvCont 1.1 4.4). Recursion is bounded by PROV_MAX_DEPTH. */
#include "base/writer.h"
#include "bootstrap/provisioning/room.h"

struct place { /* of an element in the document; that of the document has no `up` */
    const struct place *up;
    const struct prov_node *n;
};

static unsigned number_of(const struct place *p)
{
    unsigned number = 1;
    for (struct prov_node *n = NULL; (n = prov_characteristic(p->up->n, p->n->word, n)) && n != p->n;)
        number++;
    return number;
}

static void put_number(struct writer *w, unsigned number) /* at most PROV_MAX_CHARACTERISTICS */
{
    writer_u8(w, ' ');
    if (number >= 10)
        writer_u8(w, (uint8_t)('0' + number / 10));
    writer_u8(w, (uint8_t)('0' + number % 10));
}

static void put_path(struct writer *w, const struct place *p)
{
    if (!p->up)
        return;
    put_path(w, p->up);
    if (w->len)
        writer_u8(w, '/');
    writer_put(w, prov_words[p->n->word].data, prov_words[p->n->word].len);
    if (p->n->element == PROV_CHARACTERISTIC)
        put_number(w, number_of(p));
}

static enum error_code keep(const struct place *p, struct leftover *out, struct error *err)
{
    char path[LEFTOVER_PATH_MAX];
    struct writer w = writer_make(path, sizeof path);
    put_path(&w, p);
    if (!w.failed && leftover_add(out, &(struct leftover_parm){ writer_slice(&w), p->n->octets }))
        return ERROR_NONE;
    return error_set(err, ERROR_TOO_LARGE, "what has no field of its own is more than %d octets", LEFTOVER_MAX);
}

static enum error_code walk(const struct place *up, struct leftover *out, struct error *err)
{
    enum error_code rc = ERROR_NONE;
    for (const struct prov_node *n = up->n->child; !rc && n; n = n->next) {
        struct place here = { up, n };
        if (n->word == WORD_OTHER || n->taken)
            continue;
        rc = n->child ? walk(&here, out, err) : keep(&here, out, err);
    }
    return rc;
}

enum error_code provisioning_leftover(const struct prov_node *root, struct leftover *out, struct error *err)
{
    return walk(&(struct place){ NULL, root }, out, err);
}
