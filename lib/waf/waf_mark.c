/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A transaction that is judged again and again from one place on: for each message of a call of
 * gRPC, say, from behind the head. All that it is lies in its arena, of which an image is kept.
 */
#include "waf_tx.h"

bool weir_waf_tx_mark(struct weir_waf_tx *tx)
{
	const struct weir_arena_source *source = tx->arena.source;

	weir_assert(!tx->turns.work && !tx->image);
	tx->image_bytes = weir_arena_image_bytes(&tx->arena);
	tx->image = source->take(source->context, tx->image_bytes);
	if (tx->image)
		weir_arena_save(&tx->arena, tx->image);
	return tx->image != NULL;
}

/* Records that were opened since then are not the transaction's any more. */
static void close_newer(const struct weir_waf_tx *tx, struct waf_record *const open[WAF_STORES])
{
	for (unsigned int i = 0; i < WAF_STORES; i++)
		if (open[i] != tx->store[i])
			waf_store_close(tx->worker->store, open[i]);
}

void weir_waf_tx_rewind(struct weir_waf_tx *tx, uint64_t unix_ns)
{
	struct waf_record *open[WAF_STORES];
	struct weir_arena arena;

	weir_assert(tx->image);
	waf_abandon(tx);
	memcpy(open, tx->store, sizeof(open));
	arena = tx->arena; /* it holds the transaction itself */
	weir_arena_restore(&arena, tx->image);
	tx->arena = arena;
	close_newer(tx, open);
	tx->begin.unix_ns = unix_ns;
}

void waf_drop_image(struct weir_waf_tx *tx)
{
	if (tx->image)
		tx->arena.source->give(tx->arena.source->context, tx->image, tx->image_bytes);
	tx->image = NULL;
}
