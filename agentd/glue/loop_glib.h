/* SPDX-License-Identifier: Apache-2.0 */
/* base/loop.h over the thread-default GMainContext, for agentd and agent-modemd. */
#ifndef GLUE_LOOP_GLIB_H
#define GLUE_LOOP_GLIB_H

#include "base/loop.h"

/* Fills loop; lives until loop_glib_done, which cancels what is left. One a process. */
void loop_glib_init(struct loop *loop);
void loop_glib_done(struct loop *loop);

#endif
