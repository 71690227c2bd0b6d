/* Bundle: CBOR [claims, report, [collateral...]]. */
#include <redoubt/tee.h>

#include <redoubt/codec.h>

bool rd_bundle_encode(const struct rd_bundle *bundle, struct rd_buf *out, struct rd_err *err)
{
	if (bundle->n_collateral > RD_COLLATERAL_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "tee.bundle.form",
			       "%u pieces of collateral, at most %u", bundle->n_collateral,
			       RD_COLLATERAL_MAX);
	rd_cbor_put_array(out, 3);
	rd_cbor_put_bytes(out, bundle->claims);
	rd_cbor_put_bytes(out, bundle->report);
	rd_cbor_put_array(out, bundle->n_collateral);
	for (uint32_t i = 0; i < bundle->n_collateral; i++)
		rd_cbor_put_bytes(out, bundle->collateral[i]);
	return rd_buf_ok(out, err);
}

bool rd_bundle_decode(struct rd_view bytes, struct rd_bundle *out, struct rd_err *err)
{
	struct rd_bundle b = { 0 };
	struct rd_cbor_reader r;

	if (bytes.len > RD_BUNDLE_MAX)
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.bundle.form",
			       "evidence of %zu bytes, at most %u", bytes.len, RD_BUNDLE_MAX);
	rd_cbor_read_init(&r, bytes, RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 3);
	b.claims = rd_cbor_read_bytes(&r, 0, RD_CLAIMS_MAX);
	b.report = rd_cbor_read_bytes(&r, 1, RD_BUNDLE_MAX);
	b.n_collateral = rd_cbor_enter_array_upto(&r, 0, RD_COLLATERAL_MAX);
	for (uint32_t i = 0; i < b.n_collateral; i++)
		b.collateral[i] = rd_cbor_read_bytes(&r, 1, RD_BUNDLE_MAX);
	rd_cbor_leave(&r);
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return rd_wrap(err, "evidence");
	*out = b;
	return true;
}
