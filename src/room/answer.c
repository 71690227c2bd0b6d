/* Sealed answers: PROTOCOL.md 5. */
#include "room_int.h"

#include <string.h>

#define LABEL "redoubt-sealed-v1"
#define HEAD_MAX 512u

/* What both sides put into HPKE's info: everything of the head but enc. */
static bool make_info(const struct rd_answer *a, struct rd_buf *out, struct rd_err *err)
{
	rd_cbor_put_array(out, 5);
	rd_cbor_put_str(out, LABEL);
	rd_cbor_put_uint(out, RD_SUITE_1);
	rd_cbor_put_bytes(out, a->room_hash);
	rd_cbor_put_text(out, a->query);
	rd_cbor_put_text(out, a->reader);
	return rd_buf_ok(out, err);
}

/* What the host sees is the ciphertext: plaintext, 0x80, zeros and tag together fill whole steps.
 */
static bool pad(struct rd_buf *plain, struct rd_err *err)
{
	size_t len = plain->len + 1 + RD_AEAD_TAG_LEN;
	size_t want = (len + RD_ANSWER_PAD - 1) / RD_ANSWER_PAD * RD_ANSWER_PAD;
	uint8_t *zeros;

	rd_buf_add_byte(plain, 0x80);
	zeros = rd_buf_extend(plain, want - len);
	if (!zeros)
		return rd_buf_ok(plain, err);
	memset(zeros, 0, want - len);
	return true;
}

static bool unpad(struct rd_view *plain, struct rd_err *err)
{
	while (plain->len && plain->data[plain->len - 1] == 0)
		plain->len--;
	if (plain->len == 0 || plain->data[plain->len - 1] != 0x80)
		return rd_fail(err, RD_FAULT_MALFORMED, "room.answer.form",
			       "the padding of an answer is not there");
	plain->len--;
	return true;
}

bool rd_answer_seal(const struct rd_answer *answer, struct rd_view reader_key, struct rd_buf *out,
		    struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf plain = { .max = RD_ANSWER_MAX };
	RD_AUTO(rd_buf_free) struct rd_buf info = { .max = HEAD_MAX };
	uint8_t enc[RD_X25519_LEN];
	struct rd_span span;
	uint8_t *at;
	size_t enc_at;

	rd_cbor_put_array(&plain, 3);
	rd_cbor_put_bytes(&plain, answer->rows);
	rd_cbor_put_bytes(&plain, answer->receipt);
	rd_cbor_put_bytes(&plain, answer->salt);
	if (!pad(&plain, err) || !make_info(answer, &info, err))
		return false;
	rd_cbor_put_array(out, 7);
	rd_cbor_put_str(out, LABEL);
	rd_cbor_put_uint(out, RD_SUITE_1);
	rd_cbor_put_bytes(out, answer->room_hash);
	rd_cbor_put_text(out, answer->query);
	rd_cbor_put_text(out, answer->reader);
	memset(enc, 0, sizeof(enc));
	rd_cbor_put_bytes(out, rd_view_of(enc, sizeof(enc)));
	enc_at = out->len - sizeof(enc);
	/* A byte string's head of 4 length bytes: the ciphertext has 4 KiB at least. */
	rd_cbor_put_bytes_head(out, plain.len + RD_AEAD_TAG_LEN);
	at = rd_buf_extend(out, plain.len + RD_AEAD_TAG_LEN);
	if (!at)
		return rd_buf_ok(out, err);
	span = (struct rd_span){ .data = at, .cap = plain.len + RD_AEAD_TAG_LEN };
	struct rd_hpke_params params = { .aead = RD_HPKE_AES256GCM, .info = rd_buf_view(&info) };

	if (!rd_hpke_seal(&params, reader_key, (struct rd_view){ 0 }, rd_buf_view(&plain), enc,
			  &span, err))
		return false;
	memcpy(out->data + enc_at, enc, sizeof(enc));
	return true;
}

static bool read_sealed(struct rd_view sealed, struct rd_answer *out, struct rd_view *enc,
			struct rd_view *ciphertext, struct rd_err *err)
{
	struct rd_cbor_reader r;

	*out = (struct rd_answer){ 0 };
	rd_cbor_read_init(&r, sealed, RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 7);
	rd_cbor_expect_text(&r, LABEL);
	if (rd_cbor_read_uint(&r, UINT32_MAX) != RD_SUITE_1)
		rd_cbor_complain(&r, "room.answer.form", "sealed with another suite");
	out->room_hash = rd_cbor_read_bytes(&r, RD_SHA256_LEN, RD_SHA256_LEN);
	out->query = rd_cbor_read_text(&r, 1, RD_ROOM_NAME_MAX);
	out->reader = rd_cbor_read_text(&r, 1, RD_ROOM_NAME_MAX);
	*enc = rd_cbor_read_bytes(&r, RD_X25519_LEN, RD_X25519_LEN);
	*ciphertext = rd_cbor_read_bytes(&r, RD_ANSWER_PAD, RD_ANSWER_MAX);
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err) || rd_wrap(err, "sealed answer");
}

bool rd_answer_peek(struct rd_view sealed, struct rd_answer *out, struct rd_err *err)
{
	struct rd_view enc, ciphertext;

	return read_sealed(sealed, out, &enc, &ciphertext, err);
}

bool rd_answer_open(struct rd_view sealed, const struct rd_secret *reader_key,
		    struct rd_arena *arena, struct rd_answer *out, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf info = { .max = HEAD_MAX };
	struct rd_view enc, ciphertext, plain;
	struct rd_cbor_reader r;
	struct rd_span span;

	if (!read_sealed(sealed, out, &enc, &ciphertext, err) || !make_info(out, &info, err))
		return false;
	struct rd_hpke_params params = { .aead = RD_HPKE_AES256GCM, .info = rd_buf_view(&info) };

	span.cap = ciphertext.len - RD_AEAD_TAG_LEN;
	span.used = 0;
	span.data = rd_arena_alloc(arena, span.cap, 1, err);
	if (!span.data)
		return false;
	if (!rd_hpke_open(&params, reader_key, enc, (struct rd_view){ 0 }, ciphertext, &span, err))
		return rd_fail(err, RD_FAULT_REFUSED, "room.answer.key",
			       "the answer does not open: it was changed, or was sealed to another "
			       "key than this one of reader '%.*s'",
			       RD_FMT(out->reader));
	plain = rd_view_of(span.data, span.used);
	if (!unpad(&plain, err))
		return false;
	rd_cbor_read_init(&r, plain, RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 3);
	out->rows = rd_cbor_read_bytes(&r, 1, RD_ANSWER_MAX);
	out->receipt = rd_cbor_read_bytes(&r, 1, RD_RECEIPT_MAX);
	out->salt = rd_cbor_read_bytes(&r, RD_SALT_LEN, RD_SALT_LEN);
	rd_cbor_leave(&r);
	return rd_cbor_finish(&r, err) || rd_wrap(err, "answer");
}
