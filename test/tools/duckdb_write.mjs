// DuckDB as a writer: a Parquet file as it writes it, with every codec, pages v2, and in its own encryption.
//   node duckdb_write.mjs PARQUET OUT
// in the folder where @duckdb/node-api is installed; writes OUT.<name>.parquet.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(pathToFileURL(`${process.cwd()}/`));
const { DuckDBInstance } = require('@duckdb/node-api');
const [parquet, out] = process.argv.slice(2);
const connection = await (await DuckDBInstance.create(':memory:')).connect();
const forms = {
  none: 'COMPRESSION uncompressed', snappy: 'COMPRESSION snappy', zstd: 'COMPRESSION zstd', gzip: 'COMPRESSION gzip',
  lz4_raw: 'COMPRESSION lz4_raw', v2: 'PARQUET_VERSION v2, ROW_GROUP_SIZE 5000',
  sealed: "ENCRYPTION_CONFIG {footer_key: 'k'}",
};
await connection.run('SET force_mbedtls_unsafe = true');
await connection.run("PRAGMA add_parquet_key('k', '0123456789012345')");
await connection.run('SET preserve_insertion_order = true');
for (const [name, options] of Object.entries(forms))
  await connection.run(`COPY (FROM read_parquet('${parquet}')) TO '${out}.${name}.parquet' (FORMAT parquet, ${options})`);
