/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A proxy of HTTP/2 without TLS (prior knowledge) between sockets, to measure lib/http2 by and to
 * try it with foreign peers: both of its roles, heads passed on, content end to end.
 *
 *   http2_proxy PORT UPSTREAM_PORT [PAGE_BYTES]    on 127.0.0.1; with PAGE_BYTES it answers itself
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <weir_http2.h>

#define CONNECTIONS 1024
#define READ_BYTES  65536

enum { FRONT, BACK };

/* A socket and its session. */
struct end {
	int fd;
	struct weir_http2_session *s;
	struct conn *c;
	bool over, blocked;
};

/* A client's connection and that to the upstream. */
struct conn {
	struct end end[2];
};

/* A request on both sides; what one side has sent waits for the other in `queue`, by sender. */
struct pair {
	struct weir_http2_stream *st[2];
	struct weir_http2_queue queue[2];
	struct weir_http_header *trailers[2];
	unsigned int n_trailers[2];
	bool ended[2];
	size_t page;
};

struct proxy {
	struct weir_http2 *h2;
	struct conn *conns[CONNECTIONS];
	struct sockaddr_in upstream;
	size_t page;
	uint64_t now_ns;
	unsigned long errors[WEIR_HTTP2_ERROR_END];
};

static struct proxy proxy;

static int side_of(const struct end *e)
{
	return e == &e->c->end[BACK];
}

/* ---- a request on both sides ---- */

static void forget_trailers(struct pair *p, int side)
{
	for (unsigned int i = 0; i < p->n_trailers[side]; i++)
		free((void *)(uintptr_t)p->trailers[side][i].name.ptr);
	free(p->trailers[side]);
}

static void unref(struct pair *p)
{
	if (p->st[FRONT] || p->st[BACK])
		return;
	forget_trailers(p, FRONT);
	forget_trailers(p, BACK);
	free(p);
}

static void answer(struct weir_http2_stream *st, unsigned int status, size_t page)
{
	struct weir_http_head h = {.status = (uint16_t)status,
				   .framing = page ? WEIR_HTTP_LENGTH : WEIR_HTTP_NO_BODY,
				   .length = page};

	if (weir_http2_response(st, &h, page > 0) != WEIR_HTTP2_OK)
		weir_http2_reset(st, WEIR_HTTP2_INTERNAL_ERROR);
}

static void on_request(struct end *e, struct weir_http2_stream *st, const struct weir_http2_head *h)
{
	struct pair *p = calloc(1, sizeof(*p));
	struct end *back = &e->c->end[BACK];
	enum weir_http2_error why = WEIR_HTTP2_E_OVER;

	if (!p)
		abort();
	p->st[FRONT] = st;
	weir_http2_set_owner(st, p);
	if (proxy.page) {
		p->page = proxy.page;
		answer(st, 200, p->page);
		return;
	}
	if (!back->over)
		p->st[BACK] = weir_http2_request(back->s, h, !h->end, &why);
	if (p->st[BACK])
		weir_http2_set_owner(p->st[BACK], p);
	else
		answer(st, why == WEIR_HTTP2_E_NO_ROOM ? 503 : 502, 0);
}

static void on_head(void *user, struct weir_http2_stream *st, const struct weir_http2_head *h)
{
	struct end *e = user;
	struct pair *p = weir_http2_owner(st);

	if (side_of(e) == FRONT) {
		on_request(e, st, h);
	} else if (p->st[FRONT]) {
		bool body = h->http.status >= 200 && !h->end;
		enum weir_http2_error why = weir_http2_response(p->st[FRONT], &h->http, body);

		proxy.errors[why]++;
		if (why)
			weir_http2_reset(p->st[FRONT], WEIR_HTTP2_INTERNAL_ERROR);
	}
}

static void on_data(void *user, struct weir_http2_stream *st, struct weir_bytes data)
{
	struct end *e = user;
	int side = side_of(e);
	struct pair *p = weir_http2_owner(st);
	struct weir_http2_stream *other = p->st[!side];

	if (!other) {
		weir_http2_consume(st, data.len);
	} else if (weir_http2_queue_add(e->s, &p->queue[side], data)) {
		weir_http2_resume(other);
	} else {
		proxy.errors[WEIR_HTTP2_E_MEMORY]++;
		weir_http2_reset(st, WEIR_HTTP2_INTERNAL_ERROR);
	}
}

static struct weir_bytes copy(struct weir_bytes name, struct weir_bytes value,
			      struct weir_bytes *value_copy)
{
	uint8_t *to = malloc(name.len + value.len + 1);

