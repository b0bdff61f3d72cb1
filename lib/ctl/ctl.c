/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread: one epoll loop over the control socket, its clients, signals, a tick of
 * 100 ms, and an eventfd by which other threads say that they have something. Nothing in it waits
 * for longer than a flow dump may take.
 */
#include "ctl_impl.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <weir_log.h>

#define SOURCES_A_TURN 32

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * WEIR_NS_PER_S + (uint64_t)t.tv_nsec;
}

uint64_t ctl_unix_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

uint64_t ctl_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* The counter can only be full of wakes that nobody has seen yet: one more is not needed. */
void ctl_wake(struct weir_ctl *c)
{
	static const uint64_t one = 1;
	ssize_t n = write(c->wake.fd, &one, sizeof(one));

	(void)n;
}

void weir_ctl_stop(struct weir_ctl *c)
{
	atomic_store_explicit(&c->stop, true, memory_order_relaxed);
	ctl_wake(c);
}

void ctl_tell(struct weir_ctl *c, enum weir_event_type type, uint32_t port, const char *detail)
{
	struct weir_event e = {
		.type = (uint8_t)type,
		.unix_ns = ctl_unix_ns(),
		.generation = weir_path_generation(c->cfg.path)->number,
		.port = port,
		.detail = weir_names_intern(c->cfg.names, detail),
	};

	if (c->cfg.writer)
		weir_event_writer_put(c->cfg.writer, &e);
}

/* ---- what epoll tells about ---- */

static void on_signal(struct weir_ctl *c, uint32_t number)
{
	if (number == SIGHUP) {
		weir_notice("SIGHUP: loading the configuration anew");
		ctl_reload_start(c, NULL);
	} else if (number == SIGUSR1) {
		if (c->cfg.writer && weir_event_writer_reopen(c->cfg.writer) == 0)
			weir_notice("SIGUSR1: event file opened anew");
	} else {
		atomic_store_explicit(&c->stop, true, memory_order_relaxed);
	}
}

static void read_signals(struct weir_ctl *c)
{
	struct signalfd_siginfo info;

	while (read(c->signal.fd, &info, sizeof(info)) == sizeof(info))
		on_signal(c, info.ssi_signo);
}

static void drain(int fd)
{
	uint64_t count;
	ssize_t n = read(fd, &count, sizeof(count));

	(void)n; /* nothing there is fine, too */
}

static void on_tick(struct weir_ctl *c)
{
	ctl_links_step(c, c->now_ns);
	ctl_watch_step(c, c->now_ns);
	ctl_trace_wake(c);
	ctl_clients_resume_accept(c);
	ctl_clients_drop_idle(c);
	if (c->now_ns - c->synced_ns < WEIR_NS_PER_S)
		return;
	ctl_tickets_step(c, c->now_ns);
	weir_path_sync_clock(c->cfg.path);
	c->synced_ns = c->now_ns;
}

static void on_wake(struct weir_ctl *c)
{
	ctl_reload_wake(c);
	ctl_trace_wake(c);
}

static void on_source(struct weir_ctl *c, struct ctl_source *s, uint32_t events)
{
	switch (s->kind) {
	case CTL_LISTEN:
		ctl_clients_accept(c);
		break;
	case CTL_SIGNAL:
		read_signals(c);
		break;
	case CTL_TIMER:
		drain(s->fd);
		on_tick(c);
		break;
	case CTL_WAKE:
		drain(s->fd);
		on_wake(c);
		break;
	case CTL_CLIENT:
		ctl_client_ready((struct ctl_client *)s, events);
		break;
	}
}

bool weir_ctl_turn(struct weir_ctl *c, int timeout_ms)
{
	struct epoll_event ready[SOURCES_A_TURN];
	int n = epoll_wait(c->epoll, ready, SOURCES_A_TURN, timeout_ms);

	c->now_ns = c->cfg.clock_ns();
	for (int i = 0; i < n; i++)
		on_source(c, ready[i].data.ptr, ready[i].events);
	ctl_clients_reap(c, false);
	return !atomic_load_explicit(&c->stop, memory_order_relaxed);
}

