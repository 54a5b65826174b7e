// Keeps optimized code of PostgreSQL, TimescaleDB and PL/pgSQL: of what training.sql calls.
//
//   node keep_code.mjs PACKAGES SNAPSHOT PARENT
//
// The snapshot is an empty database. The process ends when its parent is gone.

import fs from 'node:fs'
import { Worker } from 'node:worker_threads'

import { Backend } from './backend.mjs'
import { hasCode, keepCode, optimize } from './modules.mjs'
import { query } from './protocol.mjs'
import { Session } from './session.mjs'

const [packages, snapshot, parent] = process.argv.slice(2)
new Worker(new URL('watchdog.mjs', import.meta.url), { workerData: { parent: Number(parent) } })
if (hasCode(packages)) process.exit(0)

const training = fs.readFileSync(new URL('training.sql', import.meta.url), 'utf8')

optimize()
const backend = await Backend.boot(packages, snapshot)
new Session(backend, 0, (error) => {
  throw error
})
for (const sql of training.split('\n\n')) backend.exchange(query(sql))
keepCode(packages)
process.exit(0)
