/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings, and directives that mean nothing here. */
#include <stdio.h>

#include "seclang_test.h"

Suite *seclang_setting_suite(void);

START_TEST(settings_have_modsecuritys_defaults)
{
	const struct weir_sec_settings *v = weir_seclang_settings(good(""));

	ck_assert_uint_eq(v->engine, WEIR_SEC_OFF);
	ck_assert(!v->request_body_access && !v->response_body_access);
	ck_assert_uint_eq(v->request_body_limit, 134217728);
	ck_assert_uint_eq(v->request_body_no_files_limit, 1048576);
	ck_assert_uint_eq(v->request_body_limit_action, WEIR_SEC_REJECT);
	ck_assert_uint_eq(v->json_depth_limit, 10000);
	ck_assert_uint_eq(v->arguments_limit, 1000);
	ck_assert_uint_eq(v->response_body_limit, 524288);
	ck_assert_uint_eq(v->response_body_limit_action, WEIR_SEC_REJECT);
	ck_assert_uint_eq(v->n_response_mime_types, 2);
	assert_bytes(v->response_mime_types[0], "text/plain");
	assert_bytes(v->response_mime_types[1], "text/html");
	ck_assert_uint_eq(v->pcre_match_limit, 100000);
	ck_assert_uint_eq(v->pcre_match_limit_recursion, 100000);
	ck_assert_uint_eq(v->upload_file_limit, 100);
	ck_assert_uint_eq(v->argument_separator, '&');
	ck_assert_uint_eq(v->cookie_format, 0);
	ck_assert_uint_eq(v->collection_timeout_s, 3600);
	ck_assert_uint_eq(v->component_signatures.len, 0);
	ck_assert_uint_eq(v->web_app_id.len, 0);
	ck_assert(v->unicode_map == NULL);
	ck_assert(!v->xml_external_entity);
}
END_TEST

static const char all[] = "secruleengine ON\n"
			  "SecRequestBodyAccess On\nSecResponseBodyAccess on\n"
			  "SecRequestBodyLimit 13107200\nSecRequestBodyNoFilesLimit 131072\n"
			  "SecRequestBodyLimitAction ProcessPartial\n"
			  "SecRequestBodyJsonDepthLimit 512\nSecArgumentsLimit 10\n"
			  "SecResponseBodyLimit 1024\nSecResponseBodyLimitAction ProcessPartial\n"
			  "SecResponseBodyMimeType text/xml text/a\n"
			  "SecResponseBodyMimeType \"text/b\"\n"
			  "SecPcreMatchLimit 5\nSecPcreMatchLimitRecursion 6\n"
			  "SecUploadFileLimit 0\nSecArgumentSeparator ;\nSecCookieFormat 1\n"
			  "SecCollectionTimeout 600\n"
			  "SecComponentSignature \"a/1\"\nSecComponentSignature b/2\n"
			  "SecWebAppId app\n";

START_TEST(values_of_directives_are_taken)
{
	const struct weir_sec_settings *v = weir_seclang_settings(good(all));

	ck_assert_uint_eq(v->engine, WEIR_SEC_ON);
	ck_assert(v->request_body_access && v->response_body_access);
	ck_assert_uint_eq(v->request_body_limit, 13107200);
	ck_assert_uint_eq(v->request_body_no_files_limit, 131072);
	ck_assert_uint_eq(v->request_body_limit_action, WEIR_SEC_PROCESS_PARTIAL);
	ck_assert_uint_eq(v->json_depth_limit, 512);
	ck_assert_uint_eq(v->arguments_limit, 10);
	ck_assert_uint_eq(v->response_body_limit, 1024);
	ck_assert_uint_eq(v->response_body_limit_action, WEIR_SEC_PROCESS_PARTIAL);
	ck_assert_uint_eq(v->n_response_mime_types, 3);
	assert_bytes(v->response_mime_types[0], "text/xml");
	assert_bytes(v->response_mime_types[2], "text/b");
	ck_assert_uint_eq(v->pcre_match_limit, 5);
	ck_assert_uint_eq(v->pcre_match_limit_recursion, 6);
	ck_assert_uint_eq(v->upload_file_limit, 0);
	ck_assert_uint_eq(v->argument_separator, ';');
	ck_assert_uint_eq(v->cookie_format, 1);
	ck_assert_uint_eq(v->collection_timeout_s, 600);
	assert_bytes(v->component_signatures, "a/1, b/2");
	assert_bytes(v->web_app_id, "app");
	v = weir_seclang_settings(good("SecResponseBodyMimeTypesClear\n"));
	ck_assert_uint_eq(v->n_response_mime_types, 0);
}
END_TEST

START_TEST(who_only_looks_does_not_cut_transfers_short)
{
	const struct weir_sec_settings *v =
		weir_seclang_settings(good("SecRequestBodyLimitAction Reject\n"
					   "SecResponseBodyLimitAction Reject\n"
					   "SecRuleEngine DetectionOnly\n"));

	ck_assert_uint_eq(v->request_body_limit_action, WEIR_SEC_PROCESS_PARTIAL);
	ck_assert_uint_eq(v->response_body_limit_action, WEIR_SEC_PROCESS_PARTIAL);
	v = weir_seclang_settings(good("SecResponseBodyLimitAction Reject\nSecRuleEngine On\n"));
	ck_assert_uint_eq(v->response_body_limit_action, WEIR_SEC_REJECT);
}
END_TEST

