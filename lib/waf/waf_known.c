/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values that a worker has screened before: what stands in User-Agent, Accept and the like, and the
 * names of fields, come again with most requests. A small table keeps, by view and bytes, the slots
 * that they made hot. It holds no more than what screening gives anew, so losing a place costs only
 * time; bytes are compared whole.
 */
#include <assert.h>

#include "waf_program.h"
#include "waf_screen.h"

#define KNOWN_BYTES 168

struct waf_known {
	const struct waf_view *view; /* NULL: a free place */
	waf_bits_loose hot;
	uint16_t len;
	uint8_t bytes[KNOWN_BYTES];
};

size_t waf_known_bytes(void)
{
	return WAF_KNOWN * sizeof(struct waf_known);
}

static struct waf_known *place_of(const struct waf_part *part, const struct waf_view *view,
				  struct weir_bytes bytes)
{
	uint64_t h = (uintptr_t)view + bytes.len;
	size_t i = 0;

	for (; i + 8 <= bytes.len; i += 8) {
		uint64_t word;

		memcpy(&word, bytes.ptr + i, 8);
		h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
	}
	for (; i < bytes.len; i++)
		h = (h ^ bytes.ptr[i]) * 0x9e3779b97f4a7c15ULL;
	return &part->known[(h ^ h >> 32) * 0x9e3779b97f4a7c15ULL >> 56];
}

static_assert(WAF_KNOWN == 256, "a place's number is eight bits of the hash");

/* What differs from request to request is not worth a place. */
bool waf_comes_again(unsigned int list, bool is_name, struct weir_bytes name,
		     struct weir_bytes value)
{
	if (list == WEIR_SEC_V_REQUEST_COOKIES)
		return is_name && name.len <= KNOWN_BYTES;
	if (list != WEIR_SEC_V_REQUEST_HEADERS && list != WEIR_SEC_V_RESPONSE_HEADERS)
		return false;
	if (is_name)
		return name.len <= KNOWN_BYTES;
	return value.len <= KNOWN_BYTES && !weir_bytes_is_case(name, "cookie") &&
	       !weir_bytes_is_case(name, "referer") && !weir_bytes_is_case(name, "date") &&
	       !weir_bytes_is_case(name, "content-length");
}

bool waf_known_find(const struct waf_part *part, const struct waf_view *view,
		    struct weir_bytes bytes, waf_bits *hot)
{
	const struct waf_known *k = place_of(part, view, bytes);

	if (k->view != view || !weir_bytes_equal(weir_bytes_of(k->bytes, k->len), bytes))
		return false;
	*hot = k->hot;
	return true;
}

void waf_known_keep(const struct waf_part *part, const struct waf_view *view,
		    struct weir_bytes bytes, const waf_bits *hot)
{
	struct waf_known *k = place_of(part, view, bytes);

	k->view = view;
	k->hot = *hot;
	k->len = (uint16_t)bytes.len;
	if (bytes.len)
		memcpy(k->bytes, bytes.ptr, bytes.len);
}
