/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of seclang/ share: text whose bytes know their place, lists in an arena, actions
 * as written and merged, and the set that is being read.
 */
#ifndef SECLANG_IMPL_H
#define SECLANG_IMPL_H

#include <weir_seclang.h>

#define INCLUDES_DEEP   16
#define FILE_BYTES_MAX  (64U << 20)
#define LINE_BYTES_MAX  (1U << 20)
#define RULE_LIST_MAX   4096 /* tags, actions, targets of one rule */
#define ARENA_BYTES_MAX ((size_t)2 << 30)

/* ---- growing lists in an arena ---- */

/* What it outgrows stays in the arena: both die together. Pointers into the list move. */
struct list {
	void *items;
	uint32_t n;
	uint32_t cap;
};
/* A zeroed new item of `size` bytes at the end; NULL: no memory. */
void *list_add(struct weir_arena *a, struct list *l, size_t size);
/* `out` becomes what `a` has, and then what `b` has; false: no memory. */
bool list_join(struct weir_arena *arena, struct list *out, const struct list *a,
	       const struct list *b, size_t size);

/* ---- lines and words ---- */

/* Where a part of a directive, which continuation lines make of several, stands in its file. */
struct part {
	uint32_t offset; /* in the directive's text */
	uint32_t line, column;
};

struct line {
	const char *file;
	struct weir_buf text;
	struct weir_buf parts; /* struct part, by offset */
};

/* Unquoted text. `at` has the offset in its line of each byte, and of what follows the last. */
struct word {
	struct weir_bytes text;
	const uint32_t *at;
};

/* A file that is being read. */
struct source {
	const char *name;
	const char *folder; /* that relative paths count from */
	struct weir_bytes rest;
	uint32_t line;
	uint64_t device, inode; /* 0: text from memory */
	struct source *includer;
	unsigned int depth;
};

/* The next directive; false at the end of the source. */
bool next_line(struct weir_seclang *s, struct source *src, struct line *out);
/* Its words, Apache's way: in quotes of either kind, \\ and \" undone. */
bool split_words(struct weir_seclang *s, const struct line *l, struct list *words);
struct word word_part(struct word w, size_t from, size_t len);
/* Without white space at both ends. */
struct word word_trim(struct word w);
bool is_space(uint8_t c);
/* NUL-terminated, in the scratch arena; "" when there is no memory. */
const char *word_string(struct weir_seclang *s, struct weir_bytes b);
/* Of a byte of a word of the directive that is being read. */
struct weir_conf_pos place(const struct weir_seclang *s, struct word w, size_t i);

/* Arguments for "%.*s". */
#define SHOW(b) (int)((b).len > 200 ? 200 : (b).len), (const char *)(b).ptr

/* Reports, and remembers that the set is no good. Is false. */
#define complain(s, at, ...) (weir_conf_error((s)->report, (at), __VA_ARGS__), set_failed(s))
bool set_failed(struct weir_seclang *s);

/* ---- pieces of directives ---- */

/* NAME, NAME:VALUE or NAME:'VALUE' of a list of targets or actions. */
struct item {
	struct word name, value;
	bool has_value;
};
enum item_list { ITEMS_TARGETS, ITEMS_ACTIONS };
/* 1: an item; 0: no more; negative: reported. */
int next_item(struct weir_seclang *s, struct word w, enum item_list kind, size_t *pos,
	      struct item *out);

/* Whose list of targets it is: what may be written differs. */
enum target_list { OF_RULE, OF_CTL, OF_UPDATE };
bool parse_targets(struct weir_seclang *s, struct word w, enum target_list of, struct list *out);
/* A variable and its member as macros and targets name it; HTTP_x is REQUEST_HEADERS:x. */
bool find_variable(struct weir_seclang *s, struct word name, uint8_t *variable,
		   struct weir_bytes *member);
bool needs_member(uint8_t variable);

bool parse_text(struct weir_seclang *s, struct word w, struct weir_sec_text *out);
/* Without a look for macros. */
bool plain_text(struct weir_seclang *s, struct word w, struct weir_sec_text *out);

