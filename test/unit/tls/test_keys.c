/* SPDX-License-Identifier: BSD-3-Clause */
/* RFC 8448 section 3: a whole connection, with its secrets, keys and records. */
#include "tls_test.h"

#include <stdio.h>

#define CLIENT_SECRET "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"
#define SERVER_SECRET "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"
#define CLIENT_KEY    "17422dda596ed5d9acd890e3c63f5051"
#define CLIENT_IV     "5b78923dee08579033e523d9"
#define SERVER_KEY    "9f02283b6c9c07efc26bb9f2ac92e356"
#define SERVER_IV     "cf782b88dd83549aadf1e984"

#define TICKET                                                             \
	"17030300de3a6b8f90414a97d6959c3487680de5134a2b240e6cffac116e95d4" \
	"1d6af8f6b580dcf3d11d63c758db289a015940252f55713e061dc13e078891a3" \
	"8efbcf5753ad8ef170ad3c7353d16d9da773b9ca7f2b9fa1b6c0d4a3d03f75e0" \
	"9c30ba1e62972ac46f75f7b981be63439b2999ce13064615139891d5e4c5b406" \
	"f16e3fc181a77ca475840025db2f0a77f81b5ab05b94c01346755f69232c8651" \
	"9d86cbeeac87aac347d143f9605d64f650db4d023e70e952ca49fe5137121c74" \
	"bc2697687e248746d6df353005f3bce18696129c8153556b3b6c6779b37bf159" \
	"85684f"
#define CLIENT_DATA                                                        \
	"1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f" \
	"2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2977014bd1e3deae6" \
	"3aeebb21694915e4"
#define SERVER_DATA                                                        \
	"17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36" \
	"e30efaf97d90e6dffc602dcb501a59a8fcc49c4bf2e5f0a21c0047c2abf33254" \
	"0dd032e167c2955d"
#define CLIENT_ALERT "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3"
#define SERVER_ALERT "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9"

static void trace_init(struct weir_tls_records *r, bool is_server)
{
	struct weir_tls_records_cfg cfg = {.version = WEIR_TLS_1_3,
					   .suite = WEIR_TLS_AES_128_GCM_SHA256,
					   .is_server = is_server};

	from_hex(is_server ? SERVER_SECRET : CLIENT_SECRET, cfg.tx.secret);
	from_hex(is_server ? CLIENT_SECRET : SERVER_SECRET, cfg.rx.secret);
	ck_assert_int_eq(weir_tls_records_init(r, &cfg), 0);
}

static void assert_is(const uint8_t *bytes, const char *hex)
{
	uint8_t want[512];

	ck_assert_mem_eq(bytes, want, from_hex(hex, want));
}

START_TEST(keys_are_those_of_the_trace)
{
	struct weir_tls_records r;

	trace_init(&r, false);
	assert_is(r.tx.key, CLIENT_KEY);
	assert_is(r.tx.iv, CLIENT_IV);
	assert_is(r.rx.key, SERVER_KEY);
	assert_is(r.rx.iv, SERVER_IV);
}
END_TEST

static void assert_seals(struct weir_tls_crypto *c, struct weir_tls_records *r, const char *hex)
{
	uint8_t content[50], wire[WIRE_MAX];

	for (uint8_t i = 0; i < sizeof(content); i++)
		content[i] = i;
	ck_assert_int_eq(seal(c, r, WEIR_TLS_APPLICATION_DATA,
			      weir_bytes_of(content, sizeof(content)), wire),
			 72);
	assert_is(wire, hex);
}

static void assert_closes(struct weir_tls_crypto *c, struct weir_tls_records *r, const char *hex)
{
	uint8_t wire[WEIR_TLS_POST_MAX];
	struct weir_tls_room room = {wire, sizeof(wire)};

	ck_assert_int_eq(weir_tls_alert_write(c, r, WEIR_TLS_CLOSE_NOTIFY, &room, 1), 24);
	assert_is(wire, hex);
}

