// The backend's one session, shared by all connections.
//
// A connection owns the session from its first message until the backend is idle again: through
// a transaction, and through the messages of an extended query up to its Sync. Meanwhile the
// others' messages wait, and fail after a while, because the owner may be the very client that
// waits. When no connection is left, nothing of theirs stays: not a setting, not a prepared
// statement, not a temporary table, not an open transaction.

import {
  QUERY,
  SYNC,
  errorIn,
  errorResponse,
  query,
  readyForQuery,
  sync,
  transactionStatus,
  withoutCopyInResponse,
} from './protocol.mjs'

const NOT_IN_TRANSACTION = 'I'

// DISCARD ALL brings back what this build was started with; a server has other defaults.
const SERVER_DEFAULTS = [
  'SET search_path TO "$user", public',
  'SET client_min_messages TO notice',
  'SET log_min_messages TO warning',
  'SET enable_seqscan TO on',
  'SET allow_system_table_mods TO off',
]

// A server loads TimescaleDB when a session starts, and its Community part with it. Here nothing
// is preloaded, and after a boot from a snapshot that part would refuse its first calls.
const LOAD_COMMUNITY_PART = `DO $$
DECLARE version text := (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb');
BEGIN
  IF version IS NOT NULL THEN
    -- Its first function loads the library that the Community part then completes.
    PERFORM _timescaledb_functions.to_interval(1);
    EXECUTE format('LOAD %L', '$libdir/timescaledb-tsl-' || version);
  END IF;
END $$`

export class Session {
  #backend
  #lockWait
  #onDeath
  #connections = new Set()
  #owner = null
  #waiting = []
  #refusedUntilSync = new WeakSet()

  /** `lockWait` is in milliseconds. `onDeath` is called with the error that killed the backend. */
  constructor(backend, lockWait, onDeath) {
    this.#backend = backend
    this.#lockWait = lockWait
    this.#onDeath = onDeath
    this.#reset()
    // Without the Community part the server would pass for one of the Apache edition.
    const refusal = errorIn(this.#exchange(query(LOAD_COMMUNITY_PART)))
    if (refusal) throw new Error(`TimescaleDB cannot be loaded: ${refusal}`)
  }

  enter(connection) {
    this.#connections.add(connection)
  }

  leave(connection) {
    this.#connections.delete(connection)
    this.#takeWaiting(connection)
    if (this.#owner === connection) {
      this.#run('ROLLBACK')
      this.#owner = null
    }
    if (this.#connections.size === 0) this.#reset()
    this.#serveWaiting()
  }

  /** A request is one message of a connection, and for a COPY FROM STDIN its data. */
  submit(request) {
    if (this.#refusedUntilSync.has(request.connection)) this.#refuse(request)
    else if (this.#mayRun(request)) this.#serve(request)
    else this.#wait(request)
  }

  /** Write the data directory to `file`. */
  snapshot(file) {
    if (this.#owner) throw new Error('a transaction is open')
    this.#reset()
    this.#run('CHECKPOINT')
    this.#backend.snapshot(file)
  }

  #mayRun({ connection }) {
    return this.#owner === null || this.#owner === connection
  }

  #serve({ connection, message, copyData }) {
    const answer = this.#exchange(message, copyData)
    const idle = transactionStatus(answer) === NOT_IN_TRANSACTION
    this.#owner = idle ? null : connection
    connection.send(copyData ? withoutCopyInResponse(answer) : answer)
    if (idle) this.#serveWaiting()
  }

  #serveWaiting() {
    while (this.#waiting.length > 0) {
      const next = this.#waiting.findIndex((request) => this.#mayRun(request))
      if (next < 0) return
      const [request] = this.#waiting.splice(next, 1)
      clearTimeout(request.timer)
      this.submit(request)
    }
  }

  #wait(request) {
    request.timer = setTimeout(() => this.#giveUp(request.connection), this.#lockWait)
    this.#waiting.push(request)
  }

  #giveUp(connection) {
    const text = 'another connection has an open transaction; this engine has one session'
    connection.send(errorResponse('55P03', text))
    this.#refusedUntilSync.add(connection)
    for (const request of this.#takeWaiting(connection)) this.#refuse(request)
  }

  #takeWaiting(connection) {
    const taken = this.#waiting.filter((request) => request.connection === connection)
    for (const { timer } of taken) clearTimeout(timer)
    this.#waiting = this.#waiting.filter((request) => request.connection !== connection)
    return taken
  }

  /** After an error in an extended query all is skipped up to the Sync, which is answered. */
  #refuse({ connection, message }) {
    if (message[0] !== QUERY && message[0] !== SYNC) return
    this.#refusedUntilSync.delete(connection)
    connection.send(readyForQuery)
  }

  #reset() {
    this.#run('ROLLBACK', 'DISCARD ALL', ...SERVER_DEFAULTS)
  }

  #run(...statements) {
    // After an error in an extended query the backend listens to nothing but a Sync.
    this.#exchange(sync)
    for (const sql of statements) this.#exchange(query(sql))
  }

  #exchange(message, copyData) {
    try {
      return this.#backend.exchange(message, copyData)
    } catch (error) {
      this.#onDeath(error)
      throw error
    }
  }
}
