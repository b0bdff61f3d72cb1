/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A request and its response through a rule set that has something of everything: once with the
 * prefilter and bodies whole, once without, bodies in pieces and the response's twice. Both come to
 * the same; all memory comes back; verdict, status and matches agree with each other. The first
 * byte: bit 0 explains, bit 1 gives little memory (then the two ways need not come to the same).
 * The second is the seed of pieces; two more, little-endian, are how long the request is; the
 * response follows.
 */
#include "fuzz_waf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const char rules[] =
	"SecRuleEngine On\n"
	"SecRequestBodyAccess On\nSecRequestBodyLimit 3000\nSecRequestBodyNoFilesLimit 2000\n"
	"SecRequestBodyLimitAction ProcessPartial\n"
	"SecResponseBodyAccess On\nSecResponseBodyMimeType text/plain text/html\n"
	"SecResponseBodyLimit 1500\nSecArgumentsLimit 30\n"
	"SecDefaultAction \"phase:2,log,deny,status:406\"\n"
	"SecAction "
	"\"id:1,phase:1,nolog,pass,setvar:tx.limit=4,initcol:ip=%{REMOTE_ADDR}_%{ARGS.k}\"\n"
	"SecRule ARGS:off \"@streq id\" \"id:2,phase:1,pass,ctl:ruleRemoveById=30-39\"\n"
	"SecRule ARGS:off \"@streq tag\" \"id:3,phase:1,pass,ctl:ruleRemoveByTag=^inj\"\n"
	"SecRule ARGS:off \"@streq target\" "
	"\"id:4,phase:1,pass,ctl:ruleRemoveTargetByTag=inj;ARGS:a\"\n"
	"SecRule ARGS:off \"@streq engine\" \"id:5,phase:1,pass,ctl:ruleEngine=DetectionOnly\"\n"
	"SecRule ARGS:off \"@streq all\" \"id:6,phase:1,pass,ctl:ruleEngine=Off\"\n"
	"SecRule ARGS:off \"@streq body\" \"id:7,phase:1,pass,ctl:requestBodyAccess=Off\"\n"
	"SecRule ARGS:off \"@streq limit\" \"id:8,phase:1,pass,ctl:requestBodyLimit=10\"\n"
	"SecRule ARGS:off \"@streq force\" \"id:9,phase:1,pass,ctl:forceRequestBodyVariable=On\"\n"
	"SecRule ARGS:as \"@streq json\" \"id:10,phase:1,pass,ctl:requestBodyProcessor=JSON\"\n"
	"SecRule ARGS:as \"@streq xml\" \"id:11,phase:1,pass,ctl:requestBodyProcessor=XML\"\n"
	"SecRule ARGS:as \"@streq form\" "
	"\"id:12,phase:1,pass,ctl:requestBodyProcessor=URLENCODED\"\n"
	"SecRule ARGS:let \"@streq all\" \"id:13,phase:1,nolog,allow\"\n"
	"SecRule ARGS:let \"@streq phase\" \"id:14,phase:1,nolog,allow:phase\"\n"
	"SecRule ARGS:let \"@streq request\" \"id:15,phase:2,nolog,allow:request\"\n"
	"SecRule ARGS:go \"@rx ^(.{1,20})$\" \"id:16,phase:2,capture,redirect:http://b/%{tx.1}\"\n"
	"SecRule ARGS:go \"@streq away\" \"id:17,phase:1,drop\"\n"
	"SecRule &ARGS \"@gt %{tx.limit}\" \"id:18,phase:2,pass,setvar:tx.many=1\"\n"
	"SecRule REQBODY_ERROR \"!@eq 0\" \"id:19,phase:2,pass,logdata:%{REQBODY_ERROR_MSG}\"\n"
	"SecRule MULTIPART_STRICT_ERROR|MULTIPART_UNMATCHED_BOUNDARY \"!@eq 0\" "
	"\"id:20,phase:2,pass\"\n"
	"SecRule INBOUND_DATA_ERROR \"@eq 1\" \"id:21,phase:2,pass\"\n"
	"SecRule ARGS_NAMES \"@rx .\" \"id:22,phase:2,nolog,pass,t:lowercase,"
	"setvar:tx.count_%{MATCHED_VAR}=+1,setvar:ip.n=+1,expirevar:ip.n=60\"\n"
	"SecRule TX:/^count_/ \"@gt 1\" \"id:23,phase:2,pass\"\n"
	"SecRule IP:n \"@ge 3\" \"id:24,phase:2,pass\"\n"
	"SecRule REQUEST_URI|REQUEST_HEADERS|ARGS|FILES \"@rx \\.\\.[\\\\/]\" "
	"\"id:30,phase:2,pass,tag:inj,t:none,t:urlDecodeUni,t:normalizePath,multiMatch,"
	"setvar:tx.score=+5\"\n"
	"SecRule ARGS|ARGS_NAMES|REQUEST_COOKIES|REQUEST_COOKIES_NAMES|XML:/* \"@detectSQLi\" "
	"\"id:31,phase:2,pass,capture,tag:inj,t:none,t:urlDecodeUni,logdata:%{TX.0},setvar:tx."
	"score=+5\"\n"
	"SecRule ARGS|ARGS_NAMES|XML:/*|XML://@* \"@detectXSS\" "
	"\"id:32,phase:2,pass,tag:inj,t:none,"
	"t:utf8toUnicode,t:urlDecodeUni,t:htmlEntityDecode,t:jsDecode,t:cssDecode,t:removeNulls,"
	"setvar:tx.score=+5\"\n"
	"SecRule ARGS|REQUEST_BODY|!ARGS:b \"@pm /etc/passwd <script select union cmd.exe\" "
	"\"id:33,phase:2,pass,capture,tag:inj,t:none,t:lowercase,t:replaceComments,logdata:%{TX.0}"
	"\"\n"
	"SecRule ARGS \"@rx (?i)\\b(union|select)\\b.{0,40}\\b(from|all)\\b\" "
	"\"id:34,phase:2,pass,capture,tag:inj,t:none,t:urlDecode,t:compressWhitespace,chain\"\n"
	"SecRule MATCHED_VARS|TX:1 \"@contains e\" \"t:none,t:cmdLine,chain\"\n"
	"SecRule MATCHED_VARS_NAMES \"@rx ^ARGS:\" \"setvar:tx.chained=%{MATCHED_VAR_NAME}\"\n"
	"SecRule ARGS:h|ARGS:/^x/ \"@rx ^\\w+$\" "
	"\"id:35,phase:2,pass,t:none,t:base64Decode,t:hexDecode\"\n"
	"SecRule ARGS \"@validateByteRange 32-126\" \"id:36,phase:2,pass,t:none,t:urlDecodeUni\"\n"
	"SecRule ARGS|REQUEST_HEADERS \"@validateUtf8Encoding\" \"id:37,phase:2,pass\"\n"
	"SecRule REQUEST_URI_RAW \"@validateUrlEncoding\" \"id:38,phase:1,pass\"\n"
	"SecRule REQUEST_HEADERS:User-Agent \"!@within curl wget\" "
	"\"id:39,phase:1,pass,t:lowercase,"
	"skip:1\"\n"
	"SecRule REQUEST_METHOD \"!@within GET POST\" \"id:40,phase:1,pass\"\n"
	"SecRule FILES_SIZES|FILES_COMBINED_SIZE \"@gt 100\" \"id:41,phase:2,pass\"\n"
	"SecRule MULTIPART_PART_HEADERS|FILES_NAMES|MULTIPART_FILENAME \"@rx [^ -~]|\\.php\" "
	"\"id:42,phase:2,pass\"\n"
	"SecRule TX:score \"@ge 5\" \"id:43,phase:2,pass,skipAfter:JUDGE\"\n"
	"SecAction \"id:44,phase:2,pass,setvar:tx.calm=1\"\n"
	"SecMarker JUDGE\n"
	"SecRule TX:score \"@ge 10\" \"id:45,phase:2,block,msg:'score %{tx.score} "
	"%{tx.chained}'\"\n"
	"SecRule RESPONSE_STATUS \"@rx ^5\" \"id:50,phase:3,pass\"\n"
	"SecRule RESPONSE_HEADERS:X-Leak|RESPONSE_CONTENT_TYPE \"@contains secret\" "
	"\"id:51,phase:3,deny,status:502\"\n"
	"SecRule RESPONSE_BODY \"@pm ORA- mysql_ stack\" "
	"\"id:52,phase:4,pass,t:none,t:lowercase\"\n"
	"SecRule RESPONSE_BODY \"@rx (?i)<title>([^<]{0,40})\" "
	"\"id:53,phase:4,pass,capture,logdata:%{TX.1}\"\n"
	"SecRule RESPONSE_BODY|ARGS \"@contains both\" \"id:54,phase:4,deny\"\n"
	"SecAction \"id:60,phase:5,pass,logdata:%{tx.score}-%{tx.many}-%{HIGHEST_SEVERITY}\"\n";

