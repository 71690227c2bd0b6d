/* TCB info and QE identity: found among the collateral, with their signer and dates. */
#include "dcap.h"

#include <redoubt/os.h>

#include <string.h>

#define SIGNER_CN "Intel SGX TCB Signing"
#define JSON_PIECES_MAX 16u
#define TIME_LEN 21u

static void crypto_err(struct rd_dcap *d, bool ok, struct rd_tee_words words,
		       const struct rd_err *why)
{
	rd_tee_check_err(&d->w, RD_ASPECT_CRYPTO, ok, words, why);
}

static void absent(struct rd_dcap *d, const char *code, const char *claim)
{
	rd_tee_reason(&d->w, (struct rd_reason){ .aspect = RD_ASPECT_TCB,
						 .result = RD_RESULT_ABSENT,
						 .code = code,
						 .claim = claim,
						 .expected = rd_view_str("among the collateral"),
						 .found = rd_view_str("not there") });
}

/* ---- signers --------------------------------------------------------------------------------- */

static bool in_dates(const struct rd_dcap *d, int64_t from, int64_t until)
{
	int64_t now = d->w.in->now_unix_s;

	return now < 0 || (from <= now && now <= until);
}

static bool is_signer(const struct rd_cert *cert)
{
	return rd_view_eq(cert->subject_cn, rd_view_str(SIGNER_CN));
}

static bool signed_by(const struct rd_cert *cert, const struct rd_signed_json *json,
		      struct rd_err *why)
{
	return rd_signature_verify(cert->spki, RD_SIGNATURE_ECDSA_RAW, RD_HASH_SHA256, json->bytes,
				   json->signature, why);
}

/* Of several certificates of Intel's signer, old and new: the one whose key signed this, best in
 * its dates; else the first. */
static const struct rd_cert *find_signer(const struct rd_dcap *d, const struct rd_signed_json *json,
					 bool *verifies, struct rd_err *why)
{
	const struct rd_cert *best = NULL;

	*verifies = false;
	for (uint32_t i = 0; i < d->pool->n_certs; i++) {
		const struct rd_cert *c = &d->pool->cert[i];
		struct rd_err unused = { 0 };

		if (!is_signer(c))
			continue;
		if (!signed_by(c, json, best ? &unused : why)) {
			best = best ? best : c;
			continue;
		}
		*verifies = true;
		best = c;
		if (in_dates(d, c->not_before, c->not_after))
			break;
	}
	return best;
}

/* Its path and revocation, once for both documents; certified by the root itself. */
static void check_signer(struct rd_dcap *d, const struct rd_cert *signer)
{
	struct rd_tee_chain chain = {
		.claim = "TCB signing certificate", .leaf = signer, .root = d->root, .n_roots = 1
	};
	struct rd_cert_path path;
	bool ok;

	if (!rd_tee_check_chain(&d->w, &chain, d->pool, &path))
		return;
	ok = path.n == 2 && !signer->is_ca;
	rd_tee_check(&d->w, RD_ASPECT_CRYPTO, ok,
		     (struct rd_tee_words){ "tee.dcap.signer", "TCB signing certificate",
					    "issued by Intel's root itself",
					    ok ? "issued so" : "issued by another" });
	for (uint32_t i = 0; i + 1 < path.n; i++)
		rd_tee_check_revocation(&d->w, d->pool, path.cert[i], path.cert[i + 1]);
}

/* ---- which document -------------------------------------------------------------------------- */

/* One that was found, and what tells it from others of its kind. */
struct candidate {
	const char *claim;
	const struct rd_signed_json *json;
	bool of_platform;
	int64_t issue_date, next_update;
	uint32_t evaluation_number;
};

static uint32_t rank(const struct rd_dcap *d, const struct candidate *c)
{
	struct rd_err unused = { 0 };
	bool verifies;

	find_signer(d, c->json, &verifies, &unused);
	return (c->of_platform ? 4u : 0u) | (verifies ? 2u : 0u) |
	       (in_dates(d, c->issue_date, c->next_update) ? 1u : 0u);
}

/* Of this platform, genuine, fresh; of those the newest: an older one that is still fresh, and may
 * have come with the evidence, does not hide what Intel has said since. */
static bool better(const struct rd_dcap *d, const struct candidate *a, const struct candidate *b)
{
	uint32_t rank_a = rank(d, a), rank_b = rank(d, b);

	if (rank_a != rank_b)
		return rank_a > rank_b;
	if (a->evaluation_number != b->evaluation_number)
		return a->evaluation_number > b->evaluation_number;
	return a->issue_date > b->issue_date;
}

/* What cannot be read is a failure where nothing else serves. */
static void say_none(struct rd_dcap *d, const char *claim, const char *absent_code,
		     const struct rd_err *why)
{
	if (why->code)
		crypto_err(d, false, (struct rd_tee_words){ why->code, claim, "Intel's form", "" },
			   why);
	absent(d, absent_code, claim);
}

