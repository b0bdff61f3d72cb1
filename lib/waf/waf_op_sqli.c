/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values in which libinjection cannot find SQL, told apart at a tenth of its cost.
 *
 * libinjection cuts a value into tokens, folds them, and looks up the string of their types. None
 * of the strings that it knows is made of
 *     n 1 f o , . : ; ?    names, numbers, functions, operators, punctuation      (A)
 *     n 1 f k v , . : ?    the same with keywords and variables, not operators    (B)
 * alone, but for some of three tokens with a keyword in the middle, which it then lets pass unless
 * that is INTO; and folding makes no type outside these sets from types within. So a value of which
 * all tokens are known to be of (A), or all of (B), is harmless. The types of tokens follow from
 * bytes, and from words. Where a token may begin or end is taken more widely here than there, and
 * what is not understood goes to libinjection. waf_inject_self_test() tries all strings of types.
 */
#include "waf_op_impl.h"

/* Types that a byte or a word brings. With OTHER libinjection is asked. */
#define OTHER    0x01
#define KEYWORD  0x02
#define VARIABLE 0x04
#define OPERATOR 0x08
/* Of bytes only. */
#define WORD   0x10 /* stands in names, keywords and numbers */
#define SIGN   0x20 /* a number's exponent or fraction may follow */
#define DOUBLE 0x40 /* two of them, or with what follows, may be another token */
#define POINT  0x80 /* may stand within a name */

#define WORD_MAX   29 /* bytes of the longest word */
#define TABLE_MASK (OP_SQLI_SLOTS - 1)
#define LOOK_EVERY (32u << 10) /* bytes between two looks at the clock */

/* clang-format off */
/* Words whose type is in neither set, and one of each phrase whose type is not. */
static const char *const words_other[] = {
	"_armscii8", "_ascii", "_big5", "_binary", "_cp1250", "_cp1251", "_cp1257", "_cp850",
	"_cp852", "_cp866", "_cp932", "_dec8", "_eucjpms", "_euckr", "_gb2312", "_gbk",
	"_geostd8", "_greek", "_hebrew", "_hp8", "_keybcs2", "_koi8r", "_koi8u", "_latin1",
	"_latin2", "_latin5", "_latin7", "_macce", "_macroman", "_sjis", "_swe7", "_tis620",
	"_ujis", "_usc2", "_utf8", "and", "anyarray", "anyelement", "anynonarry", "begin",
	"bigint", "bigserial", "binary", "boolean", "bytea", "call", "case", "character",
	"collate", "create", "cstring", "decimal", "declare", "delete", "double", "drop",
	"except", "exec", "execute", "float", "float4", "float8", "go", "goto", "group",
	"handler", "having", "insert", "int", "int1", "int2", "int3", "int4", "int8", "integer",
	"intersect", "into", "limit", "load", "money", "numeric", "oid", "or", "order", "own3d",
	"partition", "print", "raiseerror", "real", "regclass", "regconfig", "regdictionary",
	"regoper", "regoperator", "regproc", "regprocedure", "regtype", "select", "serial",
	"serial2", "serial4", "serial8", "set", "shutdown", "similar", "smallint", "smallserial",
	"text", "timestamp", "try", "uni_on", "union", "update", "use", "varchar", "void",
	"waitfor", "while", "xor",
};

/* Of type k, and one of each phrase of that type. Functions that begin with IF become statements
 * after a semicolon, which is of (A) alone. */
