/* The method x509 of decentralised identifiers (did:x509 version 0): an issuer that names a CA of
 * its own chain by fingerprint, and what its leaf must hold. */
#include "rats_int.h"

#include <string.h>

#define PREFIX "did:x509:0:"
#define OID_EKU "2.5.29.37"

/* The text up to `mark`, taken off the front with it. */
static struct rd_view part(struct rd_view *rest, const char *mark)
{
	const uint8_t *at = rest->len ? memmem(rest->data, rest->len, mark, strlen(mark)) : NULL;
	struct rd_view out = *rest;

	if (at)
		out.len = (size_t)(at - rest->data);
	*rest = at ? rd_view_of(at + strlen(mark), rest->len - out.len - strlen(mark))
		   : rd_view_of("", 0);
	return out;
}

/* A certificate of the chain that is no leaf has this fingerprint. */
static bool names_ca(struct rd_view algorithm, struct rd_view text, const struct rd_view *cert,
		     uint32_t n, struct rd_arena *arena)
{
	static const struct {
		const char *name;
		enum rd_hash hash;
		size_t len;
	} known[] = { { "sha256", RD_HASH_SHA256, RD_SHA256_LEN },
		      { "sha384", RD_HASH_SHA384, RD_SHA384_LEN },
		      { "sha512", RD_HASH_SHA512, RD_SHA512_LEN } };
	struct rd_view want = { 0 };
	struct rd_err unused = { 0 };
	uint8_t digest[RD_SHA512_LEN];

	if (!rd_rats_base64url(text, arena, &want, &unused))
		return false;
	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
		for (uint32_t i = 1; i < n && rd_view_eq(algorithm, rd_view_str(known[k].name));
		     i++)
			if (rd_hash_parts(known[k].hash, &cert[i], 1, digest, &unused) &&
			    rd_view_eq(want, rd_view_of(digest, known[k].len)))
				return true;
	return false;
}

static bool has_usage(const struct rd_cert *leaf, struct rd_view oid, struct rd_arena *arena)
{
	struct rd_view ext, list, item, dotted;
	struct rd_err unused = { 0 };
	uint8_t tag;

	if (!rd_arena_copy(arena, oid, &dotted, &unused) ||
	    !rd_cert_extension(leaf, OID_EKU, &ext) ||
	    !rd_der_expect(&ext, RD_DER_SEQUENCE, &list, &unused))
		return false;
	while (list.len) {
		if (!rd_der_next(&list, &tag, &item, &unused))
			return false;
		if (rd_der_oid_is(item, (const char *)dotted.data))
			return true;
	}
	return false;
}

void rd_rats_check_did(struct rd_tee_work *w, struct rd_view did, const struct rd_cert *leaf,
		       const struct rd_view *cert, uint32_t n)
{
	struct rd_view rest = did, algorithm, fingerprint;
	const char *found = "the chain's";

	if (!rd_view_starts(did, rd_view_str(PREFIX)))
		return;
	rest = rd_view_of(did.data + strlen(PREFIX), did.len - strlen(PREFIX));
	algorithm = part(&rest, ":");
	fingerprint = part(&rest, "::");
	if (!names_ca(algorithm, fingerprint, cert, n, w->arena))
		found = "no certificate of the chain has that fingerprint";
	else if (rest.len == 0)
		found = "it asks nothing of the leaf";
	while (rest.len && strcmp(found, "the chain's") == 0) {
		struct rd_view value = part(&rest, "::"), name = part(&value, ":");

		if (!rd_view_eq(name, rd_view_str("eku")))
			found = "it asks for something else than a key usage, which is not read";
		else if (!has_usage(leaf, value, w->arena))
			found = "the leaf has not that key usage";
	}
	rd_tee_check(w, RD_ASPECT_CRYPTO, strcmp(found, "the chain's") == 0,
		     (struct rd_tee_words){ "rats.cose.issuer", "issuer",
					    "a did:x509 that its own chain fulfils", found });
}
