// Serves one TimescaleDB, in memory, to PostgreSQL clients on 127.0.0.1.
//
//   node server.mjs --packages DIR --parent PID [--load SNAPSHOT] [--lock-wait SECONDS]
//
// One JSON line on standard output says {"ready":true,"port":N}. Standard input takes commands,
// one JSON line each, answered by one JSON line: {"command":"snapshot","path":FILE} and
// {"command":"stop"}. The process ends by itself when its parent is gone, and when the backend
// died; exit code 3 means that the snapshot to load is damaged.

import net from 'node:net'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'

import { Backend } from './backend.mjs'
import { Connection } from './connection.mjs'
import { Session } from './session.mjs'
import { SnapshotDamaged } from './snapshot.mjs'

const EXIT_DAMAGED = 3
const EXIT_DIED = 4

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

function fail(error, code) {
  process.stderr.write(`${error.stack ?? error}\n${error.message ?? error}\n`)
  process.exit(code)
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
  worker.on('error', (error) => fail(error, 1))
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
    fail(error, EXIT_DIED),
  )
  const server = net.createServer((socket) => new Connection(socket, session, backend.settings))
  server.listen(0, '127.0.0.1', () => tell({ ready: true, port: server.address().port }))
}

main().catch((error) => fail(error, error instanceof SnapshotDamaged ? EXIT_DAMAGED : 1))
