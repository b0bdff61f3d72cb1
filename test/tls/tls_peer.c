/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/tls over real sockets on the loopback address, for test/system/test_tls.py:
 *
 *   tls_peer serve CHAIN KEY [OPTION=VALUE...]     prints "port N", then a line for each connection
 *   tls_peer connect PORT NAME [OPTION=VALUE...]   a line for each connection and what was answered
 *
 * A server sends back what it gets, or a mebibyte to a request of HTTP. Options: alpn=a,b max=1.2
 * ciphers12=LIST client=required|optional client-ca=FILE strict=1; for connect ca=FILE
 * verify=full|ca|none cert=FILE key=FILE count=N say=TEXT.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir_tls.h>
#include <weir_tls_info.h>

#define BUFFER (1 << 16)
#define BODY   (1 << 20)

struct options {
	const char *alpn[WEIR_TLS_ALPN_MAX];
	unsigned int n_alpn;
	uint16_t max;
	const char *ciphers12;
	enum weir_tls_verify_client client;
	const char *client_ca;
	bool strict;
	const char *ca;
	enum weir_tls_verify verify;
	const char *cert, *key;
	unsigned int count;
	const char *say;
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "tls_peer: %s: %s\n", what, why);
	exit(2);
}

/* ---- options ---- */

static void split_alpn(struct options *o, char *list)
{
	char *rest = NULL;

	for (char *at = strtok_r(list, ",", &rest); at && o->n_alpn < WEIR_TLS_ALPN_MAX;
	     at = strtok_r(NULL, ",", &rest))
		o->alpn[o->n_alpn++] = at;
}

static bool set_text(struct options *o, const char *name, char *value)
{
	const struct {
		const char *name;
		const char **to;
	} texts[] = {{"ciphers12", &o->ciphers12},
		     {"client-ca", &o->client_ca},
		     {"ca", &o->ca},
		     {"cert", &o->cert},
		     {"key", &o->key},
		     {"say", &o->say}};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(texts); i++)
		if (strcmp(name, texts[i].name) == 0) {
			*texts[i].to = value;
			return true;
		}
	return false;
}

static void set_option(struct options *o, char *text)
{
	char *value = strchr(text, '=');

	if (!value)
		die(text, "options are NAME=VALUE");
	*value++ = '\0';
	if (set_text(o, text, value))
		return;
	if (strcmp(text, "alpn") == 0)
		split_alpn(o, value);
	else if (strcmp(text, "max") == 0)
		o->max = strcmp(value, "1.2") == 0 ? WEIR_TLS_1_2 : WEIR_TLS_1_3;
	else if (strcmp(text, "client") == 0)
		o->client = strcmp(value, "required") == 0 ? WEIR_TLS_CLIENT_REQUIRED
							   : WEIR_TLS_CLIENT_OPTIONAL;
	else if (strcmp(text, "strict") == 0)
		o->strict = *value == '1';
	else if (strcmp(text, "verify") == 0)
		o->verify = strcmp(value, "none") == 0 ? WEIR_TLS_VERIFY_NONE
			    : strcmp(value, "ca") == 0 ? WEIR_TLS_VERIFY_CA
						       : WEIR_TLS_VERIFY_FULL;
	else if (strcmp(text, "count") == 0)
		o->count = (unsigned int)strtoul(value, NULL, 10);
	else
		die(text, "no such option");
}

/* ---- a connection ---- */

struct peer {
	int fd;
	struct weir_tls_conn *conn;
	struct weir_tls_crypto *crypto;
	struct weir_tls_records records;
	bool kept;
	bool closed; /* by the other end */
	uint8_t in[BUFFER];
	size_t have;
	uint8_t data[WEIR_TLS_RECORD_MAX + 256];
	size_t data_len;
};

static int send_all(void *ctx, struct weir_bytes b)
{
	const int *fd = ctx;

	while (b.len) {
		ssize_t n = send(*fd, b.ptr, b.len, MSG_NOSIGNAL);

		if (n <= 0)
			return -1;
		b = weir_bytes_of(b.ptr + n, b.len - (size_t)n);
	}
	return 0;
}

static struct weir_tls_writer writer_of(struct peer *p)
{
	return (struct weir_tls_writer){send_all, &p->fd};
}

static bool receive(struct peer *p)
{
	ssize_t n = recv(p->fd, p->in + p->have, sizeof(p->in) - p->have, 0);

	p->have += n > 0 ? (size_t)n : 0;
	return n > 0;
}

static void use(struct peer *p, size_t n)
{
	memmove(p->in, p->in + n, p->have - n);
	p->have -= n;
}

static void print_info(struct peer *p, const struct options *o)
{
	struct weir_tls_info i;
	struct weir_arena a;

	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	if (weir_tls_conn_info(p->conn, &a, &i) != 0)
		die("info", "no memory");
	printf("version=%x cipher=%s resumed=%d sni=%.*s alpn=%s cert=%d verified=%d spiffe=%.*s "
	       "subject=%.*s",
	       i.version, i.cipher, i.resumed, (int)i.sni.len, (const char *)i.sni.ptr,
	       i.alpn >= 0 ? o->alpn[i.alpn] : "", i.has_cert, i.verified, (int)i.spiffe.len,
	       (const char *)i.spiffe.ptr, (int)i.subject.len, (const char *)i.subject.ptr);
	weir_arena_reset(&a);
}

