/* SPDX-License-Identifier: Apache-2.0 */
/* open -> client. Late answers of libqmi carry the port's number, not its address: a number that is not in the table any more is dropped, whatever it
 * brings is given back. */
#include "modemd/qmi_port.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { OPEN_S = 15, CALL_S = 10, CLOSE_S = 3 };

struct qmi_port {
    guint number;
    QmiService service;
    struct qmi_port_events events;
    void *user;
    QmiDevice *device;
    QmiClient *client;
    gulong on_removed;
    bool told; /* that it could not be opened, or is lost */
};

static GHashTable *ports; /* number -> struct qmi_port */
static guint last_number;
static unsigned closing;

static struct qmi_port *port_of(gpointer number)
{
    return ports ? g_hash_table_lookup(ports, number) : NULL;
}

static gpointer number_of(const struct qmi_port *p)
{
    return GUINT_TO_POINTER(p->number);
}

static void fail(struct qmi_port *p, enum error_code status, const char *step, const char *why)
{
    if (p->told)
        return;
    p->told = true;
    p->events.opened(p->user, status, step, why);
}

static void on_client(GObject *object, GAsyncResult *result, gpointer number)
{
    g_autoptr(GError) error = NULL;
    QmiClient *client = qmi_device_allocate_client_finish(QMI_DEVICE(object), result, &error);
    struct qmi_port *p = port_of(number);
    if (!p) {
        if (client)
            qmi_device_release_client(QMI_DEVICE(object), client, QMI_DEVICE_RELEASE_CLIENT_FLAGS_RELEASE_CID, CLOSE_S, NULL, NULL, NULL);
        g_clear_object(&client);
        return;
    }
    if (!client) {
        fail(p, ERROR_NOT_SUPPORTED, "service", error->message);
        return;
    }
    p->client = client;
    if (!p->told)
        p->events.opened(p->user, ERROR_NONE, "", "");
}

static void on_removed(QmiDevice *device, gpointer number)
{
    (void)device;
    struct qmi_port *p = port_of(number);
    if (!p || p->told)
        return;
    if (!p->client) {
        fail(p, ERROR_IO, "device", "gone, or qmi-proxy ended");
        return;
    }
    p->told = true;
    p->events.lost(p->user);
}

static void on_opened(GObject *object, GAsyncResult *result, gpointer number)
{
    g_autoptr(GError) error = NULL;
    bool ok = qmi_device_open_finish(QMI_DEVICE(object), result, &error);
    struct qmi_port *p = port_of(number);
    if (!p) {
        if (ok)
            qmi_device_close_async(QMI_DEVICE(object), CLOSE_S, NULL, NULL, NULL);
        return;
    }
    if (!ok) {
        fail(p, ERROR_NOT_SUPPORTED, "open", error->message);
        return;
    }
    p->on_removed = g_signal_connect(p->device, "device-removed", G_CALLBACK(on_removed), number);
    qmi_device_allocate_client(p->device, p->service, QMI_CID_NONE, CALL_S, NULL, on_client, number);
}

static void on_made(GObject *object, GAsyncResult *result, gpointer number)
{
    (void)object;
    g_autoptr(GError) error = NULL;
    QmiDevice *device = qmi_device_new_finish(result, &error);
    struct qmi_port *p = port_of(number);
    if (!p) {
        g_clear_object(&device);
        return;
    }
    if (!device) {
        fail(p, ERROR_NOT_SUPPORTED, "device", error->message);
        return;
    }
    p->device = device;
    qmi_device_open(device, QMI_DEVICE_OPEN_FLAGS_PROXY | QMI_DEVICE_OPEN_FLAGS_VERSION_INFO, OPEN_S, NULL, on_opened, number);
}

/* libqmi would start a qmi-proxy of its own, inside of our sandbox, where it could serve nobody. */
static bool proxy_runs(void)
{
    static const char name[] = "qmi-proxy";
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    memcpy(&addr.sun_path[1], name, sizeof name - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof name);
    bool ok = connect(fd, (struct sockaddr *)&addr, len) == 0;
    close(fd);
    return ok;
}

static gboolean on_no_proxy(gpointer number)
{
    struct qmi_port *p = port_of(number);
    if (p)
        fail(p, ERROR_NOT_READY, "qmi-proxy", "does not run (ModemManager starts it)");
    return G_SOURCE_REMOVE;
}

struct qmi_port *qmi_port_open(const char *path, QmiService service, const struct qmi_port_events *events, void *user)
{
    if (!ports)
        ports = g_hash_table_new(NULL, NULL);
    struct qmi_port *p = g_new0(struct qmi_port, 1);
    *p = (struct qmi_port){ .number = ++last_number, .service = service, .events = *events, .user = user };
    g_hash_table_insert(ports, number_of(p), p);
    if (!proxy_runs()) {
        g_idle_add(on_no_proxy, number_of(p));
        return p;
    }
    g_autoptr(GFile) file = g_file_new_for_path(path);
    qmi_device_new(file, NULL, on_made, number_of(p));
    return p;
}

static void on_closed(GObject *object, GAsyncResult *result, gpointer unused)
{
    (void)unused;
    (void)qmi_device_close_finish(QMI_DEVICE(object), result, NULL);
    closing--;
}

static void on_released(GObject *object, GAsyncResult *result, gpointer unused)
{
    QmiDevice *device = QMI_DEVICE(object);
    (void)qmi_device_release_client_finish(device, result, NULL);
    qmi_device_close_async(device, CLOSE_S, NULL, on_closed, unused);
}

void qmi_port_close(struct qmi_port *p)
{
    if (!p)
        return;
    g_hash_table_remove(ports, number_of(p));
    if (p->on_removed)
        g_signal_handler_disconnect(p->device, p->on_removed);
    if (p->client) {
        closing++;
        qmi_device_release_client(p->device, p->client, QMI_DEVICE_RELEASE_CLIENT_FLAGS_RELEASE_CID, CLOSE_S, NULL, on_released, NULL);
    }
    g_clear_object(&p->client);
    g_clear_object(&p->device);
    g_free(p);
}

QmiDevice *qmi_port_device(const struct qmi_port *p)
{
    return p->device;
}

QmiClient *qmi_port_client(const struct qmi_port *p)
{
    return p->client;
}

unsigned qmi_port_closing(void)
{
    return closing;
}
