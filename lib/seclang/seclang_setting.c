/* SPDX-License-Identifier: BSD-3-Clause */
/* Directives that are one value each; those that mean nothing to weir are checked all the same. */
#include "seclang_impl.h"

#define RESPONSE_BYTES_MAX (1U << 30) /* ModSecurity's hard limit */
#define TIMEOUT_S_MAX      2592000    /* 30 days, as there */

#define AT(field) offsetof(struct weir_sec_settings, field)

void default_settings(struct weir_sec_settings *out)
{
	*out = (struct weir_sec_settings){
		.engine = WEIR_SEC_OFF,
		.request_body_limit = 134217728,
		.request_body_no_files_limit = 1048576,
		.json_depth_limit = 10000,
		.arguments_limit = 1000,
		.response_body_limit = 524288,
		.pcre_match_limit = WEIR_SEC_PCRE_MATCH_LIMIT,
		.pcre_match_limit_recursion = 100000,
		.upload_file_limit = 100,
		.argument_separator = '&',
		.collection_timeout_s = 3600,
	};
}

static void *field(struct weir_seclang *s, unsigned int at)
{
	return (uint8_t *)&s->settings + at;
}

/* ---- kinds of values ---- */

static const char *const off_on[] = {"Off", "On"};

static bool set_switch(struct weir_seclang *s, const struct directive *d, unsigned int at)
{
	int v = parse_choice(s, d->word[1], off_on, 2);

	if (v < 0)
		return false;
	*(bool *)field(s, at) = v;
	return true;
}

/* One of `names`, by its place among them. */
static bool set_choice(struct weir_seclang *s, const struct directive *d, const char *const *names,
		       unsigned int n, uint8_t *to)
{
	int v = parse_choice(s, d->word[1], names, n);

	if (v >= 0)
		*to = (uint8_t)v;
	return v >= 0;
}

static bool set_engine(struct weir_seclang *s, const struct directive *d, unsigned int at)
{
	static const char *const modes[] = {"Off", "DetectionOnly", "On"};

	return set_choice(s, d, modes, 3, field(s, at));
}

static bool set_limit_action(struct weir_seclang *s, const struct directive *d, unsigned int at)
{
	static const char *const names[] = {"Reject", "ProcessPartial"};

	return set_choice(s, d, names, 2, field(s, at));
}

static bool set_cookie_format(struct weir_seclang *s, const struct directive *d, unsigned int at)
{
	static const char *const names[] = {"0", "1"};

	return set_choice(s, d, names, 2, field(s, at));
}

static bool set_bytes(struct weir_seclang *s, const struct directive *d, unsigned int at)
{
	return parse_number(s, d->word[1], 1, INT64_MAX, field(s, at));
}

static bool set_response_limit(struct weir_seclang *s, const struct directive *d, unsigned int at)
{
	return parse_number(s, d->word[1], 1, RESPONSE_BYTES_MAX, field(s, at));
}

static bool set_number(struct weir_seclang *s, const struct directive *d, uint64_t min,
		       uint64_t max, uint32_t *to)
{
	uint64_t n;

	if (!parse_number(s, d->word[1], min, max, &n))
		return false;
	*to = (uint32_t)n;
	return true;
}

static bool set_count(struct weir_seclang *s, const struct directive *d, unsigned int at)
{
	return set_number(s, d, 1, UINT32_MAX, field(s, at));
}

static bool set_count_or_none(struct weir_seclang *s, const struct directive *d, unsigned int at)
{
	return set_number(s, d, 0, UINT32_MAX, field(s, at));
}

static bool set_timeout(struct weir_seclang *s, const struct directive *d, unsigned int at)
{
	return set_number(s, d, 0, TIMEOUT_S_MAX, field(s, at));
}

static bool set_separator(struct weir_seclang *s, const struct directive *d, unsigned int at)
{
	struct word w = d->word[1];

	if (w.text.len != 1)
		return complain(s, place(s, w, 0), "one character must stand here, not \"%.*s\"",
				SHOW(w.text));
	s->settings.argument_separator = *w.text.ptr;
	return true;
}

static bool set_app_id(struct weir_seclang *s, const struct directive *d, unsigned int at)
{
	s->settings.web_app_id = d->word[1].text;
	return true;
}

static bool add_bytes(struct weir_seclang *s, struct list *l, struct weir_bytes b)
{
	struct weir_bytes *slot = list_add(&s->arena, l, sizeof(*slot));

	if (slot)
		*slot = b;
	return slot != NULL;
}

static bool add_signature(struct weir_seclang *s, const struct directive *d, unsigned int at)
{
	return add_bytes(s, &s->signatures, d->word[1].text);
}

/* The first of them takes the place of the default. */
static bool add_mime_types(struct weir_seclang *s, const struct directive *d, unsigned int at)
{
	s->mime_types_given = true;
	for (unsigned int i = 1; i <= d->n; i++)
		if (!add_bytes(s, &s->mime_types, d->word[i].text))
			return false;
	return true;
}

static bool clear_mime_types(struct weir_seclang *s, const struct directive *d, unsigned int at)
{
	s->mime_types_given = true;
	s->mime_types = (struct list){0};
	return true;
}

