/* SPDX-License-Identifier: BSD-3-Clause */
/* A control thread's state over a fake path, and conversations with it from the same thread. */
#include "fixture.h"

#include <weir_test.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>

#define TURNS 400 /* of at most 25 ms: ten seconds until a test gives up */

static const char conf_text[] = "workers: [0]\n"
				"ports:\n"
				"  - {name: outside, device: 'vdev:net_null0'}\n"
				"  - {name: inside, device: 'vdev:net_null1'}\n"
				"wires: [{name: w0, ports: [outside, inside]}]\n"
				"policy: [policy.yaml]\n"
				"control: {socket: run/weir.sock}\n";

const char policy_empty[] = "kind: Defaults\nmetadata: {name: defaults}\nspec: {}\n";
const char policy_good[] = "kind: Defaults\nmetadata: {name: defaults}\nspec: {unmatched: allow}\n";

static uint64_t skipped_ns; /* by fixture_pass_seconds */

static uint64_t test_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * WEIR_NS_PER_S + (uint64_t)t.tv_nsec + skipped_ns;
}

void fixture_pass_seconds(unsigned int seconds)
{
	skipped_ns += seconds * WEIR_NS_PER_S;
}

static void start_eal_once(void)
{
	static bool started;
	char text[] = "test_ctl\0--no-huge\0--no-pci\0-m\0"
		      "128\0--log-level=4\0--no-shconf";
	char *args[8];
	int n = 0;

	if (started)
		return;
	for (char *p = text; p < text + sizeof(text) - 1; p += strlen(p) + 1)
		args[n++] = p;
	args[n] = NULL;
	ck_assert_int_ge(rte_eal_init(n, args), 0);
	started = true;
}

void fixture_write(const struct fixture *f, const char *name, const char *text)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void load_conf(struct fixture *f)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_buf said = {0};
	char path[160];

	snprintf(path, sizeof(path), "%s/weir.yaml", f->folder);
	f->conf = weir_conf_load(path, r);
	weir_conf_report_text(r, &said);
	ck_assert_msg(f->conf != NULL, "%s", said.len ? said.ptr : "no configuration");
	weir_buf_fini(&said);
	weir_conf_report_destroy(r);
}

static struct weir_policy *load_policy(struct fixture *f)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_buf said = {0};
	struct weir_policy *p = weir_policy_load((const char *const *)f->conf->policy,
						 f->conf->n_policy, f->names, r);

	weir_conf_report_text(r, &said);
	ck_assert_msg(p != NULL, "%s", said.len ? said.ptr : "no policy");
	weir_buf_fini(&said);
	weir_conf_report_destroy(r);
	return p;
}

static void make_ports(struct fixture *f)
{
	f->ports.n = 2;
	f->ports.n_workers = FAKE_WORKERS;
	for (unsigned int i = 0; i < 2; i++) {
		f->ports.port[i].name = weir_names_intern(f->names, f->conf->ports[i].name);
		f->ports.port[i].conf = &f->conf->ports[i];
		f->ports.port[i].state = &f->port[i];
		f->port[i].carrier = true;
	}
}

static void make_writer(struct fixture *f)
{
	struct weir_event_writer_cfg cfg = {.rings = &f->ring, .n_rings = 1, .names = f->names};
	static unsigned int made; /* a test that failed leaves its ring behind */
	char name[16];

	snprintf(name, sizeof(name), "ctl%u", made++);
	f->ring = weir_event_ring_create(name, 1024);
	ck_assert_ptr_nonnull(f->ring);
	f->writer = weir_event_writer_start(&cfg);
	ck_assert_ptr_nonnull(f->writer);
}

struct fixture *fixture_prepare(void)
{
	struct fixture *f = NULL;

	start_eal_once();
	ck_assert_int_eq(posix_memalign((void **)&f, WEIR_CACHE_LINE, sizeof(*f)), 0);
	memset(f, 0, sizeof(*f));
	strcpy(f->folder, "/tmp/weir-ctl-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(f->folder));
	snprintf(f->socket, sizeof(f->socket), "%s/run/weir.sock", f->folder);
	fixture_write(f, "weir.yaml", conf_text);
	fixture_write(f, "policy.yaml", policy_empty);
	load_conf(f);
	f->names = weir_names_create();
	f->path.generation = weir_generation_create(1, load_policy(f), f->conf->file);
	make_ports(f);
	make_writer(f);
	f->cfg = (struct weir_ctl_cfg){
		.conf = f->conf,
		.path = &f->path,
		.ports = &f->ports,
		.names = f->names,
		.writer = f->writer,
		.version = "1.2.3-test",
		.have_hugepages = true,
		.clock_ns = test_clock,
	};
	return f;
}

struct fixture *fixture_create(void)
{
	struct fixture *f = fixture_prepare();

