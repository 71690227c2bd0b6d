/* Secrets and hexadecimal: see redoubt/base.h. */
#include <redoubt/base.h>

#include <string.h>

void rd_wipe(void *data, size_t len)
{
	explicit_bzero(data, len);
}

bool rd_secret_set(struct rd_secret *secret, struct rd_view bytes, struct rd_err *err)
{
	if (bytes.len > RD_SECRET_MAX)
		return rd_fail(err, RD_FAULT_USAGE, "base.secret.length",
			       "a secret of %zu bytes is longer than %d", bytes.len,
			       RD_SECRET_MAX);
	rd_secret_wipe(secret);
	if (bytes.len)
		memcpy(secret->data, bytes.data, bytes.len);
	secret->len = bytes.len;
	return true;
}

void rd_secret_wipe(struct rd_secret *secret)
{
	rd_wipe(secret, sizeof(*secret));
}

struct rd_view rd_secret_view(const struct rd_secret *secret)
{
	return rd_view_of(secret->data, secret->len);
}

bool rd_equal_secret(struct rd_view a, struct rd_view b)
{
	uint8_t difference = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		difference = (uint8_t)(difference | (a.data[i] ^ b.data[i]));
	/* Hides the value from the optimiser, which might end the loop early. */
	__asm__ volatile("" : "+r"(difference));
	return difference == 0;
}

bool rd_hex(struct rd_arena *arena, struct rd_view bytes, struct rd_view *out, struct rd_err *err)
{
	static const char digit[] = "0123456789abcdef";
	size_t len;
	uint8_t *text;

	if (!rd_mul_size(bytes.len, 2, &len) || len == SIZE_MAX)
		return rd_fail(err, RD_FAULT_FAILED, "base.memory.limit", "%zu bytes", bytes.len);
	text = rd_arena_alloc(arena, len + 1, 1, err);
	if (!text)
		return false;
	for (size_t i = 0; i < bytes.len; i++) {
		text[2 * i] = (uint8_t)digit[bytes.data[i] >> 4];
		text[2 * i + 1] = (uint8_t)digit[bytes.data[i] & 15];
	}
	*out = rd_view_of(text, len);
	return true;
}

static int nibble(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool rd_unhex(struct rd_arena *arena, struct rd_view text, struct rd_view *out, struct rd_err *err)
{
	uint8_t *bytes;

	if (text.len % 2)
		return rd_fail(err, RD_FAULT_MALFORMED, "base.hex",
			       "%zu hexadecimal digits: an even number is needed", text.len);
	bytes = rd_arena_alloc(arena, text.len / 2, 1, err);
	if (!bytes)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int value = nibble(text.data[i]);

		if (value < 0)
			return rd_fail(err, RD_FAULT_MALFORMED, "base.hex",
				       "byte %zu is not a hexadecimal digit", i);
		bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | value);
	}
	*out = rd_view_of(bytes, text.len / 2);
	return true;
}
