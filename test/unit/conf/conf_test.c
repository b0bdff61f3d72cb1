/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf_test.h"

struct weir_bytes bytes_of(const char *text)
{
	return (struct weir_bytes){(const uint8_t *)text, strlen(text)};
}

void assert_said(struct weir_conf_report *r, const char *text, const char *want)
{
	struct weir_buf said = {0};

	weir_buf_str(&said, "");
	weir_conf_report_text(r, &said);
	ck_assert_msg(strcmp(said.ptr, want) == 0, "\n%s\nsaid: %swant: %s", text, said.ptr, want);
	weir_buf_fini(&said);
	weir_conf_report_destroy(r);
}

struct weir_conf_docs *docs_of(const char *text)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_conf_docs *d = weir_conf_load_text("t.yaml", bytes_of(text), r);

	assert_said(r, text, "");
	ck_assert_ptr_nonnull(d);
	return d;
}

struct weir_conf *conf_of(const char *text, const char *said)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_conf *c = weir_conf_from_text("/etc/weir/t.yaml", bytes_of(text), r);

	assert_said(r, text, said);
	ck_assert_ptr_nonnull(c);
	return c;
}

void assert_refused(const char *before, const struct said_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct weir_conf_report *r = weir_conf_report_create();
		struct weir_buf text = {0};

		weir_buf_printf(&text, "%s%s", before, rows[i].text);
		ck_assert_ptr_null(weir_conf_from_text("t.yaml", bytes_of(text.ptr), r));
		ck_assert_uint_gt(weir_conf_errors(r), 0);
		assert_said(r, text.ptr, rows[i].said);
		weir_buf_fini(&text);
	}
}
