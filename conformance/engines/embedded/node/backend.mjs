// One PostgreSQL backend in WebAssembly: boots it, exchanges protocol messages with it, and
// takes and loads snapshots of its data directory. Everything after the boot is synchronous,
// because the backend is: a call returns when the query is done.

import path from 'node:path'
import { pathToFileURL } from 'node:url'

import { Image } from './image.mjs'
import { programFolder, readProgram, useCode } from './modules.mjs'
import { copyFail } from './protocol.mjs'
import { readSnapshot, writeSnapshot } from './snapshot.mjs'

// PostgreSQL's own extensions, as far as this build has them and migrations are known to use them.
const CONTRIB = [
  'btree_gin', 'btree_gist', 'citext', 'cube', 'earthdistance', 'fuzzystrmatch', 'hstore', 'intarray',
  'isn', 'lo', 'ltree', 'pg_trgm', 'seg', 'tablefunc', 'tcn', 'unaccent', 'uuid_ossp',
]
const DATA_DIRECTORY = '/tmp/pglite/base'
const EXTENSIONS = ['/tmp/pglite/lib/postgresql', '/tmp/pglite/share/postgresql/extension']

// No cluster has an older version of TimescaleDB, and the scripts that update one are 14 MB.
const UPDATE_SCRIPT = /^timescaledb--.+--.+\.sql$/

// Parts of PGlite's command line, and what they become, which must not be longer. A boot writes
// zeros into all shared buffers: 128 MB of them take a quarter of its time. And with fsync it opens
// every file twice, a fifth of its time. PostgreSQL reads "of" as "off".
const ARGUMENTS = [
  ['shared_buffers=128MB\0', 'shared_buffers=16MB\0'],
  ['fsync=on\0', 'fsync=of\0'],
]

// RESET brings back the command line's. "$user", public is too long for it, and means the same where no
// schema has the user's name. A new cluster is created with that of PGlite.
const SEARCH_PATH = ['search_path=pg_catalog\0', 'search_path=public\0']

const SETTINGS_TOLD_TO_CLIENTS = [
  'server_version', 'server_encoding', 'client_encoding', 'DateStyle', 'IntervalStyle', 'TimeZone',
  'integer_datetimes', 'standard_conforming_strings', 'application_name',
]

/** The in-memory file system of PGlite, filled from a snapshot before PostgreSQL looks at it. */
class SnapshotFilesystem {
  #snapshot
  #pg

  constructor(snapshot) {
    this.#snapshot = snapshot
  }

  async init(pg, emscriptenOpts) {
    this.#pg = pg
    return { emscriptenOpts }
  }

  async initialSyncFs() {
    const { FS, HEAPU8 } = this.#pg.Module
    setArguments(Buffer.from(HEAPU8.buffer), this.#snapshot ? [...ARGUMENTS, SEARCH_PATH] : ARGUMENTS)
    if (this.#snapshot) readSnapshot(FS, this.#snapshot)
  }

  async syncToFs() {}

  async closeFs() {}
}

/** A build with another command line keeps its own. */
function setArguments(memory, changed) {
  for (const [builtIn, ours] of changed) {
    const place = memory.indexOf(builtIn)
    if (place >= 0) memory.write(ours, place, 'latin1')
  }
}

/** Unpacking and compiling the extensions takes as long as PostgreSQL; a snapshot has their files. */
async function loadExtensions(load) {
  const modules = await Promise.all([
    load('timescaledb', 'index.js'),
    load('vector', 'index.js'),
    ...CONTRIB.map((name) => load('contrib', `${name}.js`)),
  ])
  return Object.assign({}, ...modules)
}

export class Backend {
  #module
  #input = Buffer.alloc(0)
  #copyData = []
  #output = []
  /** What a client learns about the server when it connects: [name, value] pairs. */
  settings = []

  /** Boot from the file `snapshot`, or create a new cluster where it is undefined. */
  static async boot(packages, snapshot) {
    const load = (...place) => import(pathToFileURL(path.join(programFolder(packages), ...place)))
    const { PGlite } = await load('index.js')
    useCode(packages)
    const db = await PGlite.create({
      fs: new SnapshotFilesystem(snapshot),
      wasmModule: new WebAssembly.Module(readProgram(packages)),
      extensions: snapshot ? {} : await loadExtensions(load),
      // Only template1 can be entered while the cluster is being created.
      database: snapshot ? 'postgres' : 'template1',
    })
    const backend = new Backend()
    const names = SETTINGS_TOLD_TO_CLIENTS.map((name) => `'${name}'`).join(', ')
    const { rows } = await db.query(`SELECT name, setting FROM pg_settings WHERE name IN (${names})`)
    backend.settings = rows.map(({ name, setting }) => [name, setting])
    backend.settings.push(['is_superuser', 'on'], ['session_authorization', 'postgres'])
    backend.#takeOver(db.Module)
    return backend
  }

  /**
   * Put our own callbacks between the backend and the outside. PGlite's parse every message a
   * second time and keep each one in memory for ever when raw messages are exchanged.
   */
  #takeOver(module) {
    this.#module = module
    const read = module.addFunction((pointer, size) => {
      // Only COPY FROM STDIN asks for more than one message; without an answer it would die. It
      // gets one at a time, so that after an error nothing is left in its buffer.
      if (this.#input.length === 0) this.#input = this.#copyData.shift() ?? copyFail
      const chunk = this.#input.subarray(0, size)
      module.HEAPU8.set(chunk, pointer)
      this.#input = this.#input.subarray(chunk.length)
      return chunk.length
    }, 'iii')
    const write = module.addFunction((pointer, size) => {
      this.#output.push(Buffer.from(module.HEAPU8.subarray(pointer, pointer + size)))
      return size
    }, 'iii')
    module._set_read_write_cbs(read, write)
  }

  /**
   * Hand one complete protocol message to the backend; its answer. Throws when the backend died.
   * A COPY FROM STDIN finds its CopyData messages and the one that ends them in `copyData`.
   */
  exchange(message, copyData = []) {
    this.#input = message
    this.#copyData = copyData
    this.#output = []
    this.#module._interactive_one(message.length, message[0])
    return this.#output.length === 1 ? this.#output[0] : Buffer.concat(this.#output)
  }

  /** The state between two messages, to bring the backend back to by `restore()`. */
  image() {
    return new Image(this.#module)
  }

  /** Write the data directory and the extensions to `file`. No transaction may be open. */
  snapshot(file) {
    const kept = (name) => !UPDATE_SCRIPT.test(name)
    writeSnapshot(this.#module.FS, [DATA_DIRECTORY, ...EXTENSIONS], kept, file)
  }
}