static struct weir_waf *with, *without;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct weir_waf_options on, off = {.no_prefilter = true};

	with = fuzz_compile(weir_bytes_str(rules), &on);
	without = fuzz_compile(weir_bytes_str(rules), &off);
	if (!with || !without)
		abort();
	return argc && argv ? 0 : 1;
}

static void same_match(const struct weir_waf_match *a, const struct weir_waf_match *b)
{
	weir_assert(a->id == b->id && a->severity == b->severity && a->phase == b->phase);
	weir_assert(weir_bytes_equal(a->target, b->target));
	weir_assert(weir_bytes_equal(a->value, b->value));
	weir_assert(weir_bytes_equal(a->data, b->data));
	weir_assert(weir_bytes_equal(a->msg, b->msg));
}

static void same_result(const struct weir_waf_result *a, const struct weir_waf_result *b)
{
	weir_assert(a->n_matches == b->n_matches && a->matches_lost == b->matches_lost);
	for (uint32_t i = 0; i < a->n_matches; i++)
		same_match(&a->matches[i], &b->matches[i]);
	weir_assert(a->verdict == b->verdict && a->would == b->would && a->status == b->status);
	weir_assert(a->phase == b->phase && a->rule == b->rule);
	weir_assert(a->request_partial == b->request_partial);
	weir_assert(a->response_partial == b->response_partial);
	weir_assert(weir_bytes_equal(a->location, b->location));
}

