/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies that go to a disk block by block and never into memory: Package of the firmware, Package of software. Everything else that comes in blocks is block1.c's. */
#include "lwm2m/firmware.h"
#include "lwm2m/interfaces.h"
#include "lwm2m/objects/access_control.h"
#include "lwm2m/software.h"

enum { SZX_RESERVED = 7, MORE = 8 };

enum target { TARGET_NONE, TARGET_FIRMWARE /* /5/0/0 */, TARGET_SOFTWARE /* /9/x/2 */ };
enum { FIRMWARE_OBJECT = 5, FIRMWARE_PACKAGE = 0, SOFTWARE_OBJECT = 9, SOFTWARE_PACKAGE = 2 };

static enum target target_of(const struct lwm2m_client *c, const struct path *p)
{
    if (p->depth != PATH_RESOURCE)
        return TARGET_NONE;
    if (p->id[0] == FIRMWARE_OBJECT && p->id[1] == 0 && p->id[2] == FIRMWARE_PACKAGE && firmware_present(c->device.firmware))
        return TARGET_FIRMWARE;
    return p->id[0] == SOFTWARE_OBJECT && p->id[2] == SOFTWARE_PACKAGE && software_present(c->device.software) ? TARGET_SOFTWARE : TARGET_NONE;
}

static enum coap_code write_block(struct lwm2m_client *c, enum target target, uint16_t instance, const struct download_block *block)
{
    return target == TARGET_FIRMWARE ? firmware_write_block(c->device.firmware, block) : software_write_block(c->device.software, instance, block);
}

/* RFC 7959 clause 2.2 */
static bool read_block(const struct coap_request *r, struct download_block *b)
{
    unsigned szx = (unsigned)r->block1 & 7;
    uint64_t size = (uint64_t)16 << szx;
    *b = (struct download_block){ .offset = (uint64_t)(r->block1 >> 4) * size, .expected = r->size1, .more = r->block1 & MORE,
                                  .octets = r->payload };
    return szx != SZX_RESERVED && r->payload.len <= size && (!b->more || r->payload.len == size);
}

bool upload_serve(struct lwm2m_client *c, const struct coap_request *r, struct coap_answer *a)
{
    struct path p;
    struct download_block block;
    enum target target = TARGET_NONE;
    bool opaque = r->content_format == CONTENT_OPAQUE || r->content_format < 0;
    if (r->method == METHOD_PUT && opaque && !r->if_none_match && request_path(r, &p))
        target = target_of(c, &p);
    if (target == TARGET_NONE)
        return false;
    if (!access_may(&c->objects, p.id[0], p.id[1], ACCESS_WRITE))
        a->code = CODE_UNAUTHORIZED;
    else
        a->code = read_block(r, &block) ? write_block(c, target, p.id[1], &block) : CODE_BAD_REQUEST;
    return true;
}