static const char *const words_keyword[] = {
	"abort", "accessible", "against", "all_users", "alter", "analyze", "as", "asc",
	"asensitive", "autoincrement", "before", "blob", "both", "cascade", "change", "column",
	"condition", "constraint", "continue", "count_big", "cursor", "databases", "day_hour",
	"day_microsecond", "day_minute", "day_second", "dec", "default", "delay", "delayed",
	"desc", "describe", "deterministic", "distinct", "distinctrow", "each", "else", "elseif",
	"enclosed", "escaped", "exit", "explain", "fetch", "force", "foreign", "from",
	"fulltext", "function", "grant", "high_priority", "hour_microsecond", "hour_minute",
	"hour_second", "if", "iff", "ifnull", "ignore", "in", "index", "infile", "inner", "inout", "insensitive",
	"interval", "iterate", "join", "keys", "kill", "leading", "leave", "linear", "lines",
	"lock", "longblob", "longtext", "loop", "low_priority", "master_bind",
	"master_ssl_verify_server_cert", "match", "maxvalue", "mediumblob", "mediumint",
	"mediumtext", "merge", "middleint", "minute_microsecond", "minute_second", "modifies",
	"natural", "no_write_to_binlog", "notnull", "nowait", "offset", "one_shot", "open",
	"optimize", "option", "optionally", "outer", "outfile", "precision", "primary",
	"procedure", "purge", "range", "read", "read_write", "reads", "references", "release",
	"rename", "repeat", "replace", "require", "resignal", "restrict", "return", "revoke",
	"rollup", "schema", "schemas", "second_microsecond", "sensitive", "separator", "signal",
	"spatial", "specific", "sql", "sql_big_result", "sql_buffer_result", "sql_cache",
	"sql_calc_found_rows", "sql_no_cache", "sql_small_result", "sqlexception", "sqlstate",
	"sqlwarning", "ssl", "starting", "straight_join", "syscolumns", "sysobjects", "sysusers",
	"terminated", "then", "time", "tinyblob", "tinyint", "tinytext", "top", "trigger",
	"undo", "unlock", "unsigned", "usage", "utc_date", "utc_time", "utc_timestamp", "value",
	"values", "varbinary", "varcharacter", "varying", "wait", "when", "where",
	"xp_execresultset", "year_month", "zerofill",
};

/* Of type v, and one of each phrase. */
static const char *const words_variable[] = {
	"current", "current_date", "current_path", "current_server", "current_time",
	"current_timestamp", "current_timezone", "current_user", "localtime", "localtimestamp",
	"null", "unknown",
};

/* Of type o, and of each phrase. */
static const char *const words_operator[] = {
	"between", "div", "eqv", "is", "like", "mod", "not", "regexp", "rlike", "sounds",
	"uescape",
};
/* clang-format on */

/* ---- words ---- */

#define HEAD_MAX 8

/* One byte more of a word's head; letters in lower case. Other bytes that this makes alike, and
 * words of the same length that begin alike, only cost time. */
static uint64_t head_add(uint64_t head, uint8_t c)
{
	return head << 8 | c | 0x20;
}

static uint64_t head_of(const uint8_t *at, size_t len)
{
	uint64_t head = 0;

	for (size_t i = 0; i < len && i < HEAD_MAX; i++)
		head = head_add(head, at[i]);
	return head;
}

/* The lower bits are for the types. */
#define HASH_MASK 0xfffffff0u

static uint32_t hash_of(uint64_t head, size_t len)
{
	return (uint32_t)((head + len) * 0x9e3779b97f4a7c15ULL >> 32) & HASH_MASK;
}

static uint32_t hash_slot(uint32_t h)
{
	return (h ^ h >> 15) >> 4 & TABLE_MASK;
}

static void add_words(struct op_sqli_words *w, const char *const *words, size_t n, uint8_t type)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(words[i]);
		uint32_t h = hash_of(head_of((const uint8_t *)words[i], len), len), at;

		for (at = hash_slot(h); w->slot[at]; at = (at + 1) & TABLE_MASK)
			if ((w->slot[at] & HASH_MASK) == h)
				break;
		w->slot[at] |= h | type;
	}
}

void waf_sqli_words_init(struct op_sqli_words *w)
{
	memset(w, 0, sizeof(*w));
	add_words(w, words_other, WEIR_ARRAY_LEN(words_other), OTHER);
	add_words(w, words_keyword, WEIR_ARRAY_LEN(words_keyword), KEYWORD);
	add_words(w, words_variable, WEIR_ARRAY_LEN(words_variable), VARIABLE);
	add_words(w, words_operator, WEIR_ARRAY_LEN(words_operator), OPERATOR);
}

