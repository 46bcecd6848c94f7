/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the room: the device management and information reporting interfaces, a file each, as functions of the client that they serve. */
#ifndef LWM2M_INTERFACES_H
#define LWM2M_INTERFACES_H

#include "lwm2m/client.h"
#include "lwm2m/format/format.h"

/* What a server asks to be told. */
struct wish {
    struct coap_token token;
    struct path path;             /* of an Observe */
    const struct paths *paths;    /* of an Observe-Composite, else NULL; copied */
    uint16_t format;
    struct attributes attributes; /* of the request: before those attached */
};

/* device_management.c: one request of the server. */
void device_management_serve(struct lwm2m_client *c, const struct coap_request *request, struct coap_answer *answer);
bool request_path(const struct coap_request *r, struct path *p); /* false: no path of 0..4 identifiers */
enum value_type path_value_type(const struct lwm2m_client *c, const struct path *p); /* of the one value there; NONE: several, or none */
/* The format that the server accepts for these records, NULL: none. */
const struct format *answer_format(const struct lwm2m_client *c, int accept, const struct path *p);

/* upload.c: true if the block is of a body that goes to a disk; answered then. */
bool upload_serve(struct lwm2m_client *c, const struct coap_request *r, struct coap_answer *a);
/* before.c: what requests change of what is kept, as it is before one */
struct before *before_take(const struct servers *s); /* for before_end; NULL without memory */
void before_end(struct before *b, struct servers *s, bool done); /* frees it; not done: all is as it was */

/* write.c */
enum coap_code write_values(struct lwm2m_client *c, const struct coap_request *r, const struct path *p, bool replace);
enum coap_code write_create(struct lwm2m_client *c, const struct coap_request *r, const struct path *p, struct coap_answer *a);
enum coap_code write_delete(struct lwm2m_client *c, const struct path *p);
enum coap_code write_composite(struct lwm2m_client *c, const struct coap_request *r);

/* composite.c */
enum coap_code composite_read(struct lwm2m_client *c, const struct coap_request *r, struct coap_answer *a);
bool composite_values(struct lwm2m_client *c, const struct paths *paths); /* into c->records; false: they do not fit */

/* discover.c: p exists. depth: how many levels below it are listed (1.2 clause 6.3.2), discover_depth without that query. */
void discover_put(struct lwm2m_client *c, struct writer *w, const struct path *p, unsigned depth);
unsigned discover_depth(const struct path *p);
bool discover_read_depth(const struct coap_request *r, unsigned *depth); /* false: bad query */
void discover_put_registration(struct lwm2m_client *c, struct writer *w); /* payload of Register */

/* reporting.c */
/* Adds or renews the observation of this token; the values just read are what was reported. False: no room, answer without Observe. */
bool reporting_observe(struct lwm2m_client *c, const struct wish *wish, int64_t *sequence);
void reporting_cancel(struct lwm2m_client *c, const struct coap_token *token);
bool reporting_cancel_same(struct lwm2m_client *c, const struct wish *wish); /* only if it observes the same paths */
bool reporting_has(const struct lwm2m_client *c, const struct coap_token *token);
/* What any server attached to or observes at or below a deleted instance. */
void reporting_forget_everywhere(struct lwm2m_client *c, const struct path *p);
void reporting_unheard(struct lwm2m_client *c, const struct coap_token *token); /* a notification of it was not acknowledged: what it said is told again */
void reporting_flush(struct lwm2m_client *c); /* the server can be told again: what was kept, in order, then what changed since */
void reporting_clear(struct lwm2m_client *c);
void reporting_changed_everywhere(struct lwm2m_client *c); /* of all servers of the gateway */
void reporting_changed(struct lwm2m_client *c); /* values or attributes changed: looks at all observations from the loop, after the answer is out */

void reporting_write(const struct lwm2m_client *c, struct writer *w); /* the observations */
bool reporting_read(struct lwm2m_client *c, struct reader *r); /* in place of those there are; each is notified once, whatever its value. False: not readable */
/* A Reset has come to a notification of this token. True: it is one of before a restart that the server does not know. */
bool reporting_reset(struct lwm2m_client *c, const struct coap_token *token);

/* servers.c */
void servers_leave(struct lwm2m_client *c); /* back to itself alone */
bool servers_turn(const struct lwm2m_client *c); /* may it register, as to the order (resources 13, 15)? */
void servers_poke(const struct lwm2m_client *c); /* those that wait for their turn look again */

/* resume.c */
bool resume_take(struct lwm2m_client *c, const struct coap_link *link); /* the registration is as it was; false: it is not, for the session is not */
const struct coap_way *resume_way(const struct lwm2m_client *c);
void resume_forget(struct lwm2m_client *c);

/* servers_octets.c */
void octets_put_path(struct writer *w, const struct path *p);
void octets_get_path(struct reader *r, struct path *p);
void octets_put_attached(struct writer *w, const struct attached *a);
void octets_get_attached(struct reader *r, struct attached *a);

/* send.c */
void send_connection(struct lwm2m_client *c); /* unasked, if the server allows it and it is news */
bool send_answered(struct lwm2m_client *c, const struct coap_token *token, unsigned code); /* code 0: silence; false: it is no answer to a Send */
void send_drop(struct lwm2m_client *c);      /* the session ends */

#endif