bool parse_test(struct weir_seclang *s, struct word w, struct weir_sec_test *out);
bool phrases_of_text(struct weir_seclang *s, struct word w, struct weir_sec_test *out);
/* Files that `w` names, parted by white space. */
bool phrases_of_files(struct weir_seclang *s, struct word w, bool addresses,
		      struct weir_sec_test *out);
bool addresses_of_text(struct weir_seclang *s, struct word w, struct weir_sec_test *out);

/* Ids and ranges: "1,3-5 9". */
struct id_range {
	uint32_t first, last;
};
bool parse_ids(struct weir_seclang *s, struct word w, struct list *out);
bool parse_number(struct weir_seclang *s, struct word w, uint64_t min, uint64_t max, uint64_t *out);
/* One of `names`, in any case; -1: reported, naming them all. */
int parse_choice(struct weir_seclang *s, struct word w, const char *const *names, unsigned int n);

/* " (did you mean X?)", or "". */
const char *hint(struct weir_seclang *s, struct weir_bytes text,
		 const char *(*name)(unsigned int i), unsigned int n);
/* Whether the reference manual has it, though it is not supported. */
bool is_foreign_variable(struct weir_bytes name);
bool is_foreign_operator(struct weir_bytes name);
int find_operator(struct weir_bytes name);

/* ---- regular expressions ---- */

enum regex_kind {
	REGEX_RX,       /* @rx: DOTALL, DOLLAR_ENDONLY */
	REGEX_SELECTOR, /* the same, in any case */
	REGEX_TAG       /* SecRuleRemoveByTag and the like: no flags */
};
struct regex;
/* NULL: reported at its place, with what the library says. */
struct regex *regex_compile(struct weir_seclang *s, struct word w, enum regex_kind kind);
bool regex_matches(const struct regex *r, struct weir_bytes text);
void regex_destroy(struct regex *r);
bool regex_check(struct weir_seclang *s, struct word w, enum regex_kind kind);

/* ---- actions ---- */

enum action_bit {
	HAS_ID = 1,
	HAS_PHASE = 1 << 1,
	HAS_DISRUPTIVE = 1 << 2,
	HAS_STATUS = 1 << 3,
	HAS_LOG = 1 << 4,
	HAS_AUDIT_LOG = 1 << 5,
	HAS_SEVERITY = 1 << 6,
	HAS_MSG = 1 << 7,
	HAS_LOGDATA = 1 << 8,
	HAS_REV = 1 << 9,
	HAS_VER = 1 << 10,
	HAS_MATURITY = 1 << 11,
	HAS_ACCURACY = 1 << 12,
	HAS_SKIP = 1 << 13,
	HAS_SKIP_AFTER = 1 << 14,
	HAS_REDIRECT = 1 << 15,
	HAS_CAPTURE = 1 << 16,
	HAS_MULTI_MATCH = 1 << 17,
	HAS_CHAIN = 1 << 18,
};
#define TRANSFORM_NONE 255

/* A list of actions; what `has` does not name is not set. */
struct action_set {
	uint32_t has; /* enum action_bit */
	uint32_t id;
	uint32_t skip;
	uint16_t status;
	uint8_t phase, disruptive, severity, maturity, accuracy;
	bool log, audit_log;
	struct weir_sec_text msg, logdata, redirect;
	struct weir_bytes rev, ver, skip_after;
	struct list tags;       /* struct weir_sec_text */
	struct list transforms; /* uint8_t: enum weir_transform, TRANSFORM_NONE */
	struct list actions;    /* struct weir_sec_action */
	struct weir_conf_pos disruptive_at, id_at, phase_at;
};

enum action_list { OF_STARTER, OF_LINK, OF_DEFAULT, OF_ACTION_UPDATE };
bool parse_actions(struct weir_seclang *s, struct word w, enum action_list of,
		   struct action_set *out);
bool parse_setvar(struct weir_seclang *s, struct word w, struct weir_sec_setvar *out);
bool parse_expirevar(struct weir_seclang *s, struct word w, struct weir_sec_expirevar *out);
bool parse_initcol(struct weir_seclang *s, struct word w, struct weir_sec_initcol *out);
/* Adds what the ctl stands for, one for each id range and target, to the actions. */
bool parse_ctl(struct weir_seclang *s, struct word w, struct list *actions);

