/* SPDX-License-Identifier: BSD-3-Clause */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>

#define STATEMENT_MAX 160

struct script {
	const char *name;
	const char *statement;
	struct lab lab;
};

static const uint32_t isn[2] = {CLIENT_ISN, SERVER_ISN};

#define must(s, cond, ...)                                                            \
	do {                                                                          \
		if (!(cond)) {                                                        \
			char why[256];                                                \
                                                                                      \
			snprintf(why, sizeof(why), __VA_ARGS__);                      \
			ck_abort_msg("%s: '%s': %s", (s)->name, (s)->statement, why); \
		}                                                                     \
	} while (0)

/* ---- words ---- */

static char *word(char **at)
{
	char *w;

	while (**at == ' ' || **at == '\n' || **at == '\t')
		(*at)++;
	w = *at;
	while (**at && **at != ' ' && **at != '\n' && **at != '\t')
		(*at)++;
	if (**at)
		*(*at)++ = 0;
	return *w ? w : NULL;
}

static uint32_t number(struct script *s, char **at)
{
	char *w = word(at), *end;
	unsigned long long n;

	must(s, w, "a number is missing");
	n = strtoull(w, &end, 10);
	must(s, *end == 0, "'%s' is no number", w);
	return (uint32_t)n;
}

static uint8_t flags_of(struct script *s, const char *w)
{
	static const char letters[] = "FSRPAUEC";
	uint8_t flags = 0;

	for (; *w; w++) {
		const char *at = strchr(letters, *w);

		must(s, at || *w == '.', "'%c' is no flag", *w);
		if (at)
			flags |= (uint8_t)(1 << (at - letters));
	}
	return flags;
}

static void read_blocks(struct script *s, char *w, struct segment *g, uint32_t base)
{
	for (; *w; g->n_sack++) {
		must(s, g->n_sack < 4, "too many blocks");
		g->sack[g->n_sack][0] = base + (uint32_t)strtoul(w, &w, 10);
		must(s, *w++ == '-', "a block is A-B");
		g->sack[g->n_sack][1] = base + (uint32_t)strtoul(w, &w, 10);
		if (*w == ',')
			w++;
	}
}

static void fill(struct segment *g, uint32_t number)
{
	for (uint32_t i = 0; i < g->len; i++)
		g->payload[i] = (uint8_t)(number + i);
}

/* The rest of a statement after its arrow; *has_window tells whether a window was written. */
static void read_segment(struct script *s, char **at, unsigned int from, struct segment *g,
			 bool *has_window)
{
	char *w = word(at);

	memset(g, 0, offsetof(struct segment, payload));
	*has_window = false;
	g->window = 65535;
	g->scale = 0xff;
	must(s, w, "flags are missing");
	g->flags = flags_of(s, w);
	g->seq = isn[from] + number(s, at);
	g->ack = number(s, at);
	if (g->flags & WEIR_TCP_ACK)
		g->ack += isn[!from];
	g->len = (uint16_t)number(s, at);
	fill(g, g->seq);
	while ((w = word(at))) {
		if (strcmp(w, "win") == 0) {
			g->window = (uint16_t)number(s, at);
			*has_window = true;
		} else if (strcmp(w, "mss") == 0) {
			g->mss = (uint16_t)number(s, at);
		} else if (strcmp(w, "scale") == 0) {
			g->scale = (uint8_t)number(s, at);
		} else if (strcmp(w, "maysack") == 0) {
			g->sack_ok = true;
		} else if (strcmp(w, "sack") == 0) {
			read_blocks(s, word(at), g, isn[!from] - (g->flags & WEIR_TCP_SYN));
		} else if (strcmp(w, "ts") == 0) {
			g->timestamp = true;
			g->ts_val = number(s, at);
			g->ts_ecr = number(s, at);
		} else if (strcmp(w, "urg") == 0) {
			g->urgent = (uint16_t)number(s, at);
		} else if (strcmp(w, "ect") == 0) {
			g->ecn = 2;
		} else if (strcmp(w, "ce") == 0) {
			g->ecn = 3;
		} else if (strcmp(w, "from") == 0) {
			fill(g, isn[from] + number(s, at));
		} else if (strcmp(w, "tfo") == 0) {
			g->fast_open = true;
		} else {
			must(s, false, "'%s' is not known", w);
		}
	}
}

/* ---- statements ---- */

static void describe(const struct segment *g, unsigned int from, char *text, size_t len)
{
	int n = snprintf(text, len, "%s%s%s%s%s%s %d %d %u win %u mss %u scale %u%s",
			 g->flags & WEIR_TCP_SYN ? "S" : "", g->flags & WEIR_TCP_FIN ? "F" : "",
			 g->flags & WEIR_TCP_RST ? "R" : "", g->flags & WEIR_TCP_ACK ? "A" : "",
			 g->flags & 0x40 ? "E" : "", g->flags & 0x80 ? "C" : "",
			 (int)(g->seq - isn[from]),
			 g->flags & WEIR_TCP_ACK ? (int)(g->ack - isn[!from]) : (int)g->ack, g->len,
			 g->window, g->mss, g->scale, g->sack_ok ? " maysack" : "");

	if (g->timestamp)
		n += snprintf(text + n, len - (size_t)n, " ts %u %u", g->ts_val, g->ts_ecr);
	for (unsigned int i = 0; i < g->n_sack; i++)
		n += snprintf(text + n, len - (size_t)n, " [%d %d]",
			      (int)(g->sack[i][0] - isn[!from]), (int)(g->sack[i][1] - isn[!from]));
}

