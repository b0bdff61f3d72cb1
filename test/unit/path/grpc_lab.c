/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of gRPC, as their clients hold them. */
#include "grpc_lab.h"

#include <stdlib.h>

uint32_t grpc_call(struct h2_lab *l, const char *bytes, size_t n)
{
	uint32_t id = h2_send(l, CALL, bytes, n);

	h2_seen(l, CLIENT, id)->wait = true;
	h2_pump(l);
	return id;
}

void grpc_say(struct h2_lab *l, uint32_t id, const char *bytes, size_t n)
{
	struct h2_seen *x = h2_seen(l, CLIENT, id);

	ck_assert_ptr_nonnull(x->st);
	x->to_send = bytes;
	x->n_to_send = n;
	weir_http2_resume(x->st);
	h2_pump(l);
}

void grpc_finish(struct h2_lab *l, uint32_t id)
{
	h2_seen(l, CLIENT, id)->wait = false;
	grpc_say(l, id, NULL, 0);
}

char *grpc_large(size_t n)
{
	char *text = calloc(1, n + 5);

	ck_assert_ptr_nonnull(text);
	memset(text + 5, 'x', n);
	for (unsigned int i = 0; i < 4; i++)
		text[1 + i] = (char)(n >> (24 - 8 * i));
	return text;
}
