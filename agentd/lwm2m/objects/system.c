/* SPDX-License-Identifier: Apache-2.0 */
/* Reads small files of /sys and /etc; never writes one. What is absent or unreadable is not known, and never an error. */
#include "lwm2m/objects/system.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.h"

enum { AGE_S = 10, KILO = 1000, FILE_TEXT = 64, PATH_CAP = 512 };

#define POWER "/sys/class/power_supply"

/* The first line of a file, without its end; false: there is none, or it is too long. */
static bool read_line(const char *path, char *out, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, out, cap - 1);
    close(fd);
    if (n <= 0)
        return false;
    out[n] = '\0';
    size_t len = strcspn(out, "\n");
    bool whole = out[len] == '\n' || (size_t)n < cap - 1;
    out[len] = '\0';
    return whole;
}

static bool read_power(const char *root, const char *source, const char *name, char *out, size_t cap)
{
    char path[PATH_CAP];
    int n = snprintf(path, sizeof path, "%s" POWER "/%s/%s", root, source, name);
    return n > 0 && (size_t)n < sizeof path && read_line(path, out, cap);
}

/* A number of sysfs in units of a millionth, as thousandths; percent with divisor 1. */
static bool read_scaled(const char *root, const char *source, const char *name, int64_t divisor, int64_t *out)
{
    char text[FILE_TEXT];
    uint64_t v;
    if (!read_power(root, source, name, text, sizeof text))
        return false;
    bool negative = text[0] == '-'; /* a current out of the battery */
    const char *digits = &text[negative];
    if (!text_decimal((struct slice){ (const uint8_t *)digits, strlen(digits) }, INT64_MAX, &v))
        return false;
    *out = (int64_t)v / divisor * (negative ? -1 : 1);
    return true;
}

static enum battery_status read_status(const char *root, const char *source)
{
    static const struct {
        const char *name;
        enum battery_status status;
    } rows[] = { { "Charging", BATTERY_CHARGING }, { "Discharging", BATTERY_NORMAL }, { "Full", BATTERY_FULL } };
    char text[FILE_TEXT];
    for (size_t i = 0; read_power(root, source, "status", text, sizeof text) && i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, text) == 0)
            return rows[i].status;
    return BATTERY_UNKNOWN;
}

static bool read_source(const char *root, const char *source, struct power_source *p)
{
    static const struct {
        const char *name;
        enum power_kind kind;
    } rows[] = { { "Mains", POWER_MAINS }, { "USB", POWER_USB }, { "Battery", POWER_INTERNAL_BATTERY } };
    char type[FILE_TEXT], scope[FILE_TEXT];
    *p = (struct power_source){ 0 };
    if (read_power(root, source, "scope", scope, sizeof scope) && strcmp(scope, "Device") == 0)
        return false; /* feeds a mouse, not the gateway */
    for (size_t i = 0; read_power(root, source, "type", type, sizeof type) && i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, type) == 0)
            p->kind = rows[i].kind;
    p->has_voltage = read_scaled(root, source, "voltage_now", KILO, &p->millivolt);
    p->has_current = read_scaled(root, source, "current_now", KILO, &p->milliampere);
    p->has_level = read_scaled(root, source, "capacity", 1, &p->percent) && p->percent >= 0 && p->percent <= 100;
    p->status = p->kind == POWER_INTERNAL_BATTERY ? read_status(root, source) : BATTERY_UNKNOWN;
    return p->kind != 0;
}

static void read_sources(struct system_facts *f, const char *root)
{
    char path[PATH_CAP];
    struct dirent **names = NULL;
    (void)snprintf(path, sizeof path, "%s" POWER, root);
    int count = scandir(path, &names, NULL, alphasort); /* one order: a source keeps its number */
    f->powers = 0;
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.' && f->powers < POWER_SOURCES && read_source(root, names[i]->d_name, &f->power[f->powers]))
            f->powers++;
        free(names[i]);
    }
    free(names);
}

static void read_storage(struct system_facts *f, const char *root)
{
    struct statvfs v;
    f->storage_total = f->storage_free = 0;
    if (statvfs(*root ? root : "/", &v) != 0)
        return;
    f->storage_total = (uint64_t)v.f_blocks * v.f_frsize / KILO;
    f->storage_free = (uint64_t)v.f_bavail * v.f_frsize / KILO;
}

/* "../usr/share/zoneinfo/Europe/Helsinki" */
static void read_zone(struct system_facts *f, const char *root)
{
    static const char folder[] = "/zoneinfo/";
    char path[PATH_CAP], target[PATH_CAP];
    (void)snprintf(path, sizeof path, "%s/etc/localtime", root);
    ssize_t n = readlink(path, target, sizeof target - 1);
    f->zone[0] = '\0';
    if (n <= 0)
        return;
    target[n] = '\0';
    const char *name = strstr(target, folder);
    if (name && !text_copy(f->zone, sizeof f->zone, &name[sizeof folder - 1]))
        f->zone[0] = '\0';
}

void system_refresh(struct system_facts *f, const char *root, uint64_t now)
{
    if (f->known && now >= f->taken && now - f->taken < AGE_S)
        return;
    f->known = true;
    f->taken = now;
    read_storage(f, root);
    read_sources(f, root);
    read_zone(f, root);
}

bool system_counter(const char *root, const char *interface, const char *name, uint64_t *value)
{
    char path[PATH_CAP], text[FILE_TEXT];
    int n = snprintf(path, sizeof path, "%s/sys/class/net/%s/statistics/%s", root, interface, name);
    return n > 0 && (size_t)n < sizeof path && interface[0] && !strchr(interface, '/') && read_line(path, text, sizeof text) &&
           text_decimal((struct slice){ (const uint8_t *)text, strlen(text) }, UINT64_MAX, value);
}

/* KEY=VALUE or KEY="VALUE", without any escape. */
static bool release_value(const char *line, const char *key, char *out, size_t cap)
{
    size_t len = strlen(key);
    if (strncmp(line, key, len) != 0 || line[len] != '=')
        return false;
    const char *value = &line[len + 1];
    value += *value == '"';
    size_t end = strcspn(value, "\"\n");
    if (end == 0 || end >= cap)
        return false;
    memcpy(out, value, end);
    out[end] = '\0';
    return true;
}

bool system_release(const char *root, char *out, size_t cap)
{
    static const char *const keys[] = { "IMAGE_VERSION", "BUILD_ID", "VERSION_ID" };
    char path[PATH_CAP], line[PATH_CAP];
    size_t best = sizeof keys / sizeof keys[0];
    int n = snprintf(path, sizeof path, "%s/etc/os-release", root);
    FILE *in = n > 0 && (size_t)n < sizeof path ? fopen(path, "re") : NULL;
    while (in && fgets(line, sizeof line, in))
        for (size_t i = 0; i < best; i++)
            if (release_value(line, keys[i], out, cap))
                best = i;
    if (in)
        (void)fclose(in);
    return best < sizeof keys / sizeof keys[0];
}