START_TEST(what_means_nothing_here_is_taken)
{
	good("SecAuditEngine RelevantOnly\nSecAuditLog /var/log/a\nSecAuditLog2 /b\n"
	     "SecAuditLogDirMode 0700\nSecAuditLogFileMode default\nSecAuditLogFormat JSON\n"
	     "SecAuditLogParts ABIJDEFHZ\nSecAuditLogRelevantStatus \"^(?:5|4(?!04))\"\n"
	     "SecAuditLogStorageDir /a\nSecAuditLogType Serial\nSecCacheTransformations Off\n"
	     "SecChrootDir /a\nSecContentInjection Off\nSecCookieV0Separator ;\n"
	     "SecDataDir /tmp\nSecDebugLog /a\nSecDebugLogLevel 3\n"
	     "SecDisableBackendCompression On\nSecGuardianLog |/a env=b\nSecHashEngine Off\n"
	     "SecInterceptOnError On\nSecRequestBodyInMemoryLimit 131072\nSecRulePerfTime 10\n"
	     "SecSensorId a\nSecServerSignature \"Apache\"\nSecStatusEngine Off\n"
	     "SecStreamInBodyInspection Off\nSecStreamOutBodyInspection Off\nSecTmpDir /tmp/\n"
	     "SecTmpSaveUploadedFiles On\nSecUploadDir /a\nSecUploadFileMode 0600\n"
	     "SecUploadKeepFiles RelevantOnly\nSecXmlExternalEntity Off\n");
}
END_TEST

START_TEST(values_that_are_none_are_told)
{
	static const struct said_row rows[] = {
		{"SecRequestBodyAccess 1\n",
		 "t:1:22: error: Off or On must stand here, not \"1\"\n"},
		{"SecRequestBodyLimit 0\n",
		 "t:1:21: error: a number from 1 to 9223372036854775807 must stand here, not "
		 "\"0\"\n"},
		{"SecResponseBodyLimit 1073741825\n",
		 "t:1:22: error: a number from 1 to 1073741824 must stand here, not "
		 "\"1073741825\"\n"},
		{"SecRequestBodyLimitAction Pass\n",
		 "t:1:27: error: Reject or ProcessPartial must stand here, not \"Pass\"\n"},
		{"SecArgumentSeparator ab\n",
		 "t:1:22: error: one character must stand here, not \"ab\"\n"},
		{"SecCookieFormat 2\n", "t:1:17: error: 0 or 1 must stand here, not \"2\"\n"},
		{"SecCookieV0Separator ,\n",
		 "t:1:22: error: cookies parted by anything but ; are not supported\n"},
		{"SecCollectionTimeout 2592001\n",
		 "t:1:22: error: a number from 0 to 2592000 must stand here, not \"2592001\"\n"},
		{"SecPcreMatchLimit x\n",
		 "t:1:19: error: a number from 1 to 4294967295 must stand here, not \"x\"\n"},
		{"SecXmlExternalEntity On\n",
		 "t:1:22: error: SecXmlExternalEntity On is not supported\n"},
		{"SecHashEngine On\n", "t:1:15: error: SecHashEngine On is not supported\n"},
		{"SecContentInjection On\n",
		 "t:1:21: error: SecContentInjection On is not supported\n"},
		{"SecAuditEngine Maybe\n",
		 "t:1:16: error: Off, On or RelevantOnly must stand here, not \"Maybe\"\n"},
		{"SecAuditLogParts ABX\n",
		 "t:1:20: error: parts of the audit log are A to K and Z\n"},
		{"SecAuditLogRelevantStatus 5(\n",
		 "t:1:29: error: not a regular expression: missing closing parenthesis\n"},
		{"SecAuditLogType Odd\n",
		 "t:1:17: error: Serial, Concurrent or HTTPS must stand here, not \"Odd\"\n"},
		{"SecUploadFileMode 0690\n",
		 "t:1:19: error: an octal mode or 'default' must stand here\n"},
		{"SecDebugLogLevel 10\n",
		 "t:1:18: error: a number from 0 to 9 must stand here, not \"10\"\n"},
		{"SecTmpDir \"\"\n", "t:1:12: error: SecTmpDir needs a value\n"},
		{"SecGeoLookupDb /a\n",
		 "t:1:1: warning: SecGeoLookupDb is not supported: @geoLookup finds nothing\n"},
		{"SecHttpBlKey abc\n",
		 "t:1:1: warning: SecHttpBlKey is not supported: @rbl asks without a key\n"},
	};

	CHECK_SAID(rows);
}
END_TEST

Suite *seclang_setting_suite(void)
{
	return WEIR_SUITE("seclang setting", settings_have_modsecuritys_defaults,
			  values_of_directives_are_taken,
			  who_only_looks_does_not_cut_transfers_short,
			  what_means_nothing_here_is_taken, values_that_are_none_are_told);
}
