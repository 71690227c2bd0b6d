/* A CCA token and its realm claims taken apart. */
#include "cca.h"

#define TAG_OLD 399u
#define TAG_NEW 907u
#define KEY_PLATFORM 44234
#define KEY_REALM 44241
#define TOKEN_MAX (64u * 1024)
#define PAIRS_MAX 64u

static struct rd_view digest(struct rd_cbor_reader *r)
{
	struct rd_view v = rd_cbor_read_bytes(r, 32, 64);

	if (v.len != 32 && v.len != 48 && v.len != 64)
		rd_cbor_complain(r, "tee.cca.form", "a measurement has not 32, 48 or 64 bytes");
	return v;
}

bool rd_cca_parse(struct rd_view bytes, struct rd_cca_token *out, struct rd_err *err)
{
	struct rd_view platform = { 0 }, realm = { 0 };
	struct rd_cbor_reader r;
	uint64_t tag = TAG_OLD;

	rd_cbor_read_init(&r, bytes, RD_CBOR_TOLERANT);
	if (rd_cbor_peek(&r) == RD_CBOR_TAG)
		tag = rd_cbor_read_tag(&r);
	(void)rd_cbor_enter_map(&r, 8);
	while (rd_cbor_more(&r)) {
		int64_t key = rd_cbor_read_int(&r, INT32_MIN, INT32_MAX);

		if (key == KEY_PLATFORM)
			platform = rd_cbor_read_bytes(&r, 1, TOKEN_MAX);
		else if (key == KEY_REALM)
			realm = rd_cbor_read_bytes(&r, 1, TOKEN_MAX);
		else
			(void)rd_cbor_read_item(&r);
	}
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return rd_wrap(err, "CCA token");
	if ((tag != TAG_OLD && tag != TAG_NEW) || !platform.len || !realm.len)
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.cca.form",
			       "CCA token: not a platform and a realm token under tag 399 or 907");
	return (rd_cose_parse(platform, &out->platform, err) || rd_wrap(err, "platform token")) &&
	       (rd_cose_parse(realm, &out->realm, err) || rd_wrap(err, "realm token"));
}

static void read_rems(struct rd_cbor_reader *r, struct rd_cca_realm *out)
{
	rd_cbor_enter_array(r, RD_CCA_REMS);
	for (uint32_t i = 0; i < RD_CCA_REMS; i++)
		out->rem[i] = digest(r);
	rd_cbor_leave(r);
}

static void read_claim(struct rd_cbor_reader *r, int64_t key, struct rd_cca_realm *out)
{
	switch (key) {
	case 10:
		out->challenge = rd_cbor_read_bytes(r, 64, 64);
		break;
	case 265:
		out->profile = rd_cbor_read_text(r, 1, 256);
		break;
	case 44235:
		out->personalization = rd_cbor_read_bytes(r, 64, 64);
		break;
	case 44236:
		out->hash = rd_cbor_read_text(r, 1, 32);
		break;
	case 44237:
		out->rak = rd_cbor_read_bytes(r, 1, 256);
		break;
	case 44238:
		out->rim = digest(r);
		break;
	case 44239:
		read_rems(r, out);
		break;
	case 44240:
		out->rak_hash = rd_cbor_read_text(r, 1, 32);
		break;
	default:
		(void)rd_cbor_read_item(r);
		break;
	}
}

bool rd_cca_realm_read(struct rd_view payload, struct rd_cca_realm *out, struct rd_err *err)
{
	struct rd_cbor_reader r;

	*out = (struct rd_cca_realm){ 0 };
	rd_cbor_read_init(&r, payload, RD_CBOR_TOLERANT);
	(void)rd_cbor_enter_map(&r, PAIRS_MAX);
	while (rd_cbor_more(&r))
		read_claim(&r, rd_cbor_read_int(&r, INT32_MIN, INT32_MAX), out);
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return rd_wrap(err, "realm token");
	if (!out->challenge.len || !out->personalization.len || !out->hash.len || !out->rak.len ||
	    !out->rim.len || !out->rem[0].len || !out->rak_hash.len)
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.cca.form",
			       "realm token: a claim is missing");
	return true;
}
