// Serves one TimescaleDB, in memory, to PostgreSQL clients on 127.0.0.1.
//
//   node server.mjs --packages DIR --parent PID [--load SNAPSHOT] [--lock-wait SECONDS]
//
// One JSON line on standard output says {"ready":true,"port":N}. Standard input takes commands,
// one JSON line each, answered by one JSON line: {"command":"snapshot","path":FILE},
// {"command":"rewind"}, {"command":"load","path":FILE} and {"command":"stop"}. Rewinding brings the
// database back to what it was after the boot, and loading boots from another snapshot. Both end all
// connections, and say {"ready":true,"port":N} with another port. The process ends by itself when its
// parent is gone, and when the backend died. Its last line on standard error then says why.
//
// pglite-socket, PGlite's own server, is not used: after a query that fails inside PGlite it never
// serves another one, it leaves a session's state to the next client, and it cannot run COPY.

import { once } from 'node:events'
import net from 'node:net'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'

import { Backend } from './backend.mjs'
import { Connection } from './connection.mjs'
import { Session } from './session.mjs'

const { values: options } = parseArgs({
  options: {
    packages: { type: 'string' },
    parent: { type: 'string' },
    load: { type: 'string' },
    'lock-wait': { type: 'string', default: '30' },
  },
})

function tell(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

function fail(error) {
  process.stderr.write(`${error.stack}\n${error.message}\n`)
  process.exit(1)
}

/** The database on a port, for one use after the other. */
class Served {
  #backend
  #session
  #image
  #connections = new Set()
  #server

  /** Boot from `file`, or create a new cluster where it is undefined, and listen; the port. */
  async boot(file) {
    this.#session = this.#image = undefined
    this.#backend = await Backend.boot(options.packages, file)
    this.#session = new Session(this.#backend, Number(options['lock-wait']) * 1000, (error) =>
      fail(new Error(`the backend died: ${error.message}`, { cause: error })),
    )
    this.#image = this.#backend.image()
    return this.#listen()
  }

  /** Listen on a new port; its number. */
  async #listen() {
    this.#server = net.createServer((socket) => this.#accept(socket))
    this.#server.on('error', fail)
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this.#server.address().port
  }

  snapshot(file) {
    this.#session.snapshot(file)
  }

  /** End all connections, restore the state after the boot, and listen on another port. */
  async rewind() {
    await this.#close()
    this.#image.restore()
    return this.#listen()
  }

  /** End all connections, and boot from `file`: what is compiled stays. */
  async load(file) {
    await this.#close()
    return this.boot(file)
  }

  async #close() {
    // After a rewinding that failed it is closed already.
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const connection of this.#connections) connection.close()
    await closed
  }

  #accept(socket) {
    const connection = new Connection(socket, this.#session, this.#backend.settings)
    this.#connections.add(connection)
    socket.on('close', () => this.#connections.delete(connection))
  }
}

async function obey(served, { command, path }) {
  if (command === 'stop') process.exit(0)
  if (command === 'rewind') return { ready: true, port: await served.rewind() }
  if (command === 'load') return { ready: true, port: await served.load(path) }
  if (command !== 'snapshot') throw new Error(`unknown command ${command}`)
  served.snapshot(path)
  return { done: true }
}

function watch(onCommand) {
  const worker = new Worker(new URL('watchdog.mjs', import.meta.url), {
    workerData: { parent: Number(options.parent) },
  })
  worker.on('error', fail)
  worker.on('message', onCommand)
}

async function main() {
  const served = new Served()
  watch(async (line) => {
    try {
      tell(await obey(served, JSON.parse(line)))
    } catch (error) {
      tell({ error: error.message })
    }
  })
  tell({ ready: true, port: await served.boot(options.load) })
}

process.on('uncaughtException', fail)
main().catch(fail)
