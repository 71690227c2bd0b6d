/*
 * crypto: the only module that calls a cryptographic library (libssl in channel excepted).
 *
 * There is one suite today, RD_SUITE_1: X25519, HKDF-SHA256, AES-256-GCM, SHA-256, Ed25519.
 * Every signed or sealed object carries its suite id, so that a post-quantum hybrid can follow.
 *
 * Everything here is pure given its inputs, but for rd_crypto_random and the functions that say
 * that they draw from it.  No function keeps a key after it returns, but for the contexts made
 * by a `_new`, which wipe themselves in `_free`.
 */
#ifndef REDOUBT_CRYPTO_H
#define REDOUBT_CRYPTO_H

#include <redoubt/base.h>

#define RD_SUITE_1 1

#define RD_SHA1_LEN 20
#define RD_SHA256_LEN 32
#define RD_SHA384_LEN 48
#define RD_SHA512_LEN 64
#define RD_ED25519_LEN 32 /* public key and private seed */
#define RD_ED25519_SIG_LEN 64
#define RD_X25519_LEN 32   /* public and private key */
#define RD_AEAD_KEY_LEN 32 /* AES-256-GCM */
#define RD_AEAD_NONCE_LEN 12
#define RD_AEAD_TAG_LEN 16

/* Ends with an entry whose code is NULL. */
extern const struct rd_code_text rd_crypto_codes[];

/* Must run once before any other call, before a seccomp filter: initialises the libraries
 * without reading their configuration files, picks the AEAD back end for this CPU, and runs
 * known-answer tests on it; a wrong answer fails with "crypto.selftest". */
RD_MUST_USE bool rd_crypto_init(struct rd_err *err);
/* Fills `out` to its capacity from the system's generator. */
RD_MUST_USE bool rd_crypto_random(struct rd_span *out, struct rd_err *err);

/* Edge only: AES in counter mode (SP 800-38A), which authenticates nothing: for files of others.
 * Keys of 16, 24 or 32 bytes; appends in.len bytes. */
RD_MUST_USE bool rd_aes_ctr(const struct rd_secret *key, const uint8_t counter[16],
			    struct rd_view in, struct rd_span *out, struct rd_err *err);

/* ---- hash, MAC, KDF ---------------------------------------------------------------------- */

/* SHA-1 only to read what old TPMs and firmware wrote; nothing of ours uses it. */
enum rd_hash { RD_HASH_SHA256 = 1, RD_HASH_SHA384 = 2, RD_HASH_SHA512 = 3, RD_HASH_SHA1 = 4 };

size_t rd_hash_len(enum rd_hash hash);
/*
 * Hashes are public functions of public bytes: `out` is not wiped.  Where the input is secret the
 * caller keeps the result in a struct rd_secret.
 */
/* One shot over the concatenation of `n` parts; `out` must have rd_hash_len bytes. */
RD_MUST_USE bool rd_hash_parts(enum rd_hash hash, const struct rd_view *parts, size_t n,
			       uint8_t *out, struct rd_err *err);
RD_MUST_USE bool rd_sha256(struct rd_view in, uint8_t out[RD_SHA256_LEN], struct rd_err *err);
/* Streaming. */
struct rd_hasher;
RD_MUST_USE bool rd_hasher_new(enum rd_hash hash, struct rd_hasher **out, struct rd_err *err);
void rd_hasher_free(struct rd_hasher **hasher);
RD_MUST_USE bool rd_hasher_add(struct rd_hasher *hasher, struct rd_view in, struct rd_err *err);
RD_MUST_USE bool rd_hasher_finish(struct rd_hasher *hasher, uint8_t *out, struct rd_err *err);

RD_MUST_USE bool rd_hmac(enum rd_hash hash, struct rd_view key, struct rd_view in, uint8_t *out,
			 struct rd_err *err);
/* RFC 5869.  Extract writes rd_hash_len bytes to prk; expand fills okm to its capacity. */
RD_MUST_USE bool rd_hkdf_extract(enum rd_hash hash, struct rd_view salt, struct rd_view ikm,
				 struct rd_secret *prk, struct rd_err *err);
RD_MUST_USE bool rd_hkdf_expand(enum rd_hash hash, struct rd_view prk, struct rd_view info,
				struct rd_span *okm, struct rd_err *err);
/* Extract then expand to a secret of `len` bytes (at most RD_SECRET_MAX), SHA-256. */
RD_MUST_USE bool rd_hkdf(struct rd_view ikm, struct rd_view salt, struct rd_view info, size_t len,
			 struct rd_secret *out, struct rd_err *err);
