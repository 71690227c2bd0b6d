// DuckDB as a peer of the benchmarks: one thread; one statement a line in, as JSON text; a line {"cpu_ms", "rows"} or {"error"} out.
//   node duckdb.mjs   (in the folder where @duckdb/node-api is installed)
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(process.cwd() + '/');
const { DuckDBInstance } = require('@duckdb/node-api');
const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
const db = await instance.connect();
for await (const line of createInterface({ input: process.stdin })) {
  const before = process.cpuUsage();
  let reader;
  try {
    reader = await db.runAndReadAll(JSON.parse(line));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error.message) }));
    continue;
  }
  const used = process.cpuUsage(before);
  const rows = reader.getRowsJson().map((row) => row.map((x) => (x === null ? '' : String(x))));
  console.log(JSON.stringify({ cpu_ms: (used.user + used.system) / 1000, rows }));
}
