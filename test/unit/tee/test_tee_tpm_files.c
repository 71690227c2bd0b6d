/* Files around TPM quotes by themselves: old event logs, registers. */
#include "forge/forge.h"
#include "support.h"
#include "tee/tpm/tpm.h"

#include <string.h>

static struct forge f;

static int setup(void **state)
{
	(void)state;
	forge_init(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forge_free(&f);
	return 0;
}

static void le(struct rd_buf *b, uint64_t v, size_t len)
{
	for (size_t i = 0; i < len; i++)
		rd_buf_add_byte(b, (uint8_t)(v >> (8 * i)));
}

struct event {
	uint32_t pcr, type;
	uint8_t byte; /* of its digest */
	const char *data;
	size_t len;
};

/* An event of SHA-1 logs; the second StartupLocality comes too late to count. */
static void test_old_log(void **state)
{
	static const struct event events[] = { { 0, 3, 0, "StartupLocality\0\3", 17 },
					       { 0, 8, 0x11, "firmware", 8 },
					       { 0, 3, 0, "StartupLocality\0\4", 17 },
					       { 5, 4, 0x22, "\0\0\0\0", 4 } };
	struct rd_view parts[2], wanted = { 0 };
	struct rd_buf b = { .max = 8192 };
	uint8_t start[20] = { 0 }, zeros[300] = { 0 }, digest[20], event[20];
	struct rd_err err = { 0 };
	struct rd_tpm_bank bank;
	struct rd_tpm_log log;

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		memset(event, events[i].byte, sizeof(event));
		le(&b, events[i].pcr, 4);
		le(&b, events[i].type, 4);
		rd_buf_add(&b, rd_view_of(event, sizeof(event)));
		le(&b, events[i].len, 4);
		rd_buf_add(&b, rd_view_of(events[i].data, events[i].len));
	}
	rd_buf_add(&b, rd_view_of(zeros, sizeof(zeros)));
	assert_true(rd_tpm_log_parse(forge_keep(&f, &b), f.arena, &log, &err));
	assert_int_equal(log.n, 4);
	assert_true(rd_tpm_log_replay(&log, 0, f.arena, &bank, &err));
	start[19] = 3;
	memset(event, 0x11, sizeof(event));
	parts[0] = rd_view_of(start, 20);
	parts[1] = rd_view_of(event, 20);
	assert_true(rd_hash_parts(RD_HASH_SHA1, parts, 2, digest, &err));
	wanted = rd_view_of(digest, 20);
	assert_true(rd_view_eq(bank.pcr[0], wanted));
	assert_int_equal(bank.mask, 1u << 0 | 1u << 5);
}

/* Events of nothing but zeros before one byte at the end of 8 MiB: each is read once. */
static void test_log_of_zeros(void **state)
{
	struct rd_tpm_log log;
	struct rd_err err = { 0 };
	size_t len = 8u << 20;
	uint8_t *bytes = rd_arena_alloc(f.arena, 1, len, &err);

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 0, len);
	bytes[4] = 8;
	bytes[len - 1] = 1;
	assert_false(rd_tpm_log_parse(rd_view_of(bytes, len), f.arena, &log, &err));
	assert_non_null(strstr(err.text, "too many events"));
}

static struct rd_view event_of(uint32_t pcr, uint32_t type)
{
	struct rd_buf b = { .max = 8192 };
	uint8_t digest[20] = { 1 };

	le(&b, pcr, 4);
	le(&b, type, 4);
	rd_buf_add(&b, rd_view_of(digest, sizeof(digest)));
	le(&b, 0, 4);
	return forge_keep(&f, &b);
}

/* Sizes and registers that no log has, and logs that say nothing. */
static void test_no_logs(void **state)
{
	struct rd_tpm_log log;
	struct rd_err err = { 0 };
	size_t len = RD_TPM_LOG_MAX + 1;
	uint8_t *bytes = rd_arena_alloc(f.arena, 1, len, &err);
	struct rd_view event = event_of(1, 8);

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 0, len);
	memcpy(bytes, event.data, event.len);
	assert_true(rd_tpm_log_parse(rd_view_of(bytes, len - 1), f.arena, &log, &err));
	assert_false(rd_tpm_log_parse(rd_view_of(bytes, len), f.arena, &log, &err));
	assert_false(rd_tpm_log_parse((struct rd_view){ 0 }, f.arena, &log, &err));
	assert_true(rd_tpm_log_parse(event_of(23, 8), f.arena, &log, &err));
	assert_false(rd_tpm_log_parse(event_of(24, 8), f.arena, &log, &err));
	assert_false(rd_tpm_log_parse(event_of(1, 3), f.arena, &log, &err));
	assert_string_equal(err.code, "tee.tpm.log");
}