/* The cost of scrypt (RFC 7914): N = 2^log2_n, in 10..20; r in 1..16; p in 1..4. */
struct rd_scrypt_cost {
	uint32_t log2_n, r, p;
};
/* A secret of `len` bytes (at most RD_SECRET_MAX).  Refuses a cost outside the bounds above
 * ("crypto.scrypt.cost"), so that parameters read from a file cannot exhaust the machine: at most
 * 2 GiB of memory (128 * N * r bytes). */
RD_MUST_USE bool rd_scrypt(struct rd_view password, struct rd_view salt, struct rd_scrypt_cost cost,
			   size_t len, struct rd_secret *out, struct rd_err *err);

/* ---- AEAD: AES-GCM ----------------------------------------------------------------------- */

/*
 * A keyed context for many messages; cheap to call per message, safe to share between threads
 * for sealing and opening.  The nonce comes from the caller and must never repeat under a key.
 * Back ends: "ipsec-mb-vaes" and "ipsec-mb-avx2" (direct functions, 256-bit keys only: those are
 * what we write, and every further key length would add to the enclave) and "openssl" (any CPU;
 * 128, 192, 256 bits; the others' oracle in the tests).
 */
struct rd_aead;

/* backend: NULL picks the fastest for this CPU and key length; a name forces one (for tests). */
RD_MUST_USE bool rd_aead_new(struct rd_view key, const char *backend, struct rd_aead **out,
			     struct rd_err *err);
void rd_aead_free(struct rd_aead **aead);
const char *rd_aead_backend(const struct rd_aead *aead);
/* Writes ciphertext and tag (in.len + 16 bytes) at out->data + out->used.  Out may not overlap
 * in, but may equal it. */
RD_MUST_USE bool rd_aead_seal(const struct rd_aead *aead, const uint8_t nonce[RD_AEAD_NONCE_LEN],
			      struct rd_view aad, struct rd_view in, struct rd_span *out,
			      struct rd_err *err);
/* `in` ends with the tag.  A wrong tag fails with "crypto.aead.tag" and wipes what it wrote. */
RD_MUST_USE bool rd_aead_open(const struct rd_aead *aead, const uint8_t nonce[RD_AEAD_NONCE_LEN],
			      struct rd_view aad, struct rd_view in, struct rd_span *out,
			      struct rd_err *err);

/* ---- signatures and key agreement -------------------------------------------------------- */

/*
 * Keys are raw bytes: an Ed25519 private key is its seed (RFC 8032 5.1.5), an X25519 private
 * key is the scalar before clamping (RFC 7748 5).  Both generators draw from rd_crypto_random.
 * Errors: "crypto.key.length" for a key of another length; "crypto.library" when OpenSSL fails.
 */
RD_MUST_USE bool rd_ed25519_generate(struct rd_secret *seed, uint8_t public_key[RD_ED25519_LEN],
				     struct rd_err *err);
RD_MUST_USE bool rd_ed25519_public(const struct rd_secret *seed, uint8_t public_key[RD_ED25519_LEN],
				   struct rd_err *err);
RD_MUST_USE bool rd_ed25519_sign(const struct rd_secret *seed, struct rd_view message,
				 uint8_t signature[RD_ED25519_SIG_LEN], struct rd_err *err);
/* False with "crypto.signature" when it does not verify. */
RD_MUST_USE bool rd_ed25519_verify(struct rd_view public_key, struct rd_view message,
				   struct rd_view signature, struct rd_err *err);
RD_MUST_USE bool rd_x25519_generate(struct rd_secret *private_key,
				    uint8_t public_key[RD_X25519_LEN], struct rd_err *err);
RD_MUST_USE bool rd_x25519_public(const struct rd_secret *private_key,
				  uint8_t public_key[RD_X25519_LEN], struct rd_err *err);
/* ECDSA as evidence and COSE use it: curve by key size, raw r||s signature; key is an
 * uncompressed point 04||X||Y (P-256, P-384, P-521). */
RD_MUST_USE bool rd_ecdsa_verify(struct rd_view public_point, enum rd_hash hash,
				 struct rd_view message, struct rd_view signature,
				 struct rd_err *err);

/* ---- HPKE (RFC 9180), mode base, single shot --------------------------------------------- */

enum rd_hpke_kem { RD_HPKE_X25519_SHA256 = 0x0020 };
enum rd_hpke_kdf { RD_HPKE_HKDF_SHA256 = 0x0001 };
enum rd_hpke_aead {
	RD_HPKE_AES128GCM = 0x0001,
	RD_HPKE_AES256GCM = 0x0002,
	RD_HPKE_CHACHA20 = 0x0003,
};

