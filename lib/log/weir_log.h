/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines for the operator, on stderr, rate-limited. Never called on the packet path. */
#ifndef WEIR_LOG_H
#define WEIR_LOG_H

#include <weir_base.h>

enum weir_log_level {
	WEIR_LOG_ERROR,
	WEIR_LOG_WARNING,
	WEIR_LOG_NOTICE,
	WEIR_LOG_INFO,
	WEIR_LOG_DEBUG
};

/* Lines above `level` are left out. Any thread. Default WEIR_LOG_INFO. */
void weir_log_set_level(enum weir_log_level level);

/*
 * Writes "weir: <level>: <text>\n". At most WEIR_LOG_BURST lines a second go out; when some were
 * held back, the next line is preceded by one that counts them. Any control-side thread.
 */
#define WEIR_LOG_BURST 50
void weir_log(enum weir_log_level level, const char *format, ...) WEIR_PRINTF(2, 3);

#define weir_error(...)   weir_log(WEIR_LOG_ERROR, __VA_ARGS__)
#define weir_warning(...) weir_log(WEIR_LOG_WARNING, __VA_ARGS__)
#define weir_notice(...)  weir_log(WEIR_LOG_NOTICE, __VA_ARGS__)
#define weir_info(...)    weir_log(WEIR_LOG_INFO, __VA_ARGS__)
#define weir_debug(...)   weir_log(WEIR_LOG_DEBUG, __VA_ARGS__)

#endif
