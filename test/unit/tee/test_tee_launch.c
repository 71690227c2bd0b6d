/*
 * Launch measurements.  SNP: digests that sev-snp-measure's tests expect of OVMF's AmdSev build
 * (virtee, tests/test_guest.py); only the metadata of that image is rebuilt here, its pages are
 * represented by the digest that those tests state for them.  TDX: computed with Python's hashlib
 * by the steps of Intel's specification; no independent figure is known.
 */
#include "support.h"

#include "tee/firmware.h"
#include "tee/snp/launch.h"
#include "tee/tdx/launch.h"

#include <redoubt/crypto.h>

#include <stdlib.h>
#include <string.h>

#define IMAGE_LEN 8192u

static struct rd_arena *arena;

static void put_le(uint8_t *p, uint64_t v, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

/* An image that is written from its end: the table of GUIDs, backwards. */
struct image {
	uint8_t bytes[IMAGE_LEN];
	size_t table; /* where the table begins */
};

static void put_guid(uint8_t *p, const char *text)
{
	static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	uint8_t raw[16];
	size_t n = 0;

	for (; *text; text++) {
		char digits[3] = { text[0], 0, 0 };

		if (*text == '-')
			continue;
		digits[1] = *++text;
		raw[n++] = (uint8_t)strtoul(digits, NULL, 16);
	}
	for (size_t i = 0; i < 16; i++)
		p[i] = raw[order[i]];
}

static void put_entry(struct image *m, const char *guid, const uint8_t *data, size_t len)
{
	m->table -= len + 18;
	if (len)
		memcpy(m->bytes + m->table, data, len);
	put_le(m->bytes + m->table + len, len + 18, 2);
	put_guid(m->bytes + m->table + len + 2, guid);
	put_le(m->bytes + IMAGE_LEN - 50, IMAGE_LEN - 32 - m->table, 2);
}

static void begin(struct image *m)
{
	for (size_t i = 0; i < IMAGE_LEN; i++)
		m->bytes[i] = (uint8_t)(i * 7 + i / 256);
	m->table = IMAGE_LEN - 32;
	put_entry(m, "96b582de-1fb2-45f7-baea-a366c55a082d", NULL, 0);
}

/* Descriptors and the entry that points to them. */
struct list {
	const char *magic, *guid;
	const uint8_t *items;
	size_t item_len;
	uint32_t n;
};

static void put_list(struct image *m, size_t at, const struct list *list)
{
	uint8_t distance[4];
	size_t len = list->item_len * list->n;

	memcpy(m->bytes + at, list->magic, 4);
	put_le(m->bytes + at + 4, 16 + len, 4);
	put_le(m->bytes + at + 8, 1, 4);
	put_le(m->bytes + at + 12, list->n, 4);
	memcpy(m->bytes + at + 16, list->items, len);
	put_le(distance, IMAGE_LEN - at, 4);
	put_entry(m, list->guid, distance, 4);
}

/* ---- SEV-SNP --------------------------------------------------------------------------------- */

#define METADATA "dc886566-984a-4798-a75e-5585a7bf67cc"
#define RESET "00f771de-1a7e-4fcb-890e-68c77e2fb44e"
#define HASHES "7255371f-3a3b-4b04-927b-1da6efa8d454"
#define SECTIONS 6u

static const uint32_t amd_sev[SECTIONS][3] = {
	{ 0x800000, 0x9000, 1 }, { 0x80A000, 0x3000, 1 },  { 0x80D000, 0x1000, 2 },
	{ 0x80E000, 0x1000, 3 }, { 0x80F000, 0x1000, 16 }, { 0x810000, 0x10000, 1 },
};

static void snp_image_with(struct image *m, const uint32_t sections[SECTIONS][3], size_t reset_len,
			   size_t hashes_len)
{
	uint8_t items[12 * SECTIONS], reset[8] = { 0 }, hashes[16] = { 0 };

	begin(m);
	for (size_t i = 0; i < SECTIONS; i++)
		for (size_t k = 0; k < 3; k++)
			put_le(items + 12 * i + 4 * k, sections[i][k], 4);
	put_le(reset, 0x80B004, 4);
	put_le(hashes, 0x80FC00, 4);
	put_le(hashes + 4, 0x400, 4);
	put_entry(m, RESET, reset, reset_len);
	put_entry(m, HASHES, hashes, hashes_len);
	put_list(m, 1024, &(struct list){ "ASEV", METADATA, items, 12, SECTIONS });
}

static void snp_image(struct image *m, const uint32_t sections[SECTIONS][3])
{
	snp_image_with(m, sections, 4, 8);
}

static struct rd_tee_launch snp_launch(const struct image *m)
{
	return (struct rd_tee_launch){ .file = rd_view_of(m->bytes, IMAGE_LEN),
				       .cpu = rd_view_str("EPYC-v4"),
				       .vcpus = 1 };
}

static void expect_rest(const struct rd_tee_launch *in, const char *firmware, const char *wanted)
{
	uint8_t digest[48];
	struct rd_view start, hex;
	struct rd_err err = { 0 };

	assert_true(rd_unhex(arena, rd_view_str(firmware), &start, &err));
	assert_int_equal(start.len, 48);
	memcpy(digest, start.data, 48);
	if (!rd_snp_measure_rest(in, digest, &err))
		fail_msg("%s", err.text);
	assert_true(rd_hex(arena, rd_view_of(digest, 48), &hex, &err));
	assert_true(rd_view_eq(hex, rd_view_str(wanted)));
}

static void test_snp_known(void **state)
{
	static const char fixture[] =
		"edcf6d1c57ce868a167c990f58c8667c698269ef9e0803246419eea9141863"
		"43054d557e1f17acd93b032c106bc70d25";
	struct rd_tee_launch in;
	struct image m;

	(void)state;
	snp_image(&m, amd_sev);
	in = snp_launch(&m);
	expect_rest(
		&in, fixture,
		"e5e6be5a8fa6256f0245666bb237e2d028b7928148ce78d51b8a64dc9506c377709a5b5d7ab75554"
		"593bced304fcff93");
	in.kernel = rd_view_str("");
	expect_rest(
		&in,
		"cab7e085874b3acfdbe2d96dcaa3125111f00c35c6fc9708464c2ae74bfdb048a198cb9a9ccae0b3"
		"e5e1a33f5f249819",
		"db06fb267824b1ccb56edbe2a9c2ce88841bca5090dc6dac91d9cd30f3c2c0bf42daccb30d55d662"
		"5bfbf0dae5c50c6d");
	in.vcpus = 4;
	expect_rest(
		&in, fixture,
		"1c784beb8c49aa604b7fd57fbc73b36ec53a3f5fb48a2b895ad6cc2ea15d18ee7cc15e3e57c79276"
		"6b45f944c3e81cfe");
	in.vcpus = 1;
	in.command_line = rd_view_str("console=ttyS0 loglevel=7");
	in.initrd = rd_view_str("");
	in.cpu = rd_view_str("0x800F12");
	expect_rest(
		&in, fixture,
		"f07864303ad8243132029e8110b92805c78d1135a15da75f67abb9a711d78740347f24ee76f603e6"
		"50ec4adf3611cc1e");
}

/* EC2's machine, of the same tests. */
static void test_snp_ec2(void **state)
{
	struct rd_tee_launch in;
	struct image m;

	(void)state;
	snp_image(&m, amd_sev);
	in = snp_launch(&m);
	in.kernel = rd_view_str("");
	in.cpu = rd_view_of(NULL, 0);
	in.vmm = rd_view_str("ec2");
	expect_rest(
		&in,
		"edcf6d1c57ce868a167c990f58c8667c698269ef9e0803246419eea9141863"
		"43054d557e1f17acd93b032c106bc70d25",
		"760b6e51039d2d6c1fc6d38ca5c387967d158e0294883e4522c36f89bd61bfc9cdb975cd1ceedffb"
		"e1b23b1daf4e3f42");
}

/* What another processor model starts with is in its digest. */
static void test_snp_models(void **state)
{
	static const char *const models[] = { "EPYC", "EPYC-Rome", "EPYC-Milan-v2", "EPYC-Genoa",
					      "EPYC-Turin" };
	static const char *const signatures[] = { "0x00800f12", "0x00830f10", "0x00a00f11",
						  "0x00a10f10", "0x00b00f00" };
	struct rd_tee_launch in;
	struct image m;

	(void)state;
	snp_image(&m, amd_sev);
	in = snp_launch(&m);
	for (size_t i = 0; i < 5; i++) {
		struct rd_tee_values a = { 0 }, b = { 0 };
		struct rd_err err = { 0 };

		in.cpu = rd_view_str(models[i]);
		assert_true(rd_snp_measure(&in, arena, &a, &err));
		in.cpu = rd_view_str(signatures[i]);
		assert_true(rd_snp_measure(&in, arena, &b, &err));
		assert_true(rd_view_eq(a.value[0].digest, b.value[0].digest));
	}
}

static void refuse_snp(const struct rd_tee_launch *in, const char *code, enum rd_fault fault)
{
	struct rd_tee_values v = { 0 };
	struct rd_err err = { 0 };

	assert_false(rd_snp_measure(in, arena, &v, &err));
	assert_string_equal(err.code, code);
	assert_int_equal(err.fault, fault);
}

/* Entries of the firmware's table that are not what they should be. */
static void test_snp_entries(void **state)
{
	struct rd_tee_launch in;
	struct image m;

	(void)state;
	/* The place for hashes: too near its page's end, then in an entry of another length. */
	for (size_t i = 0; i < 2; i++) {
		static const uint8_t place[] = { 0x00, 0xFC, 0x80, 0x00 };
		uint8_t *at;

		snp_image_with(&m, amd_sev, 4, i == 0 ? 8 : 9);
		at = memmem(m.bytes, IMAGE_LEN, place, sizeof(place));
		assert_non_null(at);
		if (i == 0)
			put_le(at, 0x80FF51, 4);
		in = snp_launch(&m);
		in.kernel = rd_view_str("kernel");
		refuse_snp(&in, "tee.snp.firmware", RD_FAULT_MALFORMED);
	}
	snp_image_with(&m, amd_sev, 5, 8); /* where other processors start */
	in = snp_launch(&m);
	in.vcpus = 2;
	refuse_snp(&in, "tee.snp.firmware", RD_FAULT_MALFORMED);
}

/* ---- what is read of a firmware image -------------------------------------------------------- */

static bool finds_list(const struct image *m, uint32_t n)
{
	static const uint8_t entry[4] = { 0, 0x10 }; /* 4096 from the end */
	struct rd_firmware_list list = { .magic = "ASEV", .item_len = 12 };
	struct rd_view file = rd_view_of(m->bytes, IMAGE_LEN);

	return rd_firmware_find(file, rd_view_of(entry, 4), &list) && list.n == n;
}

/* Descriptors: their number, and a length that has no room for them. */
static void test_firmware_lists(void **state)
{
	static const struct {
		uint32_t n;
		int more;
		bool good;
	} lists[] = { { 1, 0, true },  { 64, 0, true },  { 64, 100, true },
		      { 0, 0, false }, { 65, 0, false }, { 64, -1, false } };
	static const uint8_t items[12 * 65];
	struct image m;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		uint32_t n = lists[i].n;

		begin(&m);
		put_list(&m, IMAGE_LEN - 4096, &(struct list){ "ASEV", METADATA, items, 12, n });
		put_le(m.bytes + IMAGE_LEN - 4096 + 4,
		       (uint64_t)(16 + 12 * (int64_t)n + lists[i].more), 4);
		assert_int_equal(finds_list(&m, n), lists[i].good);
	}
}