static void test_pcr_forms(void **state)
{
	struct rd_tpm_pcrs b;

	(void)state;
	assert_false(rd_tpm_pcrs_parse(rd_view_str(""), f.arena, &b));
	assert_false(rd_tpm_pcrs_parse(rd_view_str("{}"), f.arena, &b));
	assert_false(rd_tpm_pcrs_parse(
		rd_view_str("{\"24\":\"0000000000000000000000000000000000000000\"}"), f.arena, &b));
	assert_false(rd_tpm_pcrs_parse(rd_view_str("0 00\n"), f.arena, &b));
	/* A digest of another hash than its bank's. */
	assert_false(rd_tpm_pcrs_parse(
		rd_view_str("sha256:\n0 : 0x0000000000000000000000000000000000000000\n"), f.arena,
		&b));
	assert_false(rd_tpm_pcrs_parse(rd_view_str("{\"sha256\":{},\"x\":{}}"), f.arena, &b));
	assert_false(rd_tpm_pcrs_parse(rd_view_str("0 0000000000000000000000000000000000000000\n"
						   "0 0000000000000000000000000000000000000000\n"),
				       f.arena, &b));
	/* Banks that a TPM does not have are printed as empty ones. */
	assert_true(rd_tpm_pcrs_parse(
		rd_view_str("  sha1:\n    7 : 0x0000000000000000000000000000000000000000\n"
			    "  sm3_256:\n  sha384:\n"),
		f.arena, &b));
	assert_int_equal(b.n, 1);
	assert_int_equal(b.bank[0].mask, 1u << 7);
	assert_false(rd_tpm_pcrs_parse(
		rd_view_str("sm3_256:\n0 : 0x"
			    "0000000000000000000000000000000000000000000000000000000000000000\n"),
		f.arena, &b));
	assert_true(rd_tpm_pcrs_parse(rd_view_str("3 0000000000000000000000000000000000000000"),
				      f.arena, &b));
	assert_int_equal(b.bank[0].mask, 8);
}

/* What tpm2_quote -o writes: one bank, `there` digests in one list of room for eight. */
static struct rd_view packed(uint32_t mask, uint32_t there)
{
	struct rd_buf b = { .max = 8192 };
	uint8_t zeros[128] = { 0 };

	le(&b, 1, 4);
	le(&b, RD_TPM_SHA256, 2);
	le(&b, 3, 1);
	le(&b, mask, 4);
	le(&b, 0, 1);
	rd_buf_add(&b, rd_view_of(zeros, 120)); /* 15 more selections */
	le(&b, 1, 4);
	le(&b, there, 4);
	for (uint32_t i = 0; i < 8; i++) {
		le(&b, i < there ? 32 : 0, 2);
		rd_buf_add(&b, rd_view_of(zeros, 64));
	}
	return forge_keep(&f, &b);
}

static void test_packed(void **state)
{
	struct rd_tpm_quote none = { .n_selections = 0 };
	struct rd_tpm_pcrs b;

	(void)state;
	assert_true(rd_tpm_pcrs_parse(packed(7, 3), f.arena, &b));
	assert_int_equal(b.bank[0].mask, 7);
	assert_false(rd_tpm_pcrs_parse(packed(7, 2), f.arena, &b));
	assert_false(rd_tpm_pcrs_parse(packed(7, 4), f.arena, &b));
	assert_false(rd_tpm_pcrs_parse(packed(0, 0), f.arena, &b));
	assert_false(rd_tpm_pcrs_parse(packed(0x1FF, 9), f.arena, &b));
	assert_false(rd_tpm_pcrs_from_values((struct rd_view){ 0 }, &none, &b));
}

static void be(struct rd_buf *b, uint64_t v, size_t len)
{
	for (size_t i = len; i > 0; i--)
		rd_buf_add_byte(b, (uint8_t)(v >> (8 * (i - 1))));
}

static void tpm2b(struct rd_buf *b, struct rd_view v)
{
	be(b, v.len, 2);
	rd_buf_add(b, v);
}

/* Whole structures only, and keys that are some. */
static void test_structures(void **state)
{
	struct rd_view point = forge_raw_public(&f, forge_key(&f, FORGE_P256)), whole, off;
	struct rd_buf b = { .max = 1024 };
	struct rd_tpm_signature signature;
	struct rd_tpm_public public;

	(void)state;
	be(&b, RD_TPM_ECC, 2);
	be(&b, RD_TPM_SHA256, 2);
	be(&b, RD_TPM_SIGN, 4);
	be(&b, 0, 2);
	be(&b, RD_TPM_NULL, 2);
	be(&b, RD_TPM_ECDSA, 2);
	be(&b, RD_TPM_SHA256, 2);
	be(&b, 3, 2);
	be(&b, RD_TPM_NULL, 2);
	tpm2b(&b, rd_view_of(point.data + 1, 32));
	tpm2b(&b, rd_view_of(point.data + 33, 32));
	rd_buf_add_byte(&b, 0);
	whole = forge_keep(&f, &b);
	assert_false(rd_tpm_public_parse(whole, f.arena, &public));
	whole.len--;
	assert_true(rd_tpm_public_parse(whole, f.arena, &public));
	assert_int_equal(public.scheme, RD_TPM_ECDSA);
	off = forge_set(&f, whole, whole.len - 1, whole.data[whole.len - 1] ^ 1u);
	assert_false(rd_tpm_public_parse(off, f.arena, &public));
	for (size_t cut = 0; cut < whole.len; cut++)
		assert_false(rd_tpm_public_parse(rd_view_of(whole.data, cut), f.arena, &public));

	b = (struct rd_buf){ .max = 1024 };
	be(&b, RD_TPM_ECDSA, 2);
	be(&b, RD_TPM_SHA256, 2);
	tpm2b(&b, rd_view_of(point.data + 1, 32));
	tpm2b(&b, rd_view_of(point.data + 33, 32));
	rd_buf_add_byte(&b, 0);
	whole = forge_keep(&f, &b);
	assert_false(rd_tpm_signature_parse(whole, &signature));
	whole.len--;
	assert_true(rd_tpm_signature_parse(whole, &signature));
	for (size_t cut = 0; cut < whole.len; cut++)
		assert_false(rd_tpm_signature_parse(rd_view_of(whole.data, cut), &signature));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old_log), cmocka_unit_test(test_log_of_zeros),
		cmocka_unit_test(test_no_logs), cmocka_unit_test(test_pcr_forms),
		cmocka_unit_test(test_packed),  cmocka_unit_test(test_structures),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