static uint8_t find_head(const struct op_sqli_words *w, uint64_t head, size_t len)
{
	uint32_t h = hash_of(head, len);

	if (len > WORD_MAX || len < 2)
		return 0; /* no word is so short */
	for (uint32_t slot = hash_slot(h); w->slot[slot]; slot = (slot + 1) & TABLE_MASK)
		if ((w->slot[slot] & HASH_MASK) == h)
			return (uint8_t)(w->slot[slot] & ~HASH_MASK);
	return 0;
}

static uint8_t find_word(const struct op_sqli_words *w, const uint8_t *at, const uint8_t *end)
{
	size_t len = (size_t)(end - at);

	return find_head(w, head_of(at, len), len);
}

/* ---- bytes ---- */

/*
 * libinjection's parsers by their first byte. White space and brackets bring nothing of their own;
 * quotes, comments, parentheses, braces, money and backslashes are OTHER, as are
 * control characters. 0xa0 is white space there and part of UTF-8 here: both end a word.
 */
static const uint8_t byte_types[256] = {
	[0 ... 8] = OTHER,
	['\v'] = OTHER,
	['\f'] = OTHER,
	[14 ... 31] = OTHER,
	['"'] = OTHER,
	['#'] = OTHER,
	['$'] = OTHER,
	['\''] = OTHER,
	['('] = OTHER,
	[')'] = OTHER,
	[';'] = OPERATOR,
	['\\'] = OTHER,
	['`'] = OTHER,
	['{'] = OTHER,
	['}'] = OTHER,
	[127] = OTHER,
	['!'] = OPERATOR,
	['%'] = OPERATOR,
	['*'] = OPERATOR,
	['<'] = OPERATOR,
	['='] = OPERATOR,
	['>'] = OPERATOR,
	['^'] = OPERATOR,
	['~'] = OPERATOR,
	['&'] = OPERATOR | DOUBLE,
	['|'] = OPERATOR | DOUBLE,
	['/'] = OPERATOR | DOUBLE,
	['-'] = OPERATOR | DOUBLE | SIGN,
	[':'] = DOUBLE,
	['+'] = OPERATOR | SIGN,
	['.'] = SIGN | POINT,
	['@'] = VARIABLE,
	['0' ... '9'] = WORD,
	['A' ... 'Z'] = WORD,
	['a' ... 'z'] = WORD,
	['_'] = WORD,
	[128 ... 159] = WORD,
	[161 ... 255] = WORD,
};

/* Comments, && and ||, :: and :=. `next` is 0 at the end, where a colon is an operator. */
static uint8_t types_of_two(uint8_t c, uint8_t next)
{
	if (c == '/')
		return next == '*' ? OTHER : 0;
	if (c == ':')
		return next == ':' || next == '=' || !next ? OPERATOR : 0;
	return next == c ? OTHER : 0;
}

/* ---- numbers, which a word may follow at once ---- */

static const uint8_t *skip_digits(const uint8_t *at, const uint8_t *end)
{
	while (at < end && (uint8_t)(*at - '0') < 10)
		at++;
	return at;
}

static bool is_letter(const uint8_t *at, const uint8_t *end, char letter)
{
	return at < end && (*at | 0x20) == letter;
}

/* The word that begins at `at`, should a number end there. After a digit that could be another
 * number, which does not happen in text. */
static uint8_t types_after(const struct op_sqli_words *w, const uint8_t *at, const uint8_t *end)
{
	if (at == end)
		return 0;
	return (uint8_t)(*at - '0') < 10 ? OTHER : find_word(w, at, end);
}

/* What follows 0x… and 0b…. */
static uint8_t types_after_prefix(const struct op_sqli_words *w, const uint8_t *at,
				  const uint8_t *end)
{
	if (at + 1 >= end || at[0] != '0')
		return 0;
	if (is_letter(at + 1, end, 'x')) {
		for (at += 2; at < end && weir_hex_value(*at) >= 0;)
			at++;
		return types_after(w, at, end);
	}
	if (is_letter(at + 1, end, 'b')) {
		for (at += 2; at < end && (*at == '0' || *at == '1');)
			at++;
		return types_after(w, at, end);
	}
	return 0;
}

/* [at, end) begins with a number's digits, or stands behind its point or the sign of its exponent:
 * every place in it where the number can be over. */
