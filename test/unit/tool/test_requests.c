/* SPDX-License-Identifier: BSD-3-Clause */
#include "../../../app/waf/tool_waf.h"
#include "weir_test.h"

#include <stdlib.h>
#include <unistd.h>

Suite *tool_input_suite(void);

/* Two records: "GET" with label 0, "POST /" with label 3. */
static const uint8_t two[] = "REQS0001\2\0\0\0"
			     "\3\0\0\0\0\0\0\0GET"
			     "\6\0\0\0\3\0\0\0POST /";
#define TWO_BYTES (sizeof(two) - 1)

START_TEST(records_come_one_after_another)
{
	struct tool_requests r;
	struct tool_request one;

	ck_assert_int_eq(tool_requests_open(&r, weir_bytes_of(two, TWO_BYTES)), 0);
	ck_assert_uint_eq(r.records, 2);
	ck_assert_int_eq(tool_requests_next(&r, &one), 1);
	ck_assert(weir_bytes_is(one.raw, "GET") && one.label == TOOL_GET);
	ck_assert_int_eq(tool_requests_next(&r, &one), 1);
	ck_assert(weir_bytes_is(one.raw, "POST /") && one.label == TOOL_ATTACK);
	ck_assert_int_eq(tool_requests_next(&r, &one), 0);
}
END_TEST

START_TEST(a_file_cut_anywhere_is_an_error_and_no_read_past_its_end)
{
	for (size_t len = 0; len < TWO_BYTES; len++) {
		uint8_t *copy = malloc(len + 1);
		struct tool_requests r;
		struct tool_request one;
		int rc;

		memcpy(copy + 1, two, len); /* its end is the end of the allocation */
		rc = tool_requests_open(&r, weir_bytes_of(copy + 1, len));
		while (rc == 0 && (rc = tool_requests_next(&r, &one)) == 1)
			rc = 0;
		ck_assert_int_eq(rc, -WEIR_EFORMAT);
		free(copy);
	}
}
END_TEST

START_TEST(a_label_that_is_none_is_an_error)
{
	uint8_t file[TWO_BYTES];
	struct tool_requests r;
	struct tool_request one;

	memcpy(file, two, sizeof(file));
	file[16] = TOOL_LABELS;
	ck_assert_int_eq(tool_requests_open(&r, weir_bytes_of(file, sizeof(file))), 0);
	ck_assert_int_eq(tool_requests_next(&r, &one), -WEIR_EFORMAT);
}
END_TEST

START_TEST(a_file_is_loaded_whole_or_not_at_all)
{
	static const struct {
		size_t len; /* of `two` */
		uint8_t records;
		uint32_t n; /* 0: refused */
	} rows[] = {{TWO_BYTES, 2, 2}, {TWO_BYTES, 1, 1}, {TWO_BYTES - 1, 2, 0},
		    {TWO_BYTES, 3, 0}, {12, 0, 0},        {TWO_BYTES, 255, 0}};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		char path[] = "/tmp/weir-requests.XXXXXX";
		int fd = mkstemp(path);
		struct tool_request_list l;
		uint8_t file[TWO_BYTES];

		memcpy(file, two, sizeof(file));
		file[8] = rows[i].records;
		ck_assert_int_eq(write(fd, file, rows[i].len), (ssize_t)rows[i].len);
		close(fd);
		ck_assert_int_eq(tool_requests_load(&l, path, "test"), rows[i].n > 0);
		if (rows[i].n) {
			ck_assert_uint_eq(l.n, rows[i].n);
			ck_assert(weir_bytes_is(l.request[0].raw, "GET"));
		}
		tool_requests_unload(&l);
		unlink(path);
		ck_assert(!tool_requests_load(&l, path, "test")); /* it is not there any more */
		tool_requests_unload(&l);
	}
}
END_TEST

static Suite *requests(void)
{
	return WEIR_SUITE("tool requests", records_come_one_after_another,
			  a_file_cut_anywhere_is_an_error_and_no_read_past_its_end,
			  a_label_that_is_none_is_an_error, a_file_is_loaded_whole_or_not_at_all);
}

WEIR_TEST_MAIN(requests, tool_input_suite)