	f->ctl = weir_ctl_create(&f->cfg);
	ck_assert_ptr_nonnull(f->ctl);
	return f;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void fixture_destroy(struct fixture *f)
{
	weir_ctl_destroy(f->ctl);
	weir_event_writer_stop(f->writer);
	weir_event_ring_destroy(f->ring);
	weir_generation_destroy(f->path.generation);
	weir_names_destroy(f->names);
	weir_conf_destroy(f->conf);
	ck_assert_int_eq(nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(f);
}

/* The tick comes by a timer of 100 ms; clocks are set to the second by each, so that shows it. */
void fixture_tick(struct fixture *f)
{
	unsigned int before = f->path.syncs;

	fixture_pass_seconds(1);
	for (unsigned int i = 0; i < TURNS && f->path.syncs == before; i++)
		ck_assert(weir_ctl_turn(f->ctl, 25));
	ck_assert_uint_gt(f->path.syncs, before);
}

/* ---- requests ---- */

json_t *ask(struct fixture *f, const char *request)
{
	struct weir_buf out = {0};
	json_error_t error;
	json_t *answer;

	weir_ctl_answer(f->ctl, request, strlen(request), &out);
	ck_assert(!out.failed);
	ck_assert_ptr_nonnull(out.ptr);
	ck_assert_ptr_null(strchr(out.ptr, '\n'));
	answer = json_loadb(out.ptr, out.len, 0, &error);
	ck_assert_msg(answer != NULL, "%s: not JSON: %s", request, out.ptr);
	ck_assert_msg(json_is_object(answer), "%s: no object: %s", request, out.ptr);
	ck_assert(json_is_boolean(json_object_get(answer, "ok")));
	weir_buf_fini(&out);
	return answer;
}

void ask_refused(struct fixture *f, const char *request, const char *error)
{
	json_t *answer = ask(f, request);

	ck_assert_msg(json_is_false(json_object_get(answer, "ok")), "not refused: %s", request);
	ck_assert_str_eq(text_of(answer, "error"), error);
	json_decref(answer);
}

const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	ck_assert_msg(text != NULL, "no text '%s'", key);
	return text;
}

json_int_t int_of(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	ck_assert_msg(json_is_integer(v), "no number '%s'", key);
	return json_integer_value(v);
}

/* ---- connections ---- */

int client_open(struct fixture *f)
{
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0);
	ck_assert_int_eq(weir_ctl_adopt(f->ctl, fd[1]), 0);
	return fd[0];
}

void client_send(struct fixture *f, int fd, const char *bytes, size_t len)
{
	for (unsigned int i = 0; i < TURNS && len; i++) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
		weir_ctl_turn(f->ctl, 0);
	}
	ck_assert_uint_eq(len, 0);
}

/* 1: a byte; 0: none until now; -1: ended. */
static int read_byte(int fd, char *c)
{
	ssize_t n = recv(fd, c, 1, 0);

	if (n == 1)
		return 1;
	return n < 0 && errno == EAGAIN ? 0 : -1;
}

json_t *client_line(struct fixture *f, int fd)
{
	struct weir_buf line = {0};
	json_t *answer = NULL;
	char c = 0;

	for (unsigned int i = 0; i < TURNS && c != '\n';) {
		int rc = read_byte(fd, &c);

		if (rc < 0)
			break;
		if (rc == 1) {
			weir_buf_add(&line, &c, 1);
			continue;
		}
		i++;
		weir_ctl_turn(f->ctl, 25);
	}
	if (line.len) {
		answer = json_loadb(line.ptr, line.len, 0, NULL);
		ck_assert_msg(answer != NULL, "not a line of JSON: %s", line.ptr);
	}
	weir_buf_fini(&line);
	return answer;
}

void client_read_to_end(struct fixture *f, int fd, struct weir_buf *out)
{
	char bytes[65536];

	for (unsigned int i = 0; i < TURNS;) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			return;
		if (n > 0) {
			weir_buf_add(out, bytes, (size_t)n);
			continue;
		}
		i++;
		weir_ctl_turn(f->ctl, 25);
	}
	ck_abort_msg("the connection does not end");
}

bool client_is_closed(struct fixture *f, int fd)
{
	char c;

	for (unsigned int i = 0; i < 3; i++)
		weir_ctl_turn(f->ctl, 0);
	return recv(fd, &c, 1, MSG_PEEK) == 0;
}
