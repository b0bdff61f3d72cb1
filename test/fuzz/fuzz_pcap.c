/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures, as `weir replay` reads them: every frame fits its bytes and its port, time is what the
 * file says. */
#include "fuzz_eal.h"
#include "replay_pcap.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_mbuf.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rte_mempool *pool;
static const struct weir_conf conf = {
	.ports = {{.name = "left"}, {.name = "right"}},
	.n_ports = 2,
	.wires = {{.name = "w0", .port = {0, 1}}},
	.n_wires = 1,
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (fuzz_start_eal() < 0)
		return 1;
	pool = rte_pktmbuf_pool_create("fuzz", 511, 0, 0, RTE_PKTMBUF_HEADROOM + 2048, 0);
	return pool == NULL;
}

static void read_frames(struct replay_source *s, struct weir_buf *why)
{
	struct replay_frame frame;
	unsigned int n = 0;

	while (n++ < 1000 && replay_source_next(s, &frame, why) > 0) {
		struct rte_mbuf *m;

		if (frame.port > 1)
			abort();
		m = replay_frame_mbuf(pool, frame.bytes);
		if (m && rte_pktmbuf_pkt_len(m) != frame.bytes.len)
			abort();
		rte_pktmbuf_free(m);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct replay_source_cfg cfg = {.conf = &conf};
	struct replay_source *s;
	struct weir_buf why = {0};
	char path[64];
	int fd = memfd_create("capture", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (size && data[0] & 1 && weir_prefix_parse("10.0.0.0/8", &cfg.inside) < 0)
		abort();
	s = replay_source_create(&cfg);
	if (replay_source_add(s, path, &why) == 0)
		read_frames(s, &why);
	else if (!why.len)
		abort(); /* refused without a word */
	replay_source_destroy(s);
	weir_buf_fini(&why);
	close(fd);
	if (rte_mempool_in_use_count(pool))
		abort();
	return 0;
}
