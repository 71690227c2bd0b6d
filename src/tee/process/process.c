/*
 * process: no TEE at all, the launcher's word (level `software`).  Its report is a COSE_Sign1 over
 * CBOR ["redoubt-process-report-v1", launcher public key, report_data]: the same shape as a
 * hardware report, so that the same path verifies both.
 */
#include <redoubt/tee.h>

#include <redoubt/codec.h>

#define TYPE "process-report"
#define LABEL "redoubt-process-report-v1"
#define PAYLOAD_MAX 256u

struct report {
	struct rd_view key;
	struct rd_view report_data;
};

static bool parse(struct rd_view payload, struct report *out, struct rd_err *err)
{
	struct rd_cbor_reader r;

	rd_cbor_read_init(&r, payload, RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 3);
	rd_cbor_expect_text(&r, LABEL);
	out->key = rd_cbor_read_bytes(&r, RD_ED25519_LEN, RD_ED25519_LEN);
	out->report_data = rd_cbor_read_bytes(&r, RD_REPORT_DATA_LEN, RD_REPORT_DATA_LEN);
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err);
}

static bool verify(const struct rd_tee_input *in, struct rd_arena *arena, struct rd_tee_result *out,
		   struct rd_err *err)
{
	struct rd_view payload, checked;
	struct rd_err why = { 0 };
	struct rd_tee_work w;
	struct report report;
	bool ok;

	if (!rd_cose_peek(TYPE, in->report, &payload, err) || !parse(payload, &report, err))
		return false;
	rd_tee_begin(&w, in, arena, out, err);
	out->level = RD_LEVEL_SOFTWARE;
	out->report_data = report.report_data;
	out->platform_id = report.key;
	rd_tee_claim_bytes(&w, "report_data", report.report_data);
	rd_tee_claim_bytes(&w, "launcher_key", report.key);
	ok = rd_cose_verify(TYPE, in->report, report.key, &checked, &why);
	rd_tee_check_err(&w, RD_ASPECT_CRYPTO, ok,
			 (struct rd_tee_words){ "tee.process.signature", "signature",
						"by the launcher's key",
						"software isolation, no TEE" },
			 &why);
	return rd_tee_done(&w);
}

static bool collect(const struct rd_tee_collector *in, struct rd_buf *report, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf payload;
	uint8_t key[RD_ED25519_LEN];

	rd_buf_init(&payload, PAYLOAD_MAX);
	if (!in->launcher_key)
		return rd_fail(err, RD_FAULT_USAGE, "tee.process.key",
			       "no launcher key to sign with");
	if (in->report_data.len != RD_REPORT_DATA_LEN)
		return rd_fail(err, RD_FAULT_USAGE, "tee.report_data",
			       "report data of %zu bytes, expected 64", in->report_data.len);
	if (!rd_ed25519_public(in->launcher_key, key, err))
		return false;
	rd_cbor_put_array(&payload, 3);
	rd_cbor_put_str(&payload, LABEL);
	rd_cbor_put_bytes(&payload, rd_view_of(key, sizeof(key)));
	rd_cbor_put_bytes(&payload, in->report_data);
	return rd_buf_ok(&payload, err) &&
	       rd_cose_sign(TYPE, rd_buf_view(&payload), in->launcher_key, report, err);
}

/* SHA-384 of the enclave file, as the launcher computes it (PROTOCOL 1). */
static bool measure(const struct rd_tee_launch *in, struct rd_arena *arena,
		    struct rd_tee_values *out, struct rd_err *err)
{
	uint8_t digest[RD_SHA384_LEN];

	return rd_tee_launch_is_file(in, err) &&
	       rd_hash_parts(RD_HASH_SHA384, &in->file, 1, digest, err) &&
	       rd_tee_values_add(out, arena, "enclave", rd_view_of(digest, sizeof(digest)), err);
}

const struct rd_tee rd_tee_process = {
	.name = "process",
	.content_type = "application/redoubt-process",
	.level = RD_LEVEL_SOFTWARE,
	.verify = verify,
	.measure = measure,
	.collect = collect,
};
