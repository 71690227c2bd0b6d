/* The codecs that only the edge has, beside zstd, which the enclave reads, too. */
#ifndef RD_TABLE_CODEC_INT_H
#define RD_TABLE_CODEC_INT_H

#include "table_int.h"

bool codec_known(uint32_t codec);
/* Exactly `len` bytes; false: it does not unpack to that. */
bool codec_unpack(uint32_t codec, struct rd_view in, uint8_t *out, size_t len);
/* Appends the packed bytes; any codec but none. */
bool codec_pack(enum rd_codec codec, struct rd_view in, struct rd_buf *out, struct rd_err *err);
/* As gzip and Parquet's page headers have it. */
uint32_t codec_crc32(struct rd_view bytes);

#endif