static struct weir_waf_worker *make_worker(bool little, uint8_t seed)
{
	struct weir_waf_worker_cfg cfg = {.bytes = 4 << 20, .collection_keys = 4, .seed = 1};
	struct weir_waf_worker *w;

	if (little)
		cfg.bytes = WEIR_ARENA_CHUNK * (2 + seed % 24u);
	w = weir_waf_worker_create(&cfg);
	if (!w)
		abort();
	return w;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_waf_result a, b;
	struct exchange x = {.waf = with}, y = {.waf = without};
	size_t len;
	bool little;

	if (size < 4)
		return 0;
	len = data[2] | (size_t)data[3] << 8;
	len = len < size - 4 ? len : size - 4;
	little = data[0] & 2;
	x.request = y.request = weir_bytes_of(data + 4, len);
	x.response = y.response = weir_bytes_of(data + 4 + len, size - 4 - len);
	x.explain = data[0] & 1;
	y.pieces = data[1];
	y.twice = true;
	x.worker = make_worker(little, data[1]);
	y.worker = make_worker(little, data[1]);
	if (exchange_run(&x)) {
		weir_waf_tx_result(x.tx, &a);
		check_result(&x, &a);
	}
	if (exchange_run(&y)) {
		weir_waf_tx_result(y.tx, &b);
		check_result(&y, &b);
	}
	if (x.tx && y.tx && !little)
		same_result(&a, &b);
	exchange_end(&x);
	exchange_end(&y);
	return 0;
}
