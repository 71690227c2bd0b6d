/* Paths from a leaf to an anchor that is pinned by key; revocation lists. */
#include "x509_int.h"

#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

#define AUTH_LEVEL 2 /* 112 bits: no SHA-1, no RSA under 2048 */

/* OpenSSL's side of one path: everything here is freed together. */
struct path_work {
	X509_STORE *store;
	X509_STORE_CTX *ctx;
	STACK_OF(X509) * pool;
	X509 *leaf;
};

static void free_work(struct path_work *w)
{
	X509_STORE_CTX_free(w->ctx);
	X509_STORE_free(w->store);
	sk_X509_pop_free(w->pool, X509_free);
	X509_free(w->leaf);
	rd_crypto_forget();
}

static bool is_anchor(const struct rd_cert *cert, const struct rd_cert_path_rules *rules,
		      const struct rd_cert **anchor)
{
	for (uint32_t i = 0; i < rules->n_anchors; i++)
		if (rd_view_eq(cert->spki, rules->anchor[i].spki) &&
		    rd_view_eq(cert->subject, rules->anchor[i].subject)) {
			*anchor = &rules->anchor[i];
			return true;
		}
	return false;
}

static bool trust(struct path_work *w, const struct rd_cert *cert, struct rd_err *err)
{
	X509 *x RD_AUTO(rd_crypto_x509_free) = rd_crypto_x509(cert, err);

	if (!x)
		return false;
	return X509_STORE_add_cert(w->store, x) == 1 || rd_crypto_fail(err, "X509_STORE_add_cert");
}

static bool fill(struct path_work *w, const struct rd_cert *leaf,
		 const struct rd_cert_path_rules *rules, struct rd_err *err)
{
	const struct rd_cert *anchor;

	w->store = X509_STORE_new();
	w->ctx = X509_STORE_CTX_new();
	w->pool = sk_X509_new_null();
	w->leaf = rd_crypto_x509(leaf, err);
	if (!w->store || !w->ctx || !w->pool || !w->leaf)
		return rd_crypto_fail(err, "X509_STORE_new");
	for (uint32_t i = 0; i < rules->n_anchors; i++)
		if (!trust(w, &rules->anchor[i], err))
			return false;
	for (uint32_t i = 0; i < rules->n_pool; i++) {
		X509 *x;

		/* Another certificate of an anchor's key and name (a renewed root). */
		if (is_anchor(&rules->pool[i], rules, &anchor)) {
			if (!trust(w, &rules->pool[i], err))
				return false;
			continue;
		}
		x = rd_crypto_x509(&rules->pool[i], err);
		if (!x || sk_X509_push(w->pool, x) <= 0) {
			X509_free(x);
			return rd_crypto_fail(err, "sk_X509_push");
		}
	}
	return true;
}

/* The caller's certificate that OpenSSL put at this place of its chain. */
static const struct rd_cert *find(X509 *x, const struct rd_cert *leaf,
				  const struct rd_cert_path_rules *rules)
{
	const struct rd_cert *found = NULL;
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);
	struct rd_view v = rd_view_of(der, len > 0 ? (size_t)len : 0);

	if (rd_view_eq(v, leaf->der))
		found = leaf;
	for (uint32_t i = 0; i < rules->n_pool && !found; i++)
		if (rd_view_eq(v, rules->pool[i].der))
			found = &rules->pool[i];
	for (uint32_t i = 0; i < rules->n_anchors && !found; i++)
		if (rd_view_eq(v, rules->anchor[i].der))
			found = &rules->anchor[i];
	OPENSSL_free(der);
	return found;
}

static bool no_path(struct rd_err *err, const struct rd_cert *cert, const char *why)
{
	rd_crypto_forget();
	return rd_fail(err, RD_FAULT_REFUSED, "crypto.cert.path",
		       "no path from '%.*s' to an accepted root: %s", RD_FMT(cert->subject_cn),
		       why);
}

