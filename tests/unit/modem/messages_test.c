/* SPDX-License-Identifier: Apache-2.0 */
/* messages.c and deletion.c on a dbus-daemon of their own, with a clock that the test turns. The test answers in place of ModemManager, which does not fail
 * when one would like it to: each call to it waits until the test has looked at it. */
#include <stdio.h>
#include <string.h>

#include "../support/fake_loop.h"
#include "modem/handle.h"
#include "modem/room.h"

enum { READS_MAX = 32, READ_AGAIN_MS = 2000, READ_ATTEMPTS = 5, DELETE_AGAIN_MS = 200, DELETE_ATTEMPTS = 50, LIMIT_MS = 60000 };
#define MODEM "/org/freedesktop/ModemManager1/Modem/0"
#define PUSH "\x01\x06\x01\xb6"  /* a WSP push of binary connectivity */
#define RETRY "org.freedesktop.ModemManager1.Error.Core.Retry"

static struct fake_loop fake;
static struct modem_watch watch;
static struct modem modem;
static GDBusConnection *manager; /* ModemManager's */
static GAsyncQueue *calls;       /* of GDBusMessage, to ModemManager and not answered */
static GQueue taken = G_QUEUE_INIT; /* calls that were looked for and are of another kind */
static bool no_room;
static unsigned failures, handed_on;
static char last_handle[MODEM_PATH];

static void check(const char *what, bool good)
{
    failures += !good;
    (void)printf("%s - %s\n", good ? "ok" : "not ok", what);
    (void)fflush(stdout);
}

/* --- ModemManager --- */

/* In GDBus' own thread. */
static GDBusMessage *on_message(GDBusConnection *c, GDBusMessage *m, gboolean incoming, gpointer user)
{
    (void)c, (void)user;
    if (!incoming || g_dbus_message_get_message_type(m) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
        return m;
    g_async_queue_push(calls, m);
    g_main_context_wakeup(NULL);
    return NULL;
}

static void respond(GDBusMessage *call, GDBusMessage *reply)
{
    (void)g_dbus_connection_send_message(manager, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
    g_object_unref(reply);
    g_object_unref(call);
}

static void refuse(GDBusMessage *call, const char *error)
{
    if (call)
        respond(call, g_dbus_message_new_method_error_literal(call, error, "try again later"));
}

static void answer(GDBusMessage *call, GVariant *body)
{
    GDBusMessage *reply = g_dbus_message_new_method_reply(call);
    if (body)
        g_dbus_message_set_body(reply, body);
    respond(call, reply);
}

/* A push, received whole and stored. */
static void tell(GDBusMessage *call)
{
    GVariantBuilder b;
    if (!call)
        return;
    g_variant_builder_init(&b, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&b, "{sv}", "State", g_variant_new_uint32(MM_SMS_STATE_RECEIVED));
    g_variant_builder_add(&b, "{sv}", "PduType", g_variant_new_uint32(MM_SMS_PDU_TYPE_DELIVER));
    g_variant_builder_add(&b, "{sv}", "Storage", g_variant_new_uint32(MM_SMS_STORAGE_ME));
    g_variant_builder_add(&b, "{sv}", "Data", g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, PUSH, strlen(PUSH), 1));
    answer(call, g_variant_new("(a{sv})", &b));
}

static bool is(GDBusMessage *m, const char *member, const char *path)
{
    return strcmp(g_dbus_message_get_member(m), member) == 0 && (!path || strcmp(g_dbus_message_get_path(m), path) == 0);
}

/* The oldest call of that kind, if it has come. Owned by the caller. */
static GDBusMessage *look_for(const char *member, const char *path)
{
    GDBusMessage *m;
    while ((m = g_async_queue_try_pop(calls)))
        g_queue_push_tail(&taken, m);
    for (GList *l = taken.head; l; l = l->next)
        if (is(l->data, member, path)) {
            m = l->data;
            g_queue_delete_link(&taken, l);
            return m;
        }
    return NULL;
}

static void on_pong(GObject *source, GAsyncResult *result, gpointer done)
{
    g_autoptr(GVariant) answered = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);
    *(bool *)done = true;
}

