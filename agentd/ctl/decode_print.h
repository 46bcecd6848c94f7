/* SPDX-License-Identifier: Apache-2.0 */
/* A verdict for people and for programs. */
#ifndef CTL_DECODE_PRINT_H
#define CTL_DECODE_PRINT_H

#include "ctl/push_check.h"

void decode_print_text(const struct push_check *c);
/* {schema, kind, verdict, reason, sec, mac, document}; document in the shape {element, attributes, children}. */
void decode_print_json(const struct push_check *c);

#endif
