/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics as a scraper reads them: every line well formed, families declared once. */
#include "fixture.h"

#include <weir_test.h>

#include <ctype.h>
#include <stdio.h>

#define FAMILIES_MAX 256

struct reader {
	char family[FAMILIES_MAX][80];
	unsigned int n;
	unsigned int samples;
};

static bool is_family(const struct reader *r, const char *name)
{
	for (unsigned int i = 0; i < r->n; i++)
		if (strcmp(r->family[i], name) == 0)
			return true;
	return false;
}

static void read_comment(struct reader *r, const char *line)
{
	char name[80], type[16];

	if (sscanf(line, "# TYPE %79s %15s", name, type) != 2) {
		ck_assert_msg(strncmp(line, "# HELP weir_", 12) == 0, "%s", line);
		return;
	}
	ck_assert_msg(!is_family(r, name), "%s is declared twice", name);
	ck_assert_msg(strcmp(type, "counter") == 0 || strcmp(type, "gauge") == 0, "%s", line);
	if (strcmp(type, "counter") == 0)
		ck_assert_str_eq(name + strlen(name) - 6, "_total");
	ck_assert_uint_lt(r->n, FAMILIES_MAX);
	strcpy(r->family[r->n++], name);
}

/* weir_name{label="value",…} 123 */
static void read_sample(struct reader *r, const char *line)
{
	size_t len = strcspn(line, "{ ");
	char name[80];
	const char *at = line + len;
	char *end;

	ck_assert_uint_lt(len, sizeof(name));
	memcpy(name, line, len);
	name[len] = '\0';
	ck_assert_msg(r->n > 0 && strcmp(name, r->family[r->n - 1]) == 0,
		      "%s does not stand under its own TYPE", line);
	if (*at == '{') {
		at = strrchr(line, '}');
		ck_assert_msg(at != NULL, "%s", line);
		at++;
	}
	ck_assert_int_eq(*at, ' ');
	ck_assert_msg(isdigit((unsigned char)at[1]), "%s", line);
	strtod(at + 1, &end);
	ck_assert_msg(*end == '\0', "%s", line);
	r->samples++;
}

static void read_all(struct reader *r, char *text)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (*line == '#')
			read_comment(r, line);
		else
			read_sample(r, line);
}

START_TEST(every_line_is_well_formed_and_every_family_declared_once)
{
	struct fixture *f = fixture_create();
	struct reader *r = calloc(1, sizeof(*r));
	struct weir_buf out = {0};

	weir_ctl_metrics(f->ctl, &out);
	ck_assert_int_eq(out.ptr[out.len - 1], '\n');
	read_all(r, out.ptr);
	ck_assert_uint_gt(r->samples, 2 * WEIR_DROP_END);
	weir_buf_fini(&out);
	free(r);
	fixture_destroy(f);
}
END_TEST