/* Until what was sent so far has arrived, and what was done upon it: a bus keeps the order of messages. An object's proxy asks twice, one after the other. */
static void settle(void)
{
    for (unsigned i = 0; i < 4; i++) {
        bool done = false;
        g_dbus_connection_call(watch.bus, MM_DBUS_SERVICE, "/", "org.freedesktop.DBus.Peer", "Ping", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, LIMIT_MS, NULL, on_pong, &done);
        while (!done) {
            GDBusMessage *ping = look_for("Ping", "/");
            if (ping)
                answer(ping, NULL);
            (void)g_main_context_iteration(NULL, !ping);
        }
    }
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

/* --- the agent --- */

static bool on_sms(void *user, const struct modem_sms *sms)
{
    (void)user;
    handed_on += !no_room && slice_is(sms->data, PUSH);
    g_strlcpy(last_handle, sms->handle, sizeof last_handle);
    return !no_room;
}

static const char *path_of(unsigned n, char out[MODEM_PATH])
{
    (void)snprintf(out, MODEM_PATH, "/org/freedesktop/ModemManager1/SMS/%u", n);
    return out;
}

static void add(unsigned n)
{
    char path[MODEM_PATH];
    messages_added(&modem, path_of(n, path));
    settle();
}

static GDBusMessage *read_of(unsigned n)
{
    char path[MODEM_PATH];
    return look_for("GetAll", path_of(n, path));
}

static void begin(const char *what)
{
    (void)printf("# %s\n", what);
    fake_loop_init(&fake);
    modem = (struct modem){ .watch = &watch, .facts = { .path = MODEM, .id = "modem" } };
    modem.handle = handle_new(&modem);
    watch.modems = g_list_append(NULL, &modem);
    handed_on = 0;
    no_room = false;
    last_handle[0] = '\0';
}

static void end(void)
{
    settle();
    check("no other call", taken.length == 0 && g_async_queue_length(calls) <= 0);
    messages_clear(&modem);
    deletions_close(&watch);
    handle_drop(modem.handle);
    g_clear_pointer(&watch.modems, g_list_free);
    check("no timer is left", fake_loop_pending(&fake) == 0);
}

/* --- cases --- */

static void test_read_again(void)
{
    begin("a message whose read fails once is read again and handed on once");
    add(1);
    GDBusMessage *first = read_of(1);
    check("it is read", first && handed_on == 0);
    refuse(first, RETRY);
    settle();
    fake_loop_run(&fake, READ_AGAIN_MS - 1);
    settle();
    check("not again at once", !read_of(1));
    fake_loop_run(&fake, 1);
    settle();
    GDBusMessage *second = read_of(1);
    check("but after two seconds", second);
    tell(second);
    settle();
    check("handed on", handed_on == 1 && strcmp(last_handle, "/org/freedesktop/ModemManager1/SMS/1") == 0);
    fake_loop_run(&fake, LIMIT_MS);
    end();

    begin("one that goes meanwhile is not");
    add(2);
    refuse(read_of(2), RETRY);
    settle();
    messages_deleted(&modem, "/org/freedesktop/ModemManager1/SMS/2");
    fake_loop_run(&fake, LIMIT_MS);
    end();

    begin("one that is never to be read is forgotten, so that another signal of it counts");
    for (unsigned i = 0; i < READ_ATTEMPTS; i++) {
        if (i == 0)
            add(3);
        GDBusMessage *read = read_of(3);
        check("read", read);
        refuse(read, RETRY);
        settle();
        fake_loop_run(&fake, READ_AGAIN_MS);
        settle();
    }
    check("no more", !read_of(3));
    add(3);
    tell(read_of(3));
    settle();
    check("told once more it is handed on", handed_on == 1);
    add(3);
    end();
}

static void test_offered_again(void)
{
    begin("what finds no room is read again when there is some");
    no_room = true;
    add(4);
    tell(read_of(4));
    settle();
    fake_loop_run(&fake, LIMIT_MS);
    settle();
    check("not by itself", !read_of(4) && handed_on == 0);
    no_room = false;
    messages_again(&modem);
    settle();
    tell(read_of(4));
    settle();
    check("handed on", handed_on == 1);
    messages_again(&modem);
    end();
}

static void test_bounded(void)
{
    begin("no more reads are open than a bus admits, and none is lost");
    enum { MANY = 3 * READS_MAX + 1 };
    char path[MODEM_PATH];
    for (unsigned n = 0; n < MANY; n++)
        messages_added(&modem, path_of(100 + n, path));
    unsigned most = 0, answered = 0;
    for (unsigned round = 0; answered < MANY && round <= MANY; round++) {
        settle();
        GDBusMessage *first = look_for("GetAll", NULL);
        unsigned open = first ? 1 + taken.length : 0;
        most = MAX(most, open);
        if (!first)
            break;
        answered++;
        if (answered % 7 == 0)
            refuse(first, "org.freedesktop.DBus.Error.LimitsExceeded");
        else
            tell(first);
    }
    settle();
    check("as many as admitted", most == READS_MAX);
    check("each once", answered == MANY && handed_on == MANY - MANY / 7);
    fake_loop_run(&fake, READ_AGAIN_MS);
    for (unsigned i = 0; i < MANY / 7; i++) {
        settle();
        tell(look_for("GetAll", NULL));
    }
    settle();
    check("all of them in the end", handed_on == MANY);
    end();
}

static enum error_code deleted_status;
static unsigned deleted;

static void on_deleted(void *user, enum error_code status, const char *text)
{
    (void)user, (void)text;
    deleted_status = status;
    deleted++;
}

static const struct {
    const char *what, *error;
    enum error_code status;
    unsigned asked;
} refusals[] = {
    { "there is no such message any more", "org.freedesktop.ModemManager1.Error.Core.NotFound", ERROR_NONE, 1 },
    { "not allowed", "org.freedesktop.ModemManager1.Error.Core.Unauthorized", ERROR_DENIED, 1 },
    { "a fault", "org.freedesktop.ModemManager1.Error.Core.Failed", ERROR_IO, 1 },
    { "busy for ten seconds", RETRY, ERROR_IO, DELETE_ATTEMPTS },
};

static void hold(unsigned n)
{
    add(n);
    tell(read_of(n));
    settle();
    deleted = 0;
}

static void test_deletion(void)
{
    begin("a deletion that ModemManager has no time for is asked for again");
    hold(5);
    modem_sms_delete(&watch, last_handle, on_deleted, NULL);
    settle();
    refuse(look_for("Delete", MODEM), RETRY);
    settle();
    fake_loop_run(&fake, DELETE_AGAIN_MS - 1);
    settle();
    check("not at once", !look_for("Delete", MODEM) && !deleted);
    fake_loop_run(&fake, 1);
    settle();
    GDBusMessage *again = look_for("Delete", MODEM);
    check("again", again);
    if (again)
        answer(again, NULL);
    settle();
    check("done", deleted == 1 && deleted_status == ERROR_NONE);
    end();

    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        begin(refusals[i].what);
        hold(6);
        modem_sms_delete(&watch, last_handle, on_deleted, NULL);
        unsigned asked = 0;
        for (GDBusMessage *m; settle(), (m = look_for("Delete", MODEM)) && asked <= DELETE_ATTEMPTS; asked++) {
            refuse(m, refusals[i].error);
            settle();
            fake_loop_run(&fake, DELETE_AGAIN_MS);
        }
        check("asked so often, told once", asked == refusals[i].asked && deleted == 1 && deleted_status == refusals[i].status);
        end();
    }
}

