/* SPDX-License-Identifier: Apache-2.0 */
/* Target: card directories. The same octets as a record of EF_DIR, an ODF, a DODF and an answer to SELECT: value or error, every walk ends, and a path
 * keeps its bounds. */
#include "codec/pkcs15.h"
#include "fuzz.h"

static void check_path(const struct pkcs15_path *p)
{
    FUZZ_ASSERT(p->len >= 2 && p->len <= PKCS15_PATH_MAX && p->len % 2 == 0);
    FUZZ_ASSERT(p->has_range ? p->length <= PKCS15_FILE_MAX && p->index <= PKCS15_FILE_MAX : p->length == 0);
}

static void walk_odf(struct slice in)
{
    struct reader r = reader_make(in.data, in.len);
    struct pkcs15_path p;
    enum error_code rc;
    do {
        struct error err = { 0 };
        size_t before = r.pos;
        rc = pkcs15_odf_next(&r, &p, &err);
        fuzz_check_error(rc, &err);
        FUZZ_ASSERT(rc || r.pos > before);
        if (!rc)
            check_path(&p);
    } while (!rc);
}

static void walk_dodf(struct slice in)
{
    static const struct pkcs15_path self = { .octets = { 0x64, 0x30 }, .len = 2 };
    struct reader r = reader_make(in.data, in.len);
    struct pkcs15_entry e;
    enum error_code rc;
    do {
        struct error err = { 0 };
        size_t before = r.pos;
        rc = pkcs15_dodf_next(&r, &self, NULL, &e, &err);
        fuzz_check_error(rc, &err);
        fuzz_check_inside(e.label, in.data, in.len);
        FUZZ_ASSERT(rc || r.pos > before);
        if (!rc && e.object != PKCS15_OTHER)
            check_path(&e.path);
    } while (!rc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = { data, size };
    struct pkcs15_path p;
    struct error err = { 0 };
    uint32_t file;
    uint16_t record;
    uint8_t records;
    enum error_code rc = pkcs15_template(in, &p, &err);
    fuzz_check_error(rc, &err);
    if (!rc)
        check_path(&p);
    walk_odf(in);
    walk_dodf(in);
    fuzz_check_inside(pkcs15_content(in), data, size);
    (void)fcp_read(in, &file, &record, &records);
    return 0;
}
