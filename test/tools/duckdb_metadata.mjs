// DuckDB reads our metadata: of each column chunk NULLs, least and most as it computes them from the rows.
//   node duckdb_metadata.mjs PARQUET
// in the folder where @duckdb/node-api is installed.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(pathToFileURL(`${process.cwd()}/`));
const { DuckDBInstance } = require('@duckdb/node-api');
const [parquet] = process.argv.slice(2);
const connection = await (await DuckDBInstance.create(':memory:')).connect();
const rows = async (sql) => (await connection.runAndReadAll(sql)).getRowObjects();
let differ = 0, compared = 0;
const same = (what, stated, found) => {
  compared++;
  if (String(stated) === String(found)) return;
  differ++;
  console.log(`${what}: stated ${stated}, found ${found}`);
};

const [file] = await rows(`SELECT created_by, num_rows FROM parquet_file_metadata('${parquet}')`);
same('created by', /^redoubt version [0-9.]+ \(build 1\)$/.test(file.created_by), true);
let start = 0n;
for (const group of await rows(`SELECT DISTINCT row_group_id AS id, row_group_num_rows AS n FROM parquet_metadata('${parquet}') ORDER BY 1`)) {
  for (const c of await rows(`SELECT * FROM parquet_metadata('${parquet}') WHERE row_group_id = ${group.id}`)) {
    const name = c.path_in_schema;
    const [found] = await rows(`SELECT count(*) - count(${name}) AS nulls, min(${name})::VARCHAR AS least, max(${name})::VARCHAR AS most,
      count(DISTINCT ${name}) AS n FROM (SELECT ${name} FROM read_parquet('${parquet}', file_row_number = true)
      WHERE file_row_number >= ${start} AND file_row_number < ${start + group.n})`);
    const what = `row group ${group.id}, ${name}`;
    same(`${what}, values`, c.num_values, group.n);
    same(`${what}, NULLs`, c.stats_null_count, found.nulls);
    if (c.stats_distinct_count !== null) same(`${what}, distinct`, c.stats_distinct_count, found.n);
    if (c.stats_min_value === null) continue;
    const type = (await rows(`DESCRIBE SELECT ${name} FROM read_parquet('${parquet}')`))[0].column_type;
    const [stated] = await rows(`SELECT '${c.stats_min_value.replaceAll("'", "''")}'::${type}::VARCHAR AS least,
      '${c.stats_max_value.replaceAll("'", "''")}'::${type}::VARCHAR AS most`);
    same(`${what}, least`, stated.least, found.least);
    same(`${what}, most`, stated.most, found.most);
  }
  start += group.n;
}
same('rows', start, file.num_rows);
console.log(`${compared} compared, ${differ} differ`);
process.exit(differ || compared < 50 ? 1 : 0);