static bool shake(struct peer *p, const struct options *o)
{
	const struct weir_tls_writer out = writer_of(p);
	int rc;

	do {
		struct weir_bytes in = weir_bytes_of(p->in, p->have);
		size_t used;

		rc = weir_tls_handshake(p->conn, &in, 1, &used, &out);
		use(p, used);
	} while (rc == WEIR_TLS_WANT && receive(p));
	if (rc != WEIR_TLS_DONE) {
		struct weir_tls_failure f = weir_tls_conn_failure(p->conn);

		printf("error=%s sent=%u received=%u detail=%s\n",
		       rc ? weir_tls_error_name((enum weir_tls_error) - rc) : "EOF", f.alert_sent,
		       f.alert_received, f.detail);
		return false;
	}
	print_info(p, o);
	p->kept = !weir_tls_take_records(p->conn, &p->records);
	printf(" kept=%d\n", p->kept);
	fflush(stdout);
	return true;
}

/* ---- data ---- */

static void send_due(struct peer *p)
{
	uint8_t wire[WEIR_TLS_POST_MAX];
	struct weir_tls_room room = {wire, sizeof(wire)};
	ssize_t n;

	while (weir_tls_post_due(&p->records)) {
		n = weir_tls_post_write(p->crypto, &p->records, &room, 1);
		if (n <= 0 || send_all(&p->fd, weir_bytes_of(wire, (size_t)n)) != 0)
			return;
	}
}

/* One record's worth, or what libssl gives. Negative: it is over with an error. */
static ssize_t take(struct peer *p, struct weir_tls_opened *opened)
{
	struct weir_bytes in = weir_bytes_of(p->in, p->have), content;
	const struct weir_tls_writer out = writer_of(p);
	struct weir_tls_room room = {p->data, sizeof(p->data)};
	const struct weir_tls_spans s = {&in, 1, &room, 1};
	ssize_t n;

	if (p->kept)
		return weir_tls_kept_read(p->conn, &s, &out, opened);
	n = weir_tls_open(p->crypto, &p->records, &s, opened);
	send_due(p);
	content = weir_bytes_of(p->data, opened->content);
	if (n > 0 && opened->type == WEIR_TLS_HANDSHAKE)
		weir_tls_conn_ticket(p->conn, p->crypto, &content, 1);
	return n;
}

/* Waits for data: data_len is 0 at the end of it. */
static void read_data(struct peer *p)
{
	struct weir_tls_opened opened;
	ssize_t n;

	p->data_len = 0;
	while (!p->data_len && !p->closed) {
		n = take(p, &opened);
		if (n < 0)
			printf("error=%s\n", weir_tls_error_name((enum weir_tls_error) - n));
		p->closed = n < 0 || opened.closed;
		p->data_len = n < 0 ? 0 : opened.len;
		use(p, n < 0 ? 0 : (size_t)n);
		if (n == 0 && !p->data_len && !p->closed)
			p->closed = !receive(p);
	}
}

static bool write_record(struct peer *p, struct weir_bytes b)
{
	static uint8_t wire[WEIR_TLS_RECORD_MAX + WEIR_TLS_OVERHEAD_MAX];
	struct weir_tls_room room = {wire, sizeof(wire)};
	ssize_t n = weir_tls_seal(p->crypto, &p->records, WEIR_TLS_APPLICATION_DATA,
				  &(struct weir_tls_spans){&b, 1, &room, 1});

	return n > 0 && send_all(&p->fd, weir_bytes_of(wire, (size_t)n)) == 0;
}

static bool write_data(struct peer *p, struct weir_bytes b)
{
	const struct weir_tls_writer out = writer_of(p);
	bool ok = true;

	if (p->kept)
		return weir_tls_kept_write(p->conn, &b, 1, &out) == 0;
	while (ok && b.len) {
		size_t n = b.len < WEIR_TLS_RECORD_MAX ? b.len : WEIR_TLS_RECORD_MAX;

		ok = write_record(p, weir_bytes_of(b.ptr, n));
		b = weir_bytes_of(b.ptr + n, b.len - n);
	}
	return ok;
}

static void close_peer(struct peer *p)
{
	const struct weir_tls_writer out = writer_of(p);
	uint8_t wire[WEIR_TLS_POST_MAX];
	struct weir_tls_room room = {wire, sizeof(wire)};
	ssize_t n;

	if (p->kept) {
		(void)!weir_tls_kept_close(p->conn, &out);
	} else {
		n = weir_tls_alert_write(p->crypto, &p->records, WEIR_TLS_CLOSE_NOTIFY, &room, 1);
		if (n > 0)
			send_all(&p->fd, weir_bytes_of(wire, (size_t)n));
	}
	shutdown(p->fd, SHUT_WR);
}