static bool is_firmware(struct rd_view file)
{
	struct rd_err err = { 0 };

	return rd_firmware_check(file, "tee.snp.firmware", &err);
}

static void test_firmware_images(void **state)
{
	static const size_t footer[] = { 0, 17, IMAGE_LEN - 32 + 1, 0xFFFF };
	size_t large = RD_FIRMWARE_MAX + RD_FIRMWARE_PAGE;
	uint8_t *bytes = calloc(1, large);
	struct image m;

	(void)state;
	assert_non_null(bytes);
	begin(&m);
	assert_true(is_firmware(rd_view_of(m.bytes, IMAGE_LEN)));
	assert_false(is_firmware(rd_view_of(m.bytes + 1, IMAGE_LEN - 1)));
	assert_false(is_firmware(rd_view_of(m.bytes, 0)));
	assert_false(is_firmware(rd_view_of(m.bytes, 4096)));
	memcpy(bytes + large - IMAGE_LEN, m.bytes, IMAGE_LEN);
	assert_true(is_firmware(rd_view_of(bytes + RD_FIRMWARE_PAGE, RD_FIRMWARE_MAX)));
	assert_false(is_firmware(rd_view_of(bytes, large)));
	free(bytes);
	put_le(m.bytes + IMAGE_LEN - 50, IMAGE_LEN - 32, 2);
	assert_true(is_firmware(rd_view_of(m.bytes, IMAGE_LEN)));
	for (size_t i = 0; i < sizeof(footer) / sizeof(footer[0]); i++) {
		put_le(m.bytes + IMAGE_LEN - 50, footer[i], 2);
		assert_false(is_firmware(rd_view_of(m.bytes, IMAGE_LEN)));
	}
}