/* What both sides must agree on before the first message. */
struct rd_hpke_params {
	enum rd_hpke_aead aead;
	struct rd_view info;
	const struct rd_secret *ephemeral; /* sender; NULL (fresh) but in known-answer tests */
};

/* Writes enc (32 bytes) to `enc` and ciphertext||tag at the end of `out`.  An X25519 result of
 * all zeros (a key of small order) fails with "crypto.x25519.zero" on either side. */
RD_MUST_USE bool rd_hpke_seal(const struct rd_hpke_params *params, struct rd_view recipient_public,
			      struct rd_view aad, struct rd_view in, uint8_t enc[RD_X25519_LEN],
			      struct rd_span *out, struct rd_err *err);
RD_MUST_USE bool rd_hpke_open(const struct rd_hpke_params *params,
			      const struct rd_secret *recipient_private, struct rd_view enc,
			      struct rd_view aad, struct rd_view in, struct rd_span *out,
			      struct rd_err *err);
/* Many messages under one enc: sequence numbers count up from 0 by themselves. */
struct rd_hpke;
RD_MUST_USE bool rd_hpke_sender(const struct rd_hpke_params *params,
				struct rd_view recipient_public, uint8_t enc[RD_X25519_LEN],
				struct rd_hpke **out, struct rd_err *err);
RD_MUST_USE bool rd_hpke_receiver(const struct rd_hpke_params *params,
				  const struct rd_secret *recipient_private, struct rd_view enc,
				  struct rd_hpke **out, struct rd_err *err);
void rd_hpke_free(struct rd_hpke **hpke);
RD_MUST_USE bool rd_hpke_seal_next(struct rd_hpke *hpke, struct rd_view aad, struct rd_view in,
				   struct rd_span *out, struct rd_err *err);
RD_MUST_USE bool rd_hpke_open_next(struct rd_hpke *hpke, struct rd_view aad, struct rd_view in,
				   struct rd_span *out, struct rd_err *err);

/* ---- key files: PEM that openssl reads ---------------------------------------------------- */

/* PKCS#8 and SubjectPublicKeyInfo PEM text of Ed25519 and X25519 keys.  The private text is a
 * secret: the caller wipes the buffer. */
RD_MUST_USE bool rd_pem_ed25519_private(const struct rd_secret *seed, struct rd_buf *pem,
					struct rd_err *err);
RD_MUST_USE bool rd_pem_x25519_private(const struct rd_secret *key, struct rd_buf *pem,
				       struct rd_err *err);
RD_MUST_USE bool rd_pem_ed25519_public(struct rd_view key, struct rd_buf *pem, struct rd_err *err);
RD_MUST_USE bool rd_pem_x25519_public(struct rd_view key, struct rd_buf *pem, struct rd_err *err);
RD_MUST_USE bool rd_pem_parse_ed25519_private(struct rd_view pem, struct rd_secret *seed,
					      struct rd_err *err);
RD_MUST_USE bool rd_pem_parse_x25519_private(struct rd_view pem, struct rd_secret *key,
					     struct rd_err *err);
RD_MUST_USE bool rd_pem_parse_public(struct rd_view pem, uint8_t key[32], bool *is_x25519,
				     struct rd_err *err);
/* Any PEM label over raw bytes (such as REDOUBT TABLE KEY): strict base64, one block only. */
RD_MUST_USE bool rd_pem_wrap(const char *label, struct rd_view bytes, struct rd_buf *pem,
			     struct rd_err *err);
RD_MUST_USE bool rd_pem_unwrap(const char *label, struct rd_view pem, struct rd_span *out,
			       struct rd_err *err);

/* ---- certificates for TLS ------------------------------------------------------------------ */

/* A self-signed Ed25519 certificate whose only meaning is its key; DER.  SPKI is the DER
 * SubjectPublicKeyInfo that a room names. */
RD_MUST_USE bool rd_cert_self_signed(const struct rd_secret *seed, struct rd_buf *der,
				     struct rd_err *err);
RD_MUST_USE bool rd_ed25519_spki(struct rd_view public_key, struct rd_buf *der, struct rd_err *err);

/* ---- other people's keys and signatures, edge only ------------------------------------------ */

enum rd_key_kind {
	RD_KEY_OTHER = 0,
	RD_KEY_RSA,
	RD_KEY_P256,
	RD_KEY_P384,
	RD_KEY_P521,
	RD_KEY_ED25519,
};

