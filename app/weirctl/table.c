/* SPDX-License-Identifier: BSD-3-Clause */
/* Columns for the eye: each as wide as its widest cell, numbers set to the right. */
#include "weirctl.h"

struct table table_begin(const char *const *head)
{
	struct table t = {.head = head};

	while (head[t.columns])
		t.columns++;
	weir_assert(t.columns <= TABLE_COLUMNS);
	return t;
}

void table_cell(struct table *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	weir_buf_vprintf(&t->text, format, args);
	va_end(args);
	weir_buf_add(&t->text, "", 1);
	t->cells++;
}

/* Characters, not bytes. */
static unsigned int width_of(const char *text)
{
	unsigned int n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static bool to_the_right(const char *head)
{
	return head[0] == '>';
}

static const char *name_of(const char *head)
{
	return to_the_right(head) ? head + 1 : head;
}

static void print_cell(const char *text, unsigned int width, bool right, bool last)
{
	unsigned int pad = width - width_of(text);

	printf("%*s%s%*s%s", right ? (int)pad : 0, "", text, right || last ? 0 : (int)pad, "",
	       last ? "\n" : "  ");
}

static void measure(const struct table *t, unsigned int width[TABLE_COLUMNS])
{
	const char *cell = t->text.ptr;

	for (unsigned int i = 0; i < t->columns; i++)
		width[i] = width_of(name_of(t->head[i]));
	for (unsigned int i = 0; i < t->cells; i++, cell += strlen(cell) + 1)
		if (width_of(cell) > width[i % t->columns])
			width[i % t->columns] = width_of(cell);
}

void table_end(struct table *t)
{
	unsigned int width[TABLE_COLUMNS];
	const char *cell = t->text.ptr;

	if (!t->text.failed) {
		measure(t, width);
		for (unsigned int i = 0; i < t->columns; i++)
			print_cell(name_of(t->head[i]), width[i], to_the_right(t->head[i]),
				   i + 1 == t->columns);
		for (unsigned int i = 0; i < t->cells; i++, cell += strlen(cell) + 1)
			print_cell(cell, width[i % t->columns],
				   to_the_right(t->head[i % t->columns]),
				   i % t->columns + 1 == t->columns);
	}
	weir_buf_fini(&t->text);
}
