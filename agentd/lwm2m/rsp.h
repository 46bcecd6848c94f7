/* SPDX-License-Identifier: Apache-2.0 */
/* Remote SIM provisioning as object 504 of the OMA registry sees it: the identities that the trusted environment keeps are the profiles of its one (integrated) SIM, each
 * named by the ICCID among its own files. A server selects one and has it enabled or disabled; it never brings, deletes or resets one. */
#ifndef LWM2M_RSP_H
#define LWM2M_RSP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"

struct rsp;

enum rsp_state { RSP_IDLE = 0, RSP_ENABLING = 5, RSP_DISABLING = 6 }; /* /504/x/5 */
enum rsp_result { RSP_INITIAL = 0, RSP_DONE = 1, RSP_NOT_ENABLED = 13, RSP_NOT_DISABLED = 14 }; /* /504/x/6 */
enum { RSP_PROFILES = 8, RSP_ID = 65, RSP_ICCID = 21 };

struct rsp_profile {
    char id[RSP_ID], iccid[RSP_ICCID], issuer[RSP_ID];
    bool active;
};

typedef void rsp_outcome_fn(void *user, bool good);

/* What the agent around it can do. Functions are called from the loop; none calls back before it has returned. */
struct rsp_host {
    size_t (*profiles)(void *user, struct rsp_profile out[RSP_PROFILES]); /* whose ICCID is known, an active one first */
    bool (*may)(void *user, uint16_t server, const struct rsp_profile *profile, bool enable); /* no is reported by the host */
    void (*enable)(void *user, const char *id, bool enable, rsp_outcome_fn *outcome, void *outcome_user); /* outcome once */
    void (*changed)(void *user); /* a value of object 504 did: observers are told */
    void *user;
};

struct rsp *rsp_new(const struct rsp_host *host); /* NULL without memory */
void rsp_free(struct rsp *r); /* NULL is fine */

size_t rsp_profiles(const struct rsp *r, struct rsp_profile out[RSP_PROFILES]); /* 0 also for NULL: there is no object 504 */
enum rsp_state rsp_state(const struct rsp *r);
enum rsp_result rsp_result(const struct rsp *r);
const char *rsp_selected(const struct rsp *r); /* ICCID, "": none */
bool rsp_may_select(const struct rsp *r, struct slice iccid); /* one of the profiles, or empty */
void rsp_select(struct rsp *r, struct slice iccid);           /* after that */
/* RSP Update with its arguments: "1" enables, "2" disables what is selected. False: another action, or not now, or not for that server. */
bool rsp_update(struct rsp *r, uint16_t server, struct slice arguments);

#endif