	if (!to)
		abort();
	memcpy(to, name.ptr, name.len);
	memcpy(to + name.len, value.ptr, value.len);
	*value_copy = weir_bytes_of(to + name.len, value.len);
	return weir_bytes_of(to, name.len);
}

static void on_trailers(void *user, struct weir_http2_stream *st,
			const struct weir_http_header *fields, unsigned int n)
{
	int side = side_of(user);
	struct pair *p = weir_http2_owner(st);

	p->trailers[side] = calloc(n, sizeof(*fields));
	if (!p->trailers[side])
		abort();
	p->n_trailers[side] = n;
	for (unsigned int i = 0; i < n; i++)
		p->trailers[side][i].name =
			copy(fields[i].name, fields[i].value, &p->trailers[side][i].value);
}

static void on_end(void *user, struct weir_http2_stream *st)
{
	int side = side_of(user);
	struct pair *p = weir_http2_owner(st);

	p->ended[side] = true;
	if (p->st[!side])
		weir_http2_resume(p->st[!side]);
}

static void on_close(void *user, struct weir_http2_stream *st, enum weir_http2_error why,
		     uint32_t code)
{
	struct end *e = user;
	int side = side_of(e);
	struct pair *p = weir_http2_owner(st);
	struct weir_http2_stream *other = p->st[!side];

	proxy.errors[why]++;
	p->st[side] = NULL;
	/* What is still to be sent of it goes on: that is in this side's queue. */
	if (why && other)
		weir_http2_reset(other, code ? code : WEIR_HTTP2_CANCEL);
	if (why || !other)
		weir_http2_queue_drop(e->s, &p->queue[side], SIZE_MAX);
	weir_http2_queue_drop(e->c->end[!side].s, &p->queue[!side], SIZE_MAX);
	unref(p);
}

static void on_bad(void *user, uint32_t id, enum weir_http2_error why)
{
	(void)user;
	(void)id;
	(void)why;
}

static void on_goaway(void *user, uint32_t last, uint32_t code)
{
	(void)user;
	(void)last;
	(void)code;
}

static void on_over(void *user, enum weir_http2_error why)
{
	struct end *e = user;

	e->over = true;
	if (why)
		fprintf(stderr, "%s session is over: %s\n",
			side_of(e) == FRONT ? "client's" : "server's", weir_http2_error_name(why));
}

static size_t pull(void *user, struct weir_http2_stream *st, uint8_t *to, size_t max,
		   enum weir_http2_more *more)
{
	struct end *e = user;
	int from = !side_of(e);
	struct pair *p = weir_http2_owner(st);
	size_t n;

	if (p->page) {
		n = p->page < max ? p->page : max;
		memset(to, 'x', n);
		p->page -= n;
		*more = p->page ? WEIR_HTTP2_MORE : WEIR_HTTP2_END;
		return n;
	}
	n = weir_http2_queue_take(e->c->end[from].s, &p->queue[from], to, max);
	if (n && p->st[from])
		weir_http2_consume(p->st[from], n);
	if (p->queue[from].bytes || !p->ended[from])
		return n;
	*more = p->n_trailers[from] ? WEIR_HTTP2_TRAILERS : WEIR_HTTP2_END;
	if (p->n_trailers[from] &&
	    weir_http2_send_trailers(st, p->trailers[from], p->n_trailers[from]) != WEIR_HTTP2_OK)
		*more = WEIR_HTTP2_BROKEN;
	return n;
}

static size_t write_out(void *user, struct weir_bytes out)
{
	struct end *e = user;
	ssize_t n = send(e->fd, out.ptr, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN)
		return out.len; /* the reader will see that it is closed */
	e->blocked = n < (ssize_t)out.len;
	return n < 0 ? 0 : (size_t)n;
}

static const struct weir_http2_events events = {
	.on_head = on_head,
	.on_data = on_data,
	.on_trailers = on_trailers,
	.on_end = on_end,
	.on_close = on_close,
	.on_bad = on_bad,
	.on_goaway = on_goaway,
	.on_over = on_over,
	.pull = pull,
	.write = write_out,
};

/* ---- connections ---- */

static struct weir_http2_session *begin(struct end *e, struct conn *c, int fd, bool server)
{
	struct weir_http2_config config = {.events = &events,
					   .user = e,
					   .http = &weir_http_limits_default,
					   .server = server,
					   .now_ns = proxy.now_ns};
	int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	*e = (struct end){.fd = fd, .c = c, .s = weir_http2_session_create(proxy.h2, &config)};
	return e->s;
}