void weir_ctl_run(struct weir_ctl *c)
{
	while (weir_ctl_turn(c, -1))
		;
}

int weir_ctl_adopt(struct weir_ctl *c, int fd)
{
	return ctl_client_add(c, fd);
}

/* ---- making and unmaking ---- */

int ctl_watch_source(struct weir_ctl *c, struct ctl_source *s, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = s};

	return epoll_ctl(c->epoll, EPOLL_CTL_ADD, s->fd, &e) == 0 ? 0 : -WEIR_EIO;
}

static sigset_t our_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	return set;
}

void weir_ctl_block_signals(void)
{
	sigset_t set = our_signals();

	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int open_signals(struct weir_ctl *c)
{
	sigset_t set = our_signals();

	weir_ctl_block_signals();
	c->signal.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return c->signal.fd;
}

static int open_timer(struct weir_ctl *c)
{
	struct itimerspec every = {.it_interval.tv_nsec = CTL_TICK_NS,
				   .it_value.tv_nsec = CTL_TICK_NS};

	c->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (c->timer.fd < 0)
		return -1;
	return timerfd_settime(c->timer.fd, 0, &every, NULL);
}

static int open_sources(struct weir_ctl *c)
{
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	c->wake.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (c->epoll < 0 || c->wake.fd < 0 || open_signals(c) < 0 || open_timer(c) < 0 ||
	    ctl_watch_source(c, &c->wake, EPOLLIN) < 0 ||
	    ctl_watch_source(c, &c->signal, EPOLLIN) < 0 ||
	    ctl_watch_source(c, &c->timer, EPOLLIN) < 0) {
		weir_error("control: no descriptors: %s", strerror(errno));
		return -WEIR_EIO;
	}
	if (ctl_socket_open(&c->socket, c->cfg.conf->control_socket) < 0)
		return -WEIR_EIO;
	return ctl_watch_source(c, &c->socket.source, EPOLLIN);
}

static struct weir_ctl *make_ctl(const struct weir_ctl_cfg *cfg)
{
	struct weir_ctl *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->cfg = *cfg;
	if (!c->cfg.clock_ns)
		c->cfg.clock_ns = ctl_monotonic_ns;
	c->start_unix_ns = ctl_unix_ns();
	c->start_ns = c->now_ns = c->rotated_ns = c->cfg.clock_ns();
	c->epoll = -1;
	c->signal = (struct ctl_source){CTL_SIGNAL, -1};
	c->timer = (struct ctl_source){CTL_TIMER, -1};
	c->wake = (struct ctl_source){CTL_WAKE, -1};
	c->socket.source = (struct ctl_source){CTL_LISTEN, -1};
	return c;
}

static void close_source(struct ctl_source *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static void free_ctl(struct weir_ctl *c)
{
	ctl_socket_close(&c->socket);
	close_source(&c->timer);
	close_source(&c->signal);
	close_source(&c->wake);
	if (c->epoll >= 0)
		close(c->epoll);
	free(c);
}

struct weir_ctl *weir_ctl_create(const struct weir_ctl_cfg *cfg)
{
	struct weir_ctl *c = make_ctl(cfg);

	if (!c)
		return NULL;
	if (open_sources(c) < 0) {
		free_ctl(c);
		return NULL;
	}
	ctl_trace_init(c);
	ctl_links_init(c, c->now_ns);
	ctl_watch_step(c, c->now_ns);
	return c;
}

void weir_ctl_destroy(struct weir_ctl *c)
{
	if (!c)
		return;
	ctl_trace_fini(c); /* nobody calls us from the writer thread any more */
	ctl_clients_reap(c, true);
	ctl_reload_fini(c);
	ctl_links_fini(c);
	free_ctl(c);
}
