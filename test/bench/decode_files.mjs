// Writes FILE with arrow-rs (parquet-wasm): one column for each encoding, type and codec of decode.py.
//   node decode_files.mjs ROWS FILE   (in the folder where apache-arrow and parquet-wasm are installed)
import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';

const require = createRequire(process.cwd() + '/');
const arrow = require('apache-arrow');
const parquet = require('parquet-wasm');
const [rows, file] = [Number(process.argv[2]), process.argv[3]];
const { Encoding, Compression } = parquet;

let state = 1;
const random = (below) => ((state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 8) % below;

const int32 = Int32Array.from({ length: rows }, () => random(1 << 20) * 1000 - 500000000);
const rising = BigInt64Array.from({ length: rows }, (_, i) => 1700000000000000n + BigInt(i * 1000 + random(1000)));
const real = Float64Array.from({ length: rows }, () => random(1 << 24) / 128 - 65536);
const price = Float32Array.from({ length: rows }, () => Math.fround(random(1 << 20) / 100));
const few = Int32Array.from({ length: rows }, () => random(1000));
const flags = Array.from({ length: rows }, () => random(2) === 1);

// Texts as one buffer: vectorFromArray would take a minute.
function texts(make) {
  const encoder = new TextEncoder();
  const offsets = new Int32Array(rows + 1);
  let data = new Uint8Array(64 * rows);
  for (let i = 0; i < rows; i++)
    offsets[i + 1] = offsets[i] + encoder.encodeInto(make(i), data.subarray(offsets[i])).written;
  return arrow.makeVector(arrow.makeData({ type: new arrow.Utf8(), length: rows, valueOffsets: offsets,
    data: data.subarray(0, offsets[rows]) }));
}
function nulls(values) {
  const valid = new Uint8Array((rows + 7) >> 3);
  let empty = 0;
  for (let i = 0; i < rows; i++)
    if (random(10)) valid[i >> 3] |= 1 << (i & 7);
    else empty++;
  return arrow.makeVector(arrow.makeData({ type: new arrow.Int64(), length: rows, nullBitmap: valid, nullCount: empty,
    data: values }));
}
const words = () => texts(() => `customer ${String(random(1 << 22)).padStart(9, '0')} of branch ${random(100)}`);
const path = texts((i) => `/archive/2026/11/patient-${String(i).padStart(9, '0')}/scan`);
const kind = texts((i) => ['AIR', 'MAIL', 'RAIL', 'SHIP', 'TRUCK', 'REGISTERED AIR', 'FOB'][random(7)]);
const days = arrow.makeVector(arrow.makeData({ type: new arrow.DateDay(), length: rows, data: few }));

const columns = {
  int32_plain: [int32, Encoding.PLAIN], int32_delta: [int32, Encoding.DELTA_BINARY_PACKED],
  int32_split: [int32, Encoding.BYTE_STREAM_SPLIT], int32_dictionary: [few], date_dictionary: [days],
  int64_plain: [rising, Encoding.PLAIN], int64_delta: [rising, Encoding.DELTA_BINARY_PACKED],
  int64_split: [rising, Encoding.BYTE_STREAM_SPLIT], int64_nulls: [nulls(rising.slice()), Encoding.PLAIN],
  double_plain: [real, Encoding.PLAIN], double_split: [real, Encoding.BYTE_STREAM_SPLIT],
  float_plain: [price, Encoding.PLAIN], float_split: [price, Encoding.BYTE_STREAM_SPLIT],
  bool_plain: [arrow.vectorFromArray(flags, new arrow.Bool()), Encoding.PLAIN],
  bool_rle: [arrow.vectorFromArray(flags, new arrow.Bool()), Encoding.RLE],
  text_plain: [words(), Encoding.PLAIN], text_delta_length: [words(), Encoding.DELTA_LENGTH_BYTE_ARRAY],
  text_delta: [path, Encoding.DELTA_BYTE_ARRAY], text_dictionary: [kind],
  int64_snappy: [rising, Encoding.PLAIN, Compression.SNAPPY], int64_lz4: [rising, Encoding.PLAIN, Compression.LZ4_RAW],
  int64_zstd: [rising, Encoding.PLAIN, Compression.ZSTD], int64_gzip: [rising, Encoding.PLAIN, Compression.GZIP],
};
const vectors = {};
let options = new parquet.WriterPropertiesBuilder().setCompression(Compression.UNCOMPRESSED).setMaxRowGroupSize(262144);
for (const [name, [values, encoding, codec]] of Object.entries(columns)) {
  vectors[name] = values instanceof arrow.Vector ? values : arrow.makeVector(values.slice()); // no array twice
  options = options.setColumnDictionaryEnabled(name, encoding === undefined);
  if (encoding !== undefined) options = options.setColumnEncoding(name, encoding);
  if (codec !== undefined) options = options.setColumnCompression(name, codec);
}
const stream = arrow.tableToIPC(new arrow.Table(vectors), 'stream');
writeFileSync(file, parquet.writeParquet(parquet.Table.fromIPCStream(stream), options.build()));
