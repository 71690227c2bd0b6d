// foreign.mjs FOLDER REDOUBT: Parquet files of other writers are read as DuckDB reads them.  TAP on standard output.
// Rows are compared as a set, numbers by value, timestamps in UTC.
import { createRequire } from 'node:module';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import * as arrow from 'apache-arrow';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetWriteBuffer } from 'hyparquet-writer';
import parquetjs from '@dsnp/parquetjs';

const require = createRequire(import.meta.url);
const wasm = require(require.resolve('parquet-wasm').replace(/(parquet-wasm)\/.*$/, '$1/node/parquet_wasm.js'));
const [folder, redoubt] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

let state = 1;
const random = () => (state = (state * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;

// ---- arrow-rs, through parquet-wasm: every encoding, both versions of pages, dictionary fallback ----
const decimal = (v) => {
  const words = new Uint32Array(4);
  for (let i = 0, x = BigInt.asUintN(128, v); i < 4; i++, x >>= 32n) words[i] = Number(x & 0xffffffffn);
  return words;
};
const most = 10n ** 38n - 1n;
const types = {
  bool: [new arrow.Bool(), () => random() < 0.5],
  i8: [new arrow.Int8(), (i) => (i % 256) - 128],
  i16: [new arrow.Int16(), (i) => ((i * 257) % 65536) - 32768],
  i32: [new arrow.Int32(), (i) => (i % 5 ? (i % 7 ? i * 77 : 2147483647) : -2147483648)],
  i64: [new arrow.Int64(), (i) => (i % 5 ? (i % 7 ? BigInt(i) : 9223372036854775807n) : -9223372036854775808n)],
  u8: [new arrow.Uint8(), (i) => i % 256],
  u16: [new arrow.Uint16(), (i) => (i * 257) % 65536],
  u32: [new arrow.Uint32(), (i) => (i % 5 ? i : 4294967295)],
  u64: [new arrow.Uint64(), (i) => (i % 5 ? BigInt(i) : 18446744073709551615n)],
  f32: [new arrow.Float32(), (i) => (i % 11 ? i / 7 : NaN)],
  f64: [new arrow.Float64(), (i) => (i % 11 ? (i % 13 ? i / 7 : -Infinity) : NaN)],
  few: [new arrow.Utf8(), (i) => 'v' + (i % 4)],
  text: [new arrow.Utf8(), (i) => (i % 9 ? `prefix ${i % 50}` + (i % 3 ? '' : 'ä€😀 longer than twelve bytes') : '')],
  bin: [new arrow.Binary(), (i) => new Uint8Array([i % 256, 0, 255])],
  flba: [new arrow.FixedSizeBinary(5), (i) => new Uint8Array([i % 256, 1, 0, 255, 65])],
  date: [new arrow.DateDay(), (i) => new Date((i - 1000) * 86400000)],
  ms: [new arrow.TimestampMillisecond(), (i) => i - 500],
  us: [new arrow.TimestampMicrosecond(), (i) => i],
  time: [new arrow.TimeMillisecond(), (i) => i % 86400000],
  nanos: [new arrow.TimeNanosecond(), (i) => BigInt(i)],
  wide: [new arrow.Decimal(5, 38, 128), (i) => decimal(i % 5 ? (i % 7 ? BigInt(i) - 500n : most) : -most)],
  money: [new arrow.Decimal(2, 15, 128), (i) => decimal(BigInt(i) * 1000n - 500n)],
};
const { PLAIN, RLE, DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY, BYTE_STREAM_SPLIT } = wasm.Encoding;
const encodings = (name) =>
  name === 'bool' ? [PLAIN, RLE]
    : /^(few|text|bin)$/.test(name) ? [PLAIN, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY]
      : /^(f32|f64)$/.test(name) ? [PLAIN, BYTE_STREAM_SPLIT]
        : /^(flba|wide)$/.test(name) ? [PLAIN, DELTA_BYTE_ARRAY] // DuckDB splits no streams of these
          : [PLAIN, DELTA_BINARY_PACKED];
const nulls = {
  none: () => false,
  some: () => random() < 0.3,
  runs: (i) => i % 3000 < 1500,
  all: () => true,
};
const { UNCOMPRESSED, SNAPPY, ZSTD, GZIP, LZ4_RAW } = wasm.Compression;
const codecs = [UNCOMPRESSED, SNAPPY, ZSTD, GZIP, LZ4_RAW];
let n = 0;

function vector([type, make], rows, isNull) {
  const builder = arrow.makeBuilder({ type, nullValues: [null] });
  for (let i = 0; i < rows; i++) builder.append(isNull(i) ? null : make(i));
  return builder.finish().toVector();
}
for (const [kind, isNull] of Object.entries(nulls))
  for (const rows of kind === 'none' ? [0, 1, 4000] : [4000]) {
    const columns = Object.fromEntries(Object.entries(types).map(([k, t]) => [k, vector(t, rows, isNull)]));
    const ipc = arrow.tableToIPC(new arrow.Table(columns), 'stream');
    for (const version of [wasm.WriterVersion.V1, wasm.WriterVersion.V2])
      for (let e = 0; e < 4; e++, n++) {
        let properties = new wasm.WriterPropertiesBuilder()
          .setWriterVersion(version).setCompression(codecs[n % 5]).setDictionaryEnabled(e === 0)
          .setDataPageSizeLimit([1 << 20, 500, 4096][n % 3]).setWriteBatchSize(100)
          .setMaxRowGroupSize([100000, 1000, 333][(n >> 1) % 3])
          .setDictionaryPageSizeLimit([1 << 20, 200, 2000][(n >> 2) % 3]);
        for (const name of e ? Object.keys(types) : []) {
          const all = encodings(name);
          properties = properties.setColumnEncoding(name, all[Math.min(e, all.length) - 1]);
        }
        writeFileSync(`${folder}/arrow_rs_${kind}_${rows}_v${version + 1}_${e}.parquet`,
          wasm.writeParquet(wasm.Table.fromIPCStream(ipc), properties.build()));
      }
  }

// ---- hyparquet-writer: pages, indexes and filters of its own ----
const hyparquet = {
  INT32: [(i) => (i % 5 ? i - 100 : -2147483648), 'PLAIN', 'DELTA_BINARY_PACKED', 'RLE_DICTIONARY'],
  DOUBLE: [(i) => (i % 11 ? i / 7 : NaN), 'PLAIN', 'BYTE_STREAM_SPLIT', 'RLE_DICTIONARY'],
  BOOLEAN: [(i) => i % 3 === 1, 'PLAIN', 'RLE'],
  STRING: [(i) => `s${i % 40}`, 'PLAIN', 'DELTA_LENGTH_BYTE_ARRAY', 'DELTA_BYTE_ARRAY', 'RLE_DICTIONARY'],
  JSON: [(i) => ({ a: i % 9 }), 'PLAIN'],
  TIMESTAMP: [(i) => new Date(i * 1000 + 5), 'PLAIN', 'DELTA_BINARY_PACKED'],
  UUID: [(i) => '01234567-89ab-cdef-0123-' + String(i).padStart(12, '0'), 'PLAIN'],
  FLOAT16: [(i) => (i % 64) / 8, 'PLAIN'],
};
for (const [type, [make, ...list]] of Object.entries(hyparquet))
  for (const encoding of list)
    for (const kind of ['none', 'some', 'all']) {
      const data = Array.from({ length: 2000 }, (_, i) => (kind === 'all' || (kind === 'some' && i % 3 === 0) ? null : make(i)));
      n++;
      writeFileSync(`${folder}/hyparquet_${type}_${encoding}_${kind}.parquet`, new Uint8Array(parquetWriteBuffer({
        columnData: [{ name: 'c', data, type, encoding, nullable: kind !== 'none' || undefined,
          columnIndex: n % 2 === 0, bloomFilter: n % 4 === 0 && type !== 'BOOLEAN' }],
        codec: n % 2 ? 'SNAPPY' : 'GZIP', compressors: { GZIP: (x) => gzipSync(x) },
        pageSize: [1 << 20, 400, 3000][n % 3], rowGroupSize: [5000, 500][n % 2],
      })));
    }

// ---- parquetjs: ConvertedType alone ----
const old = {
  INT_8: (i) => (i % 128) - 64, UINT_16: (i) => i, INT_64: (i) => -i, DECIMAL: (i) => i, UTF8: (i) => `text ${i}`,
  BYTE_ARRAY: (i) => Buffer.from([i % 256, 0, 255]), TIME_MILLIS: (i) => i, TIME_MICROS: (i) => i,
  DATE: (i) => new Date(i * 86400000), TIMESTAMP_MILLIS: (i) => new Date(i * 1000 + 5),
  TIMESTAMP_MICROS: (i) => new Date(i * 1000 + 5), JSON: (i) => ({ a: i }),
  INTERVAL: (i) => ({ months: i, days: 1 + (i * 7) % 40, milliseconds: i * 12345 + 1 }),
};
for (const [type, make] of Object.entries(old))
  for (const useDataPageV2 of [false, true]) {
    const field = { type, optional: type !== 'INTERVAL' || undefined, compression: 'SNAPPY', precision: 8, scale: 2 };
    const writer = await parquetjs.ParquetWriter.openFile(new parquetjs.ParquetSchema({ x: field, y: { type: 'INT32' } }),
      `${folder}/parquetjs_${type}_v${useDataPageV2 ? 2 : 1}.parquet`, { useDataPageV2, pageSize: 64 });
    writer.setRowGroupSize(70);
    for (let i = 1; i < 200; i++) await writer.appendRow(i % 3 || type === 'INTERVAL' ? { x: make(i), y: i } : { y: i });
    await writer.close();
  }

// ---- DuckDB: its own types, and the rows of all files above ----
const connection = await (await DuckDBInstance.create(':memory:')).connect();
await connection.run("SET TimeZone='UTC'");
const own = {
  intervals: `SELECT INTERVAL (i) MONTH + INTERVAL (i * 3 % 40) DAY + INTERVAL (i * 12345) MILLISECOND AS iv FROM range(50) r(i)`,
  large: `SELECT repeat(md5(i::VARCHAR), 40) AS s FROM range(80000) r(i)`,
  beside: `SELECT {'id': 1, 'x': 2} AS s, i AS id, [1] AS l FROM range(3) r(i)`,
  fallback: `SELECT CASE WHEN i % 7 = 0 THEN NULL WHEN i < 5000 THEN 'v' || i % 3 ELSE 'v' || i END AS s FROM range(20000) r(i)`,
};
for (const [name, sql] of Object.entries(own))
  await connection.run(`COPY (${sql}) TO '${folder}/duckdb_${name}.parquet' (FORMAT parquet, COMPRESSION uncompressed, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1000)`);

// ---- compared ----
function parse(text) {
  const rows = [];
  for (let at = 0, row = []; at < text.length; at++) {
    let value = '';
    if (text[at] === '"')
      for (at++; ; at += 2) {
        const end = text.indexOf('"', at);
        value += text.slice(at, end);
        at = end;
        if (text[end + 1] !== '"') break;
        value += '"';
      }
    else value = text.slice(at, at + text.slice(at).search(/[,\n]/));
    at += text[at] === '"' ? 1 : value.length;
    row.push(value);
    if (text[at] === '\n') {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}
function canonical(value) {
  if (/^[-+]?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(value) && (!/^-?\d+$/.test(value) || Number.isSafeInteger(Number(value))))
    return String(Number(value));
  return value.replace(/^-?inf(inity)?$/i, (v) => (v[0] === '-' ? '-inf' : 'inf')).replace(/^nan$/i, 'nan').replace(/\+00$/, '');
}
const comparable = (text) => {
  const [head, ...rows] = parse(text);
  return JSON.stringify([head, rows.map((r) => r.map(canonical).join('\x01')).sort()]);
};
let count = 0, failed = 0;
for (const name of readdirSync(folder).filter((f) => f.endsWith('.parquet')).sort()) {
  const path = `${folder}/${name}`;
  const what = name.includes('beside') ? 'id' : name.includes('large') ? 'count(*) AS n, min(s) AS first, max(s) AS last' : '*';
  await connection.run(`COPY (SELECT ${what} FROM read_parquet('${path}')) TO '${folder}/rows.csv' (FORMAT csv, HEADER)`);
  const ours = spawnSync(redoubt, ['query', '-t', `t=${path}`, '-o', 'csv', `SELECT ${what} FROM t`],
    { encoding: 'utf8', maxBuffer: 1 << 30 });
  const ok = ours.status === 0 && comparable(ours.stdout) === comparable(readFileSync(`${folder}/rows.csv`, 'utf8'));
  count++;
  failed += !ok;
  console.log(`${ok ? 'ok' : 'not ok'} ${count} - ${name} has DuckDB's rows`);
  if (!ok) console.log(`# ${ours.status} ${ours.stderr.slice(0, 500).replaceAll('\n', '\n# ')}`);
}
console.log(`1..${count}`);
process.exit(failed ? 1 : 0);
