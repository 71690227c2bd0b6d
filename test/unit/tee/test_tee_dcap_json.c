/* Intel's JSON: what form it must have, one change of its text at a time. */
#include "forge/intel.h"
#include "support.h"

#include <string.h>

/* The text with the first `from` replaced; it must be there. */
static struct rd_view replace(struct rd_view in, const char *from, const char *to)
{
	const uint8_t *at = memmem(in.data, in.len, from, strlen(from));
	struct rd_view parts[3];

	if (!at)
		fail_msg("nothing like %s", from);
	parts[0] = rd_view_of(in.data, (size_t)(at - in.data));
	parts[1] = rd_view_str(to);
	parts[2] = rd_view_of(at + strlen(from), in.len - parts[0].len - strlen(from));
	return forge_concat(&intel.forge, 3, parts);
}

static bool parse_info(struct rd_view json, struct rd_tcb_info *out, struct rd_err *err)
{
	return rd_tcb_info_parse(json, intel.forge.arena, out, err);
}

static bool parse_identity(struct rd_view json, struct rd_qe_identity *out, struct rd_err *err)
{
	return rd_qe_identity_parse(json, intel.forge.arena, out, err);
}

#define SVN(n) "{\"svn\":" n "}"
#define ZEROS_47 \
	"\"mrsigner\":\"0000000000000000000000000000000000000000000000000000000000000000000000000" \
	"0000000000000000000000\""
#define ZEROS_48 \
	"\"mrsigner\":\"0000000000000000000000000000000000000000000000000000000000000000000000000" \
	"00000000000000000000000\""

static const char *const info_changes[][2] = {
	{ "\"tcbInfo\":{", "\"tcbInfo\":[{" },
	{ "\"signature\":", "\"sign\":" },
	{ "\"signature\":\"", "\"signature\":\"00" },
	{ "\"signature\":\"", "\"signature\":\"x" },
	{ "\"id\":\"TDX\"", "\"ID\":\"TDX\"" },
	{ "\"id\":\"TDX\"", "\"id\":\"TDY\"" },
	{ "\"id\":\"TDX\"", "\"id\":\"TDX\",\"id\":\"SGX\"" },
	{ "\"version\":3", "\"version\":4" },
	{ "\"version\":3", "\"version\":1" },
	{ "\"version\":3", "\"version\":\"3\"" },
	{ "\"version\":3", "\"version\":3.5" },
	{ "\"issueDate\":\"2025", "\"issueDate\":\"25" },
	{ "\"issueDate\":", "\"IssueDate\":" },
	{ "\"nextUpdate\":\"2025", "\"nextUpdate\":\"" },
	{ "\"nextUpdate\":\"2025-07-01T00:00:00Z\"", "\"nextUpdate\":[]" },
	{ "\"fmspc\":\"90c06f000000\"", "\"fmspc\":\"90c06f0000\"" },
	{ "\"fmspc\":\"90c06f000000\"", "\"fmspc\":\"90c06f00000g\"" },
	{ "\"fmspc\":", "\"FMSPC\":" },
	{ "\"pceId\":\"0000\"", "\"pceId\":\"000000\"" },
	{ "\"tcbType\":0", "\"tcbType\":1" },
	{ "\"tcbType\":0,", "" },
	{ "\"tcbEvaluationDataNumber\":18", "\"tcbEvaluationDataNumber\":-1" },
	{ "\"tcbEvaluationDataNumber\":18,", "" },
	{ "}],\"tcbLevels\":[{", "}],\"tcbLevel\":[{" },
	{ "}],\"tcbLevels\":[{", "}],\"tcbLevels\":[7,{" },
	{ "\"tcb\":{\"sgx", "\"TCB\":{\"sgx" },
	{ "\"sgxtcbcomponents\"", "\"sgxtcbcomponent\"" },
	{ "\"sgxtcbcomponents\":[", "\"sgxtcbcomponents\":[" SVN("0") "," },
	{ "\"tdxtcbcomponents\":[", "\"tdxtcbcomponents\":[" SVN("0") "," },
	{ "\"tdxtcbcomponents\":[" SVN("0") ",", "\"tdxtcbcomponents\":[" },
	{ SVN("3"), SVN("256") },
	{ SVN("3"), SVN("-3") },
	{ SVN("3"), SVN("\"3\"") },
	{ SVN("3"), SVN("null") },
	{ SVN("3"), "{}" },
	{ SVN("3"), "3" },
	{ "\"pcesvn\":13", "\"pcesvn\":65536" },
	{ "\"pcesvn\":13", "\"pceSvn\":13" },
	{ "\"tcbDate\":\"2025-05-14T00:00:00Z\",", "" },
	{ "\"tcbStatus\":\"UpToDate\",\"adv", "\"tcbStatus\":\"\",\"adv" },
	{ "\"tcbStatus\":\"UpToDate\",\"adv", "\"tcbStatus\":[],\"adv" },
	{ "\"tcbStatus\":\"UpToDate\",\"adv", "\"tcbStatus\":[\"UpToDate\"],\"adv" },
	{ "\"tcbStatus\":\"UpToDate\",\"adv", "\"tcbStatus\":{\"is\":\"UpToDate\"},\"adv" },
	{ "{\"isvsvn\":6}", "[{\"isvsvn\":6}]" },
	{ "{\"isvsvn\":6}", "6" },
	{ "\"tcbStatus\":\"UpToDate\",\"adv", "\"adv" },
	{ "\"advisoryIDs\":[\"INTEL-SA-1\",\"INTEL-SA-2\"]", "\"advisoryIDs\":\"SA\"" },
	{ "\"advisoryIDs\":[\"INTEL-SA-1\",", "\"advisoryIDs\":[[]," },
	{ ZEROS_48, ZEROS_47 "" },
	{ "\"attributes\":\"0000000000000000\"", "\"attributes\":\"00000000000000\"" },
	{ "\"attributesMask\":\"FFFFFFFFFFFFFFFF\"", "\"attributesMask\":\"\"" },
	{ "\"tdxModuleIdentities\":[", "\"tdxModuleIdentities\":[7," },
	{ "\"tdxModuleIdentities\":[{\"id\":\"TDX_01\",", "\"tdxModuleIdentities\":[{" },
	{ "{\"isvsvn\":6}", "{\"isvsvn\":65536}" },
	{ "{\"isvsvn\":6}", "{}" },
	{ "FFFF\",\"tcbLevels\":[{\"tcb\":{\"isv", "FFFF\",\"levels\":[{\"tcb\":{\"isv" },
};

