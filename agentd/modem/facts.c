/* SPDX-License-Identifier: Apache-2.0 */
/* What ModemManager's properties mean in our words, and the Modem and Sim nodes. Every text is an attacker's: bounded and cleaned here, once.
 * Identities are shown masked; ids of nodes are hashes of them, so that they are the same after a restart. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "modem/room.h"

enum { HASH_DIGITS = 12 };

void facts_clean(char *out, size_t cap, const char *in)
{
    (void)text_copy(out, cap, in ? in : "");
    const char *end = out;
    (void)g_utf8_validate(out, -1, &end); /* the cut may have split a character */
    out[end - out] = '\0';
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
}

static void id_from(const char *prefix, const char *identity, char *out)
{
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, identity, -1);
    hash[HASH_DIGITS] = '\0';
    (void)snprintf(out, MODEM_NODE, "%s-%s", prefix, hash);
}

static const char *state_name(MMModemState s)
{
    switch (s) {
    case MM_MODEM_STATE_FAILED:
        return "failed";
    case MM_MODEM_STATE_UNKNOWN:
    case MM_MODEM_STATE_INITIALIZING:
        return "unknown";
    case MM_MODEM_STATE_LOCKED:
        return "locked";
    case MM_MODEM_STATE_DISABLED:
    case MM_MODEM_STATE_DISABLING:
        return "disabled";
    case MM_MODEM_STATE_ENABLING:
        return "enabling";
    case MM_MODEM_STATE_ENABLED:
        return "enabled";
    case MM_MODEM_STATE_SEARCHING:
        return "searching";
    case MM_MODEM_STATE_REGISTERED:
    case MM_MODEM_STATE_DISCONNECTING:
        return "registered";
    case MM_MODEM_STATE_CONNECTING:
        return "connecting";
    case MM_MODEM_STATE_CONNECTED:
        return "connected";
    }
    return "unknown";
}

static const char *registration_name(MMModem3gppRegistrationState s)
{
    switch (s) {
    case MM_MODEM_3GPP_REGISTRATION_STATE_IDLE:
        return "idle";
    case MM_MODEM_3GPP_REGISTRATION_STATE_HOME:
    case MM_MODEM_3GPP_REGISTRATION_STATE_HOME_SMS_ONLY:
    case MM_MODEM_3GPP_REGISTRATION_STATE_HOME_CSFB_NOT_PREFERRED:
        return "home";
    case MM_MODEM_3GPP_REGISTRATION_STATE_SEARCHING:
        return "searching";
    case MM_MODEM_3GPP_REGISTRATION_STATE_DENIED:
    case MM_MODEM_3GPP_REGISTRATION_STATE_EMERGENCY_ONLY:
        return "denied";
    case MM_MODEM_3GPP_REGISTRATION_STATE_ROAMING:
    case MM_MODEM_3GPP_REGISTRATION_STATE_ROAMING_SMS_ONLY:
    case MM_MODEM_3GPP_REGISTRATION_STATE_ROAMING_CSFB_NOT_PREFERRED:
        return "roaming";
    case MM_MODEM_3GPP_REGISTRATION_STATE_UNKNOWN:
    case MM_MODEM_3GPP_REGISTRATION_STATE_ATTACHED_RLOS:
        return "unknown";
    }
    return "unknown";
}

