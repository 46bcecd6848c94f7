/* SPDX-License-Identifier: Apache-2.0 */
/* The table of Ks, one a MID, in locked pages that exist while there is one. Never on disk: after a restart the network is asked for another. Must never
 * give Ks itself to anybody. */
#include "tred/gba.h"

#include <string.h>

#include "base/secret.h"

struct gba {
    char mid[65]; /* "": free */
    uint64_t record, ends_ms;
    uint8_t rand[16], ck[16], ik[16];
    uint8_t btid[GBA_BTID_MAX], impi[GBA_NAME_MAX];
    size_t btid_len, impi_len;
};

static struct gba *find(struct tre *t, const char *mid)
{
    for (size_t i = 0; t->gba && i < TRE_MID_MAX; i++)
        if (strcmp(t->gba[i].mid, mid) == 0)
            return &t->gba[i];
    return NULL;
}

static bool fits(struct slice s, size_t max)
{
    return s.len > 0 && s.len <= max;
}

enum error_code gba_bind(struct tre *t, struct session *s, uint32_t seconds, struct slice btid, struct slice impi)
{
    const struct mid_row *m = registry_mid(&t->registry, s->mid);
    if (!m || !seconds || seconds > GBA_SECONDS_MAX || !fits(btid, GBA_BTID_MAX) || !fits(impi, GBA_NAME_MAX))
        return ERROR_INVALID;
    gba_sweep(t, false);
    if (!t->gba && !(t->gba = secret_pages_new(TRE_MID_MAX * sizeof *t->gba)))
        return ERROR_NO_MEMORY;
    struct gba *g = find(t, s->mid);
    if (!g)
        g = find(t, ""); /* as many rows as there can be MIDs */
    if (!g)
        return ERROR_INTERNAL;
    *g = (struct gba){ .record = m->record, .ends_ms = tre_now_ms() + (uint64_t)seconds * 1000, .btid_len = btid.len, .impi_len = impi.len };
    memcpy(g->mid, s->mid, sizeof g->mid);
    memcpy(g->rand, s->rand, sizeof g->rand);
    memcpy(g->ck, s->ck, sizeof g->ck);
    memcpy(g->ik, s->ik, sizeof g->ik);
    memcpy(g->btid, btid.data, btid.len);
    memcpy(g->impi, impi.data, impi.len);
    session_end(s);
    return ERROR_NONE;
}

enum error_code gba_key(struct tre *t, const char *mid, struct slice naf_id, uint8_t out[KEYS_KS_NAF], uint32_t *seconds, struct slice *btid)
{
    gba_sweep(t, false);
    const struct gba *g = find(t, mid);
    if (!g)
        return ERROR_NOT_READY;
    *seconds = (uint32_t)((g->ends_ms - tre_now_ms()) / 1000);
    *btid = (struct slice){ g->btid, g->btid_len };
    return keys_ks_naf(g->rand, (struct slice){ g->impi, g->impi_len }, naf_id, g->ck, g->ik, out) ? ERROR_NONE : ERROR_INVALID;
}

static bool holds(struct tre *t, const struct gba *g)
{
    const struct mid_row *m = g->mid[0] ? registry_mid(&t->registry, g->mid) : NULL;
    return m && m->entry.state == MID_ACTIVE && m->record == g->record && tre_now_ms() < g->ends_ms;
}

void gba_sweep(struct tre *t, bool all)
{
    bool any = false;
    for (size_t i = 0; t->gba && i < TRE_MID_MAX; i++) {
        if (all || !holds(t, &t->gba[i]))
            secret_zero(&t->gba[i], sizeof t->gba[i]);
        any = any || t->gba[i].mid[0];
    }
    if (t->gba && !any) {
        secret_pages_free(t->gba, TRE_MID_MAX * sizeof *t->gba);
        t->gba = NULL;
    }
}