/* Our profile on top: every issuer is marked as a CA that may sign certificates. */
static bool check_profile(const struct rd_cert_path *path, struct rd_err *err)
{
	for (uint32_t i = 1; i < path->n; i++) {
		const struct rd_cert *c = path->cert[i];

		if (!c->is_ca)
			return no_path(err, c, "it is not marked as a CA");
		if (c->has_key_usage && !c->may_sign_certs)
			return no_path(err, c, "its key usage is not to sign certificates");
	}
	return true;
}

static bool check_dates(const struct rd_cert_path *path, int64_t now, struct rd_err *err)
{
	char at[32], when[32];

	for (uint32_t i = 0; now >= 0 && i < path->n; i++) {
		const struct rd_cert *c = path->cert[i];
		bool early = now < c->not_before;

		if (!early && now <= c->not_after)
			continue;
		rd_crypto_time_text(now, at);
		rd_crypto_time_text(early ? c->not_before : c->not_after, when);
		return rd_fail(err, RD_FAULT_REFUSED, "crypto.cert.time",
			       "'%.*s' %s %s, the time of verification is %s",
			       RD_FMT(c->subject_cn), early ? "is valid from" : "was valid until",
			       when, at);
	}
	return true;
}

static bool take_chain(struct path_work *w, const struct rd_cert *leaf,
		       const struct rd_cert_path_rules *rules, struct rd_cert_path *out,
		       struct rd_err *err)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(w->ctx);
	int n = sk_X509_num(chain);

	if (n < 1 || n > (int)RD_CERT_PATH_MAX)
		return no_path(err, leaf, "too long");
	for (int i = 0; i < n; i++) {
		out->cert[i] = find(sk_X509_value(chain, i), leaf, rules);
		if (!out->cert[i])
			return no_path(err, leaf, "it holds a certificate that nobody gave");
	}
	out->n = (uint32_t)n;
	return is_anchor(out->cert[n - 1], rules, &out->anchor) ||
	       no_path(err, out->cert[n - 1], "the last one is no anchor");
}

bool rd_cert_path_build(const struct rd_cert *leaf, const struct rd_cert_path_rules *rules,
			struct rd_cert_path *out, struct rd_err *err)
{
	RD_AUTO(free_work) struct path_work w = { 0 };
	X509_VERIFY_PARAM *param;
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME;

	*out = (struct rd_cert_path){ 0 };
	if (rules->n_anchors == 0)
		return no_path(err, leaf, "no root is accepted");
	if (!fill(&w, leaf, rules, err))
		return false;
	if (X509_STORE_CTX_init(w.ctx, w.store, w.leaf, w.pool) != 1)
		return rd_crypto_fail(err, "X509_STORE_CTX_init");
	if (rules->ignore_unknown_critical)
		flags |= X509_V_FLAG_IGNORE_CRITICAL;
	param = X509_STORE_CTX_get0_param(w.ctx);
	X509_VERIFY_PARAM_set_flags(param, flags);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	X509_VERIFY_PARAM_set_depth(param, RD_CERT_PATH_MAX - 2);
	if (X509_verify_cert(w.ctx) != 1) {
		const char *why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(w.ctx));

		return no_path(err, leaf, why);
	}
	return take_chain(&w, leaf, rules, out, err) && check_profile(out, err) &&
	       check_dates(out, rules->now_unix_s, err);
}

/* ---- revocation lists ------------------------------------------------------------------------ */

static void free_crl(X509_CRL **crl)
{
	X509_CRL_free(*crl);
	*crl = NULL;
}

static bool bad_crl(struct rd_err *err, const char *what)
{
	rd_crypto_forget();
	return rd_fail(err, RD_FAULT_MALFORMED, "crypto.crl.form", "revocation list: %s", what);
}

static X509_CRL *crl_of(struct rd_view der)
{
	const unsigned char *p = der.data;
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der.len);

	if (crl && p == der.data + der.len)
		return crl;
	X509_CRL_free(crl);
	return NULL;
}

