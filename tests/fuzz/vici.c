/* SPDX-License-Identifier: Apache-2.0 */
/* Target: a packet of VICI. Written again, element by element, it is the same octets: there is one way to say a thing. */
#include <string.h>

#include "codec/vici.h"
#include "fuzz.h"

static void put(struct writer *w, const struct vici_item *item)
{
    char name[UINT8_MAX + 1] = "";
    if (item->name.len)
        memcpy(name, item->name.data, item->name.len);
    switch (item->element) {
    case VICI_SECTION:
        vici_section(w, item->name);
        break;
    case VICI_SECTION_END:
        vici_section_end(w);
        break;
    case VICI_VALUE:
        vici_put(w, item->name, item->value);
        break;
    case VICI_LIST:
        writer_u8(w, VICI_LIST); /* a name with NUL inside cannot go through vici_list */
        writer_u8(w, (uint8_t)item->name.len);
        writer_put(w, name, item->name.len);
        break;
    case VICI_ITEM:
        vici_list_item(w, item->value);
        break;
    case VICI_LIST_END:
        vici_list_end(w);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[1 << 20];
    struct vici_packet p;
    struct vici_item item;
    if (!vici_read((struct slice){ data, size }, &p) || size > sizeof out)
        return 0;
    fuzz_check_inside(p.name, data, size);
    fuzz_check_inside(p.message, data, size);
    struct writer w = writer_make(out, sizeof out);
    struct reader r = reader_make(p.message.data, p.message.len);
    while (vici_next(&r, &item)) {
        fuzz_check_inside(item.name, data, size);
        fuzz_check_inside(item.value, data, size);
        put(&w, &item);
    }
    FUZZ_ASSERT(reader_done(&r) && !w.failed);
    FUZZ_ASSERT(w.len == p.message.len && (w.len == 0 || memcmp(out, p.message.data, w.len) == 0));
    fuzz_check_inside(vici_value(p.message, "success"), data, size);
    return 0;
}
