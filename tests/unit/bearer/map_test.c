/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of ModemManager as ours, as GLib makes them of what comes over the bus: with their domain registered, and without. */
#include <glib.h>
#include <string.h>

#include "../../../plugins/bearer/modemmanager_map.h"

#define MM_ERROR "org.freedesktop.ModemManager1.Error."

static const struct {
    const char *name;
    enum error_code ours; /* NONE: the caller's */
    bool other_type;      /* another address type may help */
} rows[] = {
    { MM_ERROR "MobileEquipment.MissingOrUnknownApn", ERROR_BEARER_REFUSED, false },
    { MM_ERROR "MobileEquipment.UserAuthenticationFailed", ERROR_BEARER_REFUSED, false },
    { MM_ERROR "MobileEquipment.PdpAuthFailure", ERROR_BEARER_REFUSED, false },
    { MM_ERROR "MobileEquipment.ServiceOptionNotSubscribed", ERROR_BEARER_REFUSED, false },
    { MM_ERROR "MobileEquipment.RequestedApnNotSupported", ERROR_BEARER_REFUSED, false },
    { MM_ERROR "MobileEquipment.NoNetwork", ERROR_NOT_REGISTERED, false },
    { MM_ERROR "MobileEquipment.RoamingNotAllowedInArea", ERROR_NOT_REGISTERED, false },
    { MM_ERROR "MobileEquipment.NetworkTimeout", ERROR_TIMEOUT, false },
    { MM_ERROR "MobileEquipment.UnknownPdpAddressOrType", ERROR_NONE, true },
    { MM_ERROR "MobileEquipment", ERROR_NONE, true },
    { MM_ERROR "Connection.NoCarrier", ERROR_NONE, true },
    { MM_ERROR "Core.Unauthorized", ERROR_DENIED, false },
    { MM_ERROR "Core.Unsupported", ERROR_BEARER_REFUSED, true },
    { MM_ERROR "Core.Throttled", ERROR_NONE, true },
    { "org.freedesktop.DBus.Error.NoReply", ERROR_TIMEOUT, false },
    { "org.freedesktop.DBus.Error.ServiceUnknown", ERROR_NO_MODEM, false },
    { "org.freedesktop.DBus.Error.Disconnected", ERROR_NONE, false },
    { "com.example.MobileEquipment.NoNetwork", ERROR_NONE, false },
    { "org.freedesktop.ModemManager2.Error.MobileEquipment.NoNetwork", ERROR_NONE, false },
};

static void check(const GError *e, size_t i)
{
    char text[64];
    enum error_code ours = map_error(e, ERROR_BEARER_LOST, text, sizeof text);
    g_assert_cmpint(ours, ==, rows[i].ours ? rows[i].ours : ERROR_BEARER_LOST);
    g_assert_cmpstr(text, ==, "why? it says");
    g_assert_cmpint(map_retry_type(e), ==, rows[i].other_type);
}

static void check_all(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = g_dbus_error_new_for_dbus_error(rows[i].name, "why\x01 it says");
        check(error, i);
    }
}

static void errors_by_name(void)
{
    (void)mm_core_error_quark(); /* as agentd does */
    check_all();
}

static void errors_by_domain(void)
{
    (void)mm_mobile_equipment_error_quark(); /* as libmm-glib does when it reads a bearer's last error */
    (void)mm_connection_error_quark();
    check_all();
}

static void errors_of_our_side(void)
{
    char text[64];
    g_autoptr(GError) late = g_error_new_literal(G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "late");
    g_autoptr(GError) closed = g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
    g_assert_cmpint(map_error(late, ERROR_BEARER_LOST, text, sizeof text), ==, ERROR_TIMEOUT);
    g_assert_cmpint(map_error(closed, ERROR_BEARER_LOST, text, sizeof text), ==, ERROR_BEARER_LOST);
    g_assert_false(map_retry_type(late) || map_retry_type(closed));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/map/errors-by-name", errors_by_name);
    g_test_add_func("/map/errors-by-domain", errors_by_domain);
    g_test_add_func("/map/errors-of-our-side", errors_of_our_side);
    return g_test_run();
}
