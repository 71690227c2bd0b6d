/* A DER reader that never recurses: ITU-T X.690, over OpenSSL's header parser. */
#include "crypto_int.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <string.h>

static bool broken(struct rd_err *err, const char *what)
{
	rd_crypto_forget();
	return rd_fail(err, RD_FAULT_MALFORMED, "crypto.der", "DER: %s", what);
}

/* Bytes that the shortest form of a length takes. */
static size_t length_bytes(size_t len)
{
	size_t n = 1;

	if (len < 128)
		return 1;
	for (; len; len >>= 8)
		n++;
	return n;
}

bool rd_der_next(struct rd_view *in, uint8_t *tag, struct rd_view *content, struct rd_err *err)
{
	const unsigned char *p = in->data;
	long len;
	int number, class;
	int flags;

	if (in->len < 2)
		return broken(err, "it ends where an element should begin");
	if (in->len > INT32_MAX || (in->data[0] & 0x1F) == 0x1F)
		return broken(err, "too large, or a tag of several bytes");
	flags = ASN1_get_object(&p, &len, &number, &class, (long)in->len);
	if (flags & 0x80 || flags & 0x01 || len < 0)
		return broken(err, "a length that is indefinite or larger than what holds it");
	if ((size_t)(p - in->data) != 1 + length_bytes((size_t)len))
		return broken(err, "a length that is not in its shortest form");
	*tag = in->data[0];
	*content = rd_view_of(p, (size_t)len);
	in->len -= (size_t)(p - in->data) + (size_t)len;
	in->data = p + len;
	return true;
}

bool rd_der_expect(struct rd_view *in, uint8_t tag, struct rd_view *content, struct rd_err *err)
{
	uint8_t found = 0;

	if (!rd_der_next(in, &found, content, err))
		return false;
	if (found != tag)
		return rd_fail(err, RD_FAULT_MALFORMED, "crypto.der",
			       "DER: tag %02x where %02x is expected", found, tag);
	return true;
}

bool rd_der_uint(struct rd_view *in, uint64_t max, uint64_t *out, struct rd_err *err)
{
	struct rd_view v;
	uint64_t value = 0;

	if (!rd_der_expect(in, RD_DER_INTEGER, &v, err))
		return false;
	if (v.len == 0 || (v.len > 1 && v.data[0] == 0 && v.data[1] < 0x80))
		return broken(err, "an integer that is not in its shortest form");
	if (v.data[0] & 0x80)
		return broken(err, "a negative integer");
	if (v.len > 9)
		return broken(err, "an integer that is too large");
	for (size_t i = 0; i < v.len; i++) {
		if (value >> 56)
			return broken(err, "an integer that is too large");
		value = value << 8 | v.data[i];
	}
	if (value > max)
		return rd_fail(err, RD_FAULT_MALFORMED, "crypto.der",
			       "DER: integer %llu, at most %llu", (unsigned long long)value,
			       (unsigned long long)max);
	*out = value;
	return true;
}

bool rd_der_oid_is(struct rd_view oid_content, const char *dotted)
{
	uint8_t wanted[64];
	int len = a2d_ASN1_OBJECT(wanted, sizeof(wanted), dotted, -1);

	rd_crypto_forget();
	return len > 0 && rd_view_eq(oid_content, rd_view_of(wanted, (size_t)len));
}
