/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses and prefixes of both families in one form. */
#include <weir_base.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

struct weir_addr weir_addr_v4(uint32_t host_order)
{
	struct weir_addr a = {.family = 4, .bytes = {[10] = 0xff, [11] = 0xff}};

	a.bytes[12] = (uint8_t)(host_order >> 24);
	a.bytes[13] = (uint8_t)(host_order >> 16);
	a.bytes[14] = (uint8_t)(host_order >> 8);
	a.bytes[15] = (uint8_t)host_order;
	return a;
}

struct weir_addr weir_addr_v6(const uint8_t bytes[16])
{
	struct weir_addr a = {.family = 6};

	memcpy(a.bytes, bytes, 16);
	return a;
}

uint32_t weir_addr_to_v4(const struct weir_addr *a)
{
	return (uint32_t)a->bytes[12] << 24 | (uint32_t)a->bytes[13] << 16 |
	       (uint32_t)a->bytes[14] << 8 | a->bytes[15];
}

int weir_addr_parse(const char *text, struct weir_addr *out)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1) {
		*out = weir_addr_v4((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
				    (uint32_t)bytes[2] << 8 | bytes[3]);
		return 0;
	}
	if (inet_pton(AF_INET6, text, bytes) == 1) {
		*out = weir_addr_v6(bytes);
		return 0;
	}
	return -WEIR_EFORMAT;
}

/* Clears the bits of `a` past `len`; tells whether any was set. */
static bool clear_host_bits(struct weir_addr *a, uint8_t len)
{
	unsigned int keep = a->family == 4 ? 96u + len : len;
	bool any = false;

	for (unsigned int bit = keep; bit < 128; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> (bit % 8));

		any |= (a->bytes[bit / 8] & mask) != 0;
		a->bytes[bit / 8] &= (uint8_t)~mask;
	}
	return any;
}

static int parse_length(const char *text, unsigned int max, uint8_t *out)
{
	unsigned int len = 0;

	if (!*text || strlen(text) > 3 || (text[0] == '0' && text[1]))
		return -WEIR_EFORMAT;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -WEIR_EFORMAT;
		len = len * 10 + (unsigned int)(*text - '0');
	}
	if (len > max)
		return -WEIR_EFORMAT;
	*out = (uint8_t)len;
	return 0;
}

int weir_prefix_parse(const char *text, struct weir_prefix *out)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char addr[WEIR_ADDR_TEXT];
	unsigned int max;

	if (len >= sizeof(addr))
		return -WEIR_EFORMAT;
	memcpy(addr, text, len);
	addr[len] = '\0';
	if (weir_addr_parse(addr, &out->addr) < 0)
		return -WEIR_EFORMAT;
	max = out->addr.family == 4 ? 32 : 128;
	out->len = (uint8_t)max;
	if (slash && parse_length(slash + 1, max, &out->len) < 0)
		return -WEIR_EFORMAT;
	return clear_host_bits(&out->addr, out->len) ? -WEIR_EINVAL : 0;
}

static char *put_byte(char *to, uint8_t byte)
{
	if (byte >= 100)
		*to++ = (char)('0' + byte / 100);
	if (byte >= 10)
		*to++ = (char)('0' + byte / 10 % 10);
	*to++ = (char)('0' + byte % 10);
	return to;
}

/* Each transaction needs two of them, and inet_ntop() goes through sprintf(). */
static void format_v4(const uint8_t bytes[4], char *to)
{
	for (unsigned int i = 0; i < 4; i++) {
		if (i)
			*to++ = '.';
		to = put_byte(to, bytes[i]);
	}
	*to = '\0';
}

const char *weir_addr_format(const struct weir_addr *a, char text[WEIR_ADDR_TEXT])
{
	text[0] = '\0';
	if (a->family == 4)
		format_v4(a->bytes + 12, text);
	else if (a->family == 6)
		inet_ntop(AF_INET6, a->bytes, text, WEIR_ADDR_TEXT);
	return text;
}

const char *weir_prefix_format(const struct weir_prefix *p, char text[WEIR_PREFIX_TEXT])
{
	size_t len;

	weir_addr_format(&p->addr, text);
	len = strlen(text);
	snprintf(text + len, WEIR_PREFIX_TEXT - len, "/%u", p->len);
	return text;
}

bool weir_prefix_contains(const struct weir_prefix *p, const struct weir_addr *a)
{
	unsigned int bits = p->addr.family == 4 ? 96u + p->len : p->len;
	unsigned int bytes = bits / 8, rest = bits % 8;

	if (a->family != p->addr.family || memcmp(a->bytes, p->addr.bytes, bytes) != 0)
		return false;
	return rest == 0 || (a->bytes[bytes] ^ p->addr.bytes[bytes]) >> (8 - rest) == 0;
}
