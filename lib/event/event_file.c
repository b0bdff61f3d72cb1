/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The event file: lines are gathered and appended in large writes. A disk that is full or gone
 * costs the lines that wait, counted and said once a minute; when a write was cut within a line,
 * the next one begins on a new line, so that every line but that one stays readable.
 */
#include "event_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <weir_log.h>

#define EVENT_FILE_STAY (-2)
#define SAY_EVERY_NS    (60 * WEIR_NS_PER_S)

static int open_for_append(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
}

/* The last folder of `path`; those above it must be there. */
static void make_folder(const char *path)
{
	char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;

	if (slash && slash != folder) {
		*slash = '\0';
		if (mkdir(folder, 0750) < 0 && errno != EEXIST)
			weir_debug("cannot make %s: %s", folder, strerror(errno));
	}
	free(folder);
}

int event_file_open(const char *path, int *fd)
{
	*fd = EVENT_FILE_NONE;
	if (!path)
		return 0;
	*fd = open_for_append(path);
	if (*fd < 0 && errno == ENOENT) {
		make_folder(path);
		*fd = open_for_append(path);
	}
	if (*fd >= 0)
		return 0;
	weir_error("cannot open the event file %s: %s (log.events)", path, strerror(errno));
	return -WEIR_EIO;
}

void event_file_init(struct event_file *f, int fd)
{
	*f = (struct event_file){.fd = fd};
	atomic_init(&f->next_fd, EVENT_FILE_STAY);
}

static void close_file(int fd)
{
	if (fd >= 0)
		close(fd);
}

void event_file_switch(struct event_file *f, int fd)
{
	close_file(atomic_exchange_explicit(&f->next_fd, fd, memory_order_acq_rel));
}

static void add_count(_Atomic uint64_t *count, uint64_t n)
{
	atomic_fetch_add_explicit(count, n, memory_order_relaxed);
}

static uint64_t count_lines(const char *text, size_t len)
{
	uint64_t n = 0;

	for (size_t at = 0; at < len; at++) {
		const char *stop = memchr(text + at, '\n', len - at);

		if (!stop)
			break;
		at = (size_t)(stop - text);
		n++;
	}
	return n;
}

/* How many of the `len` bytes are in the file; fewer than `len` with errno set. */
static size_t write_all(int fd, const char *bytes, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(fd, bytes + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * WEIR_NS_PER_S + (uint64_t)t.tv_nsec;
}

WEIR_COLD static void say_lost(struct event_file *f, uint64_t lines, const char *why)
{
	uint64_t now_ns = monotonic_ns();

	add_count(&f->lost, lines);
	f->failing = true;
	f->unsaid += lines;
	if (f->said_ns && now_ns - f->said_ns < SAY_EVERY_NS)
		return;
	weir_error("cannot write the event file: %s; %llu records lost", why,
		   (unsigned long long)f->unsaid);
	f->said_ns = now_ns;
	f->unsaid = 0;
}

WEIR_COLD static void say_well_again(struct event_file *f)
{
	f->failing = false;
	weir_notice("the event file is written again; %llu records were lost",
		    (unsigned long long)atomic_load_explicit(&f->lost, memory_order_relaxed));
}

static void write_lines(struct event_file *f)
{
	const struct weir_buf *b = &f->lines;
	size_t done;
	uint64_t lost;

	if (f->torn && write_all(f->fd, "\n", 1) == 1)
		f->torn = false;
	done = f->torn ? 0 : write_all(f->fd, b->ptr, b->len);
	if (done && done < b->len)
		f->torn = b->ptr[done - 1] != '\n';
	lost = count_lines(b->ptr + done, b->len - done);
	add_count(&f->written, count_lines(b->ptr, done));
	if (lost)
		say_lost(f, lost, strerror(errno));
	else if (f->failing)
		say_well_again(f);
}

static void take_switch(struct event_file *f)
{
	int next = atomic_exchange_explicit(&f->next_fd, EVENT_FILE_STAY, memory_order_acq_rel);

	if (next == EVENT_FILE_STAY)
		return;
	close_file(f->fd);
	f->fd = next;
	f->torn = false;
}

void event_file_flush(struct event_file *f)
{
	if (f->lines.failed)
		say_lost(f, count_lines(f->lines.ptr, f->lines.len) + 1, "out of memory");
	else if (f->lines.len && f->fd >= 0)
		write_lines(f);
	weir_buf_reset(&f->lines);
	take_switch(f);
}

void event_file_fini(struct event_file *f)
{
	event_file_flush(f);
	close_file(f->fd);
	weir_buf_fini(&f->lines);
}
