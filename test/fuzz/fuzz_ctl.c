/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket's two ways in: the first byte chooses. 'A': the rest is one request to
 * weir_ctl_answer, whose answer must be one line with one JSON object. Else the rest is written to
 * a connection in pieces of that many bytes (0: all at once): framing, HTTP and whatever requests
 * are in it, and the connection must end. Run libFuzzer with -detect_leaks=0: what hangs from
 * EAL's memory looks lost to it while the path lives.
 */
#include <weir_ctl.h>
#include <weir_event.h>
#include <weir_mem.h>
#include <weir_path.h>
#include <weir_policy.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char conf_text[] = "workers: [0]\n"
				"memory: {connections: 1024}\n"
				"ports:\n"
				"  - {name: outside, device: 'vdev:net_null0'}\n"
				"  - {name: inside, device: 'vdev:net_null1'}\n"
				"wires: [{name: w0, ports: [outside, inside]}]\n"
				"policy: [policy.yaml]\n"
				"control: {socket: %s/weir.sock}\n";
static const char policy_text[] = "kind: Group\nmetadata: {name: web}\n"
				  "spec: {cidrs: [10.0.0.0/8, 2001:db8::/32]}\n";

static char folder[] = "/tmp/weir-fuzz-ctl-XXXXXX";
static struct weir_ctl *ctl;
static struct weir_ctl_cfg cfg;
static struct weir_event_ring *ring;
static struct rte_mempool *pool;

static struct weir_bytes bytes_of(const char *text)
{
	return (struct weir_bytes){(const uint8_t *)text, strlen(text)};
}

static struct weir_conf *make_conf(struct weir_conf_report *r)
{
	char text[1024];

	snprintf(text, sizeof(text), conf_text, folder);
	return weir_conf_from_text("weir.yaml", bytes_of(text), r);
}

static struct weir_policy *make_policy(struct weir_names *names, struct weir_conf_report *r)
{
	struct weir_conf_docs *docs = weir_conf_load_text("policy.yaml", bytes_of(policy_text), r);
	const struct weir_conf_docs *list[] = {docs};
	struct weir_policy *policy;

	weir_assert(docs != NULL);
	policy = weir_policy_from_docs(list, 1, names, r);
	weir_conf_docs_destroy(docs);
	return policy;
}

static void stop(void)
{
	weir_ctl_destroy(ctl);
	weir_path_destroy(cfg.path);
	weir_event_writer_stop(cfg.writer);
	weir_event_ring_destroy(ring);
	weir_conf_destroy(cfg.conf);
	weir_names_destroy(cfg.names);
	rmdir(folder);
}

static struct weir_path *make_path(struct weir_conf_report *r)
{
	struct weir_path_cfg path = {
		.conf = cfg.conf,
		.n_workers = 1,
		.pool = &pool,
		.event_ring = &ring,
		.names = cfg.names,
		.seed = 1,
		.now_ns = 1,
	};

	pool = weir_mbuf_pool_create("fuzz", 512, 2048, 0);
	ring = weir_event_ring_create("fuzz", 64);
	path.generation = weir_generation_create(1, make_policy(cfg.names, r), "fuzz");
	weir_assert(pool && ring && path.generation);
	return weir_path_create(&path);
}

static void start(void)
{
	struct weir_eal_cfg eal = {.program = "fuzz_ctl", .need_bytes = 64 << 20, .quiet = true};
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_event_writer_cfg writer = {.rings = &ring, .n_rings = 1};

	weir_assert(weir_eal_start(&eal, NULL) == 0);
	weir_assert(mkdtemp(folder) != NULL);
	cfg.version = "fuzz";
	cfg.names = weir_names_create();
	writer.names = cfg.names;
	cfg.conf = make_conf(r);
	weir_assert(cfg.conf != NULL);
	cfg.path = make_path(r);
	weir_assert(cfg.path != NULL);
	cfg.writer = weir_event_writer_start(&writer);
	ctl = weir_ctl_create(&cfg);
	weir_assert(ctl != NULL);
	weir_conf_report_destroy(r);
	atexit(stop);
}

/* ---- one request ---- */

static void ask(const uint8_t *data, size_t size)
{
	struct weir_buf out = {0};
	json_t *answer;

	weir_ctl_answer(ctl, (const char *)data, size, &out);
	weir_assert(!out.failed && out.len > 0);
	if (size && data[0] == '/' && out.ptr[0] == '#') {
		weir_buf_fini(&out);
		return; /* metrics */
	}
	weir_assert(memchr(out.ptr, '\n', out.len) == NULL);
	answer = json_loadb(out.ptr, out.len, 0, NULL);
	weir_assert(json_is_object(answer) && json_is_boolean(json_object_get(answer, "ok")));
	json_decref(answer);
	weir_buf_fini(&out);
}

/* ---- a connection ---- */

/* True when the other side has ended it. */
static bool read_away(int fd)
{
	char bytes[65536];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		;
	return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

static void write_pieces(int fd, const uint8_t *data, size_t size, size_t piece)
{
	while (size) {
		size_t want = piece && piece < size ? piece : size;
		ssize_t n = send(fd, data, want, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
		weir_ctl_turn(ctl, 0);
		if (read_away(fd))
			return;
	}
}

static void connect_and_talk(const uint8_t *data, size_t size, size_t piece)
{
	int fd[2];

	weir_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0);
	weir_assert(weir_ctl_adopt(ctl, fd[1]) == 0);
	write_pieces(fd[0], data, size, piece);
	shutdown(fd[0], SHUT_WR);
	/* A reload takes some turns; a trace ends with its client. */
	for (unsigned int i = 0; i < 50 && !read_away(fd[0]); i++)
		weir_ctl_turn(ctl, i < 10 ? 0 : 1);
	close(fd[0]);
	weir_ctl_turn(ctl, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!ctl)
		start();
	if (!size)
		return 0;
	if (data[0] == 'A')
		ask(data + 1, size - 1);
	else
		connect_and_talk(data + 1, size - 1, data[0]);
	return 0;
}
