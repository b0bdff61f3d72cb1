/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What DPDK, libxdp and libbpf print while a port is opened or closed is kept, so that it can tell
 * why, instead of going to stderr: most of it is noise (no bpffs, no multi-buffer support).
 */
#include "port_impl.h"

#include <weir_log.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_log.h>

/* libxdp_set_print and libbpf_set_print: documented calls of libraries that only a plug-in is
 * linked with, so they are looked up where they are loaded already. */
typedef int (*print_fn)(int level, const char *format, va_list args);
typedef print_fn (*set_print_fn)(print_fn print);

struct port_log {
	FILE *stream;
	char *text;
	size_t size;
	long from;
	FILE *before;
	print_fn xdp_before, bpf_before;
};

#define LEVEL_INFO 1 /* LIBXDP_INFO, LIBBPF_INFO; warnings are 0 */

__attribute__((format(printf, 2, 0))) static int print_to_log(int level, const char *format,
							      va_list args)
{
	return level > LEVEL_INFO ? 0 : vfprintf(rte_log_get_stream(), format, args);
}

static print_fn set_print(const char *library, const char *symbol, print_fn print)
{
	void *lib = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
	set_print_fn set = NULL;

	if (!lib)
		return NULL;
	*(void **)&set = dlsym(lib, symbol);
	print = set ? set(print) : NULL;
	dlclose(lib);
	return print;
}

struct port_log *port_log_create(void)
{
	struct port_log *l = calloc(1, sizeof(*l));

	if (l)
		l->stream = open_memstream(&l->text, &l->size);
	if (l && !l->stream) {
		free(l);
		return NULL;
	}
	return l;
}

void port_log_destroy(struct port_log *l)
{
	if (!l)
		return;
	fclose(l->stream);
	free(l->text);
	free(l);
}

void port_log_begin(struct port_log *l)
{
	fflush(l->stream);
	l->from = ftell(l->stream);
	l->before = rte_log_get_stream();
	rte_openlog_stream(l->stream);
	l->xdp_before = set_print("libxdp.so.1", "libxdp_set_print", print_to_log);
	l->bpf_before = set_print("libbpf.so.1", "libbpf_set_print", print_to_log);
}

static void tell(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len)
			weir_debug("%.*s", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

const char *port_log_end(struct port_log *l)
{
	const char *text;

	if (l->xdp_before)
		set_print("libxdp.so.1", "libxdp_set_print", l->xdp_before);
	if (l->bpf_before)
		set_print("libbpf.so.1", "libbpf_set_print", l->bpf_before);
	rte_openlog_stream(l->before);
	fflush(l->stream);
	text = l->text ? l->text + l->from : "";
	tell(text);
	return text;
}
