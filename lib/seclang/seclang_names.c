/* SPDX-License-Identifier: BSD-3-Clause */
/* Variables and operators by name: those that there are, those that ModSecurity has besides. */
#include "seclang_impl.h"

static const struct {
	const char *name;
	bool collection;
} variables[WEIR_SEC_V_END] = {
#define S               false
#define C               true
#define X(id, text, is) {text, is},
	WEIR_SEC_VARIABLES(X)
#undef X
#undef S
#undef C
};

static const char *const operators[WEIR_SEC_O_END] = {
#define X(id, text) text,
	WEIR_SEC_OPERATORS(X)
#undef X
};

/* Of the reference manual, and not supported. */
static const char *const foreign_variables[] = {
	"ENV",
	"FILES_TMPNAMES",
	"PERF_ALL",
	"PERF_COMBINED",
	"PERF_GC",
	"PERF_LOGGING",
	"PERF_PHASE1",
	"PERF_PHASE2",
	"PERF_PHASE3",
	"PERF_PHASE4",
	"PERF_PHASE5",
	"PERF_RULES",
	"PERF_SREAD",
	"PERF_SWRITE",
	"SCRIPT_BASENAME",
	"SCRIPT_FILENAME",
	"SCRIPT_GID",
	"SCRIPT_GROUPNAME",
	"SCRIPT_MODE",
	"SCRIPT_UID",
	"SCRIPT_USERNAME",
	"SDBM_DELETE_ERROR",
	"STREAM_INPUT_BODY",
	"STREAM_OUTPUT_BODY",
	"USERAGENT_IP",
	"WEBSERVER_ERROR_LOG",
};

static const char *const foreign_operators[] = {
	"fuzzyHash",   "gsbLookup",    "inspectFile",    "rsub",
	"validateDTD", "validateHash", "validateSchema",
};

const char *weir_sec_variable_name(enum weir_sec_variable v)
{
	return variables[v].name;
}

bool weir_sec_variable_is_collection(enum weir_sec_variable v)
{
	return variables[v].collection;
}

int weir_sec_variable_find(struct weir_bytes name)
{
	for (int v = 0; v < WEIR_SEC_V_END; v++)
		if (weir_bytes_is_case(name, variables[v].name))
			return v;
	return -WEIR_ENOTFOUND;
}

const char *weir_sec_operator_name(enum weir_sec_operator o)
{
	return operators[o];
}

int find_operator(struct weir_bytes name)
{
	for (int o = 0; o < WEIR_SEC_O_END; o++)
		if (weir_bytes_is_case(name, operators[o]))
			return o;
	if (weir_bytes_is_case(name, "pmf"))
		return WEIR_SEC_O_PMFROMFILE;
	if (weir_bytes_is_case(name, "ipMatchF"))
		return WEIR_SEC_O_IPMATCHFROMFILE;
	return -WEIR_ENOTFOUND;
}

bool is_foreign_variable(struct weir_bytes name)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(foreign_variables); i++)
		if (weir_bytes_is_case(name, foreign_variables[i]))
			return true;
	return false;
}

bool is_foreign_operator(struct weir_bytes name)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(foreign_operators); i++)
		if (weir_bytes_is_case(name, foreign_operators[i]))
			return true;
	return false;
}

/* These exist by their members only: a rule over a whole one is refused, as in ModSecurity. */
bool needs_member(uint8_t variable)
{
	switch (variable) {
	case WEIR_SEC_V_GEO:
	case WEIR_SEC_V_GLOBAL:
	case WEIR_SEC_V_IP:
	case WEIR_SEC_V_RESOURCE:
	case WEIR_SEC_V_RULE:
	case WEIR_SEC_V_SESSION:
	case WEIR_SEC_V_TX:
	case WEIR_SEC_V_USER:
		return true;
	default:
		return false;
	}
}

/* ---- suggestions ---- */

#define NAME_MAX_BYTES 48

static void lower_into(char out[NAME_MAX_BYTES], const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (char)weir_lower(text[i]);
	out[len] = 0;
}

static const char *nearest(struct weir_bytes text, const char *(*name)(unsigned int i),
			   unsigned int n)
{
	char wanted[NAME_MAX_BYTES], have[NAME_MAX_BYTES];
	unsigned int best = (unsigned int)(text.len < 6 ? 2 : text.len / 3 + 1);
	const char *found = NULL;

	lower_into(wanted, text.ptr, text.len);
	for (unsigned int i = 0; i < n; i++) {
		unsigned int far;

		lower_into(have, (const uint8_t *)name(i), strnlen(name(i), NAME_MAX_BYTES - 1));
		far = weir_edit_distance(wanted, have);
		if (far < best) {
			best = far;
			found = name(i);
		}
	}
	return found;
}

const char *hint(struct weir_seclang *s, struct weir_bytes text,
		 const char *(*name)(unsigned int i), unsigned int n)
{
	const char *near = NULL;
	struct weir_buf b = {0};
	const char *out;

	/* Nobody is told of the others. */
	if (weir_conf_errors(s->report) >= WEIR_CONF_MESSAGES_MAX)
		return "";
	if (text.len && text.len < NAME_MAX_BYTES)
		near = nearest(text, name, n);
	if (!near)
		return "";
	weir_buf_printf(&b, ", did you mean '%s'?", near);
	out = b.failed ? "" : word_string(s, weir_bytes_of(b.ptr, b.len));
	weir_buf_fini(&b);
	return out;
}