/* A public key is its DER SubjectPublicKeyInfo.  What it is; fails with "crypto.spki" for what is
 * no key, such as a point that is not on its curve.  bits: of an RSA modulus or of the curve. */
RD_MUST_USE bool rd_spki_kind(struct rd_view spki, enum rd_key_kind *kind, uint32_t *bits,
			      struct rd_err *err);
/* From a "PUBLIC KEY" PEM block. */
RD_MUST_USE bool rd_spki_from_pem(struct rd_view pem, struct rd_arena *arena, struct rd_view *spki,
				  struct rd_err *err);
/* P-256, P-384, P-521: the uncompressed point 04||X||Y, checked to be on the curve. */
RD_MUST_USE bool rd_spki_from_point(enum rd_key_kind curve, struct rd_view point,
				    struct rd_arena *arena, struct rd_view *spki,
				    struct rd_err *err);
/* Big-endian, without leading zeros or with; n of 2048 to 8192 bits, e odd and at least 3. */
RD_MUST_USE bool rd_spki_from_rsa(struct rd_view n, struct rd_view e, struct rd_arena *arena,
				  struct rd_view *spki, struct rd_err *err);
RD_MUST_USE bool rd_spki_from_ed25519(struct rd_view key, struct rd_arena *arena,
				      struct rd_view *spki, struct rd_err *err);
/* The uncompressed point 04||X||Y of an EC key, or the 32 bytes of an Ed25519 key: what
 * rd_ecdsa_verify, rd_cose_check and rd_ed25519_verify take. */
RD_MUST_USE bool rd_spki_raw(struct rd_view spki, struct rd_arena *arena, struct rd_view *raw,
			     struct rd_err *err);

enum rd_signature_form {
	RD_SIGNATURE_ECDSA_RAW, /* r||s, big-endian, each as long as the curve's order */
	RD_SIGNATURE_ECDSA_DER,
	RD_SIGNATURE_RSA_PKCS1,
	RD_SIGNATURE_RSA_PSS, /* MGF1 with the same hash; salt as long as the hash (AMD, JOSE) */
	RD_SIGNATURE_RSA_PSS_ANY_SALT, /* TPMs */
	RD_SIGNATURE_EDDSA,            /* `hash` is ignored */
};
/* False with "crypto.signature" when it does not verify, "crypto.signature.form" when key and form
 * do not go together; r and s must be in 1..n-1. */
RD_MUST_USE bool rd_signature_verify(struct rd_view spki, enum rd_signature_form form,
				     enum rd_hash hash, struct rd_view message,
				     struct rd_view signature, struct rd_err *err);

/* ---- X.509 (RFC 5280), edge only ------------------------------------------------------------- */

#define RD_CERT_MAX (16u * 1024) /* bytes of one certificate */
#define RD_CRL_MAX (4u * 1024 * 1024)
#define RD_CERT_PATH_MAX 10u

/* A certificate taken apart.  Views point into `der`, which outlives it, or into the arena. */
struct rd_cert {
	struct rd_view der;
	struct rd_view spki;
	struct rd_view subject, issuer;       /* DER names */
	struct rd_view subject_cn, issuer_cn; /* UTF-8; empty if there is none */
	struct rd_view serial;                /* big-endian, no leading zeros; empty for 0 */
	int64_t not_before, not_after;        /* Unix seconds; both inclusive */
	bool is_ca;
	int32_t path_len; /* -1: no limit */
	bool has_key_usage, may_sign_certs, may_sign_crls, may_sign;
	struct rd_view subject_key_id, authority_key_id; /* empty if not there */
	enum rd_key_kind key;
	uint32_t key_bits;
	bool signed_with_pss; /* RSASSA-PSS over the certificate */
};
/* Exactly one DER certificate, nothing behind it; fails with "crypto.cert.form". */
RD_MUST_USE bool rd_cert_parse(struct rd_view der, struct rd_arena *arena, struct rd_cert *out,
			       struct rd_err *err);
/* Every "CERTIFICATE" block of a PEM text (0 of them is no error; NULs at the end and text between
 * blocks are tolerated), or, if the bytes are DER, that one.  More than `max` fails. */
RD_MUST_USE bool rd_certs_read(struct rd_view text_or_der, struct rd_arena *arena,
			       struct rd_cert *certs, uint32_t max, uint32_t *n,
			       struct rd_err *err);
