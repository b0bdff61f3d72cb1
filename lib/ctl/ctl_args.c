/* SPDX-License-Identifier: BSD-3-Clause */
/* Typed readers of a request's members; what is wrong is told by key and value. */
#include "ctl_impl.h"

#include <stdio.h>
#include <strings.h>

#include <weir_pkt.h>

bool ctl_fail(struct ctl_call *call, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(call->error, sizeof(call->error), format, args);
	va_end(args);
	return false;
}

/* Digits only, since JSON from a shell often has numbers in quotes. */
static bool parse_u64(const char *text, uint64_t *out)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' ||
		    __builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return false;
	}
	*out = value;
	return true;
}

static bool read_u64(const json_t *v, uint64_t *out)
{
	if (json_is_string(v))
		return parse_u64(json_string_value(v), out);
	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return false;
	*out = (uint64_t)json_integer_value(v);
	return true;
}

bool ctl_arg_uint(struct ctl_call *call, const char *key, uint64_t min, uint64_t max, uint64_t *out)
{
	const json_t *v = json_object_get(call->args, key);
	uint64_t value;

	if (!v)
		return true;
	if (!read_u64(v, &value) || value < min || value > max)
		return ctl_fail(call, "%s: a whole number from %llu to %llu is wanted", key,
				(unsigned long long)min, (unsigned long long)max);
	*out = value;
	return true;
}

bool ctl_arg_bool(struct ctl_call *call, const char *key, bool *out)
{
	const json_t *v = json_object_get(call->args, key);

	if (!v)
		return true;
	if (!json_is_boolean(v))
		return ctl_fail(call, "%s: true or false is wanted", key);
	*out = json_is_true(v);
	return true;
}

/* NULL with the error set when it is no string or too long to be quoted; `*absent` tells of none.
 */
static const char *arg_text(struct ctl_call *call, const char *key, bool *absent)
{
	const json_t *v = json_object_get(call->args, key);

	*absent = !v;
	if (!v)
		return NULL;
	if (json_is_string(v) && json_string_length(v) < 128)
		return json_string_value(v);
	ctl_fail(call, "%s: a string is wanted", key);
	return NULL;
}

bool ctl_arg_addr(struct ctl_call *call, const char *key, struct weir_addr *out)
{
	bool absent;
	const char *text = arg_text(call, key, &absent);

	if (!text)
		return absent;
	if (weir_addr_parse(text, out) < 0)
		return ctl_fail(call, "%s: '%s' is not an IP address", key, text);
	return true;
}

bool ctl_arg_prefix(struct ctl_call *call, const char *key, struct weir_prefix *out)
{
	char wanted[WEIR_PREFIX_TEXT];
	bool absent;
	const char *text = arg_text(call, key, &absent);
	int rc;

	if (!text)
		return absent;
	rc = weir_prefix_parse(text, out);
	if (rc == -WEIR_EINVAL)
		return ctl_fail(call, "%s: '%s' has bits set below its prefix, did you mean %s?",
				key, text, weir_prefix_format(out, wanted));
	if (rc < 0)
		return ctl_fail(call, "%s: '%s' is not an IP address or prefix", key, text);
	return true;
}

static bool proto_by_name(const char *text, uint8_t *out)
{
	static const struct {
		const char *name;
		uint8_t proto;
	} names[] = {
		{"tcp", WEIR_PROTO_TCP},          {"udp", WEIR_PROTO_UDP},
		{"icmp", WEIR_PROTO_ICMP},        {"icmpv6", WEIR_PROTO_ICMPV6},
		{"ipv6-icmp", WEIR_PROTO_ICMPV6}, {"sctp", WEIR_PROTO_SCTP},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++)
		if (strcasecmp(text, names[i].name) == 0) {
			*out = names[i].proto;
			return true;
		}
	return false;
}

bool ctl_arg_proto(struct ctl_call *call, const char *key, uint8_t *out)
{
	const json_t *v = json_object_get(call->args, key);
	uint64_t number;

	if (!v || (json_is_string(v) && proto_by_name(json_string_value(v), out)))
		return true;
	if (!read_u64(v, &number) || number > 255)
		return ctl_fail(call,
				"%s: tcp, udp, icmp, icmpv6, sctp or a number to 255 is "
				"wanted",
				key);
	*out = (uint8_t)number;
	return true;
}

bool ctl_arg_filter(struct ctl_call *call, struct weir_path_filter *out)
{
	uint64_t port = 0;

	*out = (struct weir_path_filter){0};
	if (!ctl_arg_prefix(call, "any", &out->any) || !ctl_arg_prefix(call, "src", &out->src) ||
	    !ctl_arg_prefix(call, "dst", &out->dst) ||
	    !ctl_arg_uint(call, "port", 1, UINT16_MAX, &port) ||
	    !ctl_arg_proto(call, "proto", &out->proto) ||
	    !ctl_arg_bool(call, "denied", &out->denied_only) ||
	    !ctl_arg_uint(call, "flow_id", 1, UINT64_MAX, &out->flow_id))
		return false;
	out->port = (uint16_t)port;
	return true;
}
