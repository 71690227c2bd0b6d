/*
 * forge: signers of evidence for tests.  Whole vendors with keys of their own, whose roots no
 * verifier accepts unless a test gives them as anchors.
 *
 * Everything aborts the test on failure; objects live until forge_free.  Keys are drawn anew on
 * each run, so that nothing depends on a stored one.
 */
#ifndef RD_TEST_FORGE_H
#define RD_TEST_FORGE_H

#include <redoubt/tee.h>

enum forge_key_kind { FORGE_P256, FORGE_P384, FORGE_RSA2048, FORGE_RSA3072, FORGE_ED25519 };

/* The memory of one test: views and certificates live in `arena`. */
struct forge {
	struct rd_arena *arena;
	struct forge_key *keys; /* freed with it */
	uint64_t next_serial;
};
void forge_init(struct forge *forge);
void forge_free(struct forge *forge);

struct forge_key;
struct forge_key *forge_key(struct forge *forge, enum forge_key_kind kind);
struct rd_view forge_spki(struct forge *forge, const struct forge_key *key);
/* 04||X||Y or 32 bytes of Ed25519. */
struct rd_view forge_raw_public(struct forge *forge, const struct forge_key *key);
/* Modulus of an RSA key, big-endian; the exponent is 65537. */
struct rd_view forge_rsa_modulus(struct forge *forge, const struct forge_key *key);
/* As rd_signature_verify takes it. */
struct rd_view forge_sign(struct forge *forge, const struct forge_key *key,
			  enum rd_signature_form form, enum rd_hash hash, struct rd_view message);

/* What a certificate shall say; zeros give a plain leaf valid 2020-01-01 to 2040-01-01. */
struct forge_extension {
	const char *oid;
	bool critical;
	struct rd_view value; /* content of the OCTET STRING */
};
#define FORGE_EXTENSIONS_MAX 24
struct forge_cert_spec {
	const char *cn;
	const struct forge_key *key;
	const struct rd_cert *issuer;       /* NULL: self-signed with `key` */
	const struct forge_key *issuer_key; /* whose signature; may be the wrong one */
	int64_t not_before, not_after;      /* 0: the defaults */
	bool is_ca;
	int path_len_plus_1;   /* 0: no limit stated */
	const char *key_usage; /* OpenSSL's words: "keyCertSign,cRLSign"; NULL: none */
	bool no_key_ids;       /* leaves out subject and authority key id */
	bool pss;              /* RSASSA-PSS, salt as long as the hash */
	enum rd_hash hash;     /* 0: SHA-256 */
	uint64_t serial;       /* 0: the next one */
	uint32_t n_extensions;
	struct forge_extension extension[FORGE_EXTENSIONS_MAX];
};
struct rd_cert forge_cert(struct forge *forge, const struct forge_cert_spec *spec);
/* PEM of several certificates, in this order. */
struct rd_view forge_pem(struct forge *forge, const struct rd_cert *const *certs, uint32_t n);
struct rd_view forge_spki_pem(struct forge *forge, const struct forge_key *key);
/* Evidence beside one key of the verifier's own (NULL: beside an empty file of others), which
 * stays valid until the next call. */
struct rd_tee_input forge_with_key(struct forge *forge, struct rd_view report,
				   const struct forge_key *key, int64_t now_unix_s);

struct forge_crl_spec {
	const struct rd_cert *issuer;
	const struct forge_key *issuer_key;
	int64_t this_update, next_update; /* 0: 2020-01-01 and 2040-01-01; next < 0: not stated */
	uint32_t n_revoked;
	struct rd_view revoked[8]; /* serials */
	bool critical_extension;   /* an unknown one */
	bool pss;
	enum rd_hash hash; /* 0: SHA-256 */
};
struct rd_view forge_crl(struct forge *forge, const struct forge_crl_spec *spec);

/* A COSE_Sign1 (tag 18, or none) with this protected header and unprotected map, by this key. */
struct forge_cose_spec {
	struct rd_view protected_header; /* encoded; empty: {1: alg} */
	struct rd_view unprotected;      /* encoded map; empty: an empty one */
	int64_t alg;                     /* enum rd_cose_alg */
	const struct forge_key *key;
	struct rd_view payload;
	bool tagged;
};
struct rd_view forge_cose(struct forge *forge, const struct forge_cose_spec *spec);
/* The bytes of a buffer, kept; frees the buffer. */
struct rd_view forge_keep(struct forge *forge, struct rd_buf *buf);

/* DER, built inside out. */
struct rd_view forge_der(struct forge *forge, uint8_t tag, struct rd_view content);
struct rd_view forge_der_uint(struct forge *forge, uint64_t value);
struct rd_view forge_der_oid(struct forge *forge, const char *dotted);
struct rd_view forge_concat(struct forge *forge, uint32_t n, const struct rd_view *parts);
/* A copy with one bit flipped, one byte set, or cut to a length. */
struct rd_view forge_flip(struct forge *forge, struct rd_view in, size_t byte, unsigned bit);
struct rd_view forge_set(struct forge *forge, struct rd_view in, size_t byte, uint8_t value);

/* ---- verifying what was forged ----------------------------------------------------------------
 */

/* Verifies, and fails the test unless the evidence parses. */
struct rd_tee_result *forge_verify(struct forge *forge, const struct rd_tee *tee,
				   const struct rd_tee_input *in);
/* Some reason has this code and this result; else the test fails and says what there is. */
void forge_expect(const struct rd_tee_result *result, const char *code, enum rd_result wanted,
		  const char *change);
/* Crypto passes and nothing fails. */
void forge_expect_good(const struct rd_tee_result *result, const char *change);
/* The evidence does not parse: the error has this code and fault. */
void forge_expect_error(struct forge *forge, const struct rd_tee *tee,
			const struct rd_tee_input *in, const char *code, enum rd_fault fault);
/* Every shorter prefix of the report is refused without a crash, and does not pass crypto. */
void forge_expect_no_prefix(struct forge *forge, const struct rd_tee *tee,
			    const struct rd_tee_input *in);

#endif