static void compare(struct script *s, const struct segment *want, const struct segment *got,
		    unsigned int from, bool with_window)
{
	char text[200];
	uint8_t mask = (uint8_t)~WEIR_TCP_PSH;

	describe(got, from, text, sizeof(text));
	must(s, ((want->flags ^ got->flags) & mask) == 0, "flags: %s", text);
	must(s, want->ecn == got->ecn, "ecn %u: %s", got->ecn, text);
	must(s, want->seq == got->seq, "seq: %s", text);
	must(s, !(want->flags & WEIR_TCP_ACK) || want->ack == got->ack, "ack: %s", text);
	must(s, want->len == got->len, "len: %s", text);
	must(s, !with_window || want->window == got->window, "win: %s", text);
	must(s, want->mss == got->mss && want->scale == got->scale && want->sack_ok == got->sack_ok,
	     "options: %s", text);
	must(s, want->timestamp == got->timestamp, "timestamp: %s", text);
	must(s, !want->timestamp || (want->ts_val == got->ts_val && want->ts_ecr == got->ts_ecr),
	     "timestamp: %s", text);
	must(s, want->n_sack == got->n_sack, "sack: %s", text);
	must(s, memcmp(want->sack, got->sack, want->n_sack * sizeof(want->sack[0])) == 0,
	     "sack: %s", text);
	must(s, got->urgent == 0, "urgent: %s", text);
	must(s, memcmp(want->payload, got->payload, want->len) == 0, "payload: %s", text);
}

static void expect(struct script *s, char **at, unsigned int to)
{
	struct segment want, got;
	char *rest = *at;
	bool with_window;
	char text[200];

	if (strcmp(word(&rest), "-") == 0) {
		if (lab_next(&s->lab, to, &got)) {
			describe(&got, !to, text, sizeof(text));
			must(s, false, "sent: %s", text);
		}
		return;
	}
	if (rest > *at) /* give the word's end back */
		for (char *c = *at; c < rest - 1; c++)
			if (!*c)
				*c = ' ';
	if (rest[-1] == 0)
		rest[-1] = ' ';
	read_segment(s, at, !to, &want, &with_window);
	must(s, lab_next(&s->lab, to, &got), "nothing was sent");
	compare(s, &want, &got, !to, with_window);
}

static void send_one(struct script *s, char **at, unsigned int from)
{
	struct segment g;
	bool has_window;

	read_segment(s, at, from, &g, &has_window);
	lab_send(&s->lab, from, &g);
}

static void check_end(struct script *s, const char *what)
{
	static const char *const names[] = {
		[WEIR_TCP_END_CLOSED] = "closed",
		[WEIR_TCP_END_RESET] = "reset",
		[WEIR_TCP_END_TIMEOUT] = "timeout",
		[WEIR_TCP_END_ABORTED] = "aborted",
	};

	if (strcmp(what, "none") == 0)
		must(s, !s->lab.ended, "it has ended: %s", names[s->lab.end]);
	else
		must(s, s->lab.ended && strcmp(names[s->lab.end], what) == 0, "%s",
		     s->lab.ended ? names[s->lab.end] : "it has not ended");
}

static void check_count(struct script *s, char **at)
{
	const char *name = word(at);
	unsigned int i = 0;

	while (i < WEIR_COUNT_END && strcmp(weir_counter_name((enum weir_counter)i), name) != 0)
		i++;
	must(s, i < WEIR_COUNT_END, "'%s' is no counter", name);
	must(s, s->lab.stats.count[i] == number(s, at), "%llu",
	     (unsigned long long)s->lab.stats.count[i]);
}

/* ---- what weir is asked to do by whoever inspects ---- */

static unsigned int leg_of(struct script *s, char **at)
{
	const char *w = word(at);

	must(s, w && (strcmp(w, "c") == 0 || strcmp(w, "s") == 0), "a side is c or s");
	return w[0] == 's';
}