static void test_snp_refused(void **state)
{
	static const struct {
		size_t section, field;
		uint32_t value;
		enum rd_fault fault;
	} broken[] = {
		{ 0, 0, 0x800001, RD_FAULT_MALFORMED }, { 0, 1, 0x9001, RD_FAULT_MALFORMED },
		{ 0, 1, 0, RD_FAULT_MALFORMED },        { 1, 1, 0xFFFFF000, RD_FAULT_MALFORMED },
		{ 5, 2, 9, RD_FAULT_REFUSED },          { 4, 2, 1, RD_FAULT_REFUSED },
		{ 4, 0, 0x80E000, RD_FAULT_MALFORMED },
	};
	struct rd_tee_launch in;
	struct image m;

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		uint32_t sections[SECTIONS][3];

		memcpy(sections, amd_sev, sizeof(sections));
		sections[broken[i].section][broken[i].field] = broken[i].value;
		snp_image(&m, (const uint32_t(*)[3])sections);
		in = snp_launch(&m);
		in.kernel = rd_view_str("kernel");
		refuse_snp(&in, "tee.snp.firmware", broken[i].fault);
	}
	snp_image(&m, amd_sev);
	in = snp_launch(&m);
	in.vcpus = 0;
	refuse_snp(&in, "tee.snp.cpu", RD_FAULT_USAGE);
	in.vcpus = 5000;
	refuse_snp(&in, "tee.snp.cpu", RD_FAULT_USAGE);
	in = snp_launch(&m);
	in.cpu = rd_view_str("EPYC-Naples");
	refuse_snp(&in, "tee.snp.cpu", RD_FAULT_USAGE);
	in.cpu = rd_view_str("0x");
	refuse_snp(&in, "tee.snp.cpu", RD_FAULT_USAGE);
	in = snp_launch(&m);
	in.vmm = rd_view_str("ec2");
	refuse_snp(&in, "tee.snp.cpu", RD_FAULT_USAGE);
	in.vmm = rd_view_str("krun");
	refuse_snp(&in, "tee.snp.cpu", RD_FAULT_USAGE);
	in = snp_launch(&m);
	in.initrd = rd_view_str("initrd");
	refuse_snp(&in, "tee.snp.firmware", RD_FAULT_USAGE);
	in = snp_launch(&m);
	in.file.len -= 1;
	refuse_snp(&in, "tee.snp.firmware", RD_FAULT_MALFORMED);
	in.file.len = IMAGE_LEN - 4096;
	refuse_snp(&in, "tee.snp.firmware", RD_FAULT_MALFORMED);
	begin(&m);
	in = snp_launch(&m);
	refuse_snp(&in, "tee.snp.firmware", RD_FAULT_MALFORMED);
}

