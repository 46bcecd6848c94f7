/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines: "[object] text" with a level, to stderr (journal prefix <N> when JOURNAL_STREAM is set) or to syslog.
 * Levels: ERROR something is lost; WARNING refused or degraded, someone should look; NOTICE a state a person cares about changed
 * (one line a step of a job); INFO what the agent does; DEBUG for its developers. Never a PIN, key, MAC or whole IMSI. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_NOTICE = 5, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };
enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG };

void log_set(enum log_level level, enum log_target target, const char *program);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
enum log_target log_get_target(void);
/* Names of org.freedesktop.LogControl1: err, warning, notice, info, debug. NULL-safe; false if unknown. */
bool log_level_from_name(const char *name, enum log_level *level);
const char *log_level_name(enum log_level level);
/* object: what the line is about, e.g. "job7", "modem/35353535"; control characters in the text are printed as '?'. */
void log_msg(enum log_level level, const char *object, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_error(object, ...) log_msg(LOG_LEVEL_ERROR, object, __VA_ARGS__)
#define log_warning(object, ...) log_msg(LOG_LEVEL_WARNING, object, __VA_ARGS__)
#define log_notice(object, ...) log_msg(LOG_LEVEL_NOTICE, object, __VA_ARGS__)
#define log_info(object, ...) log_msg(LOG_LEVEL_INFO, object, __VA_ARGS__)
#define log_debug(object, ...) log_msg(LOG_LEVEL_DEBUG, object, __VA_ARGS__)

#endif
