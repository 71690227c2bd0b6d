/* Small things that readers and writers share. */
#include "table_int.h"

#include <stdlib.h>

bool rd_stored_type(struct rd_coltype type)
{
	if (type.type == RD_DECIMAL)
		return type.precision >= 1 && type.precision <= 38 && type.scale <= type.precision;
	return type.type >= RD_BOOL && type.type <= RD_TEXT && type.precision == 0 &&
	       type.scale == 0;
}

rd_int128 rd_pow10(uint8_t exponent)
{
	rd_int128 out = 1;

	for (uint8_t i = 0; i < exponent; i++)
		out *= 10;
	return out;
}

bool rd_decimal_fits(rd_int128 value, uint8_t precision)
{
	rd_int128 limit = rd_pow10(precision);

	return value > -limit && value < limit;
}

bool rd_store_grow(struct rd_store *store, size_t len, size_t keep, struct rd_err *err)
{
	size_t cap = store->cap ? store->cap : 4096, size;
	uint8_t *data;

	/* Also for no bytes at all there is an address, to which 0 may be added. */
	if (store->data && len <= store->cap)
		return true;
	while (cap < len)
		cap = cap > SIZE_MAX / 4 ? len : cap * 2;
	if (!rd_add_size(cap, RD_PAD + 63, &size))
		return rd_fail(err, RD_FAULT_FAILED, "base.memory.limit", "%zu bytes", cap);
	data = aligned_alloc(64, size & ~(size_t)63);
	if (!data)
		return rd_fail_errno(err, "base.memory", "%zu bytes", cap);
	if (keep)
		memcpy(data, store->data, keep);
	memset(data + cap, 0, RD_PAD);
	rd_store_free(store);
	store->data = data;
	store->cap = cap;
	return true;
}

void rd_store_free(struct rd_store *store)
{
	if (store->data)
		rd_wipe(store->data, store->cap);
	free(store->data);
	*store = (struct rd_store){ 0 };
}

const char *rd_codec_name(uint32_t codec)
{
	static const char *const names[] = {
		[RD_CODEC_NONE] = "none", [RD_CODEC_SNAPPY] = "snappy",
		[RD_CODEC_GZIP] = "gzip", [3] = "lzo",
		[4] = "brotli",           [5] = "lz4", /* deprecated: framed as Hadoop does */
		[RD_CODEC_ZSTD] = "zstd", [RD_CODEC_LZ4_RAW] = "lz4_raw",
	};

	return codec < sizeof(names) / sizeof(names[0]) && names[codec] ? names[codec] : "?";
}
