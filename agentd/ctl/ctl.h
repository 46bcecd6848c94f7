/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of agentctl share: options, the connection, objects of the agent as GVariants, output in both forms, exit codes. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <gio/gio.h>
#include <jansson.h>
#include <stdbool.h>

#define CTL_NAME "org.gatewayagent.Agent1"
#define CTL_ROOT "/org/gatewayagent/Agent1"

/* Documented in agentctl(1); scripts depend on them. */
enum ctl_exit { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2, CTL_REJECTED = 3, CTL_TIMEOUT = 4, CTL_NO_DAEMON = 8, CTL_NOT_FOUND = 10 };

struct ctl {
    bool json, quiet, legend, wait, color, yes;
    int timeout_s; /* of waiting for jobs; 0: for ever */
    GDBusConnection *bus;
};

/* One line of cause, one of hint, to standard error. */
int ctl_fail(int code, const char *hint, const char *format, ...) __attribute__((format(printf, 3, 4)));
int ctl_fail_error(GError *error); /* frees it; maps D-Bus errors to exit codes and splits the hint off */
int ctl_no_daemon(void);

/* Connects on first use; false after having said why (exit code CTL_NO_DAEMON). */
bool ctl_connect(struct ctl *c);
/* All objects: a{oa{sa{sv}}} of the ObjectManager and the Manager at the root; NULL after having said why in *code. */
GVariant *ctl_objects(struct ctl *c, int *code);
GVariant *ctl_manager(struct ctl *c, int *code); /* a{sv} */
/* Calls a method of an interface of ours ("Job"); fds may be NULL. */
GVariant *ctl_call(struct ctl *c, const char *path, const char *interface, const char *method, GVariant *args, GUnixFDList *fds, GError **error);

/* For each object of that kind ("Job", "" for all): path relative to the root, kind, properties. */
typedef void ctl_each_fn(void *user, const char *path, const char *kind, GVariant *properties);
void ctl_each(GVariant *objects, const char *kind, ctl_each_fn *fn, void *user);
/* A path from what a person types: whole path, "job/7" or "7" with the kind. Free with g_free. */
char *ctl_path(const char *kind, const char *text);
const char *ctl_relative(const char *path); /* "job/7"; path itself if it is not ours */

const char *ctl_text(GVariant *properties, const char *name); /* "" if absent; lives for ever */
guint64 ctl_number(GVariant *properties, const char *name);
bool ctl_flag(GVariant *properties, const char *name);
char *ctl_texts(GVariant *properties, const char *name); /* a list of texts with spaces between, "" if there is none; g_free */
char *ctl_time(guint64 microseconds); /* local time, "-" for 0; g_free */

json_t *ctl_json(GVariant *v); /* any value of our interfaces; dictionaries become objects */
void ctl_print_json(json_t *root); /* adds "schema": 1, prints, frees */
void ctl_print_variant(GVariant *v); /* one value for people */
/* What a state word of the API means for the eye: escape sequence before and behind it; "" without colour. */
const char *ctl_color(const struct ctl *c, const char *state);
const char *ctl_color_end(const struct ctl *c);

#endif