/* Table and descriptors with every byte changed: an answer or an error, and never more. */
static void test_flips(void **state)
{
	struct image m;

	(void)state;
	snp_image(&m, amd_sev);
	for (size_t i = 1024; i < IMAGE_LEN; i = i == 1120 ? m.table : i + 1) {
		struct rd_tee_launch in = snp_launch(&m);
		struct rd_tee_values v = { 0 };
		struct rd_err err = { 0 };

		m.bytes[i] ^= 0xFF;
		assert_true(rd_snp_measure(&in, arena, &v, &err) || err.code);
		m.bytes[i] ^= 0xFF;
		rd_arena_reset(arena);
	}
}

/* ---- TDX ------------------------------------------------------------------------------------- */

#define TDX_METADATA "e47a6535-984a-4798-865e-4685a7bf8ec2"

/* Measured code of 4096 bytes, unmeasured variables, memory of the hand-off, memory added later,
 * and a section that is longer in memory than in the file. */
static const uint64_t td_sections[5][6] = {
	{ 4096, 4096, 0xFFFFF000, 4096, 0, 1 }, { 0, 4096, 0xFFFFE000, 4096, 1, 0 },
	{ 0, 0, 0x809000, 0x2000, 2, 0 },       { 0, 0, 0x900000, 0x2000, 4, 2 },
	{ 0, 300, 0xA00000, 4096, 0, 1 },
};