/* PEM or hexadecimal to DER, in the arena. */
static bool to_der(struct rd_view in, struct rd_arena *arena, struct rd_view *der,
		   struct rd_err *err)
{
	static const char *const begin = "-----BEGIN X509 CRL-----";
	struct rd_view text = in;
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	long len = 0;
	BIO *bio;
	bool ok;

	if (in.data[0] == RD_DER_SEQUENCE) {
		*der = in;
		return true;
	}
	while (text.len && strchr(" \r\n", text.data[text.len - 1]))
		text.len--;
	if (!memmem(in.data, in.len, begin, strlen(begin)))
		return rd_unhex(arena, text, der, err) ||
		       bad_crl(err, "neither DER nor PEM nor hexadecimal");
	bio = BIO_new_mem_buf(in.data, (int)in.len);
	ok = bio && PEM_read_bio(bio, &name, &header, &data, &len) == 1 &&
	     strcmp(name, PEM_STRING_X509_CRL) == 0;
	ok = ok ? rd_arena_copy(arena, rd_view_of(data, (size_t)len), der, err)
		: bad_crl(err, "a PEM block that is broken");
	BIO_free(bio);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(data);
	return ok;
}

/* Optional parts: the key id of its issuer and its number. */
static bool read_extensions(X509_CRL *crl, struct rd_arena *arena, struct rd_crl *out,
			    struct rd_err *err)
{
	AUTHORITY_KEYID *aki = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
	ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	bool ok = true;

	if (aki && aki->keyid)
		ok = rd_arena_copy(arena,
				   rd_view_of(ASN1_STRING_get0_data(aki->keyid),
					      (size_t)ASN1_STRING_length(aki->keyid)),
				   &out->authority_key_id, err);
	if (ok && number)
		ok = rd_arena_copy(arena,
				   rd_view_of(ASN1_STRING_get0_data(number),
					      (size_t)ASN1_STRING_length(number)),
				   &out->number, err);
	AUTHORITY_KEYID_free(aki);
	ASN1_INTEGER_free(number);
	rd_crypto_forget();
	return ok;
}

bool rd_crl_parse(struct rd_view bytes, struct rd_arena *arena, struct rd_crl *out,
		  struct rd_err *err)
{
	X509_CRL *crl RD_AUTO(free_crl) = NULL;
	const X509_NAME *issuer;
	unsigned char *der = NULL;
	int len;
	bool ok;

	*out = (struct rd_crl){ .next_update = -1 };
	if (bytes.len == 0 || bytes.len > RD_CRL_MAX)
		return bad_crl(err, "empty, or of more than 4 MiB");
	if (!to_der(bytes, arena, &out->der, err))
		return false;
	crl = crl_of(out->der);
	if (!crl)
		return bad_crl(err, "not one in DER");
	if (!rd_crypto_time(X509_CRL_get0_lastUpdate(crl), &out->this_update) ||
	    (X509_CRL_get0_nextUpdate(crl) &&
	     !rd_crypto_time(X509_CRL_get0_nextUpdate(crl), &out->next_update)))
		return bad_crl(err, "its dates cannot be read");
	out->n_revoked = X509_CRL_get_REVOKED(crl)
				 ? (uint32_t)sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl))
				 : 0;
	issuer = X509_CRL_get_issuer(crl);
	len = i2d_X509_NAME(issuer, &der);
	if (len <= 0)
		return bad_crl(err, "its issuer cannot be read");
	ok = rd_arena_copy(arena, rd_view_of(der, (size_t)len), &out->issuer, err) &&
	     rd_crypto_common_name(issuer, arena, &out->issuer_cn, err);
	OPENSSL_free(der);
	return ok && read_extensions(crl, arena, out, err);
}

/* An extension that must be understood narrows what the list says: none is. */
static bool has_critical(X509_CRL *crl)
{
	STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(crl);

	for (int i = 0; i < X509_CRL_get_ext_count(crl); i++)
		if (X509_EXTENSION_get_critical(X509_CRL_get_ext(crl, i)))
			return true;
	for (int i = 0; list && i < sk_X509_REVOKED_num(list); i++) {
		const X509_REVOKED *r = sk_X509_REVOKED_value(list, i);

		for (int k = 0; k < X509_REVOKED_get_ext_count(r); k++)
			if (X509_EXTENSION_get_critical(X509_REVOKED_get_ext(r, k)))
				return true;
	}
	return false;
}

