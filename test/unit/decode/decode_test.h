/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DECODE_TEST_H
#define DECODE_TEST_H

#include <weir_decode.h>
#include <weir_test.h>

Suite *transform_suite(void);
Suite *params_suite(void);
Suite *json_suite(void);
Suite *protobuf_suite(void);
Suite *multipart_suite(void);
Suite *inflate_suite(void);

/* Parameters as "name=value;" one after the other, for comparison. */
struct told {
	struct weir_buf text;
	unsigned int n, max; /* max 0: no limit */
};
static inline bool tell(void *context, struct weir_bytes name, struct weir_bytes value)
{
	struct told *t = context;

	if (t->max && t->n == t->max)
		return false;
	t->n++;
	weir_buf_add(&t->text, name.ptr, name.len);
	weir_buf_str(&t->text, "=");
	weir_buf_add(&t->text, value.ptr, value.len);
	weir_buf_str(&t->text, ";");
	return true;
}

static inline const char *told_text(const struct told *t)
{
	return t->text.ptr ? t->text.ptr : "";
}

#endif
