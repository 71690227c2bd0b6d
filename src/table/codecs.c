/* Packing and unpacking of pages. */
#include "codec_int.h"

#include <lz4.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#define ZSTD_LEVEL 3
#define GZIP_LEVEL 6
#define GZIP_WINDOW (15 + 16) /* with gzip's header */

/* ---- unpacking ------------------------------------------------------------------------------- */

/* One member after another (RFC 1952), or zlib's own form. */
static bool gunzip(struct rd_view in, uint8_t *out, size_t len)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in.data,
		       .avail_in = (uInt)in.len,
		       .next_out = out,
		       .avail_out = (uInt)len };
	int status = Z_OK;

	if (inflateInit2(&z, 15 + 32) != Z_OK)
		return false;
	while (status == Z_OK) {
		status = inflate(&z, Z_FINISH);
		if (status == Z_STREAM_END && z.avail_in && z.avail_out)
			status = inflateReset(&z);
	}
	(void)inflateEnd(&z);
	return status == Z_STREAM_END && z.avail_out == 0 && z.avail_in == 0;
}

static bool unsnappy(struct rd_view in, uint8_t *out, size_t len)
{
	size_t size = 0;

	return snappy_uncompressed_length((const char *)in.data, in.len, &size) == SNAPPY_OK &&
	       size == len &&
	       snappy_uncompress((const char *)in.data, in.len, (char *)out, &size) == SNAPPY_OK;
}

static bool unlz4(struct rd_view in, uint8_t *out, size_t len)
{
	return LZ4_decompress_safe((const char *)in.data, (char *)out, (int)in.len, (int)len) ==
	       (int)len;
}

/* Lengths are those of a page, far below what an int holds. */
bool codec_unpack(uint32_t codec, struct rd_view in, uint8_t *out, size_t len)
{
	switch (codec) {
	case RD_CODEC_SNAPPY:
		return unsnappy(in, out, len);
	case RD_CODEC_GZIP:
		return gunzip(in, out, len);
	case RD_CODEC_LZ4_RAW:
		return unlz4(in, out, len);
	default:
		return false;
	}
}

bool codec_known(uint32_t codec)
{
	return codec == RD_CODEC_SNAPPY || codec == RD_CODEC_GZIP || codec == RD_CODEC_LZ4_RAW;
}

uint32_t codec_crc32(struct rd_view bytes)
{
	return (uint32_t)crc32(0, bytes.data, (uInt)bytes.len);
}

/* ---- packing --------------------------------------------------------------------------------- */

static size_t bound(enum rd_codec codec, size_t len)
{
	switch (codec) {
	case RD_CODEC_SNAPPY:
		return snappy_max_compressed_length(len);
	case RD_CODEC_LZ4_RAW:
		return (size_t)LZ4_compressBound((int)len);
	case RD_CODEC_GZIP:
		return compressBound(len) + 18;
	default:
		return ZSTD_compressBound(len);
	}
}

static size_t gzip(struct rd_view in, uint8_t *out, size_t room)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in.data,
		       .avail_in = (uInt)in.len,
		       .next_out = out,
		       .avail_out = (uInt)room };
	bool done;

	if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	done = deflate(&z, Z_FINISH) == Z_STREAM_END;
	room -= z.avail_out;
	(void)deflateEnd(&z);
	return done ? room : 0;
}

/* Bytes written; 0: it failed. */
static size_t pack(enum rd_codec codec, struct rd_view in, uint8_t *out, size_t room)
{
	size_t len = room;

	switch (codec) {
	case RD_CODEC_SNAPPY:
		return snappy_compress((const char *)in.data, in.len, (char *)out, &len) ==
				       SNAPPY_OK
			       ? len
			       : 0;
	case RD_CODEC_LZ4_RAW:
		return (size_t)LZ4_compress_default((const char *)in.data, (char *)out, (int)in.len,
						    (int)room);
	case RD_CODEC_GZIP:
		return gzip(in, out, room);
	default:
		len = ZSTD_compress(out, room, in.data, in.len, ZSTD_LEVEL);
		return ZSTD_isError(len) ? 0 : len;
	}
}

bool codec_pack(enum rd_codec codec, struct rd_view in, struct rd_buf *out, struct rd_err *err)
{
	size_t room = bound(codec, in.len), start = out->len, len;
	uint8_t *at = rd_buf_extend(out, room);

	if (!at)
		return rd_buf_ok(out, err);
	len = pack(codec, in, at, room);
	if (len == 0)
		return rd_fail(err, RD_FAULT_FAILED, "table.codec",
			       "a page could not be packed with codec %d", (int)codec);
	out->len = start + len;
	return true;
}
