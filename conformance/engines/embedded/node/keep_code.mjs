// Keeps optimized code of PostgreSQL and of the libraries that every run loads.
//
//   node keep_code.mjs PACKAGES SNAPSHOT
//
// The libraries are in the snapshot.

import path from 'node:path'

import { keepCode, readProgram } from './modules.mjs'
import { filesIn } from './snapshot.mjs'

const LIBRARIES = '/tmp/pglite/lib/postgresql'
const USUAL = /^(timescaledb.*|plpgsql\.so)$/

const [packages, snapshot] = process.argv.slice(2)
const libraries = [...filesIn(snapshot)]
  .filter(([file]) => path.posix.dirname(file) === LIBRARIES && USUAL.test(path.posix.basename(file)))
  .map(([, bytes]) => bytes)
keepCode(packages, [readProgram(packages), ...libraries])
