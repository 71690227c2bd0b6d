/* rd_pem_unwrap, rd_pem_parse_*: any text.  What is accepted is written back the same. */
#include <redoubt/crypto.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(struct rd_view text, struct rd_buf *again)
{
	rd_assert(!again->failed && rd_view_eq(rd_buf_view(again), text));
	rd_buf_clear(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t space[65536];
	struct rd_view text = { data, size };
	struct rd_span out = { space, sizeof(space), 0 };
	struct rd_secret key = { .len = 0 };
	struct rd_buf again RD_AUTO(rd_buf_free) = { 0 };
	struct rd_err err = { 0 };
	uint8_t public_key[32];
	bool is_x25519 = false;

	rd_buf_init(&again, (size_t)1 << 20);
	if (rd_pem_unwrap("REDOUBT TABLE KEY", text, &out, &err)) {
		rd_assert(rd_pem_wrap("REDOUBT TABLE KEY", rd_view_of(space, out.used), &again,
				      &err));
		check_again(text, &again);
	}
	if (rd_pem_parse_ed25519_private(text, &key, &err)) {
		rd_assert(rd_pem_ed25519_private(&key, &again, &err));
		check_again(text, &again);
	}
	if (rd_pem_parse_x25519_private(text, &key, &err)) {
		rd_assert(rd_pem_x25519_private(&key, &again, &err));
		check_again(text, &again);
	}
	if (rd_pem_parse_public(text, public_key, &is_x25519, &err)) {
		struct rd_view view = { public_key, sizeof(public_key) };
		rd_assert(is_x25519 ? rd_pem_x25519_public(view, &again, &err)
				    : rd_pem_ed25519_public(view, &again, &err));
		check_again(text, &again);
	}
	return 0;
}
