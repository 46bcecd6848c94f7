/* SPDX-License-Identifier: Apache-2.0 */
/* A file on its way to the gateway, whichever object it is for: pushed by a server, whole or in blocks (RFC 7959), or pulled from a URI. It goes to a disk and is
 * never held in memory. */
#ifndef LWM2M_DOWNLOAD_H
#define LWM2M_DOWNLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "base/reader.h"
#include "lwm2m/coap_code.h"
#include "lwm2m/spool.h"

enum { DOWNLOAD_URI = 255 /* octets; of object 5 and of object 9 */ };
enum download_result { DOWNLOAD_WHOLE, DOWNLOAD_NO_SPACE, DOWNLOAD_NO_MEMORY, DOWNLOAD_LOST, DOWNLOAD_INVALID_URI, DOWNLOAD_UNSUPPORTED_PROTOCOL };

typedef void download_outcome_fn(void *user, enum download_result result);
typedef enum error_code download_sink_fn(void *user, struct slice octets); /* what a pull brings; an error ends it */

/* Who pulls. Functions are called from the loop; none calls back before it has returned. */
struct download_source {
    /* outcome once, if it returns WHOLE: it has begun. At most one at a time. */
    enum download_result (*fetch)(void *user, const char *uri, download_sink_fn *sink, download_outcome_fn *outcome, void *outcome_user);
    void (*fetch_stop)(void *user); /* no outcome any more */
    unsigned (*protocols)(void *user); /* a bit 1 << number for each of /5/0/8 that a URI may have now */
    void *user;
};

struct download {
    const struct loop *loop;
    struct download_source source;
    download_outcome_fn *ended; /* of a pull; of a push only when it stops (LOST) */
    void *user;
    struct spool file;
    bool pushing, pulling; /* one of them at most */
    uint64_t timer;        /* of a push that stops */
};

/* The file folder/name; nothing is opened. What ended is told from the loop. False: the path is too long. */
bool download_place(struct download *d, const struct loop *loop, const struct download_source *source, const char *folder, const char *name);
void download_drop(struct download *d);  /* what is under way stops without an outcome, the file is gone */
void download_close(struct download *d); /* the same, but the file stays */
enum download_result download_pull(struct download *d, const char *uri); /* WHOLE: it has begun */
/* The whole at once. NO_SPACE, IO. */
enum error_code download_put(struct download *d, struct slice octets);

struct download_block {
    uint64_t offset, expected; /* expected: Size1, 0 unknown */
    bool more;
    struct slice octets;
};
/* A block of a push; the first begins anew. CONTINUE, CHANGED (the file is whole), INCOMPLETE (not the block that is due: begin again), TOO_LARGE (no room). */
enum coap_code download_block(struct download *d, const struct download_block *block);

#endif
