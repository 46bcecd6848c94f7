/* SPDX-License-Identifier: Apache-2.0 */
/* Our objects on the system bus: the tree of facts mirrored (mirror), methods that validate, call and reply (methods). Thin: decides nothing.
 * Access is the bus policy's business (dbus/org.gatewayagent.Agent1.conf): root and the group gateway-agent; and for what cannot be undone authority.h's. */
#ifndef BUS_BUS_H
#define BUS_BUS_H

#include <stdbool.h>

#include "base/error.h"
#include "model/mid.h"
#include "model/tree.h"

struct bus;

typedef void bus_job_fn(void *user, const struct error *error, const char *job_path); /* error->code NONE: started */
typedef void bus_done_fn(void *user, enum error_code status, const char *text);
typedef void bus_outcome_fn(void *user, const struct error *error); /* code NONE: done */

/* error->code NONE: result, res and auts as the XML says. */
typedef void bus_aka_fn(void *user, const struct error *error, const char *result, const char *res, const char *auts);

/* error->code NONE: the TRE has decided; result is that of doc mid-package, section 5. */
typedef void bus_order_fn(void *user, const struct error *error, enum mid_result result, struct slice receipt);

/* error->code NONE: text is the result. */
typedef void bus_text_fn(void *user, const struct error *error, const char *text);

struct bus_authorize { /* arguments of Device.Authorize; borrowed */
    const char *method, *uri, *challenge;
};

/* What the methods do; each is called from the loop. fn is called once, at once or later. Texts and descriptors are borrowed. */
struct bus_calls {
    void *user;
    void (*bootstrap)(void *user, int fd, bus_job_fn *fn, void *fn_user);
    enum error_code (*reopen_context)(void *user, const char *context, struct error *err);
    void (*submit_pin)(void *user, const char *context, const char *digits, bus_job_fn *fn, void *fn_user);
    enum error_code (*reload)(void *user, struct error *err);
    void (*factory_reset)(void *user, bus_outcome_fn *fn, void *fn_user); /* done: it begins soon */
    enum error_code (*job_cancel)(void *user, const char *job_id, struct error *err);
    enum error_code (*account_update)(void *user, const char *account_id, struct error *err);
    enum error_code (*account_connect)(void *user, const char *account_id, struct error *err);
    enum error_code (*account_disable)(void *user, const char *account_id, uint32_t seconds, struct error *err);
    enum error_code (*account_remove)(void *user, const char *account_id, struct error *err);
    void (*account_send)(void *user, const char *account_id, const char *paths, const char *format, bus_done_fn *fn, void *fn_user);
    void (*account_add)(void *user, int fd, bus_job_fn *fn, void *fn_user); /* the path is the account's */
    void (*sim_send_pin)(void *user, const char *sim_id, const char *pin, bool remember, bus_done_fn *fn, void *fn_user);
    enum error_code (*sim_forget_pin)(void *user, const char *sim_id, struct error *err);
    void (*mid_set_state)(void *user, const char *mid_id, enum mid_state state, bus_outcome_fn *fn, void *fn_user);
    void (*mid_order)(void *user, int fd, bus_order_fn *fn, void *fn_user);
    void (*mid_authenticate)(void *user, const char *mid_id, const uint8_t rand[16], const uint8_t autn[16], bus_aka_fn *fn, void *fn_user);
    void (*device_add)(void *user, const char *name, bus_text_fn *fn, void *fn_user); /* its object path */
    enum error_code (*device_remove)(void *user, const char *device, struct error *err);
    void (*device_assign)(void *user, const char *device, const char *impu, bus_text_fn *fn, void *fn_user); /* the identity */
    enum error_code (*device_revoke)(void *user, const char *device, struct error *err);
    void (*device_authorize)(void *user, const char *device, const struct bus_authorize *arguments, bus_text_fn *fn, void *fn_user);
};

/* Connects to the system bus (DBUS_SYSTEM_BUS_ADDRESS is obeyed), exports the tree, asks for the name org.gatewayagent.Agent1. name: it is ours, or
 * bus or name are lost. NULL with err if there is no bus. */
struct bus *bus_new(struct tree *tree, const struct bus_calls *calls, void (*name)(void *user, bool owned), void *user, struct error *err);
void bus_free(struct bus *b);

#endif
