/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers, durations and sizes. Strictly decimal: YAML 1.1 reads 010 as eight and 1:30 as ninety,
 * and a number that two readers understand differently is refused here.
 */
#include <weir_conf.h>

#include <ctype.h>

/* Digits without a leading zero; *end is what follows. False also for what is past 64 bits. */
static bool decimal(const char *text, uint64_t *out, const char **end)
{
	uint64_t n = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return false;
	*out = n;
	*end = p;
	return p > text && !(text[0] == '0' && p - text > 1);
}

/* What is odd about `text`, which `decimal` refused or did not use up. */
static const char *oddity(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (text[0] == '+' || text[0] == '-')
		return "write it without a sign";
	if (text[0] == '0' && text[1] && strchr("xXoObB", text[1]))
		return "numbers are decimal here";
	if (text[0] == '0' && digits > 1)
		return "leave out the leading zero, which YAML 1.1 reads as octal";
	if (digits && !text[digits])
		return "it has more than 64 bits";
	if (digits && strchr("_,", text[digits]))
		return "write its digits without separators";
	if (digits && strchr(".eE", text[digits]))
		return "write it as a whole number, digits only";
	return "write digits only";
}

bool weir_conf_node_u64(const struct weir_conf_node *n, uint64_t min, uint64_t max, uint64_t *out,
			struct weir_conf_report *r)
{
	const char *what = n->key ? n->key : "this", *end;
	uint64_t value;

	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, what, r))
		return false;
	if (!decimal(n->text, &value, &end) || *end) {
		weir_conf_error(r, n->pos, "%s must be a number, not '%s': %s", what, n->text,
				oddity(n->text));
		return false;
	}
	if (value < min || value > max) {
		weir_conf_error(r, n->pos, "%s must lie between %llu and %llu, not %llu", what,
				(unsigned long long)min, (unsigned long long)max,
				(unsigned long long)value);
		return false;
	}
	*out = value;
	return true;
}

bool weir_conf_u64(const struct weir_conf_node *map, const char *key, uint64_t min, uint64_t max,
		   uint64_t *out, struct weir_conf_report *r)
{
	const struct weir_conf_node *n = weir_conf_get(map, key);

	return !n || weir_conf_node_u64(n, min, max, out, r);
}

/* ---- with units ---- */

struct unit {
	const char *name;
	uint64_t factor;
};

/* A quantity's units, smallest first, and how one is written. */
struct quantity {
	const struct unit *units;
	unsigned int n_units;
	const char *example;
};

static const struct unit time_units[] = {
	{"ms", WEIR_NS_PER_MS},         {"s", WEIR_NS_PER_S},         {"m", 60 * WEIR_NS_PER_S},
	{"h", 60 * 60 * WEIR_NS_PER_S}, {"d", 86400 * WEIR_NS_PER_S},
};
static const struct unit size_units[] = {
	{"", 1},
	{"KiB", 1ULL << 10},
	{"MiB", 1ULL << 20},
	{"GiB", 1ULL << 30},
};
static const struct quantity duration = {time_units, WEIR_ARRAY_LEN(time_units),
					 "250ms, 30s, 5m, 2h or 1d"};
static const struct quantity size = {size_units, WEIR_ARRAY_LEN(size_units),
				     "4096 (bytes), 64KiB, 512MiB or 2GiB"};

static const struct unit *find_unit(const struct quantity *q, const char *name)
{
	for (unsigned int i = 0; i < q->n_units; i++)
		if (strcmp(q->units[i].name, name) == 0)
			return &q->units[i];
	return NULL;
}

/* In the largest unit that divides it; a value below every unit is rounded up to the smallest. */
static void print_quantity(const struct quantity *q, uint64_t value, struct weir_buf *out)
{
	const struct unit *u = &q->units[0];

	for (unsigned int i = 1; value && i < q->n_units; i++)
		if (value % q->units[i].factor == 0)
			u = &q->units[i];
	weir_buf_printf(out, "%llu%s",
			(unsigned long long)(value / u->factor + (value % u->factor != 0)),
			u->name);
}

static void report_range(const struct quantity *q, const struct weir_conf_node *n, uint64_t min,
			 uint64_t max, struct weir_conf_report *r)
{
	struct weir_buf low = {0}, high = {0};

	print_quantity(q, min, &low);
	print_quantity(q, max, &high);
	weir_conf_error(r, n->pos, "%s must lie between %s and %s, not %s", n->key,
			low.ptr ? low.ptr : "?", high.ptr ? high.ptr : "?", n->text);
	weir_buf_fini(&low);
	weir_buf_fini(&high);
}

static bool read_quantity(const struct quantity *q, const struct weir_conf_node *n, uint64_t *out,
			  struct weir_conf_report *r)
{
	const struct unit *u;
	const char *end;
	uint64_t value;

	if (!decimal(n->text, &value, &end)) {
		weir_conf_error(r, n->pos,
				"%s must be a number with its unit, such as %s, not '%s'", n->key,
				q->example, n->text);
		return false;
	}
	u = find_unit(q, end);
	if (!u) {
		weir_conf_error(r, n->pos, "%s: %s in '%s', write %s", n->key,
				*end ? "unknown unit" : "no unit", n->text, q->example);
		return false;
	}
	if (!__builtin_mul_overflow(value, u->factor, out))
		return true;
	weir_conf_error(r, n->pos, "%s: '%s' has more than 64 bits", n->key, n->text);
	return false;
}

static bool take_quantity(const struct quantity *q, const struct weir_conf_node *map,
			  const char *key, const uint64_t range[2], uint64_t *out,
			  struct weir_conf_report *r)
{
	const struct weir_conf_node *n = weir_conf_get(map, key);
	uint64_t value;

	if (!n)
		return true;
	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, key, r) || !read_quantity(q, n, &value, r))
		return false;
	if (value < range[0] || value > range[1]) {
		report_range(q, n, range[0], range[1], r);
		return false;
	}
	*out = value;
	return true;
}

bool weir_conf_duration(const struct weir_conf_node *map, const char *key, uint64_t min_ns,
			uint64_t max_ns, uint64_t *out_ns, struct weir_conf_report *r)
{
	return take_quantity(&duration, map, key, (uint64_t[]){min_ns, max_ns}, out_ns, r);
}

bool weir_conf_size(const struct weir_conf_node *map, const char *key, uint64_t min, uint64_t max,
		    uint64_t *out_bytes, struct weir_conf_report *r)
{
	return take_quantity(&size, map, key, (uint64_t[]){min, max}, out_bytes, r);
}
