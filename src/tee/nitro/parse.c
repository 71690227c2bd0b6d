/* An attestation document taken apart. */
#include "nitro.h"

#define FIELDS_MAX 16u
#define BLOB_MAX 1024u /* public_key, user_data, nonce */
#define MODULE_ID_MAX 256u

static bool is(struct rd_view key, const char *name)
{
	return rd_view_eq(key, rd_view_str(name));
}

static struct rd_nitro_field read_field(struct rd_cbor_reader *r)
{
	struct rd_nitro_field f = { 0 };

	if (rd_cbor_at_null(r)) {
		rd_cbor_read_null(r);
		return f;
	}
	f.has = true;
	f.bytes = rd_cbor_read_bytes(r, 0, BLOB_MAX);
	return f;
}

static void read_pcrs(struct rd_cbor_reader *r, struct rd_nitro_document *d)
{
	(void)rd_cbor_enter_map(r, RD_NITRO_PCRS);
	while (rd_cbor_more(r)) {
		uint64_t index = rd_cbor_read_uint(r, RD_NITRO_PCRS - 1);
		struct rd_view v = rd_cbor_read_bytes(r, 32, 64);

		if (v.len != 32 && v.len != 48 && v.len != 64) {
			rd_cbor_complain(r, "tee.nitro.form", "a PCR has not 32, 48 or 64 bytes");
			return;
		}
		d->pcr[index] = v;
		d->n_pcrs++;
	}
	rd_cbor_leave(r);
}

static void read_bundle(struct rd_cbor_reader *r, struct rd_nitro_document *d)
{
	(void)rd_cbor_enter_array_upto(r, 1, RD_NITRO_BUNDLE_MAX);
	while (rd_cbor_more(r)) {
		if (d->n_bundle == RD_NITRO_BUNDLE_MAX) {
			rd_cbor_complain(r, "tee.nitro.form", "too many certificates");
			return;
		}
		d->bundle[d->n_bundle++] = rd_cbor_read_bytes(r, 1, RD_CERT_MAX);
	}
	rd_cbor_leave(r);
}

static void read_entry(struct rd_cbor_reader *r, struct rd_view key, struct rd_nitro_document *d)
{
	if (is(key, "module_id")) {
		d->module_id = rd_cbor_read_text(r, 1, MODULE_ID_MAX);
	} else if (is(key, "digest")) {
		d->digest = rd_cbor_read_text(r, 1, 16);
	} else if (is(key, "timestamp")) {
		d->timestamp_ms = rd_cbor_read_uint(r, INT64_MAX);
	} else if (is(key, "pcrs") || is(key, "nitrotpm_pcrs")) {
		d->is_tpm = key.len > 4;
		read_pcrs(r, d);
	} else if (is(key, "certificate")) {
		d->certificate = rd_cbor_read_bytes(r, 1, RD_CERT_MAX);
	} else if (is(key, "cabundle")) {
		read_bundle(r, d);
	} else if (is(key, "public_key")) {
		d->public_key = read_field(r);
	} else if (is(key, "user_data")) {
		d->user_data = read_field(r);
	} else if (is(key, "nonce")) {
		d->nonce = read_field(r);
	} else {
		(void)rd_cbor_read_item(r);
	}
}

/* A document in base64 or hexadecimal, as it is often handed around: 84 or D2 in front, in text. */
static bool is_text(struct rd_view bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.data[i] >= 0x7F || (bytes.data[i] < ' ' && bytes.data[i] != '\n' &&
					      bytes.data[i] != '\r' && bytes.data[i] != '\t'))
			return false;
	return bytes.len > 0;
}

bool rd_nitro_parse(struct rd_view bytes, struct rd_nitro_document *d, struct rd_err *err)
{
	struct rd_cbor_reader r;
	bool both = false, seen = false;

	*d = (struct rd_nitro_document){ 0 };
	if (is_text(bytes))
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.nitro.form",
			       "attestation document: text, not CBOR; if it is base64 or "
			       "hexadecimal, decode it first");
	if (!rd_cose_parse(bytes, &d->sign1, err))
		return rd_wrap(err, "attestation document");
	rd_cbor_read_init(&r, d->sign1.payload, RD_CBOR_TOLERANT);
	(void)rd_cbor_enter_map(&r, FIELDS_MAX);
	while (rd_cbor_more(&r)) {
		struct rd_view key = rd_cbor_read_text(&r, 1, 64);

		both = both || (seen && (is(key, "pcrs") || is(key, "nitrotpm_pcrs")));
		read_entry(&r, key, d);
		seen = seen || d->n_pcrs;
	}
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return rd_wrap(err, "attestation document");
	if (both || !d->module_id.len || !d->digest.len || !d->timestamp_ms || !d->n_pcrs ||
	    !d->certificate.len || !d->n_bundle)
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.nitro.form",
			       "attestation document: a field is missing, or there are PCRs of two "
			       "kinds");
	return true;
}
