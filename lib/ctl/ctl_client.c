/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections to the control socket: bytes to requests and answers to bytes, without ever waiting.
 * A client that does not read is not read from, and one that does neither is dropped.
 */
#include "ctl_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir_log.h>

#define READ_BYTES 16384
/* With so much waiting for the client no further request of it is answered. */
#define OUT_ENOUGH (256u << 10)
/* So long a client that asks much at once is served before others, links and reloads have their
 * turn. */
#define SERVE_NS (20 * WEIR_NS_PER_MS)

static size_t waiting_bytes(const struct ctl_client *client)
{
	return client->out.len - client->sent;
}

static void hang_up(struct ctl_client *client)
{
	if (client->dead)
		return;
	client->dead = true;
	ctl_trace_forget(client->ctl, client);
	close(client->source.fd); /* epoll forgets it with that */
	client->source.fd = -1;
	client->ctl->n_clients--;
}

static bool owed(const struct ctl_client *client)
{
	return client->wait_job || client->tracing;
}

/* Whether the next request may be taken. */
static bool may_answer(const struct ctl_client *client)
{
	return !client->dead && !client->closing && !owed(client) &&
	       waiting_bytes(client) < OUT_ENOUGH;
}

static bool may_read(const struct ctl_client *client)
{
	return may_answer(client) && !client->eof && !client->more;
}

/* ---- sending ---- */

static void drop_front(struct weir_buf *b, size_t n)
{
	memmove(b->ptr, b->ptr + n, b->len - n);
	b->len -= n;
}

/* A stream that is never quite read to its end must not grow for that. */
static void forget_sent(struct ctl_client *client)
{
	if (!waiting_bytes(client) && client->out.cap > OUT_ENOUGH)
		weir_buf_fini(&client->out);
	else if (!waiting_bytes(client))
		weir_buf_reset(&client->out);
	else if (client->sent > OUT_ENOUGH)
		drop_front(&client->out, client->sent);
	else
		return;
	client->sent = 0;
}

static void send_waiting(struct ctl_client *client)
{
	while (!client->dead && waiting_bytes(client)) {
		ssize_t n = send(client->source.fd, client->out.ptr + client->sent,
				 waiting_bytes(client), MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0) {
			hang_up(client);
			return;
		}
		client->sent += (size_t)n;
		client->active_ns = client->ctl->now_ns;
	}
	forget_sent(client);
}

/* What a slow reader has waiting is bounded; a buffer that memory failed is of no use. */
static bool out_is_good(struct ctl_client *client)
{
	if (!client->out.failed && waiting_bytes(client) <= CTL_OUT_MAX)
		return true;
	weir_warning("control client dropped: %s", client->out.failed
							   ? "no memory for its answer"
							   : "it does not read its answers");
	hang_up(client);
	return false;
}

/* What was asked already brings no further EPOLLIN: once its answers may be sent it goes on. */
static void watch(struct ctl_client *client)
{
	struct epoll_event e = {.data.ptr = &client->source};
	bool goes_on = waiting_bytes(client) || (client->more && may_answer(client));

	e.events = (may_read(client) ? (uint32_t)EPOLLIN : 0) | (goes_on ? (uint32_t)EPOLLOUT : 0);
	if (client->dead || e.events == client->events)
		return;
	client->events = e.events;
	if (epoll_ctl(client->ctl->epoll, EPOLL_CTL_MOD, client->source.fd, &e) < 0)
		hang_up(client);
}

/* ---- requests ---- */

static void refuse_and_close(struct ctl_client *client, const char *why)
{
	ctl_answer_error(&client->out, why, NULL);
	weir_buf_add(&client->out, "\n", 1);
	client->closing = true;
}

static bool is_blank(const char *line, size_t len)
{
	return strspn(line, " \t\r") >= len;
}

static void answer_line(struct ctl_client *client, char *line, size_t len)
{
	size_t before = client->out.len;

	line[len] = '\0'; /* in the newline's place */
	if (is_blank(line, len))
		return;
	ctl_answer(client->ctl, client, line, len, &client->out);
	if (client->out.len > before)
		weir_buf_add(&client->out, "\n", 1);
}

/* True when the input began with an HTTP request, whole or not. */
static bool serve_http(struct ctl_client *client)
{
	struct weir_bytes in = {(const uint8_t *)client->in.ptr, client->in.len};
	enum ctl_http_result result;

	if (!in.len || in.ptr[0] < 'A' || in.ptr[0] > 'Z')
		return false;
	result = ctl_http_serve(client->ctl, in, &client->out);
	if (result == CTL_HTTP_DONE)
		client->closing = true;
	return result != CTL_HTTP_NOT;
}

/* Answers the first request; false when there is no whole one. */
static bool serve_one(struct ctl_client *client)
{
	struct weir_buf *in = &client->in;
	char *end;
	size_t len;

	if (serve_http(client))
		return false;
	end = in->len > client->scanned
		      ? memchr(in->ptr + client->scanned, '\n', in->len - client->scanned)
		      : NULL;
	len = end ? (size_t)(end - in->ptr) : in->len;
	if (len > CTL_REQUEST_MAX) {
		refuse_and_close(client, "the request is longer than 65536 bytes");
		return false;
	}
	if (!end) {
		client->scanned = in->len;
		return false;
	}
	answer_line(client, in->ptr, len);
	drop_front(in, len + 1);
	client->scanned = 0;
	return true;
}

