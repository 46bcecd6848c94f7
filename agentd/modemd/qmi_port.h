/* SPDX-License-Identifier: Apache-2.0 */
/* One control port of a QMI modem, opened through the running qmi-proxy, with one client of one service. Promises: the modem's client id is given back;
 * no qmi-proxy is ever started. */
#ifndef MODEMD_QMI_PORT_H
#define MODEMD_QMI_PORT_H

#include <libqmi-glib.h>

#include "base/error.h"

struct qmi_port;

struct qmi_port_events { /* called from the loop only */
    void (*opened)(void *user, enum error_code status, const char *step, const char *why); /* once; status NONE: device and client are there */
    void (*lost)(void *user);                                                              /* after a successful opening: gone, or qmi-proxy ended */
};

/* path: the control port's file. Never NULL; failures come by opened: NOT_SUPPORTED (no QMI device, no such service), NOT_READY (no qmi-proxy runs yet). */
struct qmi_port *qmi_port_open(const char *path, QmiService service, const struct qmi_port_events *events, void *user);
/* Ends it; no event comes any more. NULL is fine. */
void qmi_port_close(struct qmi_port *p);
QmiDevice *qmi_port_device(const struct qmi_port *p); /* borrowed; NULL before opened */
QmiClient *qmi_port_client(const struct qmi_port *p);
/* Ports whose client ids are still being released: the program waits a moment for them before it ends. */
unsigned qmi_port_closing(void);

#endif