/* ---- what means nothing here ---- */

enum nothing { A_SWITCH, A_PATH, A_NUMBER, A_MODE, AN_AUDIT_ENGINE, AN_AUDIT_TYPE, A_FORMAT };

static bool check_choice(struct weir_seclang *s, struct word w, enum nothing kind)
{
	static const char *const audit[] = {"Off", "On", "RelevantOnly"};
	static const char *const types[] = {"Serial", "Concurrent", "HTTPS"};
	static const char *const formats[] = {"Native", "JSON"};

	switch (kind) {
	case A_SWITCH:
		return parse_choice(s, w, off_on, 2) >= 0;
	case AN_AUDIT_ENGINE:
		return parse_choice(s, w, audit, 3) >= 0;
	case AN_AUDIT_TYPE:
		return parse_choice(s, w, types, 3) >= 0;
	default:
		return parse_choice(s, w, formats, 2) >= 0;
	}
}

static bool check_mode(struct weir_seclang *s, struct word w)
{
	for (size_t i = 0; i < w.text.len; i++)
		if (w.text.ptr[i] < '0' || w.text.ptr[i] > '7' || w.text.len > 5)
			return weir_bytes_is_case(w.text, "default") ||
			       complain(s, place(s, w, 0),
					"an octal mode or 'default' must stand here");
	return true;
}

static bool ignore(struct weir_seclang *s, const struct directive *d, unsigned int kind)
{
	struct word w = d->word[1];
	uint64_t n;

	if (w.text.len == 0)
		return complain(s, place(s, w, 0), "%.*s needs a value", SHOW(d->word[0].text));
	switch ((enum nothing)kind) {
	case A_PATH:
		return true;
	case A_NUMBER:
		return parse_number(s, w, 0, INT64_MAX, &n);
	case A_MODE:
		return check_mode(s, w);
	default:
		return check_choice(s, w, (enum nothing)kind);
	}
}

static bool ignore_expression(struct weir_seclang *s, const struct directive *d, unsigned int value)
{
	return regex_check(s, d->word[1], REGEX_TAG);
}

static bool ignore_parts(struct weir_seclang *s, const struct directive *d, unsigned int value)
{
	struct word w = d->word[1];

	for (size_t i = 0; i < w.text.len; i++)
		if ((w.text.ptr[i] < 'A' || w.text.ptr[i] > 'K') && w.text.ptr[i] != 'Z')
			return complain(s, place(s, w, i),
					"parts of the audit log are A to K and Z");
	return true;
}

static bool ignore_level(struct weir_seclang *s, const struct directive *d, unsigned int value)
{
	uint64_t n;

	return parse_number(s, d->word[1], 0, 9, &n);
}

/* What is asked for cannot be had, but nothing is let through that would not be: rules that would
 * use it do not match, which the operator should know. */
static bool warn_missing(struct weir_seclang *s, const struct directive *d, unsigned int value)
{
	weir_conf_warning(s->report, place(s, d->word[0], 0), "%.*s is not supported: %s",
			  SHOW(d->word[0].text),
			  value ? "@rbl asks without a key" : "@geoLookup finds nothing");
	return true;
}

/* Features that are not there may be switched off. */
static bool only_off(struct weir_seclang *s, const struct directive *d, unsigned int value)
{
	int v = parse_choice(s, d->word[1], off_on, 2);

	return v == 0 || (v > 0 && complain(s, place(s, d->word[1], 0), "%.*s On is not supported",
					    SHOW(d->word[0].text)));
}

static bool only_semicolon(struct weir_seclang *s, const struct directive *d, unsigned int value)
{
	return weir_bytes_is(d->word[1].text, ";") ||
	       complain(s, place(s, d->word[1], 0),
			"cookies parted by anything but ; are not supported");
}

/* ---- names ---- */

