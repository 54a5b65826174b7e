// Ends the process when its parent is gone, also while a query keeps the main thread busy, which
// is why this is a worker. The parent is gone when standard input closes; a forked sibling may
// hold the other end of that pipe open, so the parent's process id is watched as well.

import fs from 'node:fs'
import readline from 'node:readline'
import { parentPort, workerData } from 'node:worker_threads'

const POLL_MILLISECONDS = 500

function end() {
  process.kill(process.pid, 'SIGKILL')
}

const lines = readline.createInterface({ input: fs.createReadStream('', { fd: 0 }) })
lines.on('line', (line) => parentPort.postMessage(line))
lines.on('close', end)
setInterval(() => {
  if (process.ppid !== workerData.parent) end()
}, POLL_MILLISECONDS)
