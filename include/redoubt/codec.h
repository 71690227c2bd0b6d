/*
 * codec: readers and writers of structured bytes, each with limits.
 *
 *  - CBOR, strict: RFC 8949 with the deterministic encoding of section 4.2.1 (shortest heads,
 *    definite lengths, map keys in bytewise order, no duplicates, no tags but 18, floats only as
 *    64 bits, one NaN).  All objects of our own.
 *  - CBOR, tolerant: for vendors' documents: indefinite lengths, any key order, tags; still
 *    well-formed, still no duplicate keys, still limited.  In both modes map keys are numbers and
 *    strings in their shortest form, so that a duplicate cannot hide in a second form.
 *  - COSE_Sign1 (RFC 9052), CMW records (draft-ietf-rats-msg-wrap).
 *  - JSON (jansson) and YAML (libfyaml) for the edge only: never linked into the enclave.
 */
#ifndef REDOUBT_CODEC_H
#define REDOUBT_CODEC_H

#include <redoubt/base.h>
#include <redoubt/crypto.h>

#define RD_CBOR_DEPTH_MAX 16

/* Ends with an entry whose code is NULL. */
extern const struct rd_code_text rd_codec_codes[];

/* ---- CBOR reader ---------------------------------------------------------------------------- */

enum rd_cbor_kind {
	RD_CBOR_UINT = 0,
	RD_CBOR_NINT = 1,
	RD_CBOR_BYTES = 2,
	RD_CBOR_TEXT = 3,
	RD_CBOR_ARRAY = 4,
	RD_CBOR_MAP = 5,
	RD_CBOR_TAG = 6,
	RD_CBOR_SIMPLE = 7, /* false 20, true 21, null 22, double 27 */
	RD_CBOR_END = 8,    /* no more items at this level */
};

/*
 * A pull reader with a sticky error: after the first failure every call returns a zero value, so
 * a decoder reads all its fields and asks once, at the end, with rd_cbor_finish.  The error names
 * the byte offset.  Views point into the input.
 *
 *	struct rd_cbor_reader r;
 *	rd_cbor_read_init(&r, bytes, RD_CBOR_STRICT);
 *	rd_cbor_enter_array(&r, 3);             exactly three items
 *	uint64_t version = rd_cbor_read_uint(&r, 1);      at most 1
 *	struct rd_view hash = rd_cbor_read_bytes(&r, 32, 32);
 *	uint32_t n = rd_cbor_enter_array_upto(&r, 0, 16);
 *	for (uint32_t i = 0; i < n; i++) ...
 *	rd_cbor_leave(&r);
 *	rd_cbor_leave(&r);
 *	return rd_cbor_finish(&r, err);         all read, nothing left over
 */
enum rd_cbor_mode { RD_CBOR_STRICT, RD_CBOR_TOLERANT };

/* Private: what the reader knows of one open array or map. */
struct rd_cbor_level {
	uint64_t left; /* items left (a pair counts as two); UINT64_MAX: indefinite */
	size_t start;  /* offset of its head (of its first tag), for when it is a key itself */
	struct rd_view last_key; /* strict: the encoded key read last, for the order check */
	uint32_t key_base;       /* tolerant: its keys begin at reader.key[key_base] */
	bool is_map, at_value;
};

/* Limit on the keys of all open maps together, tolerant mode. */
#define RD_CBOR_TOLERANT_KEYS_MAX 512

/* All fields private. */
struct rd_cbor_reader {
	struct rd_view in;
	size_t pos;
	size_t item_start; /* of the first of the tags read before the next item */
	enum rd_cbor_mode mode;
	bool tagged, failed;
	uint32_t depth, n_keys;
	struct rd_cbor_level level[RD_CBOR_DEPTH_MAX + 1]; /* [0]: the input as a whole */
	struct {
		size_t start, len;
	} key[RD_CBOR_TOLERANT_KEYS_MAX];
	struct rd_err why;
};

void rd_cbor_read_init(struct rd_cbor_reader *r, struct rd_view in, enum rd_cbor_mode mode);
/* The kind of the next item at this level, without reading it; RD_CBOR_END after a failure too. */
enum rd_cbor_kind rd_cbor_peek(struct rd_cbor_reader *r);
bool rd_cbor_at_null(struct rd_cbor_reader *r);
uint64_t rd_cbor_read_uint(struct rd_cbor_reader *r, uint64_t max);
int64_t rd_cbor_read_int(struct rd_cbor_reader *r, int64_t min, int64_t max);
bool rd_cbor_read_bool(struct rd_cbor_reader *r);
double rd_cbor_read_double(struct rd_cbor_reader *r);
void rd_cbor_read_null(struct rd_cbor_reader *r);
struct rd_view rd_cbor_read_bytes(struct rd_cbor_reader *r, size_t min_len, size_t max_len);
/* UTF-8 is checked. */
struct rd_view rd_cbor_read_text(struct rd_cbor_reader *r, size_t min_len, size_t max_len);
/* The next item must be this text (a type label) or the read fails. */
void rd_cbor_expect_text(struct rd_cbor_reader *r, const char *text);
uint64_t rd_cbor_read_tag(struct rd_cbor_reader *r);
void rd_cbor_enter_array(struct rd_cbor_reader *r, uint32_t count);
uint32_t rd_cbor_enter_array_upto(struct rd_cbor_reader *r, uint32_t min, uint32_t max);
/* Number of pairs; read key, value, key, value... then leave.  Keys are checked for order (strict)
 * and for duplicates as they are read. */
