// peers.mjs arrow-read FILE | arrow-write FILE | hyparquet FILE: other readers and writers of our formats, as CSV.
import fs from 'node:fs';

const [verb, file] = process.argv.slice(2);
const text = (v) => (v === null || v === undefined ? '' : v instanceof Date ? v.toISOString().slice(0, 10) : String(v));

if (verb === 'hyparquet') {
  const { asyncBufferFromFile, parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file), compressors });
  for (const row of rows) console.log(Object.values(row).map(text).join(','));
} else {
  const arrow = await import('apache-arrow');
  if (verb === 'arrow-read') {
    const table = arrow.tableFromIPC(fs.readFileSync(file));
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
