/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the pause. */
#include "bootstrap/service/mode_choice.h"

#include "base/log.h"
#include "base/text.h"

enum { ANSWER_MS = 1000 };

static void on_set(void *user, enum error_code status, const char *text)
{
    struct mode_choice *c = user;
    struct error e;
    if (!status) {
        log_notice("modem", "mode %s is preferred, as a management server wants it", c->mode);
        return;
    }
    error_set(&e, status, "preferred mode %s: %s", c->mode, text);
    site_report(c->site, "modem", 0, &e);
}

static void set(void *user)
{
    struct mode_choice *c = user;
    c->timer = 0;
    if (c->site->modem)
        modem_prefer(c->site->modem, c->mode, on_set, c);
}

void mode_choice_want(struct mode_choice *c, const char *mode)
{
    (void)text_copy(c->mode, sizeof c->mode, mode);
    loop_cancel(c->site->loop, &c->timer);
    c->timer = loop_timer(c->site->loop, ANSWER_MS, set, c);
}

void mode_choice_stop(struct mode_choice *c)
{
    loop_cancel(c->site->loop, &c->timer);
}