/* A last line without its newline is a request too: `printf '{"cmd":"status"}' | nc -U …`. */
static void serve_last(struct ctl_client *client)
{
	if (client->in.len && may_answer(client)) {
		weir_buf_add(&client->in, "\n", 1);
		serve_one(client);
		weir_buf_reset(&client->in);
	}
	if (!client->in.len && !owed(client))
		client->closing = true;
}

/* Answers what it may. True: of `in` not all was looked at. */
static bool serve_some(struct ctl_client *client)
{
	uint64_t (*clock_ns)(void) = client->ctl->cfg.clock_ns;
	uint64_t end_ns = clock_ns() + SERVE_NS;

	while (may_answer(client) && clock_ns() < end_ns)
		if (!serve_one(client)) {
			if (client->eof && may_answer(client))
				serve_last(client);
			return false;
		}
	return true;
}

static void serve(struct ctl_client *client)
{
	client->more = serve_some(client);
	if (out_is_good(client))
		send_waiting(client);
}

/* False when the connection is broken. */
static bool receive(struct ctl_client *client)
{
	char bytes[READ_BYTES];
	ssize_t n = recv(client->source.fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
	if (n == 0)
		client->eof = true;
	weir_buf_add(&client->in, bytes, (size_t)n);
	client->active_ns = client->ctl->now_ns;
	return !client->in.failed;
}

void ctl_client_continue(struct ctl_client *client)
{
	if (client->dead)
		return;
	serve(client);
	if (client->closing && !waiting_bytes(client))
		hang_up(client);
	watch(client);
}

void ctl_client_ready(struct ctl_client *client, uint32_t events)
{
	if (client->dead)
		return;
	if ((events & EPOLLIN) && !receive(client)) {
		hang_up(client);
		return;
	}
	ctl_client_continue(client);
	/* Gone altogether, and nothing of it is left to be read: nobody waits for an answer. */
	if ((events & (EPOLLHUP | EPOLLERR)) && !(events & EPOLLIN))
		hang_up(client);
}

/* ---- coming and going ---- */

static struct ctl_client *make_client(struct weir_ctl *c, int fd)
{
	struct ctl_client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->source = (struct ctl_source){CTL_CLIENT, fd};
	client->ctl = c;
	client->active_ns = c->now_ns;
	client->events = EPOLLIN;
	return client;
}

int ctl_client_add(struct weir_ctl *c, int fd)
{
	static const char too_many[] =
		"{\"ok\":false,\"error\":\"too many clients, at most 64 at once\"}\n";
	struct ctl_client *client;

	if (c->n_clients >= CTL_CLIENTS_MAX) {
		if (send(fd, too_many, sizeof(too_many) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			weir_debug("control client refused: too many");
		close(fd);
		return -WEIR_ELIMIT;
	}
	client = make_client(c, fd);
	if (!client || ctl_watch_source(c, &client->source, EPOLLIN) < 0) {
		free(client);
		close(fd);
		return -WEIR_ENOMEM;
	}
	client->next = c->clients;
	c->clients = client;
	c->n_clients++;
	return 0;
}

/* Without descriptors accept fails and the socket stays ready: better not to look for a while. */
static void pause_accept(struct weir_ctl *c)
{
	struct epoll_event e = {.data.ptr = &c->socket.source};

	if (epoll_ctl(c->epoll, EPOLL_CTL_MOD, c->socket.source.fd, &e) == 0)
		c->accept_paused = true;
}

void ctl_clients_resume_accept(struct weir_ctl *c)
{
	struct epoll_event e = {.data.ptr = &c->socket.source, .events = EPOLLIN};

	if (c->accept_paused && epoll_ctl(c->epoll, EPOLL_CTL_MOD, c->socket.source.fd, &e) == 0)
		c->accept_paused = false;
}

void ctl_clients_accept(struct weir_ctl *c)
{
	for (unsigned int i = 0; i < CTL_CLIENTS_MAX; i++) {
		int fd = accept4(c->socket.source.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				pause_accept(c);
			return;
		}
		if (ctl_client_add(c, fd) < 0)
			weir_warning("control client refused: %u are connected", c->n_clients);
	}
}

void ctl_clients_drop_idle(struct weir_ctl *c)
{
	for (struct ctl_client *client = c->clients; client; client = client->next) {
		bool reads = waiting_bytes(client) == 0;

		/* One that is owed an answer may wait, as long as it reads what it gets. */
		if (!client->dead && c->now_ns - client->active_ns > CTL_IDLE_NS &&
		    !(owed(client) && reads))
			hang_up(client);
	}
}

void ctl_clients_reap(struct weir_ctl *c, bool all)
{
	struct ctl_client **at = &c->clients;

	while (*at) {
		struct ctl_client *client = *at;

		if (all && !client->dead) {
			send_waiting(client);
			hang_up(client);
		}
		if (!client->dead) {
			at = &client->next;
			continue;
		}
		*at = client->next;
		weir_buf_fini(&client->in);
		weir_buf_fini(&client->out);
		free(client);
	}
}
