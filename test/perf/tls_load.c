/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client of HTTPS that loads a server, for test/perf/tls.py:
 *
 *   tls_load MODE HOST PORT PATH CONNECTIONS SECONDS
 *
 * full: a connection and a handshake for each request; resumed: the same by a ticket of the one
 * before; kept: connections stay; hold: each connection has one request, a few at a time, then
 * "held" is printed and they stay until the standard input ends. One thread; certificates are not
 * looked at. Prints one JSON object: requests, bytes of bodies, seconds, handshakes that were
 * resumed, errors, p50_us.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define BUFFER    (256 << 10)
#define HEAD_MAX  4096
#define LATENCIES (1 << 20)
#define EVENTS    64
#define AT_A_TIME 8 /* connections that are begun, to be held */
/* Browsers' order: all servers can have it, and those that leave the choice to clients do. */
#define SUITES "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

enum mode { FULL, RESUMED, KEPT, HOLD };
static const char *const modes[] = {"full", "resumed", "kept", "hold"};

enum state { CONNECTING, WRITING, READING, HELD };

struct conn {
	int fd;
	SSL *ssl;
	enum state state;
	uint64_t begun_ns;
	uint64_t length, left; /* of the body; left UINT64_MAX: the head is not whole */
	size_t n_head;
	char head[HEAD_MAX];
};

struct load {
	enum mode mode;
	struct sockaddr_storage to;
	socklen_t to_len;
	char request[512];
	SSL_CTX *ctx;
	SSL_SESSION *session;
	int epoll;
	struct conn *conns;
	unsigned int n, n_begun, n_held;
	uint64_t requests, bytes, resumed, errors;
	uint32_t *latency_us;
	uint8_t *buffer;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "tls_load: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* ---- connections ---- */

static void watch(const struct load *l, struct conn *c, int op, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = c};

	epoll_ctl(l->epoll, op, c->fd, &e);
}

