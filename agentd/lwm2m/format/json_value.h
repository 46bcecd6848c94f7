/* SPDX-License-Identifier: Apache-2.0 */
/* What the two JSON formats share: strings and values out. */
#ifndef LWM2M_JSON_VALUE_H
#define LWM2M_JSON_VALUE_H

#include "codec/json_text.h"
#include "lwm2m/format/format.h"

void json_put_string(struct writer *w, struct slice text); /* quoted and escaped (RFC 8259 clause 7) */
struct json_labels { /* names of the members that carry a value */
    const char *string, *number, *flag, *opaque, *link;
    bool url; /* opaque as base64url without padding, else as base64 */
};
void json_put_value(struct writer *w, const struct json_labels *labels, const struct value *v); /* "v":300; NONE writes nothing */

#endif