static void tdx_image(struct image *m, const uint64_t sections[5][6])
{
	uint8_t items[32 * 5];

	begin(m);
	for (size_t i = 0; i < 5; i++) {
		put_le(items + 32 * i, sections[i][0], 4);
		put_le(items + 32 * i + 4, sections[i][1], 4);
		put_le(items + 32 * i + 8, sections[i][2], 8);
		put_le(items + 32 * i + 16, sections[i][3], 8);
		put_le(items + 32 * i + 24, sections[i][4], 4);
		put_le(items + 32 * i + 28, sections[i][5], 4);
	}
	put_list(m, 6000, &(struct list){ "TDVF", TDX_METADATA, items, 32, 5 });
}

static void expect_measured(const struct rd_tee_values *v, uint32_t i, const char *name,
			    const char *wanted)
{
	struct rd_err err = { 0 };
	struct rd_view hex;

	assert_true(i < v->n);
	assert_string_equal(v->value[i].name, name);
	assert_true(rd_hex(arena, v->value[i].digest, &hex, &err));
	assert_true(rd_view_eq(hex, rd_view_str(wanted)));
}

static void test_tdx(void **state)
{
	struct rd_tee_values v = { 0 };
	struct rd_tee_launch in;
	struct rd_err err = { 0 };
	struct image m;

	(void)state;
	tdx_image(&m, td_sections);
	in = (struct rd_tee_launch){ .file = rd_view_of(m.bytes, IMAGE_LEN),
				     .initrd = rd_view_str("initrd"),
				     .command_line = rd_view_str("console=ttyS0") };
	if (!rd_tdx_measure(&in, arena, &v, &err))
		fail_msg("%s", err.text);
	assert_int_equal(v.n, 2);
	expect_measured(&v, 0, "mrtd",
			"91c9d5ac55a8b43cc23a094e83c0f23e93a8dfe4f09a655f"
			"0b5f47409f8a64862398aa7d15a3a838a6dd000a93f673ff");
	expect_measured(&v, 1, "rtmr2",
			"8df12e8852dbefc4990441727587784d458eaebd424a7449"
			"df4cac5ff5c5697136089e5d23371935abdd67d6e7cc1bb7");
	in.initrd = rd_view_of(NULL, 0);
	v.n = 0;
	assert_true(rd_tdx_measure(&in, arena, &v, &err));
	expect_measured(&v, 1, "rtmr2",
			"36482cf4d077603c0123f112545737a9b4f47ee76b20e1bc"
			"943e1ea5a03df893ebc47967930dcac5a72ab07b1122d47a");
}