static void dial(struct load *l, struct conn *c)
{
	int on = 1;

	c->fd = socket(l->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		die("socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(c->fd, (struct sockaddr *)&l->to, l->to_len) && errno != EINPROGRESS)
		die("connect");
	c->ssl = SSL_new(l->ctx);
	SSL_set_fd(c->ssl, c->fd);
	SSL_set_tlsext_host_name(c->ssl, "site.example");
	if (l->mode == RESUMED && l->session)
		SSL_set_session(c->ssl, l->session);
	c->state = CONNECTING;
	c->begun_ns = now_ns();
	watch(l, c, EPOLL_CTL_ADD, EPOLLOUT);
}

static void hang_up(struct conn *c)
{
	SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	close(c->fd);
	c->ssl = NULL;
}

/* Kept by who is asked next: the newest is as good as any. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct load *l = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	SSL_SESSION_free(l->session);
	l->session = session;
	return 1;
}

/* ---- one exchange ---- */

/* The body's length in a whole head, and what follows the head is of it. */
static bool read_head(struct conn *c)
{
	const char *end = strstr(c->head, "\r\n\r\n");
	const char *length = strcasestr(c->head, "\r\ncontent-length:");
	uint64_t here;

	if (!end)
		return true;
	if (strncmp(c->head, "HTTP/1.1 200", 12) != 0 || !length || length > end)
		return false;
	here = c->n_head - (size_t)(end + 4 - c->head);
	c->length = strtoull(length + 17, NULL, 10);
	c->left = c->length - here;
	return here <= c->length;
}

static bool take(struct load *l, struct conn *c, size_t n)
{
	if (c->left != UINT64_MAX) {
		l->bytes += n;
		if (n > c->left)
			return false;
		c->left -= n;
		return true;
	}
	if (n > HEAD_MAX - 1 - c->n_head)
		return false; /* a head and the begin of its body are read in small pieces */
	memcpy(c->head + c->n_head, l->buffer, n);
	c->n_head += n;
	c->head[c->n_head] = '\0';
	if (!read_head(c))
		return false;
	l->bytes += c->left == UINT64_MAX ? 0 : c->length - c->left;
	return true;
}

static void begin_request(struct conn *c)
{
	c->state = WRITING;
	c->left = UINT64_MAX;
	c->n_head = 0;
}

static void count(struct load *l, struct conn *c)
{
	uint64_t now = now_ns();

	l->latency_us[l->requests++ % LATENCIES] = (uint32_t)((now - c->begun_ns) / 1000);
	c->begun_ns = now;
}

/* True: there is more to do at once. */
static bool end_request(struct load *l, struct conn *c)
{
	count(l, c);
	if (l->mode == KEPT) {
		begin_request(c);
		return true;
	}
	if (l->mode == HOLD) {
		c->state = HELD;
		l->n_held++;
		if (l->n_begun < l->n)
			dial(l, &l->conns[l->n_begun++]);
		return true;
	}
	l->resumed += (uint64_t)SSL_session_reused(c->ssl);
	hang_up(c);
	dial(l, c);
	return false;
}

/* What libssl waits for; false: the connection is lost. */
static bool wait_for(struct load *l, struct conn *c, int result)
{
	switch (SSL_get_error(c->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		watch(l, c, EPOLL_CTL_MOD, EPOLLIN);
		return true;
	case SSL_ERROR_WANT_WRITE:
		watch(l, c, EPOLL_CTL_MOD, EPOLLOUT);
		return true;
	default:
		return false;
	}
}

static bool read_some(struct load *l, struct conn *c, bool *more)
{
	size_t room = c->left == UINT64_MAX ? HEAD_MAX - 1 - c->n_head : BUFFER;
	int n = SSL_read(c->ssl, l->buffer, (int)room);

	if (n <= 0) {
		*more = false;
		return wait_for(l, c, n);
	}
	if (!take(l, c, (size_t)n))
		return false;
	*more = c->left || end_request(l, c);
	return true;
}

static bool step(struct load *l, struct conn *c, bool *more)
{
	int n;

	switch (c->state) {
	case CONNECTING:
		n = SSL_connect(c->ssl);
		*more = n > 0;
		if (n <= 0)
			return wait_for(l, c, n);
		begin_request(c);
		return true;
	case WRITING:
		n = SSL_write(c->ssl, l->request, (int)strlen(l->request));
		*more = n > 0;
		if (n <= 0)
			return wait_for(l, c, n);
		c->state = READING;
		return true;
	case READING:
		return read_some(l, c, more);
	case HELD:
		break;
	}
	*more = false;
	watch(l, c, EPOLL_CTL_DEL, 0);
	return true;
}

static void go_on(struct load *l, struct conn *c)
{
	bool more = true;

	while (more) {
		if (step(l, c, &more))
			continue;
		l->errors++;
		ERR_clear_error();
		hang_up(c);
		dial(l, c);
		return;
	}
}

/* ---- a run ---- */

static void run(struct load *l, unsigned int n, double seconds)
{
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
	struct epoll_event ready[EVENTS];

	l->n = n;
	l->conns = calloc(n, sizeof(*l->conns));
	if (!l->conns)
		die("memory");
	while (l->n_begun < n && (l->mode != HOLD || l->n_begun < AT_A_TIME))
		dial(l, &l->conns[l->n_begun++]);
	while (now_ns() < end && l->n_held < n) {
		int k = epoll_wait(l->epoll, ready, EVENTS, 10);

		for (int i = 0; i < k; i++)
			go_on(l, ready[i].data.ptr);
	}
	if (l->mode != HOLD)
		return;
	printf("held %u\n", l->n_held);
	fflush(stdout);
	while (getchar() != EOF)
		;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void report(const struct load *l, double seconds)
{
	size_t n = l->requests < LATENCIES ? l->requests : LATENCIES;

	qsort(l->latency_us, n, sizeof(uint32_t), by_size);
	printf("{\"requests\":%lu,\"bytes\":%lu,\"seconds\":%.6f,\"resumed\":%lu,\"errors\":%lu,"
	       "\"p50_us\":%u}\n",
	       (unsigned long)l->requests, (unsigned long)l->bytes, seconds,
	       (unsigned long)l->resumed, (unsigned long)l->errors, n ? l->latency_us[n / 2] : 0);
}

static void set_address(struct load *l, const char *host, unsigned int port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&l->to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&l->to;

	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		l->to_len = sizeof(*v4);
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		l->to_len = sizeof(*v6);
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
	} else {
		die(host);
	}
}

static void set_up(struct load *l, char **argv)
{
	for (l->mode = FULL; strcmp(argv[1], modes[l->mode]) != 0; l->mode++)
		if (l->mode == HOLD)
			die(argv[1]);
	set_address(l, argv[2], (unsigned int)atoi(argv[3]));
	snprintf(l->request, sizeof(l->request),
		 "GET %s HTTP/1.1\r\nHost: site.example\r\nUser-Agent: Mozilla/5.0\r\n"
		 "Accept: */*\r\n%s\r\n",
		 argv[4], l->mode == FULL || l->mode == RESUMED ? "Connection: close\r\n" : "");
	l->ctx = SSL_CTX_new(TLS_client_method());
	l->epoll = epoll_create1(0);
	l->latency_us = calloc(LATENCIES, sizeof(uint32_t));
	l->buffer = malloc(BUFFER);
	if (!l->ctx || l->epoll < 0 || !l->latency_us || !l->buffer)
		die("memory");
	SSL_CTX_set_ciphersuites(l->ctx, SUITES);
	SSL_CTX_set_app_data(l->ctx, l);
	SSL_CTX_set_session_cache_mode(l->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(l->ctx, on_session);
}

int main(int argc, char **argv)
{
	struct load l = {0};
	struct rlimit files;
	uint64_t begin;

	if (argc != 7) {
		fputs("usage: tls_load MODE HOST PORT PATH CONNECTIONS SECONDS\n", stderr);
		return 2;
	}
	set_up(&l, argv);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	begin = now_ns();
	run(&l, (unsigned int)atoi(argv[5]), atof(argv[6]));
	report(&l, (double)(now_ns() - begin) / 1e9);
	return 0;
}
