/* SPDX-License-Identifier: BSD-3-Clause */
/* The way of records from a worker to the writer thread: a ring of records, copied in and out. */
#include "event_impl.h"

#include <weir_log.h>

#include <assert.h>
#include <stdlib.h>

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

static_assert(sizeof(struct weir_event) % 4 == 0, "rte_ring copies words of four bytes");

#define RECORDS_MIN 2
#define RECORDS_MAX (1u << 24)

struct weir_event_ring {
	struct rte_ring *ring;
	uint64_t full; /* times that it was; the producer writes */
};

static uint32_t ring_size(uint32_t records)
{
	if (records < RECORDS_MIN)
		return RECORDS_MIN;
	return records > RECORDS_MAX ? RECORDS_MAX : rte_align32pow2(records);
}

struct weir_event_ring *weir_event_ring_create(const char *name, uint32_t records)
{
	struct weir_event_ring *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->ring = rte_ring_create_elem(name, sizeof(struct weir_event), ring_size(records),
				       SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (!r->ring) {
		weir_error("cannot make the event ring %s of %u records: %s", name,
			   ring_size(records), rte_strerror(rte_errno));
		free(r);
		return NULL;
	}
	return r;
}

void weir_event_ring_destroy(struct weir_event_ring *r)
{
	if (!r)
		return;
	rte_ring_free(r->ring);
	free(r);
}

bool weir_event_post(struct weir_event_ring *r, const struct weir_event *e)
{
	if (rte_ring_sp_enqueue_elem(r->ring, (void *)(uintptr_t)e, sizeof(*e)) == 0)
		return true;
	r->full++;
	if (e->type == WEIR_EVENT_HTTP)
		weir_event_http_give(e->http);
	return false;
}

unsigned int weir_event_take(struct weir_event_ring *r, struct weir_event *out, unsigned int max)
{
	return rte_ring_sc_dequeue_burst_elem(r->ring, out, sizeof(*out), max, NULL);
}

struct weir_use weir_event_ring_use(const struct weir_event_ring *r)
{
	return (struct weir_use){
		.used = rte_ring_count(r->ring),
		.size = rte_ring_get_capacity(r->ring),
		.peak = WEIR_USE_UNKNOWN,
		.full = r->full,
	};
}

unsigned int event_ring_waiting(const struct weir_event_ring *r)
{
	return rte_ring_count(r->ring);
}
