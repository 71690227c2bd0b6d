// DuckDB beside us: it must read a Parquet file of ours as the same rows that it reads from the CSV.
//   node duckdb_tables.mjs SCHEMA.json CSV PARQUET [FOOTER-KEY-HEX]
// in the folder where @duckdb/node-api is installed.  SCHEMA.json: `redoubt table show -o json`.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const require = createRequire(pathToFileURL(`${process.cwd()}/`));
const { DuckDBInstance } = require('@duckdb/node-api');
const [schemaPath, csv, parquet, key] = process.argv.slice(2);

const names = { boolean: 'BOOLEAN', int32: 'INTEGER', int64: 'BIGINT', double: 'DOUBLE', date: 'DATE',
  timestamp: 'TIMESTAMP', text: 'VARCHAR' };
const quote = (text, mark) => mark + text.replaceAll(mark, mark + mark) + mark;
const columns = JSON.parse(readFileSync(schemaPath, 'utf8')).columns
  .map((c) => `${quote(c.name, "'")}: '${names[c.type] ?? c.type.toUpperCase()}'`).join(', ');

const connection = await (await DuckDBInstance.create(':memory:')).connect();
const one = async (sql) => (await connection.runAndReadAll(sql)).getRows()[0][0];
let options = '';
if (key) {
  const base64 = Buffer.from(key, 'hex').toString('base64');
  await connection.run(`PRAGMA add_parquet_key('footer', ${quote(base64, "'")})`);
  options = ", encryption_config = {footer_key: 'footer'}";
}
await connection.run(`CREATE TABLE want AS FROM read_csv(${quote(csv, "'")}, header = true, delim = ',', quote = '"',
  escape = '"', nullstr = '', allow_quoted_nulls = false, auto_detect = false, max_line_size = 33554432,
  columns = {${columns}})`);
await connection.run(`CREATE TABLE got AS FROM read_parquet(${quote(parquet, "'")}${options})`);
const rows = await one('SELECT count(*) FROM want');
const differing = await one(`SELECT (SELECT count(*) FROM (FROM got EXCEPT ALL FROM want))
  + (SELECT count(*) FROM (FROM want EXCEPT ALL FROM got))`);
const types = async (table) => (await connection.runAndReadAll(
  `SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '${table}' ORDER BY ordinal_position`))
  .getRows().map((row) => row.join(' ')).join('\n');
if (await types('got') !== await types('want')) {
  console.log(`types differ:\n${await types('got')}\nnot\n${await types('want')}`);
  process.exit(1);
}
console.log(`${rows} rows, ${differing} differ`);
process.exit(Number(differing) === 0 ? 0 : 1);