static uint8_t types_in_number(const struct op_sqli_words *w, const uint8_t *at, const uint8_t *end)
{
	uint8_t types = types_after_prefix(w, at, end);
	const uint8_t *begin = at;

	at = skip_digits(at, end);
	if (at > begin) /* else that is the word itself */
		types |= types_after(w, at, end);
	if (is_letter(at, end, 'e')) {
		at = skip_digits(at + 1, end);
		types |= types_after(w, at, end);
	}
	/* A suffix of Oracle's is part of the number before UNION, and at its end. */
	if ((is_letter(at, end, 'd') || is_letter(at, end, 'f')) && is_letter(at + 1, end, 'u'))
		types |= types_after(w, at + 1, end);
	return types;
}

/* ---- a value ---- */

/* A number may reach up to `start`, where its fraction's digits or those of its exponent stand, or
 * would stand: "1.", "1.5e-". A point with no digit on either side is no number. */
static bool may_go_on(struct weir_bytes value, size_t start)
{
	const uint8_t *at = value.ptr + start;

	if (start < 2 || !(byte_types[at[-1]] & SIGN))
		return false;
	return at[-1] == '.' ? (uint8_t)(at[-2] - '0') < 10 : (at[-2] | 0x20) == 'e';
}

/* The word from `start` on: its end is in *end. */
static uint8_t types_of_word(const struct op_sqli_words *w, struct weir_bytes value, size_t start,
			     size_t *end)
{
	const uint8_t *at = value.ptr + start, *last = value.ptr + value.len, *i = at;
	bool is_digit = (uint8_t)(*at - '0') < 10; /* with which no word begins */
	uint64_t head = 0;
	uint8_t types;

	for (; i < last && byte_types[*i] & WORD; i++)
		if (i - at < HEAD_MAX)
			head = head_add(head, *i);
	*end = (size_t)(i - value.ptr);
	if (is_digit && skip_digits(at, i) == i)
		return 0; /* a number, and nothing behind it */
	types = is_digit ? 0 : find_head(w, head, (size_t)(i - at));
	if (is_digit || may_go_on(value, start))
		types |= types_in_number(w, at, i);
	return types;
}

/* Without these a value is numbers and then at most one word. Of the known strings of types only 1U
 * is so, which passes when it is all there is. */
void waf_sqli_needed_bytes(struct waf_set *set)
{
	*set = (struct waf_set){0};
	for (unsigned int c = 0; c < 256; c++)
		if (!(byte_types[c] & WORD))
			waf_set_add(set, (uint8_t)c);
}

/*
 * libinjection reads names and points up to the first point as one word, and goes on behind it only
 * when that is a known word or, with what follows up to another point, becomes one. It is one name
 * then, whatever it says.
 */
bool waf_inject_is_json_name(struct weir_bytes value)
{
	static const char begin[] = "json.";
	bool plain = true;

	if (value.len < sizeof(begin) || memcmp(value.ptr, begin, sizeof(begin) - 1) != 0)
		return false;
	for (size_t i = sizeof(begin) - 1; i < value.len; i++)
		plain &= (byte_types[value.ptr[i]] & (WORD | POINT)) != 0;
	return plain;
}

bool waf_inject_sqli_possible(const struct op_sqli_words *w, struct weir_bytes value,
			      const struct waf_scratch *s)
{
	uint8_t types = 0, t;
	size_t i = 0, next = LOOK_EVERY;

	if (waf_inject_is_json_name(value))
		return false;
	while (i < value.len) {
		if (weir_unlikely(i >= next)) {
			next = i + LOOK_EVERY;
			if (s && op_is_late(s))
				return true;
		}
		t = byte_types[value.ptr[i]];
		if (t & WORD) {
			types |= types_of_word(w, value, i, &i);
		} else {
			types |= t;
			if (t & DOUBLE)
				types |= types_of_two(value.ptr[i],
						      i + 1 < value.len ? value.ptr[i + 1] : 0);
			i++;
		}
		if (types & OTHER || (types & OPERATOR && types & (KEYWORD | VARIABLE)))
			return true;
	}
	return false;
}