static void test_tcb_info(void **state)
{
	struct rd_tcb_info info;
	struct intel_world w;
	struct rd_view good;
	struct rd_err err;

	(void)state;
	intel_make(&w, false);
	good = intel_tcb_info(&w);
	assert_true(parse_info(good, &info, &err));
	assert_true(parse_info(replace(good, "\"signature\"", " \n\"signature\" "), &info, &err));
	for (size_t i = 0; i < sizeof(info_changes) / sizeof(info_changes[0]); i++) {
		err = (struct rd_err){ 0 };
		if (parse_info(replace(good, info_changes[i][0], info_changes[i][1]), &info, &err))
			fail_msg("it parses with %s", info_changes[i][1]);
		assert_string_equal(err.code, "tee.dcap.tcb_info");
	}
	err = (struct rd_err){ 0 };
	assert_false(parse_info(replace(good, "\"id\":", "\"id\":\"SGX\",\"id\":"), &info, &err));
	assert_non_null(strstr(err.text, "duplicate")); /* as the parser says */
}

static void test_identity(void **state)
{
	static const char *const changes[][2] = {
		{ "\"version\":2", "\"version\":1" },
		{ "\"version\":2", "\"version\":3" },
		{ "\"id\":\"TD_QE\",", "" },
		{ "\"issueDate\":\"2025", "\"issueDate\":\"x" },
		{ "\"nextUpdate\":", "\"next\":" },
		{ "\"tcbEvaluationDataNumber\":18,", "" },
		{ "\"miscselect\":\"00000000\"", "\"miscselect\":\"000000\"" },
		{ "\"miscselectMask\":\"FFFFFFFF\"", "\"miscselectMask\":\"FFFFFFFFFF\"" },
		{ "\"attributes\":\"11", "\"attributes\":\"" },
		{ "\"attributesMask\":\"FB", "\"attributesMask\":\"" },
		{ "\"mrsigner\":\"dc", "\"mrsigner\":\"" },
		{ "\"isvprodid\":1", "\"isvprodid\":65536" },
		{ "\"isvprodid\":1,", "" },
		{ "\"tcbLevels\":[", "\"tcbLevels\":[0," },
		{ "{\"isvsvn\":8}", "8" },
	};
	struct rd_qe_identity id;
	struct intel_world w;
	struct rd_view good;
	struct rd_err err;

	(void)state;
	intel_make(&w, false);
	good = intel_qe_identity(&w);
	assert_true(parse_identity(good, &id, &err));
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		err = (struct rd_err){ 0 };
		if (parse_identity(replace(good, changes[i][0], changes[i][1]), &id, &err))
			fail_msg("it parses with %s", changes[i][1]);
		assert_string_equal(err.code, "tee.dcap.qe_identity");
	}
	assert_true(parse_identity(replace(good, "TD_QE", "QVE"), &id, &err));
	assert_int_equal(id.kind, RD_DCAP_NEITHER);
	assert_true(parse_identity(replace(good, "TD_QE", "QE"), &id, &err));
	assert_int_equal(id.kind, RD_DCAP_SGX);
}

