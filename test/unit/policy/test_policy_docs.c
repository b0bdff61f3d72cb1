/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

START_TEST(what_is_wrong_with_a_document_is_told_with_its_place)
{
	static const struct bad_row rows[] = {
		{"[ 1 ]\n", "t:1:1: error: a policy document must be a mapping, not a list\n"},
		{"metadata: { name: a }\n", "t:1:1: error: 'kind' is missing\n"},
		{"kind: Grop\n", "t:1:7: error: kind cannot be 'Grop', did you mean 'Group'?\n"},
		{"kind: NetworkPolicy\n",
		 "t:1:7: error: kind cannot be 'NetworkPolicy': it is Group, AccessPolicy, "
		 "EgressPolicy, Service, ThreatPolicy or Defaults\n"},
		{"kind: Group\nspecs: {}\nmetadata: { name: a }\n",
		 "t:2:1: error: unknown key 'specs', did you mean 'spec'?\n"
		 "t:1:1: error: 'spec' is missing\n"},
		{"apiVersion: weir/v2\nkind: Defaults\n",
		 "t:1:13: error: apiVersion cannot be 'weir/v2', did you mean 'weir/v1'?\n"},
		{"kind: Group\nspec: { cidrs: [ 10.0.0.1 ] }\n",
		 "t:1:1: error: 'metadata' is missing\n"},
		{"kind: Group\nmetadata: a\nspec: { cidrs: [ 10.0.0.1 ] }\n",
		 "t:2:11: error: metadata must be a mapping, not a value\n"},
		{"kind: Group\nmetadata: { nam: a }\nspec: { cidrs: [ 10.0.0.1 ] }\n",
		 "t:2:13: error: unknown key 'nam', did you mean 'name'?\n"
		 "t:2:11: error: 'name' is missing\n"},
		{"kind: Group\nmetadata: { name: \"a b\" }\nspec: { cidrs: [ 10.0.0.1 ] }\n",
		 "t:2:19: error: a name is up to 253 letters, digits, '-', '_' and '.', with a "
		 "letter or digit at both ends\n"},
		{"kind: Group\nmetadata: { name: a- }\nspec: { cidrs: [ 10.0.0.1 ] }\n",
		 "t:2:19: error: a name is up to 253 letters, digits, '-', '_' and '.', with a "
		 "letter or digit at both ends\n"},
		{"kind: Group\nmetadata: { name: a }\nspec: [ 10.0.0.1 ]\n",
		 "t:3:7: error: spec must be a mapping, not a list\n"},
		{"kind: AccessPolicy\nmetadata: { name: default }\nspec: { action: allow }\n",
		 "t:2:19: error: 'default' stands for what no policy decides and cannot be one\n"},
		{"kind: AccessPolicy\nmetadata: { name: a }\nspec: { action: allow }\n---\n"
		 "kind: EgressPolicy\nmetadata: { name: a }\nspec: { from: any }\n",
		 "t:6:19: error: there is already a policy 'a' at t:2:19\n"},
		{"kind: Defaults\nmetadata: { name: d }\n---\nkind: Defaults\n",
		 "t:4:1: error: there is already a Defaults document at t:2:19\n"},
	};

	check_bad_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(what_is_wrong_with_a_group_is_told_with_its_place)
{
#define GROUP "kind: Group\nmetadata: { name: a }\n"
	static const struct bad_row rows[] = {
		{GROUP "spec: {}\n", "t:3:7: error: 'cidrs' is missing\n"},
		{GROUP "spec: { cidr: [ 10.0.0.1 ] }\n",
		 "t:3:9: error: unknown key 'cidr', did you mean 'cidrs'?\n"
		 "t:3:7: error: 'cidrs' is missing\n"},
		{GROUP "spec: { cidrs: 10.0.0.1 }\n",
		 "t:3:16: error: cidrs must be a list, not a value\n"},
		{GROUP "spec: { cidrs: [] }\n",
		 "t:3:16: error: cidrs is empty: nobody would be in the Group\n"},
		{GROUP "spec:\n  cidrs:\n  - 10.0.0.0/8\n  - 10.1.2.3/8\n",
		 "t:6:5: error: '10.1.2.3/8' has bits set below its prefix, did you mean "
		 "'10.0.0.0/8'?\n"},
		{GROUP "spec: { cidrs: [ \"2001:db8::1/32\" ] }\n",
		 "t:3:18: error: '2001:db8::1/32' has bits set below its prefix, did you mean "
		 "'2001:db8::/32'?\n"},
		{GROUP "spec: { cidrs: [ 10.0.0.0/33 ] }\n",
		 "t:3:18: error: '10.0.0.0/33' is not an address or CIDR (10.0.0.0/8, "
		 "2001:db8::/32)\n"},
		{GROUP "spec: { cidrs: [ web ] }\n",
		 "t:3:18: error: 'web' is not an address or CIDR (10.0.0.0/8, 2001:db8::/32)\n"},
		{GROUP "spec: { cidrs: [ [ 10.0.0.1 ], ~ ] }\n",
		 "t:3:18: error: a CIDR must be a value, not a list\n"
		 "t:3:32: error: a CIDR is empty: it must be a value\n"},
		{"kind: Group\nmetadata: { name: any }\nspec: { cidrs: [ 10.0.0.1 ] }\n",
		 "t:2:19: error: 'any' means every address and cannot be a Group\n"},
		{"kind: Group\nmetadata: { name: 10.0.0.1 }\nspec: { cidrs: [ 10.0.0.2 ] }\n",
		 "t:2:19: error: a Group's name cannot be an address\n"},
		{GROUP "spec: { cidrs: [ 10.0.0.1 ] }\n---\n" GROUP
		       "spec: { cidrs: [ 10.0.0.1 ] }\n",
		 "t:6:19: error: there is already a Group 'a' at t:2:19\n"},
	};

	check_bad_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(groups_may_stand_after_the_policies_that_name_them)
{
	struct loaded l = load_good("apiVersion: weir/v1\nkind: AccessPolicy\n"
				    "metadata: { name: p, labels: { a: b } }\n"
				    "spec: { from: later, action: allow }\n"
				    "---\nkind: Group\nmetadata: { name: unused }\n"
				    "spec: { cidrs: [ 10.0.0.0/8 ] }\n"
				    "---\nkind: Group\nmetadata: { name: later }\n"
				    "spec: { cidrs: [ 10.0.0.1 ] }\n");

	check_decides(&l, "10.0.0.1", "10.0.0.2", TCP, 1, "allow p/ none");
	check_decides(&l, "10.0.0.2", "10.0.0.1", TCP, 1, "deny default/ default_deny");
	unload(&l);
}
END_TEST

Suite *docs_suite(void)
{
	return WEIR_SUITE("policy docs", what_is_wrong_with_a_document_is_told_with_its_place,
			  what_is_wrong_with_a_group_is_told_with_its_place,
			  groups_may_stand_after_the_policies_that_name_them);
}
