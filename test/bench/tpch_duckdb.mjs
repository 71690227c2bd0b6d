// DuckDB as the peer of tpch.py: one thread, views on uncompressed Parquet that it wrote itself.
//   node tpch_duckdb.mjs TABLES COPIES   (in the folder where @duckdb/node-api is installed)
// Reads one query a line (as JSON text), answers {"cpu_ms", "rows"} a line.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { existsSync } from 'node:fs';

const require = createRequire(process.cwd() + '/');
const { DuckDBInstance } = require('@duckdb/node-api');
const [tables, copies] = process.argv.slice(2);
const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
const db = await instance.connect();
for (const name of ['lineitem', 'orders', 'customer']) {
  const copy = `${copies}/${name}.duckdb.parquet`;
  if (!existsSync(copy))
    await db.run(`COPY (SELECT * FROM '${tables}/${name}.parquet') TO '${copy}' (FORMAT parquet, COMPRESSION uncompressed)`);
  await db.run(`CREATE VIEW ${name} AS SELECT * FROM '${copy}'`);
}
console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  const before = process.cpuUsage();
  const reader = await db.runAndReadAll(JSON.parse(line));
  const used = process.cpuUsage(before);
  const rows = reader.getRowsJson().map((row) => row.map((x) => (x === null ? '' : String(x))));
  console.log(JSON.stringify({ cpu_ms: (used.user + used.system) / 1000, rows }));
}