static void do_write(struct script *s, char **at)
{
	unsigned int leg = leg_of(s, at);
	uint32_t first = isn[!leg] + number(s, at), n = number(s, at);
	const char *refused = word(at);
	static uint8_t bytes[80000];
	int got;

	must(s, n <= sizeof(bytes), "too much");
	for (uint32_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(first + i);
	got = weir_tcp_write(s->lab.tcp, s->lab.conn, leg, weir_bytes_of(bytes, n));
	must(s, got == (refused ? -WEIR_EINVAL : 0), "%d", got);
}

/* False: it is none of these. */
static bool do_own(struct script *s, const char *verb, char **at)
{
	struct weir_tcp *t = s->lab.tcp;
	struct weir_tcp_conn *c = s->lab.conn;

	if (strcmp(verb, "write") == 0) {
		do_write(s, at);
	} else if (strcmp(verb, "shut") == 0) {
		weir_tcp_shut(t, c, leg_of(s, at));
	} else if (strcmp(verb, "apart") == 0) {
		weir_tcp_keep_ends(c);
	} else if (strcmp(verb, "uncouple") == 0) {
		weir_tcp_uncouple(c);
	} else if (strcmp(verb, "tell") == 0) {
		weir_tcp_tell_room(c, leg_of(s, at));
	} else if (strcmp(verb, "told") == 0) {
		unsigned int leg = leg_of(s, at), got = s->lab.told[leg];

		must(s, got == number(s, at), "%u", got);
		return true;
	} else if (strcmp(verb, "abort") == 0) {
		weir_tcp_abort_leg(t, c, leg_of(s, at), s->lab.now_ns);
	} else if (strcmp(verb, "discard") == 0) {
		unsigned int leg = leg_of(s, at);
		uint32_t n = number(s, at), got = weir_tcp_discard(t, c, leg, n);

		must(s, got == n, "%u", got);
	} else if (strcmp(verb, "queued") == 0) {
		uint32_t got = weir_tcp_queued(c, leg_of(s, at));

		must(s, got == number(s, at), "%u", got);
		return true;
	} else if (strcmp(verb, "offset") == 0) {
		uint64_t got = weir_tcp_offset(c, leg_of(s, at));

		must(s, got == number(s, at), "%llu", (unsigned long long)got);
		return true;
	} else if (strcmp(verb, "quiet") == 0 || strcmp(verb, "unquiet") == 0) {
		must(s, weir_tcp_is_quiet(c) == (verb[0] == 'q'), "it is not so");
		return true;
	} else if (strcmp(verb, "flush") != 0) {
		return false;
	}
	if (!s->lab.later || strcmp(verb, "flush") == 0) {
		weir_tcp_flush(t, s->lab.now_ns);
		s->lab.later = false;
		if (s->lab.conn)
			weir_tcp_check(s->lab.conn);
	}
	return true;
}

static void run_statement(struct script *s, char *text);

static void run_lines(struct script *s, const char *text)
{
	const char *before = s->statement;

	while (*text) {
		char line[STATEMENT_MAX], shown[STATEMENT_MAX];
		size_t len = strcspn(text, ";");

		ck_assert_uint_lt(len, sizeof(line));
		memcpy(line, text, len);
		line[len] = 0;
		memcpy(shown, line, len + 1);
		s->statement = shown;
		run_statement(s, line);
		text += len + (text[len] == ';');
	}
	s->statement = before;
}

static void run_statement(struct script *s, char *text)
{
	char *at = text, *verb = word(&at);

	if (!verb)
		return;
	if (strcmp(verb, "open") == 0) {
		run_lines(s, "c> S 0 0 0 mss 1460; s< S 0 0 0 mss 1460; s> SA 0 1 0 mss 1460;"
			     "c< SA 0 1 0 mss 1460; c> A 1 1 0; s< A 1 1 0; c< -; s< -");
	} else if (strcmp(verb, "c>") == 0 || strcmp(verb, "s>") == 0) {
		send_one(s, &at, verb[0] == 's');
	} else if (strcmp(verb, "c<") == 0 || strcmp(verb, "s<") == 0) {
		expect(s, &at, verb[0] == 's');
	} else if (strcmp(verb, "wait") == 0) {
		lab_advance(&s->lab, number(s, &at) * WEIR_NS_PER_MS);
	} else if (strcmp(verb, "drop") == 0) {
		const char *got = weir_drop_name(s->lab.last);

		must(s, strcmp(got, word(&at)) == 0, "%s", got);
	} else if (strcmp(verb, "counted") == 0) {
		check_count(s, &at);
	} else if (strcmp(verb, "end") == 0) {
		check_end(s, word(&at));
	} else if (strcmp(verb, "hold") == 0) {
		s->lab.hold = true;
	} else if (strcmp(verb, "later") == 0) {
		s->lab.later = true;
	} else if (do_own(s, verb, &at)) {
		return;
	} else if (strcmp(verb, "pass") == 0) {
		uint32_t n = number(s, &at);

		weir_tcp_pass(s->lab.tcp, s->lab.conn, 0, n);
		weir_tcp_flush(s->lab.tcp, s->lab.now_ns);
	} else {
		must(s, false, "'%s' is not known", verb);
	}
}

void script_run(const char *name, const char *text, const struct lab_cfg *cfg)
{
	static struct script s;

	s.name = name;
	lab_open(&s.lab, cfg);
	run_lines(&s, text);
	lab_close(&s.lab);
}
