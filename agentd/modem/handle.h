/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for objects that late D-Bus answers refer to: an answer carries the number, and the object may be gone by then. Never reused. */
#ifndef MODEM_HANDLE_H
#define MODEM_HANDLE_H

#include <glib.h>

gpointer handle_new(void *object); /* a number as pointer, never NULL; for one process, from the main loop only */
void *handle_get(gpointer handle); /* the object, or NULL once dropped */
void handle_drop(gpointer handle);

#endif