static bool check_crl_dates(const struct rd_crl *crl, int64_t now, struct rd_err *err)
{
	bool early = now < crl->this_update;
	char at[32], when[32];

	if (now < 0 || (!early && now <= crl->next_update))
		return true;
	/* RFC 5280 5.1.2.5: it must be stated; else the list would be fresh for ever. */
	if (!early && crl->next_update < 0)
		return rd_fail(err, RD_FAULT_REFUSED, "crypto.crl.time",
			       "the revocation list of '%.*s' does not say when it is due for "
			       "renewal",
			       RD_FMT(crl->issuer_cn));
	rd_crypto_time_text(now, at);
	rd_crypto_time_text(early ? crl->this_update : crl->next_update, when);
	return rd_fail(err, RD_FAULT_REFUSED, "crypto.crl.time",
		       "the revocation list of '%.*s' %s %s, the time of verification is %s",
		       RD_FMT(crl->issuer_cn), early ? "is of" : "was due for renewal at", when,
		       at);
}

bool rd_crl_check(const struct rd_crl *crl, const struct rd_cert *issuer, int64_t now_unix_s,
		  struct rd_err *err)
{
	X509_CRL *list RD_AUTO(free_crl) = crl_of(crl->der);
	X509 *by RD_AUTO(rd_crypto_x509_free) = list ? rd_crypto_x509(issuer, err) : NULL;
	bool same_key_id = !crl->authority_key_id.len || !issuer->subject_key_id.len ||
			   rd_view_eq(crl->authority_key_id, issuer->subject_key_id);

	if (!list || !by)
		return list ? false : bad_crl(err, "not one in DER");
	if (!rd_view_eq(crl->issuer, issuer->subject) || !same_key_id ||
	    (issuer->has_key_usage && !issuer->may_sign_crls))
		return rd_fail(err, RD_FAULT_REFUSED, "crypto.crl.issuer",
			       "the revocation list is of '%.*s', not of '%.*s'",
			       RD_FMT(crl->issuer_cn), RD_FMT(issuer->subject_cn));
	if (has_critical(list))
		return bad_crl(err, "a critical extension, so its meaning is not plain");
	if (rd_crypto_weak_signature(X509_CRL_get_signature_nid(list)) ||
	    X509_CRL_verify(list, X509_get0_pubkey(by)) != 1) {
		rd_crypto_forget();
		return rd_fail(err, RD_FAULT_REFUSED, "crypto.signature",
			       "the signature of the revocation list of '%.*s' does not verify",
			       RD_FMT(crl->issuer_cn));
	}
	return check_crl_dates(crl, now_unix_s, err);
}

bool rd_crl_revokes(const struct rd_crl *crl, const struct rd_cert *cert, bool *revoked,
		    struct rd_err *err)
{
	X509_CRL *list RD_AUTO(free_crl) = crl_of(crl->der);
	X509 *x RD_AUTO(rd_crypto_x509_free) = list ? rd_crypto_x509(cert, err) : NULL;
	X509_REVOKED *entry = NULL;

	if (!list || !x)
		return list ? false : bad_crl(err, "not one in DER");
	if (!rd_view_eq(crl->issuer, cert->issuer))
		return rd_fail(err, RD_FAULT_REFUSED, "crypto.crl.issuer",
			       "the revocation list is of '%.*s', the certificate's issuer is "
			       "'%.*s'",
			       RD_FMT(crl->issuer_cn), RD_FMT(cert->issuer_cn));
	/* 2: removed from the list, which only a delta list can say. */
	*revoked = X509_CRL_get0_by_cert(list, &entry, x) != 0;
	rd_crypto_forget();
	return true;
}