uint32_t rd_cbor_enter_map(struct rd_cbor_reader *r, uint32_t max_pairs);
/* True while the current array or map has items left: for indefinite lengths and loops. */
bool rd_cbor_more(struct rd_cbor_reader *r);
/* Everything of the current array or map must have been read. */
void rd_cbor_leave(struct rd_cbor_reader *r);
/* Skips one item, whole, and gives its encoded bytes. */
struct rd_view rd_cbor_read_item(struct rd_cbor_reader *r);
/* A decoder's own complaint, with the current offset; sticky like the others. */
void rd_cbor_complain(struct rd_cbor_reader *r, const char *code, const char *what);
RD_MUST_USE bool rd_cbor_finish(struct rd_cbor_reader *r, struct rd_err *err);

/* ---- CBOR writer: deterministic ------------------------------------------------------------- */

/* Appends to a buffer; errors stick in the buffer (rd_buf_ok).  Maps: the caller writes keys in
 * bytewise order of their encodings; a wrong order is a programmer's fault caught by the tests'
 * strict reader. */
void rd_cbor_put_uint(struct rd_buf *out, uint64_t value);
void rd_cbor_put_int(struct rd_buf *out, int64_t value);
void rd_cbor_put_bool(struct rd_buf *out, bool value);
void rd_cbor_put_double(struct rd_buf *out, double value);
void rd_cbor_put_null(struct rd_buf *out);
void rd_cbor_put_bytes(struct rd_buf *out, struct rd_view bytes);
/* The head of a byte string whose `len` bytes the caller appends itself, such as a ciphertext. */
void rd_cbor_put_bytes_head(struct rd_buf *out, uint64_t len);
void rd_cbor_put_text(struct rd_buf *out, struct rd_view text);
void rd_cbor_put_str(struct rd_buf *out, const char *text);
void rd_cbor_put_array(struct rd_buf *out, uint64_t count);
void rd_cbor_put_map(struct rd_buf *out, uint64_t pairs);
void rd_cbor_put_tag(struct rd_buf *out, uint64_t tag);

/* Diagnostic notation (RFC 8949 section 8), for error texts and `show`; tolerant input. */
RD_MUST_USE bool rd_cbor_diag(struct rd_view item, struct rd_buf *text, struct rd_err *err);

/* ---- COSE_Sign1 (RFC 9052) ------------------------------------------------------------------ */

enum rd_cose_alg {
	RD_COSE_EDDSA = -8,
	RD_COSE_ES256 = -7,
	RD_COSE_ES384 = -35,
	RD_COSE_ES512 = -36,
	RD_COSE_PS256 = -37, /* PS*: rd_cose_check_spki alone */
	RD_COSE_PS384 = -38,
	RD_COSE_PS512 = -39,
};

/*
 * Our own objects: tag 18, protected {1: -8 (EdDSA), 3: content type}, empty unprotected map,
 * payload inside, external_aad = "redoubt-<type>-v1", content type = "application/redoubt-<type>".
 */
RD_MUST_USE bool rd_cose_sign(const char *type, struct rd_view payload,
			      const struct rd_secret *ed25519_seed, struct rd_buf *out,
			      struct rd_err *err);
/* An object that others read, such as a CWT: the content type as it is given, no external_aad. */
RD_MUST_USE bool rd_cose_sign_for_others(struct rd_view content_type, struct rd_view payload,
					 const struct rd_secret *ed25519_seed, struct rd_buf *out,
					 struct rd_err *err);
/* Strict: exactly the form above, exactly this type; *payload points into `object`. */
RD_MUST_USE bool rd_cose_verify(const char *type, struct rd_view object, struct rd_view public_key,
				struct rd_view *payload, struct rd_err *err);
/* The payload without a check, to learn whose key to check with; never to be believed. */
RD_MUST_USE bool rd_cose_peek(const char *type, struct rd_view object, struct rd_view *payload,
			      struct rd_err *err);

/* Anyone's COSE_Sign1, tagged (as a CWT, too) or not, tolerant headers: taken apart only. */
struct rd_cose_sign1 {
	struct rd_view protected_bytes; /* as it is signed; nothing for an empty map */
	struct rd_view unprotected;     /* the encoded map */
	struct rd_view payload;
	struct rd_view signature;
	int64_t alg; /* of the protected header, else of the other; 0 if there is none.  The kind of
			key must fit it: nobody chooses it for another's key. */
};
RD_MUST_USE bool rd_cose_parse(struct rd_view object, struct rd_cose_sign1 *out,
			       struct rd_err *err);