START_TEST(what_was_counted_is_there)
{
	static const char *const wanted[] = {
		"weir_rx_packets_total{worker=\"1\"} 77\n",
		"weir_drops_total{reason=\"policy_deny\",worker=\"0\"} 3\n",
		"weir_flows{worker=\"0\"} 12\n",
		"weir_mbufs_free{worker=\"1\"} 4000\n",
		"weir_pool_used{pool=\"names\",worker=\"1\"} 12\n",
		"weir_pool_size{pool=\"names\",worker=\"1\"} 4096\n",
		"weir_pool_peak{pool=\"names\",worker=\"1\"} 40\n",
		"weir_pool_full_total{pool=\"names\",worker=\"1\"} 2\n",
		"weir_pool_used{pool=\"mbufs\",worker=\"0\"} 77\n",
		"weir_stage_cycles_total{stage=\"police\",worker=\"0\"} 900\n",
		"weir_http_cycles_total{work=\"request_end\",worker=\"1\"} 4321\n",
		"weir_http_malformed_total{error=\"HOST_TWICE\",worker=\"1\"} 7\n",
		"weir_http2_errors_total{side=\"server\",error=\"PROTOCOL\",worker=\"1\"} 3\n",
		"weir_tls_errors_total{side=\"server\",error=\"CERT_NAME\",worker=\"1\"} 5\n",
		"weir_port_rx_missed_total{port=\"inside\"} 5\n",
		"weir_port_up{port=\"outside\"} 1\n",
		"weir_published_generation 1\n",
		"weir_build_info{version=\"1.2.3-test\"} 1\n",
		"weir_reloads_total{result=\"published\"} 0\n",
		"weir_event_records_total ",
		"weir_uptime_seconds ",
	};
	struct fixture *f = fixture_create();
	struct weir_buf out = {0};

	f->path.stats[1].count[WEIR_COUNT_RX_PACKETS] = 77;
	f->path.stats[0].drop[WEIR_DROP_POLICY_DENY] = 3;
	f->path.stats[0].stage_cycles[WEIR_STAGE_POLICE] = 900;
	f->path.stats[1].http_cycles[WEIR_HTTP_WORK_REQUEST_END] = 4321;
	f->path.gauges[0].flows = 12;
	f->path.gauges[1].mbufs_free = 4000;
	f->path.pools[1][WEIR_PATH_POOL_NAMES] = (struct weir_use){12, 4096, 40, 2};
	f->path.pools[0][WEIR_PATH_POOL_MBUFS] =
		(struct weir_use){.used = 77, .peak = WEIR_USE_UNKNOWN};
	f->port[1].counters.rx_missed = 5;
	weir_ctl_metrics(f->ctl, &out);
	ck_assert_ptr_null(strstr(out.ptr, "weir_pool_peak{pool=\"mbufs\",worker=\"0\"}"));
	for (size_t i = 0; i < WEIR_ARRAY_LEN(wanted); i++)
		ck_assert_msg(strstr(out.ptr, wanted[i]) != NULL, "missing: %s", wanted[i]);
	weir_buf_fini(&out);
	fixture_destroy(f);
}
END_TEST

START_TEST(labels_are_escaped)
{
	struct fixture *f = fixture_prepare();
	struct weir_buf out = {0};

	f->cfg.version = "a\"b\\c\nd";
	f->ctl = weir_ctl_create(&f->cfg);
	weir_ctl_metrics(f->ctl, &out);
	ck_assert_ptr_nonnull(strstr(out.ptr, "weir_build_info{version=\"a\\\"b\\\\c\\nd\"} 1\n"));
	weir_buf_fini(&out);
	fixture_destroy(f);
}
END_TEST

START_TEST(without_ports_and_writer_it_works_too)
{
	struct fixture *f = fixture_prepare();
	struct reader *r = calloc(1, sizeof(*r));
	struct weir_buf out = {0};

	f->cfg.ports = NULL;
	f->cfg.writer = NULL;
	f->ctl = weir_ctl_create(&f->cfg);
	weir_ctl_metrics(f->ctl, &out);
	read_all(r, out.ptr);
	json_decref(ask(f, "{\"cmd\":\"status\"}"));
	json_decref(ask(f, "{\"cmd\":\"ports\"}"));
	json_decref(ask(f, "{\"cmd\":\"stats\"}"));
	json_decref(ask(f, "{\"cmd\":\"events\"}"));
	json_decref(ask(f, "{\"cmd\":\"reload\"}"));
	weir_buf_fini(&out);
	free(r);
	fixture_destroy(f);
}
END_TEST

START_TEST(the_command_gives_the_same_text)
{
	struct fixture *f = fixture_create();
	json_t *answer = ask(f, "{\"cmd\":\"metrics\"}");

	ck_assert_ptr_nonnull(strstr(text_of(answer, "text"), "# TYPE weir_flows gauge\n"));
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

Suite *ctl_metrics_suite(void)
{
	return WEIR_SUITE("ctl metrics", every_line_is_well_formed_and_every_family_declared_once,
			  what_was_counted_is_there, labels_are_escaped,
			  without_ports_and_writer_it_works_too, the_command_gives_the_same_text);
}