static void test_tdx_refused(void **state)
{
	static const struct {
		size_t section, field;
		uint64_t value;
	} broken[] = {
		{ 0, 0, 8192 },   { 0, 1, 4097 },       { 0, 2, 0xFFFFF001 },
		{ 2, 3, 0x2001 }, { 2, 3, 1ull << 33 }, { 2, 2, UINT64_MAX - 4095 },
		{ 4, 1, 4097 },
	};
	struct rd_tee_values v = { 0 };
	struct rd_tee_launch in = { 0 };
	struct rd_err err = { 0 };
	struct image m;

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		uint64_t sections[5][6];

		memcpy(sections, td_sections, sizeof(sections));
		sections[broken[i].section][broken[i].field] = broken[i].value;
		tdx_image(&m, (const uint64_t(*)[6])sections);
		in.file = rd_view_of(m.bytes, IMAGE_LEN);
		assert_false(rd_tdx_measure(&in, arena, &v, &err));
		assert_string_equal(err.code, "tee.tdx.firmware");
		assert_int_equal(err.fault, RD_FAULT_MALFORMED);
	}
	tdx_image(&m, td_sections);
	in.file = rd_view_of(m.bytes, IMAGE_LEN);
	assert_true(rd_tdx_measure(&in, arena, &v, &err));
	for (size_t i = 0; i < 6; i++) {
		const struct rd_tee_launch more[] = {
			{ .kernel = rd_view_str("kernel") },
			{ .vcpus = 1 },
			{ .cpu = rd_view_str("EPYC-v4") },
			{ .vmm = rd_view_str("qemu") },
			{ .command_line = rd_view_str("\xC3\xA4") },
			{ .command_line = rd_view_of("a\0b", 3) },
		};

		in = more[i];
		in.file = rd_view_of(m.bytes, IMAGE_LEN);
		v.n = 0;
		assert_false(rd_tdx_measure(&in, arena, &v, &err));
		assert_int_equal(err.fault, RD_FAULT_USAGE);
		err = (struct rd_err){ 0 };
	}
}

/* A log of three events: two of RTMR0, one of RTMR1, then the FF of an unused ACPI area. */
static void test_tdx_log(void **state)
{
	struct rd_buf log = { .max = 4096 };
	struct rd_tee_values v = { 0 };
	struct rd_tee_launch in = { 0 };
	struct rd_err err = { 0 };
	uint8_t head[32 + 28 + 5] = { 0 };

	(void)state;
	put_le(head, 1, 4);
	put_le(head + 4, 3, 4); /* EV_NO_ACTION */
	put_le(head + 28, 33, 4);
	memcpy(head + 32, "Spec ID Event03", 16);
	put_le(head + 56, 1, 4);
	put_le(head + 60, 12, 2);
	put_le(head + 62, 48, 2);
	rd_buf_add(&log, rd_view_of(head, sizeof(head)));
	for (uint8_t i = 0; i < 3; i++) {
		uint8_t event[4 + 4 + 4 + 2 + 48 + 4] = { 0 };

		put_le(event, i < 2 ? 1 : 2, 4);
		put_le(event + 4, 4, 4);
		put_le(event + 8, 1, 4);
		put_le(event + 12, 12, 2);
		memset(event + 14, i + 1, 48);
		rd_buf_add(&log, rd_view_of(event, sizeof(event)));
	}
	for (size_t i = 0; i < 200; i++)
		rd_buf_add_byte(&log, 0xFF);
	in.file = rd_buf_view(&log);
	if (!rd_tdx_measure(&in, arena, &v, &err))
		fail_msg("%s", err.text);
	assert_int_equal(v.n, 2);
	expect_measured(&v, 0, "rtmr0",
			"11422093d9248558e623cdd803580126f1912db17c838f51"
			"1a296eb2e7dba8382ad56767569170322357e1a8fef06eae");
	expect_measured(&v, 1, "rtmr1",
			"a99c07d62c77f42baa0b4b4781ef7c1bb1985120f6d1770c"
			"d01cd96dabc4bdc57f4b6fe2851ce85520dd3b368ef2d088");
	log.data[sizeof(head)] = 9;
	assert_false(rd_tdx_measure(&in, arena, &v, &err));
	assert_string_equal(err.code, "tee.tdx.firmware");
	rd_buf_free(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snp_known),
		cmocka_unit_test(test_snp_ec2),
		cmocka_unit_test(test_snp_models),
		cmocka_unit_test(test_snp_refused),
		cmocka_unit_test(test_snp_entries),
		cmocka_unit_test(test_flips),
		cmocka_unit_test(test_tdx),
		cmocka_unit_test(test_tdx_refused),
		cmocka_unit_test(test_tdx_log),
		cmocka_unit_test(test_firmware_lists),
		cmocka_unit_test(test_firmware_images),
	};
	struct rd_err err = { 0 };
	int failed;

	if (!rd_crypto_init(&err) || !rd_arena_new((size_t)16 << 20, &arena, &err))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rd_arena_free(&arena);
	return failed;
}