/* `key`: raw Ed25519 (32 bytes) or an uncompressed point, as alg asks. */
RD_MUST_USE bool rd_cose_check(const struct rd_cose_sign1 *sign1, struct rd_view external_aad,
			       struct rd_view key, struct rd_err *err);

/* ---- CMW: conceptual message wrapper ---------------------------------------------------- */

/* A CBOR record: array [content type text, bytes] (or with the indicator as a third item). */
RD_MUST_USE bool rd_cmw_put(struct rd_buf *out, const char *content_type, struct rd_view value,
			    struct rd_err *err);
RD_MUST_USE bool rd_cmw_get(struct rd_view cmw, struct rd_view *content_type, struct rd_view *value,
			    struct rd_err *err);

/* ---- YAML and JSON, edge only ----------------------------------------------------------- */

/*
 * A parsed text as one tree of nodes in an arena, from YAML 1.2 or JSON: duplicate keys, anchors,
 * aliases, tags and merge keys are refused; depth 32, 64 Ki nodes.  Scalars keep their text: the
 * reader of a document decides what is a number.
 */
enum rd_doc_kind { RD_DOC_NULL, RD_DOC_SCALAR, RD_DOC_LIST, RD_DOC_MAP };

struct rd_doc {
	enum rd_doc_kind kind;
	bool quoted;           /* scalars: was written with quotes, so it is text */
	uint32_t line, column; /* from 1 */
	struct rd_view text;   /* scalars; empty in lists and maps; null: as it was written */
	struct rd_view key;    /* when an entry of a map */
	uint32_t key_line, key_column;
	uint32_t n; /* lists and maps */
	const struct rd_doc *item;
};

/* `name` goes into errors: "room.yaml:12:5: ...". */
RD_MUST_USE bool rd_yaml_parse(struct rd_arena *arena, const char *name, struct rd_view text,
			       const struct rd_doc **out, struct rd_err *err);
RD_MUST_USE bool rd_json_parse(struct rd_arena *arena, const char *name, struct rd_view text,
			       const struct rd_doc **out, struct rd_err *err);
/* The exact bytes of the value of a member of the JSON object `text`: for signatures over a part of
 * a document as it was delivered.  Parse and believe only those bytes.  "codec.json.member" if
 * there is none or the text is no object. */
RD_MUST_USE bool rd_json_slice(struct rd_view text, const char *member, struct rd_view *out,
			       struct rd_err *err);
/* The entry of a map, or NULL. */
const struct rd_doc *rd_doc_get(const struct rd_doc *map, const char *key);
/* Every key of `map` must be in `known` (ends with NULL); else fails with line, column and the
 * nearest known key. */
RD_MUST_USE bool rd_doc_only(const char *name, const struct rd_doc *map, const char *const *known,
			     struct rd_err *err);

/* Scalars of a document: "name: KEY: expected ..." with line and column on failure. */
RD_MUST_USE bool rd_doc_uint(const char *name, const struct rd_doc *doc, uint64_t max,
			     uint64_t *out, struct rd_err *err);
/* Hexadecimal of whole bytes, either case; may be empty. */
RD_MUST_USE bool rd_doc_hex(const char *name, const struct rd_doc *doc, struct rd_arena *arena,
			    struct rd_view *out, struct rd_err *err);

/* Edge only.  Public keys of a COSE_Key (RFC 9053 section 7) and of a parsed JWK (RFC 7518 section
 * 6) as SPKI: EC on the NIST curves, Ed25519; JWK also RSA.  A private part is not looked at. */
RD_MUST_USE bool rd_cose_key_spki(struct rd_view cose_key, struct rd_arena *arena,
				  struct rd_view *spki, struct rd_err *err);
RD_MUST_USE bool rd_jwk_spki(const struct rd_doc *jwk, struct rd_arena *arena, struct rd_view *spki,
			     struct rd_err *err);
/* Edge only.  As rd_cose_check, by SPKI: ES256, ES384, ES512 (on any of the NIST curves), EdDSA,
 * PS256, PS384, PS512, each with its own kind of key. */
RD_MUST_USE bool rd_cose_check_spki(const struct rd_cose_sign1 *sign1, struct rd_view external_aad,
				    struct rd_view spki, struct rd_err *err);

/* Base64 (RFC 4648) in either alphabet, with or without padding, nothing else between; strict: no
 * bits left over.  "codec.base64". */
RD_MUST_USE bool rd_base64_decode(struct rd_view text, struct rd_arena *arena, struct rd_view *out,
				  struct rd_err *err);
/* The URL-safe alphabet, without padding. */
void rd_base64url_put(struct rd_buf *out, struct rd_view bytes);

/* JSON text, with escapes: `text` as a quoted string at the end of the buffer.  What is not UTF-8
 * becomes U+FFFD; control characters, those of the reading direction too, become escapes. */
void rd_json_put_string(struct rd_buf *out, struct rd_view text);

#endif
