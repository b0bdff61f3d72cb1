/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines on stderr with a budget a second, so that a storm of trouble does not become a second one.
 */
#include <weir_log.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static struct {
	_Atomic int level;
	pthread_mutex_t lock;
	time_t second;      /* under lock */
	unsigned int lines; /* written in `second` */
	unsigned int held;  /* held back since the last line */
} log_state = {.level = WEIR_LOG_INFO, .lock = PTHREAD_MUTEX_INITIALIZER};

static const char *const level_names[] = {"error", "warning", "notice", "info", "debug"};

void weir_log_set_level(enum weir_log_level level)
{
	atomic_store_explicit(&log_state.level, (int)level, memory_order_relaxed);
}

/* Under lock. Errors always pass. */
static bool may_write(enum weir_log_level level)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != log_state.second) {
		log_state.second = now.tv_sec;
		log_state.lines = 0;
	}
	if (level != WEIR_LOG_ERROR && log_state.lines >= WEIR_LOG_BURST) {
		log_state.held++;
		return false;
	}
	log_state.lines++;
	return true;
}

void weir_log(enum weir_log_level level, const char *format, ...)
{
	char text[1024];
	va_list args;

	if ((int)level > atomic_load_explicit(&log_state.level, memory_order_relaxed))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	pthread_mutex_lock(&log_state.lock);
	if (may_write(level)) {
		if (log_state.held)
			fprintf(stderr, "weir: notice: %u lines were held back\n", log_state.held);
		log_state.held = 0;
		fprintf(stderr, "weir: %s: %s\n", level_names[level], text);
	}
	pthread_mutex_unlock(&log_state.lock);
}