/* Version 2 has no id and numbers its components by name; it is of SGX. */
static void test_version_2(void **state)
{
	struct rd_buf text = { .max = 64 * 1024 };
	struct rd_tcb_info info;
	struct rd_view json;
	struct rd_err err = { 0 };

	(void)state;
	rd_buf_printf(&text, "{\"tcbInfo\":{\"version\":2,\"issueDate\":\"2025-06-01T00:00:00Z\","
			     "\"nextUpdate\":\"2025-07-01T00:00:00Z\",\"fmspc\":\"90C06F000000\","
			     "\"pceId\":\"0000\",\"tcbType\":0,\"tcbEvaluationDataNumber\":18,"
			     "\"tcbLevels\":[{\"tcb\":{");
	for (uint32_t i = 1; i <= RD_DCAP_COMPONENTS; i++)
		rd_buf_printf(&text, "\"sgxtcbcomp%02usvn\":%u,", i, 100 + i);
	rd_buf_printf(&text, "\"pcesvn\":13},\"tcbDate\":\"2025\",\"tcbStatus\":\"UpToDate\"}]},"
			     "\"signature\":\"");
	for (uint32_t i = 0; i < 64; i++)
		rd_buf_printf(&text, "aB");
	rd_buf_printf(&text, "\"}\n");
	json = forge_keep(&intel.forge, &text);
	assert_true(parse_info(json, &info, &err));
	assert_int_equal(info.kind, RD_DCAP_SGX);
	for (uint32_t i = 0; i < RD_DCAP_COMPONENTS; i++)
		assert_int_equal(info.levels.level[0].sgx[i], 101 + i);
	assert_false(parse_info(replace(json, "sgxtcbcomp16svn", "sgxtcbcomp17svn"), &info, &err));
	assert_false(parse_info(replace(json, ":116,", ":256,"), &info, &err));
}

/* More than any of Intel's has, in each place that could grow. */
static void test_sizes(void **state)
{
	struct rd_buf levels = { .max = 1u << 20 }, modules = { .max = 1u << 20 },
		      large = { .max = 4u << 20 }, status = { .max = 1024 };
	struct rd_view good, many;
	struct rd_tcb_info info;
	struct intel_world w;
	struct rd_err err = { 0 };

	(void)state;
	intel_make(&w, false);
	good = intel_tcb_info(&w);
	rd_buf_printf(&levels, "\"tcbLevels\":[");
	for (uint32_t i = 0; i < RD_DCAP_LEVELS_MAX; i++)
		rd_buf_printf(&levels, "{\"tcb\":{\"isvsvn\":9},\"tcbDate\":\"2025\","
				       "\"tcbStatus\":\"UpToDate\"},");
	many = forge_keep(&intel.forge, &levels);
	assert_false(
		parse_info(replace(good, "\"tcbLevels\":[", (const char *)many.data), &info, &err));
	rd_buf_printf(&modules, "\"tdxModuleIdentities\":[");
	for (uint32_t i = 0; i < RD_DCAP_MODULES_MAX; i++)
		rd_buf_printf(&modules,
			      "{\"id\":\"TDX_%02X\"," ZEROS_48
			      ",\"attributes\":\"0000000000000000\",\"attributesMask\":"
			      "\"FFFFFFFFFFFFFFFF\",\"tcbLevels\":[{\"tcb\":{\"isvsvn\":6"
			      "},\"tcbDate\":\"2025\",\"tcbStatus\":\"UpToDate\"}]},",
			      100 + i);
	many = forge_keep(&intel.forge, &modules);
	assert_false(parse_info(replace(good, "\"tdxModuleIdentities\":[", (const char *)many.data),
				&info, &err));
	for (int n = 256; n < 258; n++) {
		rd_buf_printf(&status, "\"tcbStatus\":\"%0*d\",\"adv%c", n, 0, 0);
		many = forge_keep(&intel.forge, &status);
		assert_int_equal(parse_info(replace(good, "\"tcbStatus\":\"UpToDate\",\"adv",
						    (const char *)many.data),
					    &info, &err),
				 n == 256);
		status = (struct rd_buf){ .max = 1024 };
	}
	assert_true(rd_tcb_info_is(good));
	rd_buf_add(&large, rd_view_of(good.data, good.len - 1));
	rd_buf_printf(&large, ",\"more\":\"%0*d\"}", 1 << 20, 0);
	many = forge_keep(&intel.forge, &large);
	assert_false(parse_info(many, &info, &err));
	assert_false(rd_tcb_info_is(many));
	assert_false(rd_tcb_info_is(rd_view_str("{\"enclaveIdentity\":{}}")));
	assert_true(rd_qe_identity_is(rd_view_str("{\"qe_identity\":\"\"}")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcb_info),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_version_2),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, intel_setup, intel_teardown);
}
