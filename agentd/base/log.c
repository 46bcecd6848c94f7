/* SPDX-License-Identifier: Apache-2.0 */
/* The log of each program; one process-wide level and target, set once by main and by LogControl1. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static struct {
    enum log_level level;
    enum log_target target;
    bool journal;
} state = { .level = LOG_LEVEL_INFO };

static const struct {
    enum log_level level;
    const char *name;
} names[] = {
    { LOG_LEVEL_ERROR, "err" },   { LOG_LEVEL_WARNING, "warning" }, { LOG_LEVEL_NOTICE, "notice" },
    { LOG_LEVEL_INFO, "info" },   { LOG_LEVEL_DEBUG, "debug" },
};

void log_set(enum log_level level, enum log_target target, const char *program)
{
    state.level = level;
    state.target = target;
    state.journal = getenv("JOURNAL_STREAM") != NULL;
    if (target == LOG_TARGET_SYSLOG && program)
        openlog(program, LOG_PID, LOG_DAEMON);
}

void log_set_level(enum log_level level)
{
    state.level = level;
}

enum log_level log_get_level(void)
{
    return state.level;
}

enum log_target log_get_target(void)
{
    return state.target;
}

bool log_level_from_name(const char *name, enum log_level *level)
{
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0) {
            *level = names[i].level;
            return true;
        }
    return false;
}

const char *log_level_name(enum log_level level)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].level == level)
            return names[i].name;
    return "info";
}

static void print_line(enum log_level level, const char *object, const char *text)
{
    char line[640];
    int n = state.journal ? snprintf(line, sizeof line, "<%d>[%s] %s\n", (int)level, object, text)
                          : snprintf(line, sizeof line, "%-7s [%s] %s\n", log_level_name(level), object, text);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    if (write(STDERR_FILENO, line, len) < 0)
        return; /* nowhere left to say it */
}

void log_msg(enum log_level level, const char *object, const char *format, ...)
{
    if (level > state.level)
        return;
    char text[512];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    if (state.target == LOG_TARGET_SYSLOG)
        syslog((int)level, "[%s] %s", object, text);
    else
        print_line(level, object, text);
}