/* The content of an extension's OCTET STRING, by dotted OID.  False: not there. */
bool rd_cert_extension(const struct rd_cert *cert, const char *oid, struct rd_view *value);
/* `issuer` is named as issuer and its key signed `cert`; nothing else is looked at. */
RD_MUST_USE bool rd_cert_issued_by(const struct rd_cert *cert, const struct rd_cert *issuer,
				   struct rd_err *err);

/* How to build a path. */
struct rd_cert_path_rules {
	const struct rd_cert
		*anchor; /* trusted by key: any certificate of that key and name serves */
	uint32_t n_anchors;
	const struct rd_cert *pool; /* intermediates, in any order; untrusted */
	uint32_t n_pool;
	int64_t now_unix_s;           /* < 0: dates are not looked at */
	bool ignore_unknown_critical; /* vendors with private critical extensions */
};
struct rd_cert_path {
	uint32_t n;
	const struct rd_cert *cert[RD_CERT_PATH_MAX]; /* leaf first, anchor last */
	const struct rd_cert *anchor;                 /* the rule's anchor whose key it ends in */
};
/*
 * A path from `leaf` to an anchor: names, signatures, CA flags, path lengths, key usage (OpenSSL,
 * without -x509_strict: genuine leaves of AMD and AWS lack an authority key id).  Signatures by
 * SHA-1 or weaker and RSA keys under 2048 bits fail.  Dates are checked by us, so that the failure
 * says which certificate and when:
 *   "crypto.cert.path"   no path to an anchor;    "crypto.cert.time"  one is out of its dates.
 * With "crypto.cert.time" *out is filled in: everything else held.
 */
RD_MUST_USE bool rd_cert_path_build(const struct rd_cert *leaf,
				    const struct rd_cert_path_rules *rules,
				    struct rd_cert_path *out, struct rd_err *err);

/* A certificate revocation list. */
struct rd_crl {
	struct rd_view der;
	struct rd_view issuer; /* DER name */
	struct rd_view issuer_cn;
	struct rd_view authority_key_id;
	int64_t this_update, next_update; /* next_update < 0: not stated */
	struct rd_view number;            /* CRL number, big-endian; empty if not stated */
	uint32_t n_revoked;
};
/* DER, PEM "X509 CRL", or hexadecimal text of the DER (Intel's service gives that);
 * "crypto.crl.form". */
RD_MUST_USE bool rd_crl_parse(struct rd_view bytes, struct rd_arena *arena, struct rd_crl *out,
			      struct rd_err *err);
/* Issuer's name, key id and signature ("crypto.crl.issuer", "crypto.signature") and dates
 * ("crypto.crl.time"; now < 0: not looked at).  Unknown critical extensions fail. */
RD_MUST_USE bool rd_crl_check(const struct rd_crl *crl, const struct rd_cert *issuer,
			      int64_t now_unix_s, struct rd_err *err);
/* The certificate's serial is on the list (its issuer must be the list's). */
RD_MUST_USE bool rd_crl_revokes(const struct rd_crl *crl, const struct rd_cert *cert, bool *revoked,
				struct rd_err *err);

/* ---- DER, edge only -------------------------------------------------------------------------- */

enum rd_der_tag {
	RD_DER_BOOLEAN = 0x01,
	RD_DER_INTEGER = 0x02,
	RD_DER_BIT_STRING = 0x03,
	RD_DER_OCTET_STRING = 0x04,
	RD_DER_OID = 0x06,
	RD_DER_ENUMERATED = 0x0A,
	RD_DER_UTF8_STRING = 0x0C,
	RD_DER_PRINTABLE_STRING = 0x13,
	RD_DER_IA5_STRING = 0x16,
	RD_DER_SEQUENCE = 0x30,
	RD_DER_SET = 0x31,
};
/* Takes the next element off the front of *in: its tag byte (one byte only) and its content. Strict
 * DER: definite, shortest lengths, inside *in; else "crypto.der".  Nesting is the caller's loop:
 * this never recurses. */
RD_MUST_USE bool rd_der_next(struct rd_view *in, uint8_t *tag, struct rd_view *content,
			     struct rd_err *err);
/* The next element must have this tag. */
RD_MUST_USE bool rd_der_expect(struct rd_view *in, uint8_t tag, struct rd_view *content,
			       struct rd_err *err);
/* A non-negative INTEGER in its shortest form, at most `max`. */
RD_MUST_USE bool rd_der_uint(struct rd_view *in, uint64_t max, uint64_t *out, struct rd_err *err);
/* Content of an OID equals the dotted text. */
bool rd_der_oid_is(struct rd_view oid_content, const char *dotted);

#endif