static void answer_http(struct peer *p)
{
	static uint8_t body[BODY];
	char head[128];

	snprintf(head, sizeof(head),
		 "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", BODY);
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(i * 7 + (i >> 8));
	if (write_data(p, weir_bytes_str(head)))
		(void)!write_data(p, weir_bytes_of(body, sizeof(body)));
}

static void serve_one(struct peer *p)
{
	for (read_data(p); p->data_len; read_data(p)) {
		if (p->data_len > 4 && memcmp(p->data, "GET ", 4) == 0) {
			answer_http(p);
			break;
		}
		if (!write_data(p, weir_bytes_of(p->data, p->data_len)))
			break;
	}
	close_peer(p);
}

static void visit_one(struct peer *p, const struct options *o)
{
	if (!write_data(p, weir_bytes_str(o->say)))
		die("say", "it cannot be sent");
	read_data(p);
	printf("answer=%.*s\n", (int)p->data_len, (const char *)p->data);
	close_peer(p);
}

static void peer_run(struct peer *p, const struct options *o, bool is_server)
{
	if (!p->conn)
		die("connection", "it cannot be made");
	if (shake(p, o)) {
		if (is_server)
			serve_one(p);
		else
			visit_one(p, o);
	}
	fflush(stdout);
	weir_tls_records_wipe(p->crypto, &p->records);
	weir_tls_conn_destroy(p->conn);
	close(p->fd);
}

/* ---- both roles ---- */

static struct weir_tls_cert *load_cert(const char *chain, const char *key)
{
	struct weir_buf why = {0};
	struct weir_tls_cert *c =
		weir_tls_cert_load(&(struct weir_tls_cert_files){.chain = chain, .key = key}, &why);

	if (!c)
		die("certificate", why.ptr);
	return c;
}

static struct weir_tls_roots *load_roots(const char *file)
{
	struct weir_buf why = {0};
	struct weir_tls_roots *r;

	if (!file)
		return NULL;
	r = weir_tls_roots_load(&(struct weir_tls_roots_files){.file = file}, &why);
	if (!r)
		die("authorities", why.ptr);
	return r;
}

static struct sockaddr_in loopback(unsigned int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listen_any(void)
{
	struct sockaddr_in at = loopback(0);
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 16) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		die("listen", "not possible");
	printf("port %u\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

static void serve(const char *chain, const char *key, const struct options *o)
{
	const struct weir_tls_cert *const cert = load_cert(chain, key);
	const struct weir_tls_server_cfg cfg = {.lib = weir_tls_lib_create(),
						.certs = &cert,
						.n_certs = 1,
						.versions.max = o->max,
						.algorithms.ciphers12 = o->ciphers12,
						.alpn = {o->alpn, o->n_alpn},
						.verify_client = o->client,
						.client_roots = load_roots(o->client_ca),
						.tickets = weir_tls_tickets_create(),
						.sni_strict = o->strict};
	const struct weir_tls_accept_opts opts = {.alpn = UINT32_MAX};
	struct weir_buf why = {0};
	struct weir_tls_server *s = weir_tls_server_create(&cfg, &why);
	struct weir_tls_crypto *crypto = weir_tls_crypto_create(true);
	static struct peer p;
	int listening = listen_any();

	if (!s || !crypto)
		die("context", why.ptr);
	for (;;) {
		p = (struct peer){.crypto = crypto, .fd = accept(listening, NULL, NULL)};
		p.conn = weir_tls_accept(s, &opts);
		peer_run(&p, o, true);
	}
}

static int visit(unsigned int port, const char *name, const struct options *o)
{
	const struct weir_tls_client_cfg cfg = {.lib = weir_tls_lib_create(),
						.verify = o->verify,
						.roots = load_roots(o->ca),
						.cert = o->cert ? load_cert(o->cert, o->key) : NULL,
						.versions.max = o->max,
						.algorithms.ciphers12 = o->ciphers12,
						.alpn = {o->alpn, o->n_alpn},
						.sessions = 4};
	const struct weir_tls_connect_opts opts = {.name = name, .alpn = UINT32_MAX};
	struct weir_buf why = {0};
	struct weir_tls_client *c = weir_tls_client_create(&cfg, &why);
	struct weir_tls_crypto *crypto = weir_tls_crypto_create(true);
	struct sockaddr_in to = loopback(port);
	static struct peer p;

	if (!c || !crypto)
		die("context", why.ptr);
	for (unsigned int i = 0; i < o->count; i++) {
		p = (struct peer){.crypto = crypto, .fd = socket(AF_INET, SOCK_STREAM, 0)};
		if (connect(p.fd, (struct sockaddr *)&to, sizeof(to)) != 0)
			die("connect", "nobody is there");
		p.conn = weir_tls_connect(c, &opts);
		peer_run(&p, o, false);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = {.count = 1, .say = "hello\n"};

	if (argc < 4)
		die("usage", "tls_peer serve CHAIN KEY | connect PORT NAME, OPTION=VALUE...");
	for (int i = 4; i < argc; i++)
		set_option(&o, argv[i]);
	if (strcmp(argv[1], "serve") == 0)
		serve(argv[2], argv[3], &o);
	return visit((unsigned int)strtoul(argv[2], NULL, 10), argv[3], &o);
}
