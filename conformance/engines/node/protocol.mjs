// The bytes of the PostgreSQL frontend/backend protocol, version 3, as far as they are made or
// looked into here (PostgreSQL documentation, "Message Formats").

export const SSL_REQUEST = 80877103
export const GSSENC_REQUEST = 80877104
export const CANCEL_REQUEST = 80877102

const COPY_REFUSED = 'COPY FROM STDIN is not available on the embedded engine'

/** A message: its type letter, its length, its content. */
export function message(type, ...parts) {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)))
  const header = Buffer.alloc(5)
  header.write(type, 0, 'latin1')
  header.writeUInt32BE(content.length + 4, 1)
  return Buffer.concat([header, content])
}

export function query(sql) {
  return message('Q', `${sql}\0`)
}

export const readyForQuery = message('Z', 'I')
export const copyFail = message('f', `${COPY_REFUSED}\0`)

/** What a server says after the start-up message: no password asked, settings, ready. */
export function welcome(settings) {
  return Buffer.concat([
    message('R', [0, 0, 0, 0]),
    ...settings.map(([name, value]) => message('S', `${name}\0${value}\0`)),
    message('K', [0, 0, 0, 1, 0, 0, 0, 1]),
    readyForQuery,
  ])
}

export function errorResponse(sqlstate, text) {
  return message('E', `SERROR\0VERROR\0C${sqlstate}\0M${text}\0\0`)
}

/** I, T or E: what the backend says about its transaction; undefined where it is not asked yet. */
export function transactionStatus(answer) {
  const tail = answer.length - 6
  if (tail < 0 || answer[tail] !== 0x5a || answer.readUInt32BE(tail + 1) !== 5) return undefined
  return String.fromCharCode(answer[tail + 5])
}
