/* SPDX-License-Identifier: BSD-3-Clause */
/* What connections have said of themselves that many say alike: names and identities. */
#ifndef PATH_NAMES_H
#define PATH_NAMES_H

#include "path_impl.h"

struct weir_tls_hello;

/* path_names.c: whom clients asked for, and who they are, kept as long as their flows: a reload
 * asks policy again */
WEIR_MUST_CHECK bool path_names_create(struct path_worker *w);
void path_names_destroy(struct path_worker *w);
size_t path_names_bytes(void);
/* Whom the client asks for by its ClientHello, whose text it borrows. */
struct weir_policy_name path_name_of_hello(const struct weir_tls_hello *hello);
/* 0: no room. Held until it is put back. */
uint32_t path_name_get(struct path_worker *w, const struct weir_policy_name *name);
/* The same of a flow that no rule asks for its name: it takes no room of the half that is left to
 * those of which one does, or strangers could have it all. */
uint32_t path_name_note(struct path_worker *w, const struct weir_policy_name *name);
void path_name_put(struct path_worker *w, uint32_t id);
/* Of a flow; one that was not seen for 0. */
struct weir_policy_name path_name_of(const struct path_worker *w, uint32_t id);
/* The same of clients. */
uint32_t path_identity_get(struct path_worker *w, const struct weir_policy_identity *identity);
void path_identity_put(struct path_worker *w, uint32_t id);
struct weir_policy_identity path_identity_of(const struct path_worker *w, uint32_t id);

/* path_texts.c: texts that many flows have, each kept once */
#define PATH_TEXT_MAX 2048 /* bytes */
/* Room for `n` texts of at most `max` bytes. NULL: no memory. */
struct path_texts *path_texts_create(const struct weir_siphash_key *key, uint32_t n, size_t max);
void path_texts_destroy(struct path_texts *t);
size_t path_texts_bytes(uint32_t n, size_t max);
/* Who was refused for his share (`most`) found it full, too. Any thread. */
struct weir_use path_texts_use(const struct path_texts *t);
/* 0: no room, or already `most` others. Held until it is put back. */
uint32_t path_text_get(struct path_texts *t, uint8_t kind, const char *text, uint32_t most);
/* 0: nothing happens. */
void path_text_put(struct path_texts *t, uint32_t id);
/* Of one that is held. */
const char *path_text_of(const struct path_texts *t, uint32_t id, uint8_t *kind);

#endif
