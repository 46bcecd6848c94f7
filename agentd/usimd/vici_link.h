/* SPDX-License-Identifier: Apache-2.0 */
/* The connection to charon (VICI over its UNIX socket): made again whenever it is lost, requests answered in their order. */
#ifndef USIMD_VICI_LINK_H
#define USIMD_VICI_LINK_H

#include "base/loop.h"
#include "base/reader.h"

enum { VICI_LINK_REQUESTS = 64 };

struct vici_link;

typedef void vici_state_fn(void *user, bool up);
/* message is that of the answer, borrowed; empty if charon does not know the command. */
typedef void vici_answer_fn(void *user, bool known, struct slice message);

/* path is borrowed. The first attempt happens from the loop. */
struct vici_link *vici_link_new(const struct loop *loop, const char *path, vici_state_fn *state, void *user);
void vici_link_free(struct vici_link *l);
bool vici_link_up(const struct vici_link *l);
/* One packet with its length. fn (may be NULL) from the loop, but not for what was open when the connection was lost: state tells of that. */
void vici_link_send(struct vici_link *l, struct slice packet, vici_answer_fn *fn, void *user);

#endif
