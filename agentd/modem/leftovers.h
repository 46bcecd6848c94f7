/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the QMI route whose parts ModemManager may not know of (leftovers.c says why), until they are deleted. Not for other rooms. */
#ifndef MODEM_LEFTOVERS_H
#define MODEM_LEFTOVERS_H

#include "access/access.h"

struct leftovers;
struct modem_watch;

struct leftovers *leftovers_new(struct modem_watch *w);
void leftovers_free(struct leftovers *l);
/* The device went: places mean nothing any more. */
void leftovers_clear(struct leftovers *l);
/* A part came; its number, 0 if it lies nowhere, or if as many parts as are followed (512) wait for their deletion. */
uint32_t leftovers_note(struct leftovers *l, const struct access_place *place, struct slice tpdu);
/* These n parts are one message; its handle, "" if none of them lies anywhere. */
void leftovers_join(struct leftovers *l, const uint32_t *places, size_t n, char *handle, size_t cap);
/* Deletes what is left of a message some seconds later. False: not a handle of leftovers_join. */
bool leftovers_delete(struct leftovers *l, const char *handle);

#endif