static struct weir_tls_opened open_hex(struct weir_tls_crypto *c, struct weir_tls_records *r,
				       const char *hex)
{
	struct weir_tls_opened opened;
	uint8_t wire[512], plain[WIRE_MAX];
	size_t n = from_hex(hex, wire);

	ck_assert_int_eq(open_one(c, r, weir_bytes_of(wire, n), plain, &opened), n);
	for (uint8_t i = 0; i < opened.len; i++)
		ck_assert_uint_eq(plain[i], i);
	return opened;
}

/* The client's end and the server's, by each library. */
START_TEST(records_are_those_of_the_trace)
{
	for (int mb = 0; mb <= 1; mb++) {
		struct weir_tls_crypto *c = weir_tls_crypto_create(mb);
		struct weir_tls_records client, server;

		trace_init(&client, false);
		trace_init(&server, true);
		ck_assert_uint_eq(open_hex(c, &client, TICKET).type, WEIR_TLS_HANDSHAKE);
		server.tx.seq++; /* the ticket */
		assert_seals(c, &client, CLIENT_DATA);
		ck_assert_uint_eq(open_hex(c, &server, CLIENT_DATA).len, 50);
		assert_seals(c, &server, SERVER_DATA);
		ck_assert_uint_eq(open_hex(c, &client, SERVER_DATA).len, 50);
		assert_closes(c, &client, CLIENT_ALERT);
		ck_assert(open_hex(c, &server, CLIENT_ALERT).closed);
		assert_closes(c, &server, SERVER_ALERT);
		ck_assert(open_hex(c, &client, SERVER_ALERT).closed);
		weir_tls_crypto_destroy(c);
	}
}
END_TEST

START_TEST(what_is_not_known_is_refused)
{
	struct weir_tls_records_cfg cfg = {.version = 0x0302};
	struct weir_tls_records r;

	ck_assert_int_eq(weir_tls_records_init(&r, &cfg), -WEIR_TLS_E_PROTOCOL_VERSION);
	cfg.version = WEIR_TLS_1_2;
	cfg.suite = WEIR_TLS_SUITE_END;
	ck_assert_int_eq(weir_tls_records_init(&r, &cfg), -WEIR_TLS_E_NO_CIPHER);
}
END_TEST

/* More than the tables that are kept; each must still be its own. */
START_TEST(many_connections_share_the_tables)
{
	static struct pair pairs[40];
	uint8_t wire[WIRE_MAX], plain[WIRE_MAX];
	struct weir_tls_opened opened;

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(pairs); i++) {
		pair_init(&pairs[i], kind_of(i % N_KINDS));
		for (size_t k = 0; k < sizeof(pairs[i].us.tx.key); k++)
			pairs[i].us.tx.key[k] = pairs[i].them.rx.key[k] =
				(uint8_t)(k < 16 ? pairs[i].us.tx.key[k] + 3 * i : 0);
	}
	for (unsigned int round = 0; round < 3; round++)
		for (unsigned int i = 0; i < WEIR_ARRAY_LEN(pairs); i++) {
			/* All with the tables of one. */
			struct weir_tls_crypto *c = pairs[0].c;
			ssize_t n = seal(c, &pairs[i].us, WEIR_TLS_APPLICATION_DATA,
					 weir_bytes_of(&i, sizeof(i)), wire);

			ck_assert_int_eq(open_one(c, &pairs[i].them, weir_bytes_of(wire, (size_t)n),
						  plain, &opened),
					 n);
			ck_assert_mem_eq(plain, &i, sizeof(i));
		}
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(pairs); i++)
		pair_fini(&pairs[i]);
}
END_TEST

/* Keys that the test itself holds only like this. */
#define MASK      0x5a
#define KEY_BYTES 16
#define MAPPING   (64UL << 20) /* a sanitizer's shadow is larger */

/* All of a mapping is read, also what a sanitizer keeps between objects. */
#define ANY_MEMORY __attribute__((no_sanitize("address", "undefined")))

ANY_MEMORY static unsigned int count_in(const uint8_t *at, const uint8_t *end,
					const uint8_t masked[KEY_BYTES])
{
	unsigned int n = 0;

	for (; end - at >= KEY_BYTES; at++) {
		unsigned int same = 0;

		while (same < KEY_BYTES && (at[same] ^ MASK) == masked[same])
			same++;
		n += same == KEY_BYTES;
	}
	return n;
}

