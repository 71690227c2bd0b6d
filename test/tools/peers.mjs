// peers.mjs arrow-read FILE | arrow-write FILE | polars-read FILE | polars-write FOLDER | rust-write IN OUT | hyparquet FILE | arrow-rs FILE: other readers and writers of our formats, as CSV.
import fs from 'node:fs';

const [verb, file] = process.argv.slice(2);
const text = (v) => (v === null || v === undefined ? '' : v instanceof Date ? v.toISOString().slice(0, 10) : String(v));

if (verb === 'hyparquet') {
  const { asyncBufferFromFile, parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file), compressors });
  for (const row of rows) console.log(Object.values(row).map(text).join(','));
} else if (verb === 'polars-read') {
  const { default: pl } = await import('nodejs-polars');
  const frame = pl.readIPCStream(fs.readFileSync(file));
  fs.writeFileSync(file, frame.writeIPCStream());
} else if (verb === 'polars-write') {
  const { default: pl } = await import('nodejs-polars');
  const frame = pl.DataFrame({
    id: [1, 2, null], line: ['x', 'a text of more than twelve bytes', null], flag: [true, false, null], real: [1.5, null, 2],
    moment: [new Date(0), new Date(1700000000123), null],
  });
  const all = frame.withColumns(pl.col('line').cast(pl.Categorical).alias('few'), pl.col('id').cast(pl.UInt64).alias('wide'),
    pl.col('moment').cast(pl.Date).alias('day'), pl.lit(null).alias('nothing'));
  for (const compression of ['uncompressed', 'lz4', 'zstd']) {
    fs.writeFileSync(`${file}/${compression}.arrows`, all.writeIPCStream({ compression }));
    fs.writeFileSync(`${file}/${compression}.arrow`, all.writeIPC({ compression }));
  }
} else if (verb === 'rust-write') {
  const { Table, writeParquet } = await import('parquet-wasm/node');
  fs.writeFileSync(process.argv[4], writeParquet(Table.fromIPCStream(new Uint8Array(fs.readFileSync(file)))));
} else {
  const arrow = await import('apache-arrow');
  if (verb === 'arrow-read' || verb === 'arrow-rs') {
    let bytes = fs.readFileSync(file);
    if (verb === 'arrow-rs') bytes = (await import('parquet-wasm/node')).readParquet(new Uint8Array(bytes)).intoIPCStream();
    const table = arrow.tableFromIPC(bytes);
    console.log(table.schema.fields.map((f) => `${f.name} ${f.type}`).join(','));
    for (const row of table) console.log(Object.values(row.toJSON()).map(text).join(','));
  } else {
    const table = new arrow.Table({
      id: arrow.vectorFromArray([1, 2, 3, null], new arrow.Int32()),
      big: arrow.vectorFromArray([1n, -(2n ** 63n), 2n ** 63n - 1n, null], new arrow.Int64()),
      tiny: arrow.vectorFromArray([0, 255, 7, null], new arrow.Uint8()),
      real: arrow.vectorFromArray([0.5, -1.25, 3, null], new arrow.Float64()),
      flag: arrow.vectorFromArray([true, false, true, null], new arrow.Bool()),
      word: arrow.vectorFromArray(['one', 'two', 'one', null]), // behind a dictionary
      line: arrow.vectorFromArray(['a', '', 'a text of more than twelve bytes', null], new arrow.Utf8()),
      day: arrow.vectorFromArray([new Date(0), new Date('2024-02-29'), new Date('1969-12-31'), null], new arrow.DateDay()),
      moment: arrow.vectorFromArray([0, 1700000000123, -1, null], new arrow.TimestampMillisecond()),
    });
    fs.writeFileSync(file, arrow.tableToIPC(table, 'stream'));
  }
}
