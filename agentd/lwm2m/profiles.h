/* SPDX-License-Identifier: Apache-2.0 */
/* Access points that servers change and add (object 11): what was written is a draft, kept before the answer goes out, tried when the server has written no more for
 * a second, and either becomes the profile or is forgotten. One of before a restart waits for its server to be there again, one that may not be tried for the host's
 * word. One draft at a time. Never shows a secret,
 * never changes what is installed by itself. */
#ifndef LWM2M_PROFILES_H
#define LWM2M_PROFILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "model/napdef.h"

struct profiles;

enum profile_result { PROFILE_ACCEPTED, PROFILE_REJECTED, /* /11/x/10 */ PROFILE_WAITS };
enum { PROFILE_ID = 65 };

typedef void profiles_outcome_fn(void *user, enum profile_result result);

/* What the agent around it can do. Functions are called from the loop; none calls back before it has returned. bearer: id of its Bearer node. The host reports each
 * no of the first five. */
struct profiles_host {
    bool (*may)(void *user, uint16_t server, const char *bearer); /* may that server change it now? */
    bool (*may_go)(void *user, uint16_t server, const char *bearer); /* may that server put it aside: it is not in use? */
    bool (*may_create)(void *user, uint16_t server, char bearer[PROFILE_ID], struct napdef *out); /* may that server add one, which is that then, empty? */
    /* The draft is stored: profiles_resume brings it back over a restart, until remove, or until its trial has ended; false: what was kept before is still. */
    bool (*keep)(void *user, uint16_t server, const char *bearer, bool created, const struct napdef *draft);
    bool (*remove)(void *user, uint16_t server, const char *bearer); /* it is not installed any more, nor kept as a draft */
    bool (*ready)(void *user); /* may a draft be tried now? false: profiles_server_is_there says when */
    bool (*open)(void *user, const char *bearer, struct napdef *out); /* as installed, with its secret; false: not now */
    /* Tries the draft (borrowed) instead of what is installed: connected, and that server reached over it; or puts it beside that, if it is disabled or valid
     * elsewhere. outcome once: ACCEPTED, it is installed and in use now, WAITS, it is installed, or REJECTED, all is as it was. */
    void (*begin)(void *user, uint16_t server, const char *bearer, const struct napdef *draft, profiles_outcome_fn *outcome, void *outcome_user);
    uint64_t (*time)(void *user); /* Unix seconds */
    void (*changed)(void *user);  /* a value did: observers are told */
    void *user;
};

struct profile_attempt { /* the last one */
    uint64_t at; /* Unix seconds */
    enum profile_result result;
};

struct profiles *profiles_new(const struct loop *loop, const struct profiles_host *host); /* NULL without memory */
void profiles_free(struct profiles *p); /* NULL is fine */
/* May the server write the profile now? Not while a draft of another server or profile waits, nor while any is tried. */
bool profiles_may(const struct profiles *p, uint16_t server, const char *bearer);
bool profiles_may_create(const struct profiles *p, uint16_t server);
bool profiles_may_go(const struct profiles *p, uint16_t server, const char *bearer);
/* A draft of one more; the id of its Bearer node, valid while it is a draft; NULL: there may be none now. After profiles_may_create. */
const char *profiles_create(struct profiles *p, uint16_t server);
/* What was written is kept now, and the answer may go out; false: all is as it was before that. */
bool profiles_keep(struct profiles *p);
/* A draft of before a restart, that is kept. It is tried when its server is there. */
void profiles_resume(struct profiles *p, uint16_t server, const char *bearer, bool created, const struct napdef *draft);
void profiles_server_is_there(struct profiles *p, uint16_t server); /* what is kept is tried, if the host is ready a second later */
void profiles_drop(struct profiles *p); /* the draft that is not tried yet: its server is none any more */
bool profiles_created(const struct profiles *p, const char *bearer); /* it is a draft of one more */
bool profiles_remove(struct profiles *p, uint16_t server, const char *bearer); /* also what is a draft still; false: it stays */
/* The draft, to be changed; the first change of it takes what is installed. NULL: what is installed cannot be opened. After profiles_may. */
struct napdef *profiles_edit(struct profiles *p, uint16_t server, const char *bearer);
const struct napdef *profiles_draft(const struct profiles *p, const char *bearer);            /* NULL: none; its secret is nobody's to read */
/* What is installed, with its secret, for profiles_close to wipe; NULL: it cannot be opened now. */
struct napdef *profiles_installed(const struct profiles *p, const char *bearer);
void profiles_close(struct napdef *installed); /* NULL is fine */
const struct profile_attempt *profiles_attempt(const struct profiles *p, const char *bearer); /* NULL: none yet */

#endif