/* How often it is in the memory of this process, but for the stack. */
static unsigned int count_in_memory(const uint8_t *masked)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	unsigned int n = 0;
	char line[512], rights[8];

	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) != 3 ||
		    strncmp(rights, "rw", 2) != 0 || strstr(line, "[stack]") || to - from > MAPPING)
			continue;
		n += count_in((const uint8_t *)from, (const uint8_t *)to, masked);
	}
	fclose(maps);
	return n;
}

static void mask_key(const uint8_t *key, uint8_t masked[KEY_BYTES])
{
	for (unsigned int i = 0; i < KEY_BYTES; i++)
		masked[i] = key[i] ^ MASK;
}

/* Also a table begins with the key itself, whichever library made it. */
START_TEST(wiped_keys_are_nowhere)
{
	for (unsigned int i = 0; i < N_KINDS; i++) {
		struct weir_tls_opened opened;
		uint8_t rx[KEY_BYTES], tx[KEY_BYTES], wire[WIRE_MAX], plain[WIRE_MAX];
		struct pair *p = malloc(sizeof(*p));

		pair_init(p, kind_of(i));
		hear_data(p, 1);
		ck_assert_int_gt(
			seal(p->c, &p->us, WEIR_TLS_APPLICATION_DATA, weir_bytes_str("x"), wire),
			0);
		mask_key(p->us.rx.key, rx);
		mask_key(p->us.tx.key, tx);
		weir_tls_records_wipe(NULL, &p->them);
		ck_assert_uint_ge(count_in_memory(rx), 2);
		ck_assert_uint_ge(count_in_memory(tx), 2);
		weir_tls_records_wipe(p->c, &p->us);
		ck_assert_uint_eq(count_in_memory(rx), 0);
		ck_assert_uint_eq(count_in_memory(tx), 0);
		ck_assert_int_eq(weir_tls_eof(&p->us), -WEIR_TLS_E_CLOSED);
		ck_assert_int_eq(
			open_one(p->c, &p->us, weir_bytes_of(some_bytes(), 99), plain, &opened),
			-WEIR_TLS_E_CLOSED);
		free(p);
	}
}
END_TEST

START_TEST(keys_that_were_changed_are_nowhere)
{
	for (unsigned int i = 1; i < N_KINDS; i += 2) {
		uint8_t masked[KEY_BYTES], secret[KEY_BYTES], wire[WIRE_MAX], plain[WIRE_MAX];
		struct pair *p = malloc(sizeof(*p));
		struct weir_tls_opened opened;
		size_t n;

		pair_init(p, kind_of(i));
		hear_data(p, 1);
		mask_key(p->us.rx.key, masked);
		mask_key(p->us.rx.secret, secret);
		ck_assert_uint_gt(count_in_memory(masked), 0);
		weir_tls_key_update(&p->them, false);
		n = post_all(p->c, &p->them, wire);
		ck_assert_int_eq(open_one(p->c, &p->us, weir_bytes_of(wire, n), plain, &opened), n);
		ck_assert_uint_eq(count_in_memory(masked), 0);
		ck_assert_uint_eq(count_in_memory(secret), 0);
		pair_fini(p);
		free(p);
	}
}
END_TEST

START_TEST(ipsec_mb_is_taken_only_where_it_is_allowed)
{
	struct weir_tls_crypto *c = weir_tls_crypto_create(false);

	ck_assert_str_eq(weir_tls_crypto_name(c), "openssl");
	weir_tls_crypto_destroy(c);
	weir_tls_crypto_destroy(NULL);
}
END_TEST

Suite *keys_suite(void)
{
	return WEIR_SUITE("tls keys", keys_are_those_of_the_trace, records_are_those_of_the_trace,
			  what_is_not_known_is_refused, many_connections_share_the_tables,
			  wiped_keys_are_nowhere, keys_that_were_changed_are_nowhere,
			  ipsec_mb_is_taken_only_where_it_is_allowed);
}
