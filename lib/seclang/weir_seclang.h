/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SecLang text (ModSecurity's rule language) to a checked rule tree: files, includes, chains,
 * default actions, updates and removals are dealt with here, so that what comes out is the list of
 * rules as they act. What is not supported is an error with its place, never ignored. Knows what
 * may be written, not what it means for a transaction: that is waf/. Control thread only.
 */
#ifndef WEIR_SECLANG_H
#define WEIR_SECLANG_H

#include <weir_base.h>
#include <weir_conf.h>
#include <weir_decode.h>

/* ---- variables ---- */

/* X(id, "NAME", kind): S one value, C a collection whose members can be selected by name. Those of
 * the reference manual that are not here are refused ("not supported"). */
#define WEIR_SEC_VARIABLES(X)                                                      \
	X(ARGS, "ARGS", C)                                                         \
	X(ARGS_GET, "ARGS_GET", C)                                                 \
	X(ARGS_POST, "ARGS_POST", C)                                               \
	X(ARGS_NAMES, "ARGS_NAMES", C)                                             \
	X(ARGS_GET_NAMES, "ARGS_GET_NAMES", C)                                     \
	X(ARGS_POST_NAMES, "ARGS_POST_NAMES", C)                                   \
	X(ARGS_COMBINED_SIZE, "ARGS_COMBINED_SIZE", S)                             \
	X(AUTH_TYPE, "AUTH_TYPE", S)                                               \
	X(DURATION, "DURATION", S)                                                 \
	X(FILES, "FILES", C)                                                       \
	X(FILES_NAMES, "FILES_NAMES", C)                                           \
	X(FILES_SIZES, "FILES_SIZES", C)                                           \
	X(FILES_TMP_CONTENT, "FILES_TMP_CONTENT", C)                               \
	X(FILES_COMBINED_SIZE, "FILES_COMBINED_SIZE", S)                           \
	X(FULL_REQUEST, "FULL_REQUEST", S)                                         \
	X(FULL_REQUEST_LENGTH, "FULL_REQUEST_LENGTH", S)                           \
	X(GEO, "GEO", C)                                                           \
	X(GLOBAL, "GLOBAL", C)                                                     \
	X(HIGHEST_SEVERITY, "HIGHEST_SEVERITY", S)                                 \
	X(INBOUND_DATA_ERROR, "INBOUND_DATA_ERROR", S)                             \
	X(IP, "IP", C)                                                             \
	X(MATCHED_VAR, "MATCHED_VAR", S)                                           \
	X(MATCHED_VAR_NAME, "MATCHED_VAR_NAME", S)                                 \
	X(MATCHED_VARS, "MATCHED_VARS", C)                                         \
	X(MATCHED_VARS_NAMES, "MATCHED_VARS_NAMES", C)                             \
	X(MODSEC_BUILD, "MODSEC_BUILD", S)                                         \
	X(MULTIPART_BOUNDARY_QUOTED, "MULTIPART_BOUNDARY_QUOTED", S)               \
	X(MULTIPART_BOUNDARY_WHITESPACE, "MULTIPART_BOUNDARY_WHITESPACE", S)       \
	X(MULTIPART_CRLF_LF_LINES, "MULTIPART_CRLF_LF_LINES", S)                   \
	X(MULTIPART_DATA_AFTER, "MULTIPART_DATA_AFTER", S)                         \
	X(MULTIPART_DATA_BEFORE, "MULTIPART_DATA_BEFORE", S)                       \
	X(MULTIPART_FILE_LIMIT_EXCEEDED, "MULTIPART_FILE_LIMIT_EXCEEDED", S)       \
	X(MULTIPART_FILENAME, "MULTIPART_FILENAME", C)                             \
	X(MULTIPART_HEADER_FOLDING, "MULTIPART_HEADER_FOLDING", S)                 \
	X(MULTIPART_INVALID_HEADER_FOLDING, "MULTIPART_INVALID_HEADER_FOLDING", S) \
	X(MULTIPART_INVALID_PART, "MULTIPART_INVALID_PART", S)                     \
	X(MULTIPART_INVALID_QUOTING, "MULTIPART_INVALID_QUOTING", S)               \
	X(MULTIPART_LF_LINE, "MULTIPART_LF_LINE", S)                               \
	X(MULTIPART_MISSING_SEMICOLON, "MULTIPART_MISSING_SEMICOLON", S)           \
	X(MULTIPART_SEMICOLON_MISSING, "MULTIPART_SEMICOLON_MISSING", S)           \
	X(MULTIPART_NAME, "MULTIPART_NAME", C)                                     \
	X(MULTIPART_PART_HEADERS, "MULTIPART_PART_HEADERS", C)                     \
	X(MULTIPART_STRICT_ERROR, "MULTIPART_STRICT_ERROR", S)                     \
	X(MULTIPART_UNMATCHED_BOUNDARY, "MULTIPART_UNMATCHED_BOUNDARY", S)         \
	X(OUTBOUND_DATA_ERROR, "OUTBOUND_DATA_ERROR", S)                           \
	X(PATH_INFO, "PATH_INFO", S)                                               \
	X(QUERY_STRING, "QUERY_STRING", S)                                         \
	X(REMOTE_ADDR, "REMOTE_ADDR", S)                                           \
	X(REMOTE_HOST, "REMOTE_HOST", S)                                           \
	X(REMOTE_PORT, "REMOTE_PORT", S)                                           \
	X(REMOTE_USER, "REMOTE_USER", S)                                           \
	X(REQBODY_ERROR, "REQBODY_ERROR", S)                                       \
	X(REQBODY_ERROR_MSG, "REQBODY_ERROR_MSG", S)                               \
	X(REQBODY_PROCESSOR, "REQBODY_PROCESSOR", S)                               \
	X(REQBODY_PROCESSOR_ERROR, "REQBODY_PROCESSOR_ERROR", S)                   \
	X(REQBODY_PROCESSOR_ERROR_MSG, "REQBODY_PROCESSOR_ERROR_MSG", S)           \
	X(REQUEST_BASENAME, "REQUEST_BASENAME", S)                                 \
	X(REQUEST_BODY, "REQUEST_BODY", S)                                         \
	X(REQUEST_BODY_LENGTH, "REQUEST_BODY_LENGTH", S)                           \
	X(REQUEST_COOKIES, "REQUEST_COOKIES", C)                                   \
	X(REQUEST_COOKIES_NAMES, "REQUEST_COOKIES_NAMES", C)                       \
	X(REQUEST_FILENAME, "REQUEST_FILENAME", S)                                 \
	X(REQUEST_HEADERS, "REQUEST_HEADERS", C)                                   \
	X(REQUEST_HEADERS_NAMES, "REQUEST_HEADERS_NAMES", C)                       \
	X(REQUEST_LINE, "REQUEST_LINE", S)                                         \
	X(REQUEST_METHOD, "REQUEST_METHOD", S)                                     \
	X(REQUEST_PROTOCOL, "REQUEST_PROTOCOL", S)                                 \
	X(REQUEST_URI, "REQUEST_URI", S)                                           \
	X(REQUEST_URI_RAW, "REQUEST_URI_RAW", S)                                   \
	X(RESOURCE, "RESOURCE", C)                                                 \
	X(RESPONSE_BODY, "RESPONSE_BODY", S)                                       \
	X(RESPONSE_CONTENT_LENGTH, "RESPONSE_CONTENT_LENGTH", S)                   \
	X(RESPONSE_CONTENT_TYPE, "RESPONSE_CONTENT_TYPE", S)                       \
	X(RESPONSE_HEADERS, "RESPONSE_HEADERS", C)                                 \
	X(RESPONSE_HEADERS_NAMES, "RESPONSE_HEADERS_NAMES", C)                     \
	X(RESPONSE_PROTOCOL, "RESPONSE_PROTOCOL", S)                               \
	X(RESPONSE_STATUS, "RESPONSE_STATUS", S)                                   \
	X(RULE, "RULE", C)                                                         \
	X(SERVER_ADDR, "SERVER_ADDR", S)                                           \
	X(SERVER_NAME, "SERVER_NAME", S)                                           \
	X(SERVER_PORT, "SERVER_PORT", S)                                           \
	X(SESSION, "SESSION", C)                                                   \
	X(SESSIONID, "SESSIONID", S)                                               \
	X(STATUS_LINE, "STATUS_LINE", S)                                           \
	X(TIME, "TIME", S)                                                         \
	X(TIME_DAY, "TIME_DAY", S)                                                 \
	X(TIME_EPOCH, "TIME_EPOCH", S)                                             \
	X(TIME_HOUR, "TIME_HOUR", S)                                               \
	X(TIME_MIN, "TIME_MIN", S)                                                 \
	X(TIME_MON, "TIME_MON", S)                                                 \
	X(TIME_SEC, "TIME_SEC", S)                                                 \
	X(TIME_WDAY, "TIME_WDAY", S)                                               \
	X(TIME_YEAR, "TIME_YEAR", S)                                               \
	X(TX, "TX", C)                                                             \
	X(UNIQUE_ID, "UNIQUE_ID", S)                                               \
	X(URLENCODED_ERROR, "URLENCODED_ERROR", S)                                 \
	X(USER, "USER", C)                                                         \
	X(USERID, "USERID", S)                                                     \
	X(WEBAPPID, "WEBAPPID", S)                                                 \
	X(XML, "XML", C)

enum weir_sec_variable {
#define X(id, name, kind) WEIR_SEC_V_##id,
	WEIR_SEC_VARIABLES(X)
#undef X
		WEIR_SEC_V_END
};
const char *weir_sec_variable_name(enum weir_sec_variable v);
bool weir_sec_variable_is_collection(enum weir_sec_variable v);
/* In any case; -WEIR_ENOTFOUND. */
int weir_sec_variable_find(struct weir_bytes name);

enum weir_sec_selector {
	WEIR_SEC_ALL,       /* the whole collection, or the one value */
	WEIR_SEC_NAME,      /* ARGS:id, any case */
	WEIR_SEC_REGEX,     /* ARGS:/^id/ or ARGS:'/^id/', without slashes; matched in any case */
	WEIR_SEC_XML_TEXT,  /* XML:/ * (all text) */
	WEIR_SEC_XML_ATTRS, /* XML://@* */
};

struct weir_sec_target {
	uint8_t variable; /* enum weir_sec_variable */
	uint8_t selector; /* enum weir_sec_selector */
	bool count;       /* &ARGS */
	bool excluded;    /* !ARGS:id */
	struct weir_bytes name;
};

/* ---- text with macros: %{tx.score} ---- */

struct weir_sec_piece {
	bool is_macro;
	uint8_t variable; /* of a macro */
	struct weir_bytes
		text; /* literal bytes; or the macro's member name as written, empty: none */
};

/* One literal piece, or several. */
struct weir_sec_text {
	struct weir_bytes source; /* as written, unquoted */
	struct weir_sec_piece *pieces;
	uint16_t n_pieces;
	bool has_macro;
};

/* ---- operators ---- */

/* X(id, "name"). Those of the reference manual that are not here are refused. */
#define WEIR_SEC_OPERATORS(X)                           \
	X(BEGINSWITH, "beginsWith")                     \
	X(CONTAINS, "contains")                         \
	X(CONTAINSWORD, "containsWord")                 \
	X(DETECTSQLI, "detectSQLi")                     \
	X(DETECTXSS, "detectXSS")                       \
	X(ENDSWITH, "endsWith")                         \
	X(EQ, "eq")                                     \
	X(GE, "ge")                                     \
	X(GEOLOOKUP, "geoLookup")                       \
	X(GT, "gt")                                     \
	X(IPMATCH, "ipMatch")                           \
	X(IPMATCHFROMFILE, "ipMatchFromFile")           \
	X(LE, "le")                                     \
	X(LT, "lt")                                     \
	X(NOMATCH, "noMatch")                           \
	X(PM, "pm")                                     \
	X(PMFROMFILE, "pmFromFile")                     \
	X(RBL, "rbl")                                   \
	X(RX, "rx")                                     \
	X(STREQ, "streq")                               \
	X(STRMATCH, "strmatch")                         \
	X(UNCONDITIONALMATCH, "unconditionalMatch")     \
	X(VALIDATEBYTERANGE, "validateByteRange")       \
	X(VALIDATEURLENCODING, "validateUrlEncoding")   \
	X(VALIDATEUTF8ENCODING, "validateUtf8Encoding") \
	X(VERIFYCC, "verifyCC")                         \
	X(VERIFYSSN, "verifySSN")                       \
	X(VERIFYCPF, "verifyCPF")                       \
	X(WITHIN, "within")

enum weir_sec_operator {
#define X(id, name) WEIR_SEC_O_##id,
	WEIR_SEC_OPERATORS(X)
#undef X
		WEIR_SEC_O_END
};
const char *weir_sec_operator_name(enum weir_sec_operator o);

struct weir_sec_test {
	uint8_t op; /* enum weir_sec_operator */
	bool negated;
	struct weir_sec_text argument;
	/* @pm: the words; @pmFromFile, @ipMatchFromFile: the lines of the file, comments and empty
	 * lines left out, |68 65 78| undone; @ipMatch: its members */
	struct weir_bytes *phrases;
	uint32_t n_phrases;
};

/* ---- actions ---- */

enum weir_sec_disruptive {
	WEIR_SEC_PASS,
	WEIR_SEC_BLOCK, /* resolved from SecDefaultAction already; stays where that says pass: see
			   `blocks` */
	WEIR_SEC_DENY,
	WEIR_SEC_DROP,
	WEIR_SEC_REDIRECT,
	WEIR_SEC_ALLOW,         /* the rest of the transaction but phase 5 */
	WEIR_SEC_ALLOW_PHASE,   /* allow:phase */
	WEIR_SEC_ALLOW_REQUEST, /* allow:request */
	WEIR_SEC_NO_DISRUPTIVE  /* chain links */
};

enum weir_sec_set { WEIR_SEC_SET, WEIR_SEC_ADD, WEIR_SEC_SUBTRACT, WEIR_SEC_UNSET };

struct weir_sec_setvar {
	uint8_t collection; /* V_TX, V_IP, V_GLOBAL, V_RESOURCE, V_SESSION, V_USER */
	uint8_t how;        /* enum weir_sec_set */
	struct weir_sec_text name;
	struct weir_sec_text value;
};

/* expirevar:ip.block=60 */
struct weir_sec_expirevar {
	uint8_t collection;
	struct weir_sec_text name;
	struct weir_sec_text seconds;
};

/* initcol:ip=%{remote_addr}; setsid, setuid and setrsc come as SESSION, USER, RESOURCE. */
struct weir_sec_initcol {
	uint8_t collection;
	struct weir_sec_text key;
};

enum weir_sec_ctl_kind {
	WEIR_SEC_CTL_AUDIT_ENGINE, /* taken, and means nothing here */
	WEIR_SEC_CTL_AUDIT_LOG_PARTS,
	WEIR_SEC_CTL_FORCE_REQUEST_BODY_VARIABLE, /* value: 0 or 1 */
	WEIR_SEC_CTL_REQUEST_BODY_ACCESS,         /* 0 or 1 */
	WEIR_SEC_CTL_REQUEST_BODY_LIMIT,
	WEIR_SEC_CTL_REQUEST_BODY_PROCESSOR, /* enum weir_sec_processor */
	WEIR_SEC_CTL_RESPONSE_BODY_ACCESS,
	WEIR_SEC_CTL_RESPONSE_BODY_LIMIT,
	WEIR_SEC_CTL_RULE_ENGINE,              /* enum weir_sec_engine_mode */
	WEIR_SEC_CTL_RULE_REMOVE_BY_ID,        /* first, last */
	WEIR_SEC_CTL_RULE_REMOVE_BY_TAG,       /* text: a regular expression, as in v2 */
	WEIR_SEC_CTL_RULE_REMOVE_BY_MSG,       /* text: a regular expression */
	WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_ID, /* first, last; target */
	WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_TAG,
	WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_MSG,
};
enum weir_sec_processor {
	WEIR_SEC_BODY_NONE,
	WEIR_SEC_BODY_URLENCODED,
	WEIR_SEC_BODY_MULTIPART,
	WEIR_SEC_BODY_JSON,
	WEIR_SEC_BODY_XML,
	WEIR_SEC_BODY_GRPC /* no engine else has it: messages of Protocol Buffers */
};

struct weir_sec_ctl {
	uint8_t kind; /* enum weir_sec_ctl_kind */
	uint64_t value;
	uint32_t first, last; /* ids, both included */
	struct weir_bytes text;
	struct weir_sec_target target;
};

/* Those that act at each match. */
enum weir_sec_action_kind {
	WEIR_SEC_A_SETVAR,
	WEIR_SEC_A_EXPIREVAR,
	WEIR_SEC_A_INITCOL,
	WEIR_SEC_A_CTL
};
struct weir_sec_action {
	uint8_t kind;
	union {
		struct weir_sec_setvar setvar;
		struct weir_sec_expirevar expirevar;
		struct weir_sec_initcol initcol;
		struct weir_sec_ctl ctl;
	};
};

/* ---- rules ---- */

enum weir_sec_rule_kind {
	WEIR_SEC_RULE,
	WEIR_SEC_ACTION, /* unconditional: no targets, no test */
	WEIR_SEC_MARKER  /* where skipAfter leads */
};

#define WEIR_SEC_PHASES \
	5 /* 1 request head, 2 request body, 3 response head, 4 response body, 5 log */

struct weir_sec_rule {
	uint8_t kind;  /* enum weir_sec_rule_kind */
	uint8_t phase; /* 1 to 5; of a marker: 0, it stands in each; of a link: its starter's */
	struct weir_conf_pos pos;
	uint32_t id; /* unique; 0: markers and links of chains */
	struct weir_bytes marker;

	struct weir_sec_target *targets; /* in order; exclusions among them */
	uint16_t n_targets;
	struct weir_sec_test test;
	uint8_t *transforms; /* enum weir_transform, in order, t:none resolved */
	uint8_t n_transforms;
	bool multi_match;
	bool capture;

	uint8_t disruptive; /* enum weir_sec_disruptive, `block` resolved by the default actions */
	bool blocks;        /* it was written as `block` */
	bool log;           /* leaves a record */
	bool audit_log;
	uint16_t status; /* of deny and redirect; default 403 and 302 */
	struct weir_sec_text redirect;
	uint8_t severity; /* 0 EMERGENCY to 7 DEBUG; WEIR_SEC_NO_SEVERITY */
	struct weir_sec_text msg, logdata;
	struct weir_bytes rev, ver;
	uint8_t maturity, accuracy;
	struct weir_sec_text *tags;
	uint16_t n_tags;
	struct weir_sec_action *actions; /* in the order written */
	uint16_t n_actions;
	uint32_t skip;                /* rules to be skipped after a match; 0: none */
	struct weir_bytes skip_after; /* marker or id; empty: none */

	struct weir_sec_rule *chain; /* the next link, NULL: the last */
};
#define WEIR_SEC_NO_SEVERITY 255

/* ---- what is not a rule ---- */

enum weir_sec_engine_mode { WEIR_SEC_OFF, WEIR_SEC_DETECTION_ONLY, WEIR_SEC_ON };
enum weir_sec_limit_action { WEIR_SEC_REJECT, WEIR_SEC_PROCESS_PARTIAL };

#define WEIR_SEC_PCRE_MATCH_LIMIT 100000 /* where no directive tells another */

/* Values of directives; what no directive says has ModSecurity's default, named here. */
struct weir_sec_settings {
	uint8_t engine;           /* SecRuleEngine; Off */
	bool request_body_access; /* Off */
	bool response_body_access;
	uint64_t request_body_limit;          /* 134217728 */
	uint64_t request_body_no_files_limit; /* 1048576 */
	uint8_t request_body_limit_action;    /* Reject; of DetectionOnly, always ProcessPartial */
	uint32_t json_depth_limit;            /* SecRequestBodyJsonDepthLimit; 10000, at most
						 WEIR_JSON_DEPTH_MAX acts */
	uint32_t arguments_limit;             /* SecArgumentsLimit; 1000 */
	uint64_t response_body_limit;         /* 524288 */
	uint8_t response_body_limit_action;   /* Reject */
	struct weir_bytes *response_mime_types; /* text/plain text/html */
	uint16_t n_response_mime_types;
	/* SecPcreMatchLimit; 1500 in v2, here WEIR_SEC_PCRE_MATCH_LIMIT, or what it takes to read
	 * a longer value to its end once. */
	uint32_t pcre_match_limit;
	uint32_t pcre_match_limit_recursion;    /* the same */
	uint32_t upload_file_limit;             /* SecUploadFileLimit; 100 */
	uint8_t argument_separator;             /* '&' */
	uint8_t cookie_format;                  /* 0 */
	uint32_t collection_timeout_s;          /* SecCollectionTimeout; 3600 */
	struct weir_bytes component_signatures; /* joined by ", " */
	struct weir_bytes web_app_id;
	struct weir_unicode_map *unicode_map; /* SecUnicodeMapFile FILE 20127; NULL: none */
	bool xml_external_entity;             /* always false: On is refused */
};

struct weir_seclang;
struct weir_seclang *weir_seclang_create(void);
void weir_seclang_destroy(struct weir_seclang *s);

/*
 * Reads a file, or all files that a pattern (glob(7)) names, in the order of their names; includes
 * and data files count from the folder of the file that names them. Wrong: reported with its place,
 * and the rest is read on so that all errors are told at once. A pattern that names nothing is an
 * error; a file that was read before is read again. Returns false when anything was wrong.
 * Includes nest at most 16 deep; a file has at most 64 MiB, a line with its continuations 1 MiB.
 */
WEIR_MUST_CHECK bool weir_seclang_add(struct weir_seclang *s, const char *pattern,
				      struct weir_conf_report *r);
/* From memory; `name` stands for the file and is copied; relative paths count from `folder`. */
WEIR_MUST_CHECK bool weir_seclang_add_text(struct weir_seclang *s, const char *name,
					   const char *folder, struct weir_bytes text,
					   struct weir_conf_report *r);
/*
 * After the last one: applies SecRuleUpdateTargetBy*, SecRuleUpdateActionById and SecRuleRemoveBy*,
 * checks that chains are ended, ids are unique, and each skipAfter has its marker. False: reported.
 */
WEIR_MUST_CHECK bool weir_seclang_finish(struct weir_seclang *s, struct weir_conf_report *r);

/* After finish: rules and markers in the order written, chain links behind their starters only. */
struct weir_sec_rule *const *weir_seclang_rules(const struct weir_seclang *s, uint32_t *n);
const struct weir_sec_settings *weir_seclang_settings(const struct weir_seclang *s);
/* SHA-like 64-bit hash of everything that was read, data files too: key of caches. */
uint64_t weir_seclang_hash(const struct weir_seclang *s);

/* A regular expression of SecRuleRemoveByTag or ctl's ByTag and ByMsg; for waf/, which has the same
 * to do while it compiles. NULL: not an expression, or no memory. */
struct weir_seclang_regex *weir_seclang_regex_create(struct weir_bytes pattern);
/* Whether it is found in a tag or a message. */
bool weir_seclang_regex_matches(const struct weir_seclang_regex *r, struct weir_bytes text);
void weir_seclang_regex_destroy(struct weir_seclang_regex *r);

#endif