static void open_conn(int fd)
{
	struct conn *c = calloc(1, sizeof(*c));
	unsigned int i = 0;
	int up = proxy.page ? -1 : socket(AF_INET, SOCK_STREAM, 0);

	while (i < CONNECTIONS && proxy.conns[i])
		i++;
	if (!c || i == CONNECTIONS ||
	    (up >= 0 &&
	     connect(up, (struct sockaddr *)&proxy.upstream, sizeof(proxy.upstream)) != 0)) {
		perror("connection");
		exit(1);
	}
	if (!begin(&c->end[FRONT], c, fd, true) || !begin(&c->end[BACK], c, up, false))
		abort();
	proxy.conns[i] = c;
}

/* The back's streams close first, so that none of the front's waits for them. */
static void close_conn(struct conn **at)
{
	struct conn *c = *at;
	struct weir_http2_session *front = c->end[FRONT].s, *back = c->end[BACK].s;

	weir_http2_end(front, WEIR_HTTP2_E_OWNER);
	weir_http2_end(back, WEIR_HTTP2_E_OWNER);
	(void)weir_http2_flush(front, proxy.now_ns);
	(void)weir_http2_flush(back, proxy.now_ns);
	weir_http2_session_destroy(front);
	weir_http2_session_destroy(back);
	close(c->end[FRONT].fd);
	if (c->end[BACK].fd >= 0)
		close(c->end[BACK].fd);
	free(c);
	*at = NULL;
}

/* False: the connection is at its end. */
static bool read_end(struct end *e)
{
	static uint8_t bytes[READ_BYTES];
	ssize_t n = recv(e->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN))
		return false;
	if (n > 0)
		(void)weir_http2_feed(e->s, weir_bytes_of(bytes, (size_t)n), proxy.now_ns);
	return !e->over;
}

static void step(struct conn **at, const short *revents)
{
	struct conn *c = *at;
	bool open = true;

	for (int side = 0; side < 2 && open; side++)
		if (revents[side] & (POLLIN | POLLHUP | POLLERR))
			open = read_end(&c->end[side]);
	/* Each may have given the other something. */
	for (int i = 0; i < 4 && open; i++)
		(void)weir_http2_flush(c->end[i % 2].s, proxy.now_ns);
	if (!open || c->end[FRONT].over || c->end[BACK].over)
		close_conn(at);
}

static void poll_all(int listener)
{
	static struct pollfd fds[2 * CONNECTIONS + 1];
	struct timespec t;

	fds[0] = (struct pollfd){.fd = listener, .events = POLLIN};
	for (unsigned int i = 0; i < CONNECTIONS; i++)
		for (int side = 0; side < 2; side++) {
			const struct end *e = proxy.conns[i] ? &proxy.conns[i]->end[side] : NULL;

			fds[1 + 2 * i + side] = (struct pollfd){
				.fd = e ? e->fd : -1,
				.events = (short)(POLLIN | (e && e->blocked ? POLLOUT : 0))};
		}
	(void)poll(fds, WEIR_ARRAY_LEN(fds), 1000);
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	proxy.now_ns = (uint64_t)t.tv_sec * WEIR_NS_PER_S + (uint64_t)t.tv_nsec;
	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		short revents[] = {fds[1 + 2 * i].revents, fds[2 + 2 * i].revents};

		if (proxy.conns[i] && (revents[0] || revents[1]))
			step(&proxy.conns[i], revents);
	}
	if (fds[0].revents & POLLIN)
		open_conn(accept(listener, NULL, NULL));
}

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (argc < 3) {
		fprintf(stderr, "usage: http2_proxy PORT UPSTREAM_PORT [PAGE_BYTES]\n");
		return 2;
	}
	signal(SIGTERM, stop);
	proxy.upstream = address;
	proxy.upstream.sin_port = htons((uint16_t)atoi(argv[2]));
	proxy.page = argc > 3 ? (size_t)atol(argv[3]) : 0;
	address.sin_port = htons((uint16_t)atoi(argv[1]));
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	proxy.h2 = weir_http2_create(&weir_arena_malloc, &weir_http2_limits_default);
	if (!proxy.h2 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(listener, 512) != 0) {
		perror("http2_proxy");
		return 1;
	}
	while (!stopped)
		poll_all(listener);
	for (unsigned int i = 0; i < CONNECTIONS; i++)
		if (proxy.conns[i])
			close_conn(&proxy.conns[i]);
	weir_http2_destroy(proxy.h2);
	for (int i = 0; i < WEIR_HTTP2_ERROR_END; i++)
		if (proxy.errors[i])
			printf("%s %lu\n",
			       i ? weir_http2_error_name((enum weir_http2_error)i) : "OK",
			       proxy.errors[i]);
	return 0;
}
