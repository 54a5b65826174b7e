// Ends the process when its parent is gone, also while a query keeps the main thread busy, which
// is why this is a worker. The parent is gone when standard input closes; a forked sibling may
// hold the other end of that pipe open, so the parent's process id is watched as well.

import net from 'node:net'
import readline from 'node:readline'
import { parentPort, workerData } from 'node:worker_threads'

const POLL_MILLISECONDS = 500

function end() {
  process.kill(process.pid, 'SIGKILL')
}

// A socket, not a file stream, whose pending read would keep the process from ending by itself.
const lines = readline.createInterface({ input: new net.Socket({ fd: 0 }) })
lines.on('line', (line) => parentPort.postMessage(line))
lines.on('close', end)
setInterval(() => {
  if (process.ppid !== workerData.parent) end()
}, POLL_MILLISECONDS)