const struct directive_row setting_rows[] = {
	{"SecArgumentSeparator", 1, 1, set_separator, 0},
	{"SecArgumentsLimit", 1, 1, set_count, AT(arguments_limit)},
	{"SecAuditEngine", 1, 1, ignore, AN_AUDIT_ENGINE},
	{"SecAuditLog", 1, 1, ignore, A_PATH},
	{"SecAuditLog2", 1, 1, ignore, A_PATH},
	{"SecAuditLogDirMode", 1, 1, ignore, A_MODE},
	{"SecAuditLogFileMode", 1, 1, ignore, A_MODE},
	{"SecAuditLogFormat", 1, 1, ignore, A_FORMAT},
	{"SecAuditLogParts", 1, 1, ignore_parts, 0},
	{"SecAuditLogRelevantStatus", 1, 1, ignore_expression, 0},
	{"SecAuditLogStorageDir", 1, 1, ignore, A_PATH},
	{"SecAuditLogType", 1, 1, ignore, AN_AUDIT_TYPE},
	{"SecCacheTransformations", 1, 2, ignore, A_PATH},
	{"SecChrootDir", 1, 1, ignore, A_PATH},
	{"SecCollectionTimeout", 1, 1, set_timeout, AT(collection_timeout_s)},
	{"SecComponentSignature", 1, 1, add_signature, 0},
	{"SecContentInjection", 1, 1, only_off, 0},
	{"SecCookieFormat", 1, 1, set_cookie_format, AT(cookie_format)},
	{"SecCookieV0Separator", 1, 1, only_semicolon, 0},
	{"SecDataDir", 1, 1, ignore, A_PATH},
	{"SecDebugLog", 1, 1, ignore, A_PATH},
	{"SecDebugLogLevel", 1, 1, ignore_level, 0},
	{"SecDisableBackendCompression", 1, 1, ignore, A_SWITCH},
	{"SecGeoLookupDb", 1, 1, warn_missing, 0},
	{"SecGuardianLog", 1, 2, ignore, A_PATH},
	{"SecHashEngine", 1, 1, only_off, 0},
	{"SecHttpBlKey", 1, 1, warn_missing, 1},
	{"SecInterceptOnError", 1, 1, ignore, A_SWITCH},
	{"SecPcreMatchLimit", 1, 1, set_count, AT(pcre_match_limit)},
	{"SecPcreMatchLimitRecursion", 1, 1, set_count, AT(pcre_match_limit_recursion)},
	{"SecRequestBodyAccess", 1, 1, set_switch, AT(request_body_access)},
	{"SecRequestBodyInMemoryLimit", 1, 1, ignore, A_NUMBER},
	{"SecRequestBodyJsonDepthLimit", 1, 1, set_count, AT(json_depth_limit)},
	{"SecRequestBodyLimit", 1, 1, set_bytes, AT(request_body_limit)},
	{"SecRequestBodyLimitAction", 1, 1, set_limit_action, AT(request_body_limit_action)},
	{"SecRequestBodyNoFilesLimit", 1, 1, set_bytes, AT(request_body_no_files_limit)},
	{"SecResponseBodyAccess", 1, 1, set_switch, AT(response_body_access)},
	{"SecResponseBodyLimit", 1, 1, set_response_limit, AT(response_body_limit)},
	{"SecResponseBodyLimitAction", 1, 1, set_limit_action, AT(response_body_limit_action)},
	{"SecResponseBodyMimeType", 1, 255, add_mime_types, 0},
	{"SecResponseBodyMimeTypesClear", 0, 0, clear_mime_types, 0},
	{"SecRuleEngine", 1, 1, set_engine, AT(engine)},
	{"SecRulePerfTime", 1, 1, ignore, A_NUMBER},
	{"SecSensorId", 1, 1, ignore, A_PATH},
	{"SecServerSignature", 1, 1, ignore, A_PATH},
	{"SecStatusEngine", 1, 1, ignore, A_SWITCH},
	{"SecStreamInBodyInspection", 1, 1, only_off, 0},
	{"SecStreamOutBodyInspection", 1, 1, only_off, 0},
	{"SecTmpDir", 1, 1, ignore, A_PATH},
	{"SecTmpSaveUploadedFiles", 1, 1, ignore, A_SWITCH},
	{"SecUploadDir", 1, 1, ignore, A_PATH},
	{"SecUploadFileLimit", 1, 1, set_count_or_none, AT(upload_file_limit)},
	{"SecUploadFileMode", 1, 1, ignore, A_MODE},
	{"SecUploadKeepFiles", 1, 1, ignore, AN_AUDIT_ENGINE},
	{"SecWebAppId", 1, 1, set_app_id, 0},
	{"SecXmlExternalEntity", 1, 1, only_off, 0},
};
const unsigned int n_setting_rows = WEIR_ARRAY_LEN(setting_rows);

/* ---- after the last file ---- */

static bool join_signatures(struct weir_seclang *s)
{
	const struct weir_bytes *b = s->signatures.items;
	struct weir_buf joined = {0};

	for (uint32_t i = 0; i < s->signatures.n; i++) {
		weir_buf_str(&joined, i ? ", " : "");
		weir_buf_add(&joined, b[i].ptr, b[i].len);
	}
	s->settings.component_signatures =
		weir_arena_copy(&s->arena, weir_bytes_of(joined.ptr, joined.len));
	weir_buf_fini(&joined);
	return !joined.failed && !s->arena.failed;
}

bool finish_settings(struct weir_seclang *s)
{
	if (!s->mime_types_given && (!add_bytes(s, &s->mime_types, weir_bytes_str("text/plain")) ||
				     !add_bytes(s, &s->mime_types, weir_bytes_str("text/html"))))
		return false;
	if (s->mime_types.n > UINT16_MAX)
		return complain(s, ((struct weir_conf_pos){0}), "over %u MIME types", UINT16_MAX);
	/* As in ModSecurity 2: who only looks does not cut transfers short. */
	if (s->settings.engine == WEIR_SEC_DETECTION_ONLY) {
		s->settings.request_body_limit_action = WEIR_SEC_PROCESS_PARTIAL;
		s->settings.response_body_limit_action = WEIR_SEC_PROCESS_PARTIAL;
	}
	s->settings.response_mime_types = s->mime_types.items;
	s->settings.n_response_mime_types = (uint16_t)s->mime_types.n;
	return join_signatures(s);
}
