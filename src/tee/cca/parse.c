/* A CCA token and its realm claims taken apart. */
#include "cca.h"

#include "tee/psa/psa.h"

#define TAG_OLD 399u
#define TAG_NEW 907u
#define KEY_PLATFORM 44234
#define KEY_REALM 44241
#define TOKEN_MAX (64u * 1024)
#define PAIRS_MAX 64u
#define EAT_CWT 263u /* CoAP's number of application/eat+cwt */

static struct rd_view digest(struct rd_cbor_reader *r)
{
	struct rd_view v = rd_cbor_read_bytes(r, 32, 64);

	if (v.len != 32 && v.len != 48 && v.len != 64)
		rd_cbor_complain(r, "tee.cca.form", "a measurement has not 32, 48 or 64 bytes");
	return v;
}

/* The token itself, or in a CMW record [263 or its name, token, indicator?]. */
static struct rd_view read_token(struct rd_cbor_reader *r)
{
	struct rd_view token;

	if (rd_cbor_peek(r) != RD_CBOR_ARRAY)
		return rd_cbor_read_bytes(r, 1, TOKEN_MAX);
	(void)rd_cbor_enter_array_upto(r, 2, 3);
	if (rd_cbor_peek(r) == RD_CBOR_TEXT)
		rd_cbor_expect_text(r, "application/eat+cwt");
	else if (rd_cbor_read_uint(r, UINT16_MAX) != EAT_CWT)
		rd_cbor_complain(r, "tee.cca.form", "a record of another type than eat+cwt (263)");
	token = rd_cbor_read_bytes(r, 1, TOKEN_MAX);
	if (rd_cbor_more(r))
		(void)rd_cbor_read_uint(r, UINT32_MAX);
	rd_cbor_leave(r);
	return token;
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
		int64_t key = rd_psa_key(&r);

		if (key == KEY_PLATFORM)
			platform = read_token(&r);
		else if (key == KEY_REALM)
			realm = read_token(&r);
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

/* A number since draft 04, a word before. */
static struct rd_view read_mec_policy(struct rd_cbor_reader *r)
{
	if (rd_cbor_peek(r) == RD_CBOR_TEXT)
		return rd_cbor_read_text(r, 1, 16);
	return rd_view_str(rd_cbor_read_uint(r, 1) ? "private" : "shared");
}

static void read_claim(struct rd_cbor_reader *r, int64_t key, struct rd_cca_realm *out)
{
	switch (key) {
	case 10:
		out->challenge = rd_cbor_read_bytes(r, 64, 64);
		break;
	case 256:
		out->instance_id = rd_cbor_read_bytes(r, 33, 33);
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
	case 44243:
		out->mec_policy = read_mec_policy(r);
		break;
	default:
		(void)rd_cbor_read_item(r);
		break;
	}
}

/* The first claim that must be there and is not; else NULL. */
static const char *lacking(const struct rd_cca_realm *c)
{
	return !c->challenge.len         ? "there is no challenge"
	       : !c->personalization.len ? "there is no personalization value"
	       : !c->rim.len             ? "there is no initial measurement"
	       : !c->rem[0].len          ? "there are no extensible measurements"
	       : !c->hash.len            ? "there is no hash algorithm"
	       : !c->rak.len             ? "there is no public key"
	       : !c->rak_hash.len        ? "there is no hash algorithm of the public key"
	       : c->instance_id.len && c->instance_id.data[0] != 1
		       ? "the instance id does not begin with 01"
		       : NULL;
}

bool rd_cca_realm_read(struct rd_view payload, struct rd_cca_realm *out, struct rd_err *err)
{
	struct rd_cbor_reader r;
	const char *why;

	*out = (struct rd_cca_realm){ 0 };
	rd_cbor_read_init(&r, payload, RD_CBOR_TOLERANT);
	(void)rd_cbor_enter_map(&r, PAIRS_MAX);
	while (rd_cbor_more(&r))
		read_claim(&r, rd_psa_key(&r), out);
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return rd_wrap(err, "realm token");
	why = lacking(out);
	return !why || rd_fail(err, RD_FAULT_MALFORMED, "tee.cca.form", "realm token: %s", why);
}
