// Serves one TimescaleDB, in memory, to PostgreSQL clients on 127.0.0.1.
//
//   node server.mjs --packages DIR --parent PID [--load SNAPSHOT] [--lock-wait SECONDS]
//
// One JSON line on standard output says {"ready":true,"port":N}. Standard input takes commands,
// one JSON line each, answered by one JSON line: {"command":"snapshot","path":FILE} and
// {"command":"stop"}. The process ends by itself when its parent is gone, and when the backend
// died. Its last line on standard error then says why.
//
// pglite-socket, PGlite's own server, is not used: after a query that fails inside PGlite it never
// serves another one, it leaves a session's state to the next client, and it cannot run COPY.

import net from 'node:net'
import { parseArgs } from 'node:util'
import v8 from 'node:v8'
import { Worker } from 'node:worker_threads'

import { Backend } from './backend.mjs'
import { Connection } from './connection.mjs'
import { Session } from './session.mjs'

// WebAssembly is compiled when it is first called, fast and once. Optimizing it as well would make
// long queries about a fifth faster, but a server that lives for seconds two times slower, and it
// takes 100 MB more.
const COMPILE_ONCE = '--wasm-lazy-compilation --liftoff-only --no-wasm-tier-up --no-wasm-dynamic-tiering'
for (const flag of COMPILE_ONCE.split(' ')) v8.setFlagsFromString(flag)

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

function obey(session, { command, path }) {
  if (command === 'stop') process.exit(0)
  if (command !== 'snapshot') throw new Error(`unknown command ${command}`)
  session.snapshot(path)
  return {}
}

function watch(onCommand) {
  const worker = new Worker(new URL('watchdog.mjs', import.meta.url), {
    workerData: { parent: Number(options.parent) },
  })
  worker.on('error', fail)
  worker.on('message', onCommand)
}

async function main() {
  let session
  watch((line) => {
    try {
      tell({ done: true, ...obey(session, JSON.parse(line)) })
    } catch (error) {
      tell({ error: error.message })
    }
  })
  const backend = await Backend.boot(options.packages, options.load)
  session = new Session(backend, Number(options['lock-wait']) * 1000, (error) =>
    fail(new Error(`the backend died: ${error.message}`, { cause: error })),
  )
  const server = net.createServer((socket) => new Connection(socket, session, backend.settings))
  server.on('error', fail)
  server.listen(0, '127.0.0.1', () => tell({ ready: true, port: server.address().port }))
}

process.on('uncaughtException', fail)
main().catch(fail)