static struct candidate candidate_info(const struct rd_dcap *d, const struct rd_tcb_info *info)
{
	return (struct candidate){ "TCB info",
				   &info->json,
				   d->has_pck && rd_view_eq(info->fmspc, d->pck.fmspc),
				   info->issue_date,
				   info->next_update,
				   info->evaluation_number };
}

static void find_info(struct rd_dcap *d)
{
	struct rd_err why = { 0 };
	uint32_t tried = 0;

	for (uint32_t i = 0; i < d->w.in->n_collateral && tried < JSON_PIECES_MAX; i++) {
		struct rd_view bytes = d->w.in->collateral[i].bytes;
		struct candidate a, b;
		struct rd_tcb_info info;
		struct rd_err unused = { 0 };

		if (!rd_tcb_info_is(bytes))
			continue;
		tried++;
		if (!rd_tcb_info_parse(bytes, d->w.arena, &info, why.code ? &unused : &why) ||
		    info.kind != d->kind)
			continue;
		a = candidate_info(d, &info);
		b = candidate_info(d, &d->info);
		if (!d->has_info || better(d, &a, &b))
			d->info = info;
		d->has_info = true;
	}
	if (!d->has_info)
		say_none(d, "TCB info", "tee.dcap.tcb_info.absent", &why);
}

static struct candidate candidate_identity(const struct rd_qe_identity *id)
{
	return (struct candidate){ "QE identity",  &id->json,       true,
				   id->issue_date, id->next_update, id->evaluation_number };
}

static void find_identity(struct rd_dcap *d)
{
	struct rd_err why = { 0 };
	uint32_t tried = 0;

	for (uint32_t i = 0; i < d->w.in->n_collateral && tried < JSON_PIECES_MAX; i++) {
		struct rd_view bytes = d->w.in->collateral[i].bytes;
		struct candidate a, b;
		struct rd_qe_identity id;
		struct rd_err unused = { 0 };

		if (!rd_qe_identity_is(bytes))
			continue;
		tried++;
		if (!rd_qe_identity_parse(bytes, d->w.arena, &id, why.code ? &unused : &why) ||
		    id.kind != d->kind)
			continue;
		a = candidate_identity(&id);
		b = candidate_identity(&d->identity);
		if (!d->has_identity || better(d, &a, &b))
			d->identity = id;
		d->has_identity = true;
	}
	if (!d->has_identity)
		say_none(d, "QE identity", "tee.dcap.qe_identity.absent", &why);
}

/* ---- what is asked of it --------------------------------------------------------------------- */

static void check_dates(struct rd_dcap *d, const struct candidate *c)
{
	char from[TIME_LEN], until[TIME_LEN];

	if (d->w.in->now_unix_s < 0) {
		absent(d, "tee.dcap.collateral.time", c->claim);
		return;
	}
	rd_os_time_format(c->issue_date, from);
	rd_os_time_format(c->next_update, until);
	rd_tee_check(&d->w, RD_ASPECT_TCB, in_dates(d, c->issue_date, c->next_update),
		     (struct rd_tee_words){
			     "tee.dcap.collateral.time", c->claim,
			     "issued before the time of verification, and not due "
			     "for renewal",
			     rd_tee_name(&d->w, "issued %s, due for renewal %s", from, until) });
}

static void check(struct rd_dcap *d, const struct candidate *c, const struct rd_cert **checked)
{
	struct rd_err why = { 0 };
	const struct rd_cert *signer;
	bool verifies;

	signer = find_signer(d, c->json, &verifies, &why);
	if (signer && signer != *checked)
		check_signer(d, signer);
	*checked = signer;
	if (signer)
		crypto_err(d, verifies,
			   (struct rd_tee_words){ "tee.dcap.collateral.signature", c->claim,
						  "signed by Intel, byte for byte", "signed" },
			   &why);
	else
		absent(d, "tee.dcap.signer.absent", c->claim);
	check_dates(d, c);
}

void rd_dcap_check_documents(struct rd_dcap *d)
{
	const struct rd_cert *checked = NULL;
	struct candidate c;

	find_info(d);
	find_identity(d);
	if (d->has_info) {
		c = candidate_info(d, &d->info);
		check(d, &c, &checked);
	}
	if (d->has_identity) {
		c = candidate_identity(&d->identity);
		check(d, &c, &checked);
	}
}

bool rd_dcap_document(struct rd_view bytes, uint32_t i, struct rd_arena *arena,
		      struct rd_tee_document *out)
{
	struct rd_err unused = { 0 };
	struct rd_qe_identity identity;
	struct rd_tcb_info info;

	if (i == 0 && rd_tcb_info_parse(bytes, arena, &info, &unused))
		*out = (struct rd_tee_document){ "TCB info",      SIGNER_CN,
						 info.json.bytes, info.json.signature,
						 info.issue_date, info.next_update };
	else if (i == 1 && rd_qe_identity_parse(bytes, arena, &identity, &unused))
		*out = (struct rd_tee_document){ "enclave identity",  SIGNER_CN,
						 identity.json.bytes, identity.json.signature,
						 identity.issue_date, identity.next_update };
	else
		return false;
	return true;
}
