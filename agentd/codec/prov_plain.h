/* SPDX-License-Identifier: Apache-2.0 */
/* Most elements of a provisioning document in WBXML, at one go: a name or type by its token and, of a parm, one or two printable pieces of value; and the ends of elements. */
#ifndef CODEC_PROV_PLAIN_H
#define CODEC_PROV_PLAIN_H

#include "codec/prov_build.h"
#include "codec/wbxml.h"

/* Those that stand next, if an element is open. What is not plain is left, untouched, to who reads token by token, and alone refuses. */
void prov_plain_read(struct wbxml *w, struct prov_build *b);

#endif
