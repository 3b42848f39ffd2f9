/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_LOG_H
#define BASE_LOG_H
/*
 * One line a thing that happened, on standard error:
 *     level event key=value key=value
 * Roles log; rooms return errors instead. Under the parent standard error is a
 * pipe: the parent adds time and role, caps lines and rate. Anything from
 * outside goes through text_escape and into quotes first. Passwords, keys and
 * tokens are never given to it.
 */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO };

#define LOG_LINE 1024  /* a longer line is cut */

/* event is a stable lower-case-with-dashes name; fmt prints the key=value pairs. */
void log_line(enum log_level level, const char *event, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)

#endif
