/* SPDX-License-Identifier: BSD-3-Clause */
/* `weirctl ca init`: makes the CA that connections are decrypted under. Needs no weir that runs. */
#include "weirctl.h"

#include <time.h>
#include <unistd.h>

#include <weir_tls_mint.h>

/* CAs of several gateways are to be told apart in a client's list. */
static void default_name(char name[WEIR_TLS_CA_NAME_MAX + 1])
{
	char host[WEIR_TLS_CA_NAME_MAX - 16] = "";

	if (gethostname(host, sizeof(host) - 1) != 0 || !host[0])
		strcpy(host, "gateway");
	snprintf(name, WEIR_TLS_CA_NAME_MAX + 1, "weir CA %s", host);
}

static json_t *path_in(const char *folder, const char *file)
{
	return json_sprintf("%s/%s", folder, file);
}

json_t *ca_here(const json_t *request)
{
	char name[WEIR_TLS_CA_NAME_MAX + 1];
	struct weir_tls_ca_new ca = {.folder = text_of(request, "folder"),
				     .name = text_of(request, "name"),
				     .now = time(NULL)};
	struct weir_buf why = {0};
	json_t *answer;

	if (strcmp(text_of(request, "action"), "init") != 0 || !*ca.folder)
		return NULL;
	default_name(name);
	if (!json_object_get(request, "name"))
		ca.name = name;
	if (weir_tls_ca_init(&ca, &why) == 0)
		answer = json_pack("{s:b, s:s, s:o, s:o}", "ok", 1, "name", ca.name, "certificate",
				   path_in(ca.folder, WEIR_TLS_CA_CERT), "key",
				   path_in(ca.folder, WEIR_TLS_CA_KEY));
	else
		answer = json_pack("{s:b, s:s}", "ok", 0, "error", why.ptr ? why.ptr : "no memory");
	weir_buf_fini(&why);
	return answer;
}

void render_ca(const json_t *answer)
{
	printf("%s: the certificate of '%s', for clients to trust\n",
	       text_of(answer, "certificate"), text_of(answer, "name"));
	printf("%s: its key, for weir alone: who has it can be any server to those clients\n",
	       text_of(answer, "key"));
}