int main(void)
{
    g_autoptr(GTestDBus) bus = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_autoptr(GError) error = NULL;
    g_test_dbus_up(bus);
    GDBusConnectionFlags flags = G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION;
    calls = g_async_queue_new();
    manager = g_dbus_connection_new_for_address_sync(g_test_dbus_get_bus_address(bus), flags, NULL, NULL, &error);
    g_autoptr(GDBusConnection) agent = g_dbus_connection_new_for_address_sync(g_test_dbus_get_bus_address(bus), flags, NULL, NULL, &error);
    g_assert_no_error(error);
    (void)mm_core_error_quark(); /* as modem_watch_new does: errors get their codes */
    (void)g_dbus_connection_add_filter(manager, on_message, NULL, NULL);
    g_autoptr(GVariant) owned = g_dbus_connection_call_sync(manager, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                                                            g_variant_new("(su)", MM_DBUS_SERVICE, 4), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
    g_assert_no_error(error);
    watch = (struct modem_watch){ .loop = &fake.loop, .tree = tree_new(), .bus = agent, .cancel = g_cancellable_new(), .events = { .sms = on_sms } };
    watch.handle = handle_new(&watch);
    watch.route.leftovers = leftovers_new(&watch);
    test_read_again();
    test_offered_again();
    test_bounded();
    test_deletion();
    leftovers_free(watch.route.leftovers);
    tree_free(watch.tree);
    g_object_unref(watch.cancel);
    g_object_unref(manager);
    g_clear_object(&agent);
    g_test_dbus_down(bus);
    (void)printf("%u failed\n", failures);
    return failures != 0;
}
