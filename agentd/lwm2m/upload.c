/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies that go to a disk block by block and never into memory: Package of the firmware. Everything else that comes in blocks is block1.c's. */
#include "lwm2m/firmware.h"
#include "lwm2m/interfaces.h"
#include "lwm2m/objects/access_control.h"

enum { SZX_RESERVED = 7, MORE = 8 };

static const struct path package = { .depth = PATH_RESOURCE, .id = { 5, 0, 0 } };

/* RFC 7959 clause 2.2 */
static bool read_block(const struct coap_request *r, struct firmware_block *b)
{
    unsigned szx = (unsigned)r->block1 & 7;
    uint64_t size = (uint64_t)16 << szx;
    *b = (struct firmware_block){ .offset = (uint64_t)(r->block1 >> 4) * size, .expected = r->size1, .more = r->block1 & MORE,
                                  .octets = r->payload };
    return szx != SZX_RESERVED && r->payload.len <= size && (!b->more || r->payload.len == size);
}

bool upload_serve(struct lwm2m_client *c, const struct coap_request *r, struct coap_answer *a)
{
    struct path p;
    struct firmware_block block;
    bool opaque = r->content_format == CONTENT_OPAQUE || r->content_format < 0;
    if (r->method != METHOD_PUT || !opaque || r->if_none_match || !request_path(r, &p) || !path_equal(&p, &package) || !firmware_present(c->device.firmware))
        return false;
    if (!access_may(&c->objects, p.id[0], p.id[1], ACCESS_WRITE))
        a->code = CODE_UNAUTHORIZED;
    else
        a->code = read_block(r, &block) ? firmware_write_block(c->device.firmware, &block) : CODE_BAD_REQUEST;
    return true;
}
