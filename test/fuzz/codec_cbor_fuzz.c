/* rd_cbor_read_item, rd_cbor_diag, rd_cose_parse, rd_cose_peek, rd_cmw_get: any bytes. */
#include <redoubt/codec.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd_view in = { data, size }, a, b;
	struct rd_cbor_reader r;
	struct rd_cose_sign1 sign1;
	struct rd_err err = { 0 };
	struct rd_buf text;
	bool strict;

	rd_cbor_read_init(&r, in, RD_CBOR_STRICT);
	(void)rd_cbor_read_item(&r);
	strict = rd_cbor_finish(&r, &err);
	rd_buf_init(&text, (size_t)1 << 22);
	bool shown = rd_cbor_diag(in, &text, &err);
	/* Whatever the strict reader accepts, the tolerant one does too, but for its key limit. */
	rd_assert(!strict || shown || text.failed || err.code == NULL ||
		  size > RD_CBOR_TOLERANT_KEYS_MAX);
	rd_buf_free(&text);
	if (rd_cose_parse(in, &sign1, &err))
		rd_assert(sign1.payload.len <= size);
	(void)!rd_cose_peek("receipt", in, &a, &err);
	(void)!rd_cmw_get(in, &a, &b, &err);
	return 0;
}