static const char *access_name(MMModemAccessTechnology t)
{
    static const struct {
        unsigned mask;
        const char *name;
    } rows[] = { /* the best first */
        { MM_MODEM_ACCESS_TECHNOLOGY_5GNR, "5gnr" },
        { MM_MODEM_ACCESS_TECHNOLOGY_LTE | MM_MODEM_ACCESS_TECHNOLOGY_LTE_CAT_M | MM_MODEM_ACCESS_TECHNOLOGY_LTE_NB_IOT, "lte" },
        { MM_MODEM_ACCESS_TECHNOLOGY_UMTS | MM_MODEM_ACCESS_TECHNOLOGY_HSDPA | MM_MODEM_ACCESS_TECHNOLOGY_HSUPA |
              MM_MODEM_ACCESS_TECHNOLOGY_HSPA | MM_MODEM_ACCESS_TECHNOLOGY_HSPA_PLUS, "umts" },
        { MM_MODEM_ACCESS_TECHNOLOGY_GSM | MM_MODEM_ACCESS_TECHNOLOGY_GSM_COMPACT | MM_MODEM_ACCESS_TECHNOLOGY_GPRS |
              MM_MODEM_ACCESS_TECHNOLOGY_EDGE, "gsm" },
        { MM_MODEM_ACCESS_TECHNOLOGY_1XRTT | MM_MODEM_ACCESS_TECHNOLOGY_EVDO0 | MM_MODEM_ACCESS_TECHNOLOGY_EVDOA |
              MM_MODEM_ACCESS_TECHNOLOGY_EVDOB, "cdma" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if ((unsigned)t & rows[i].mask)
            return rows[i].name;
    return "";
}

static enum sim_lock lock_of(MMModemLock lock)
{
    switch (lock) {
    case MM_MODEM_LOCK_NONE:
    case MM_MODEM_LOCK_SIM_PIN2: /* they lock functions that nobody here uses */
    case MM_MODEM_LOCK_SIM_PUK2:
        return SIM_UNLOCKED;
    case MM_MODEM_LOCK_SIM_PIN:
        return SIM_PIN;
    case MM_MODEM_LOCK_SIM_PUK:
        return SIM_PUK;
    case MM_MODEM_LOCK_UNKNOWN:
    case MM_MODEM_LOCK_PH_SP_PIN:
    case MM_MODEM_LOCK_PH_SP_PUK:
    case MM_MODEM_LOCK_PH_NET_PIN:
    case MM_MODEM_LOCK_PH_NET_PUK:
    case MM_MODEM_LOCK_PH_SIM_PIN:
    case MM_MODEM_LOCK_PH_CORP_PIN:
    case MM_MODEM_LOCK_PH_CORP_PUK:
    case MM_MODEM_LOCK_PH_FSIM_PIN:
    case MM_MODEM_LOCK_PH_FSIM_PUK:
    case MM_MODEM_LOCK_PH_NETSUB_PIN:
    case MM_MODEM_LOCK_PH_NETSUB_PUK:
        return SIM_OTHER_LOCK;
    }
    return SIM_OTHER_LOCK;
}

static const char *lock_name(enum sim_lock lock)
{
    static const char *const names[] = { "none", "pin", "puk", "other" };
    return names[lock];
}

static uint8_t pin_tries(MMModem *modem)
{
    g_autoptr(MMUnlockRetries) retries = mm_modem_get_unlock_retries(modem);
    guint left = retries ? mm_unlock_retries_get(retries, MM_MODEM_LOCK_SIM_PIN) : MM_UNLOCK_RETRIES_UNKNOWN;
    return left == MM_UNLOCK_RETRIES_UNKNOWN || left >= SIM_TRIES_UNKNOWN ? SIM_TRIES_UNKNOWN : (uint8_t)left;
}

static bool has_registration(MMModem3gppRegistrationState s, const char *name)
{
    return strcmp(registration_name(s), name) == 0;
}

static void read_port(struct modem *m)
{
    MMModemPortInfo *ports = NULL;
    guint n = 0;
    m->device[0] = '\0';
    if (!mm_modem_get_ports(m->modem, &ports, &n))
        return;
    for (guint i = 0; i < n; i++)
        if (ports[i].type == MM_MODEM_PORT_TYPE_QMI && text_is_name(ports[i].name, "-_", sizeof m->device - 1)) {
            (void)text_copy(m->device, sizeof m->device, ports[i].name);
            break;
        }
    mm_modem_port_info_array_free(ports, n);
}

static void read_network(struct modem *m)
{
    struct modem_facts *f = &m->facts;
    g_autoptr(MMModem3gpp) net = mm_object_get_modem_3gpp(m->object);
    MMModem3gppRegistrationState reg = net ? mm_modem_3gpp_get_registration_state(net) : MM_MODEM_3GPP_REGISTRATION_STATE_UNKNOWN;
    f->roaming = has_registration(reg, "roaming");
    f->registered = f->roaming || has_registration(reg, "home");
    facts_clean(f->plmn, sizeof f->plmn, net && f->registered ? mm_modem_3gpp_get_operator_code(net) : "");
    facts_clean(f->access, sizeof f->access, access_name(mm_modem_get_access_technologies(m->modem)));
}

static void read_sim(struct modem *m)
{
    struct modem_facts *f = &m->facts;
    facts_clean(f->imsi, sizeof f->imsi, m->sim ? mm_sim_get_imsi(m->sim) : "");
    facts_clean(f->iccid, sizeof f->iccid, m->sim ? mm_sim_get_identifier(m->sim) : "");
    facts_clean(f->sim_plmn, sizeof f->sim_plmn, m->sim ? mm_sim_get_operator_identifier(m->sim) : "");
    f->lock = lock_of(mm_modem_get_unlock_required(m->modem));
    f->pin_tries = pin_tries(m->modem);
    f->sim_ready = m->sim && f->imsi[0] && f->lock == SIM_UNLOCKED;
    if (!m->sim)
        f->sim[0] = '\0';
    else if (f->iccid[0])
        id_from("iccid", f->iccid, f->sim);
    else /* locked cards of some modems do not tell it */
        id_from("sim-of", f->imei, f->sim);
}

void facts_read(struct modem *m)
{
    struct modem_facts *f = &m->facts;
    m->state = mm_modem_get_state(m->modem);
    facts_clean(f->path, sizeof f->path, mm_modem_get_path(m->modem));
    facts_clean(f->port, sizeof f->port, mm_modem_get_device(m->modem));
    facts_clean(f->imei, sizeof f->imei, mm_modem_get_equipment_identifier(m->modem));
    facts_clean(f->manufacturer, sizeof f->manufacturer, mm_modem_get_manufacturer(m->modem));
    facts_clean(f->model, sizeof f->model, mm_modem_get_model(m->modem));
    facts_clean(f->revision, sizeof f->revision, mm_modem_get_revision(m->modem));
    if (f->imei[0])
        id_from("imei", f->imei, f->id);
    else
        id_from("device", f->port[0] ? f->port : f->path, f->id);
    read_port(m);
    f->qmi = m->device[0] != '\0';
    (void)text_copy(f->device, sizeof f->device, m->device);
    read_network(m);
    read_sim(m);
}

static void set_masked(struct node *n, const char *property, const char *identity, size_t head, size_t tail)
{
    char masked[MODEM_TEXT];
    node_set(n, property, text_mask(identity, head, tail, masked, sizeof masked));
}

static void set_cleaned(struct node *n, const char *property, const char *text)
{
    char cleaned[MODEM_TEXT];
    facts_clean(cleaned, sizeof cleaned, text);
    node_set(n, property, cleaned);
}

static struct node *show_sim(struct modem *m)
{
    if (!m->facts.sim[0])
        return NULL;
    bool fresh = !tree_find(m->watch->tree, TREE_SIM, m->facts.sim);
    struct node *n = tree_add(m->watch->tree, TREE_SIM, m->facts.sim);
    set_masked(n, "Iccid", m->facts.iccid, 6, 2);
    set_masked(n, "Imsi", m->facts.imsi, m->facts.sim_plmn[0] ? strlen(m->facts.sim_plmn) : 5, 0);
    node_set(n, "OperatorId", m->facts.sim_plmn);
    set_cleaned(n, "OperatorName", mm_sim_get_operator_name(m->sim));
    node_set(n, "Lock", lock_name(m->facts.lock));
    node_set_number(n, "PinTries", m->facts.pin_tries);
    if (fresh) { /* written by whoever remembers PINs */
        node_set_flag(n, "PinRemembered", false);
        node_set(n, "LockHint", "");
        node_set(n, "BootstrapState", ""); /* what its files say is the start stage's to write */
        node_set(n, "BootstrapError", "");
    }
    node_publish(n);
    return n;
}

void facts_show(struct modem *m)
{
    struct modem_watch *w = m->watch;
    struct node *sim = show_sim(m), *n = tree_add(w->tree, TREE_MODEM, m->facts.id);
    g_autoptr(MMModem3gpp) net = mm_object_get_modem_3gpp(m->object);
    node_set(n, "ModemManagerPath", m->facts.path);
    set_masked(n, "Imei", m->facts.imei, 8, 0);
    node_set(n, "Manufacturer", m->facts.manufacturer);
    node_set(n, "Model", m->facts.model);
    node_set(n, "State", state_name(m->state));
    node_set(n, "Registration", registration_name(net ? mm_modem_3gpp_get_registration_state(net)
                                                      : MM_MODEM_3GPP_REGISTRATION_STATE_UNKNOWN));
    node_set(n, "OperatorId", m->facts.plmn);
    set_cleaned(n, "OperatorName", net && m->facts.registered ? mm_modem_3gpp_get_operator_name(net) : "");
    node_set(n, "AccessTechnology", m->facts.access);
    node_set_flag(n, "Roaming", m->facts.roaming);
    modes_show(m, n);
    radio_show(m, n);
    node_set(n, "Sim", sim ? node_path(sim) : "/");
    node_set_flag(n, "Primary", w->primary == m);
    node_set_number(n, "MessagesKept", m->kept);
    node_set(n, "MessageStorage", m->full_storages ? "full" : w->route.running && w->primary == m ? "room" : "");
    node_set_flag(n, "QmiRoute", w->route.running && strcmp(w->route.path, m->facts.path) == 0);
    node_publish(n);
}

void facts_show_messages(struct modem *m)
{
    struct node *n = tree_find(m->watch->tree, TREE_MODEM, m->facts.id);
    if (n)
        node_set_number(n, "MessagesKept", m->kept);
}

void facts_hide(struct modem *m)
{
    bool modem_elsewhere = false, sim_elsewhere = false;
    for (GList *l = m->watch->modems; l; l = l->next) {
        const struct modem *other = l->data;
        modem_elsewhere |= other != m && strcmp(other->facts.id, m->facts.id) == 0;
        sim_elsewhere |= other != m && strcmp(other->facts.sim, m->facts.sim) == 0;
    }
    if (!modem_elsewhere)
        node_remove(tree_find(m->watch->tree, TREE_MODEM, m->facts.id));
    if (!sim_elsewhere && m->facts.sim[0])
        node_remove(tree_find(m->watch->tree, TREE_SIM, m->facts.sim));
}
