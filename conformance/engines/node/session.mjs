// The backend's one session, shared by all connections.
//
// A connection owns the session from its first message until the backend is idle again: through
// a transaction, and through the messages of an extended query up to its Sync. Meanwhile the
// others' messages wait, and fail after a while, because the owner may be the very client that
// waits. When no connection is left, nothing of theirs stays: not a setting, not a prepared
// statement, not a temporary table, not an open transaction.

import { errorResponse, query, readyForQuery, transactionStatus } from './protocol.mjs'

const QUERY = 0x51
const SYNC = 0x53
const NOT_IN_TRANSACTION = 'I'

// DISCARD ALL brings back what this build was started with; a server has other defaults.
const SERVER_DEFAULTS = [
  'SET search_path TO "$user", public',
  'SET client_min_messages TO notice',
  'SET log_min_messages TO warning',
  'SET enable_seqscan TO on',
  'SET allow_system_table_mods TO off',
]

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
  }

  enter(connection) {
    this.#connections.add(connection)
  }

  leave(connection) {
    this.#connections.delete(connection)
    for (const entry of this.#waiting.filter((entry) => entry.connection === connection)) {
      clearTimeout(entry.timer)
    }
    this.#waiting = this.#waiting.filter((entry) => entry.connection !== connection)
    if (this.#owner === connection) {
      this.#run('ROLLBACK')
      this.#owner = null
    }
    if (this.#connections.size === 0) this.#reset()
    this.#serveWaiting()
  }

  submit(connection, message) {
    if (this.#refusedUntilSync.has(connection)) this.#refuse(connection, message)
    else if (this.#mayRun(connection)) this.#serve(connection, message)
    else this.#wait(connection, message)
  }

  /** Write the data directory to `file`. */
  snapshot(file) {
    if (this.#owner) throw new Error('a transaction is open')
    this.#reset()
    this.#run('CHECKPOINT')
    this.#backend.snapshot(file)
  }

  #mayRun(connection) {
    return this.#owner === null || this.#owner === connection
  }

  #serve(connection, message) {
    const answer = this.#exchange(message)
    const idle = transactionStatus(answer) === NOT_IN_TRANSACTION
    this.#owner = idle ? null : connection
    connection.send(answer)
    if (idle && this.#waiting.length > 0) this.#serveWaiting()
  }

  #serveWaiting() {
    while (this.#waiting.length > 0) {
      const next = this.#waiting.findIndex(({ connection }) => this.#mayRun(connection))
      if (next < 0) return
      const [{ connection, message, timer }] = this.#waiting.splice(next, 1)
      clearTimeout(timer)
      this.submit(connection, message)
    }
  }

  #wait(connection, message) {
    const entry = { connection, message }
    entry.timer = setTimeout(() => {
      this.#waiting = this.#waiting.filter((other) => other !== entry)
      this.#giveUp(connection, message)
    }, this.#lockWait)
    this.#waiting.push(entry)
  }

  #giveUp(connection, message) {
    const text = 'another connection has an open transaction; this engine has one session'
    connection.send(errorResponse('55P03', text))
    if (message[0] !== QUERY) this.#refusedUntilSync.add(connection)
    this.#refuse(connection, message)
  }

  /** After an error in an extended query all is skipped up to the Sync, which is answered. */
  #refuse(connection, message) {
    if (message[0] !== QUERY && message[0] !== SYNC) return
    this.#refusedUntilSync.delete(connection)
    connection.send(readyForQuery)
  }

  #reset() {
    this.#run('ROLLBACK', 'DISCARD ALL', ...SERVER_DEFAULTS)
  }

  #run(...statements) {
    for (const sql of statements) this.#exchange(query(sql))
  }

  #exchange(message) {
    try {
      return this.#backend.exchange(message)
    } catch (error) {
      this.#onDeath(error)
      throw error
    }
  }
}
