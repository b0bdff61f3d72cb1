/* SPDX-License-Identifier: BSD-3-Clause */
/* setvar, expirevar, initcol and its relatives. */
#include <stdio.h>

#include "seclang_test.h"

Suite *seclang_setvar_suite(void);

START_TEST(variables_are_set)
{
	static const struct {
		const char *written;
		uint8_t collection, how;
		const char *name, *value;
	} rows[] = {
		{"tx.a=1", WEIR_SEC_V_TX, WEIR_SEC_SET, "[a]", "[1]"},
		{"'tx.a=b c'", WEIR_SEC_V_TX, WEIR_SEC_SET, "[a]", "[b c]"},
		{"TX.a", WEIR_SEC_V_TX, WEIR_SEC_SET, "[a]", "[1]"},
		{"tx.a=", WEIR_SEC_V_TX, WEIR_SEC_SET, "[a]", ""},
		{"tx.a=+%{tx.b}", WEIR_SEC_V_TX, WEIR_SEC_ADD, "[a]", "[%TX.b]"},
		{"tx.a=-5", WEIR_SEC_V_TX, WEIR_SEC_SUBTRACT, "[a]", "[5]"},
		{"!ip.a", WEIR_SEC_V_IP, WEIR_SEC_UNSET, "[a]", ""},
		{"global.a=1", WEIR_SEC_V_GLOBAL, WEIR_SEC_SET, "[a]", "[1]"},
		{"resource.a=1", WEIR_SEC_V_RESOURCE, WEIR_SEC_SET, "[a]", "[1]"},
		{"session.a.b=1", WEIR_SEC_V_SESSION, WEIR_SEC_SET, "[a.b]", "[1]"},
		{"'tx.a= b'", WEIR_SEC_V_TX, WEIR_SEC_SET, "[a]", "[b]"},
		{"user.a=a=b", WEIR_SEC_V_USER, WEIR_SEC_SET, "[a]", "[a=b]"},
		{"tx.n_%{MATCHED_VAR_NAME}=+1", WEIR_SEC_V_TX, WEIR_SEC_ADD,
		 "[n_][%MATCHED_VAR_NAME]", "[1]"},
		{"'tx.%{tx.x}=%{tx.y}'", WEIR_SEC_V_TX, WEIR_SEC_SET, "[%TX.x]", "[%TX.y]"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		const struct weir_sec_setvar *v;
		char text[100];

		snprintf(text, sizeof(text), "ARGS a \"id:1,setvar:%s\"", rows[i].written);
		ck_assert_uint_eq(only(text)->n_actions, 1);
		ck_assert_uint_eq(only(text)->actions[0].kind, WEIR_SEC_A_SETVAR);
		v = &only(text)->actions[0].setvar;
		ck_assert_uint_eq(v->collection, rows[i].collection);
		ck_assert_uint_eq(v->how, rows[i].how);
		ck_assert_str_eq(text_text(&v->name), rows[i].name);
		ck_assert_str_eq(text_text(&v->value), rows[i].value);
	}
}
END_TEST

START_TEST(collections_are_begun_and_end)
{
	const struct weir_sec_rule *r =
		only("ARGS a \"id:1,initcol:ip=%{remote_addr}_%{tx.ua},initcol:global=global,"
		     "setsid:%{args.s},setuid:u,setrsc:r,expirevar:ip.a=60,"
		     "expirevar:'ip.b=%{tx.t}'\"");
	static const struct {
		uint8_t collection;
		const char *key;
	} keys[] = {{WEIR_SEC_V_IP, "[%REMOTE_ADDR][_][%TX.ua]"},
		    {WEIR_SEC_V_GLOBAL, "[global]"},
		    {WEIR_SEC_V_SESSION, "[%ARGS.s]"},
		    {WEIR_SEC_V_USER, "[u]"},
		    {WEIR_SEC_V_RESOURCE, "[r]"}};

	ck_assert_uint_eq(r->n_actions, 7);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(keys); i++) {
		ck_assert_uint_eq(r->actions[i].kind, WEIR_SEC_A_INITCOL);
		ck_assert_uint_eq(r->actions[i].initcol.collection, keys[i].collection);
		ck_assert_str_eq(text_text(&r->actions[i].initcol.key), keys[i].key);
	}
	ck_assert_uint_eq(r->actions[5].kind, WEIR_SEC_A_EXPIREVAR);
	ck_assert_uint_eq(r->actions[5].expirevar.collection, WEIR_SEC_V_IP);
	ck_assert_str_eq(text_text(&r->actions[5].expirevar.name), "[a]");
	ck_assert_str_eq(text_text(&r->actions[5].expirevar.seconds), "[60]");
	ck_assert_str_eq(text_text(&r->actions[6].expirevar.seconds), "[%TX.t]");
}
END_TEST

START_TEST(what_cannot_be_set_is_told)
{
	static const struct said_row rows[] = {
		{"SecAction id:1,setvar:a=1\n",
		 "t:1:23: error: a collection, a dot and a name must stand here\n"},
		{"SecAction id:1,setvar:tx.=1\n",
		 "t:1:23: error: a collection, a dot and a name must stand here\n"},
		{"SecAction id:1,setvar:args.a=1\n",
		 "t:1:23: error: no collection 'args' that can be written\n"},
		{"SecAction id:1,setvar:tz.a=1\n",
		 "t:1:23: error: no collection 'tz' that can be written, did you mean 'TX'?\n"},
		{"SecAction id:1,setvar:tx.a=%{b}\n", "t:1:30: error: no variable 'b'\n"},
		{"SecAction id:1,setvar\n", "t:1:16: error: action 'setvar' needs a value\n"},
		{"SecAction id:1,expirevar:ip.a=b\n",
		 "t:1:31: error: a number from 0 to 4294967295 must stand here, not \"b\"\n"},
		{"SecAction id:1,initcol:ip\n",
		 "t:1:24: error: a collection, = and a key must stand here\n"},
		{"SecAction id:1,initcol:tx=a\n",
		 "t:1:24: error: TX is made for each transaction anew\n"},
	};

	CHECK_SAID(rows);
}
END_TEST

Suite *seclang_setvar_suite(void)
{
	return WEIR_SUITE("seclang setvar", variables_are_set, collections_are_begun_and_end,
			  what_cannot_be_set_is_told);
}