/* ---- rules ---- */

/* The public rule is the first member, so that one is found from the other. */
struct rule {
	struct weir_sec_rule rule;
	struct action_set set;  /* with the default actions */
	struct action_set base; /* the default actions that it was merged with */
	bool removed;
};

/* What `child` says, and `parent` where it says nothing; ModSecurity 2's msre_actionset_merge. */
bool merge_actions(struct weir_seclang *s, const struct action_set *parent,
		   const struct action_set *child, struct action_set *out);
/* Phase 5 comes after the response. */
bool may_disrupt(struct weir_seclang *s, uint8_t phase, uint8_t disruptive,
		 struct weir_conf_pos at);
/* Fills the public rule from its set. */
bool resolve_rule(struct weir_seclang *s, struct rule *r);

/* ---- directives ---- */

struct directive {
	const struct word *word; /* the name is the first */
	unsigned int n;          /* words behind it */
};
void run_directive(struct weir_seclang *s, const struct line *l);

bool do_rule(struct weir_seclang *s, const struct directive *d, unsigned int value);
bool do_action(struct weir_seclang *s, const struct directive *d, unsigned int value);
bool do_marker(struct weir_seclang *s, const struct directive *d, unsigned int value);
bool do_default_action(struct weir_seclang *s, const struct directive *d, unsigned int value);
bool do_include(struct weir_seclang *s, const struct directive *d, unsigned int optional);
enum rule_match { BY_ID, BY_TAG, BY_MSG };
bool do_update_target(struct weir_seclang *s, const struct directive *d, unsigned int match);
bool do_update_action(struct weir_seclang *s, const struct directive *d, unsigned int value);
bool do_remove(struct weir_seclang *s, const struct directive *d, unsigned int match);
bool do_unicode_map(struct weir_seclang *s, const struct directive *d, unsigned int value);

/* Directives that are settings, or that mean nothing here. */
struct directive_row {
	const char *name;
	uint8_t min, max; /* words; 255: any number */
	bool (*run)(struct weir_seclang *s, const struct directive *d, unsigned int value);
	unsigned int value;
};
extern const struct directive_row setting_rows[];
extern const unsigned int n_setting_rows;
void default_settings(struct weir_sec_settings *out);
bool finish_settings(struct weir_seclang *s);

/* ---- the set ---- */

struct weir_seclang {
	struct weir_arena arena;         /* all that comes out */
	struct weir_arena scratch;       /* of one directive */
	struct weir_conf_report *report; /* of the call that runs */
	const struct line *line;         /* that is being read */
	struct source *source;
	bool failed;
	bool finished;

	struct list rules; /* struct rule *, markers too, starters only */
	struct action_set defaults[WEIR_SEC_PHASES + 1];
	struct rule *starter, *last; /* of the chain that is open; NULL: none */
	bool lost;                   /* a rule's actions could not be read: a link may follow */
	struct list updates;         /* struct update */

	struct weir_sec_settings settings;
	struct list mime_types; /* struct weir_bytes */
	bool mime_types_given;
	struct list signatures; /* struct weir_bytes */

	struct weir_sec_rule **out;
	uint32_t n_out;
	uint64_t hash;
};

/* Reads a file whole; NULL: reported at `at`. The caller frees. Counted into the hash. */
uint8_t *read_file(struct weir_seclang *s, const char *path, struct weir_conf_pos at,
		   struct weir_bytes *out, struct source *id);
bool read_pattern(struct weir_seclang *s, const char *pattern, bool optional,
		  struct weir_conf_pos at);
bool read_source(struct weir_seclang *s, struct source *src);
/* `path` as it counts from the folder of the file that is being read; in the scratch arena. */
const char *path_from_here(struct weir_seclang *s, struct weir_bytes path);
void hash_bytes(struct weir_seclang *s, struct weir_bytes b);

bool apply_updates(struct weir_seclang *s);
void forget_updates(struct weir_seclang *s);
bool check_rules(struct weir_seclang *s);

#endif
