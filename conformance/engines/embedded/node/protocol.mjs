// The bytes of the PostgreSQL frontend/backend protocol, version 3, as far as they are made or
// looked into here (PostgreSQL documentation, "Message Formats").

// Types of messages, by their letter.
const ERROR_RESPONSE = 0x45 // E
const BIND = 0x42 // B
const CLOSE = 0x43 // C
const DESCRIBE = 0x44 // D
const COPY_IN_RESPONSE = 0x47 // G
const PARSE = 0x50 // P
export const QUERY = 0x51 // Q
export const SYNC = 0x53 // S
export const TERMINATE = 0x58 // X
const READY_FOR_QUERY = 0x5a // Z
export const COPY_DONE = 0x63 // c
export const COPY_DATA = 0x64 // d
export const COPY_FAIL = 0x66 // f

// Codes that stand in the place of the protocol version in a start-up message.
export const SSL_REQUEST = 80877103
export const GSSENC_REQUEST = 80877104
export const CANCEL_REQUEST = 80877102

const COPY_REFUSED = 'COPY FROM STDIN is not available here on the embedded engine'

// One COPY of a table at the start of a query; anything else goes to the backend as it is.
const BLANK = String.raw`(?:\s|--[^\n]*\n|/\*[^]*?\*/)`
const TABLE = String.raw`(?:"(?:[^"]|"")+"|[^\s"(])+`
const COLUMNS = String.raw`(?:\([^)]*\)\s*)?`
const COPY_IN = new RegExp(`^${BLANK}*copy\\s+${TABLE}\\s*${COLUMNS}from\\s+stdin\\b([^]*)`, 'i')

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

export const sync = message('S')
export const readyForQuery = message('Z', 'I')
export const copyFail = message('f', `${COPY_REFUSED}\0`)

/** The answer that asks for a COPY's data; undefined where the query is no COPY FROM STDIN. */
export function copyInResponse(query) {
  if (query[0] !== QUERY) return undefined
  // Looking into the beginning is enough, and quick for an INSERT of many megabytes.
  const copy = COPY_IN.exec(query.toString('utf8', 5, Math.min(query.length - 1, 65536)))
  return copy ? message('G', [/\bbinary\b/i.test(copy[1]) ? 1 : 0, 0, 0]) : undefined
}

/** The message with this before the name of its prepared statement, if it names one. */
export function withPrefix(message, prefix) {
  const at = placeOfStatement(message)
  if (at < 0 || message[at] === 0) return message
  const longer = Buffer.concat([message.subarray(0, at), Buffer.from(prefix), message.subarray(at)])
  longer.writeUInt32BE(longer.length - 1, 1)
  return longer
}

function placeOfStatement(message) {
  if (message[0] === PARSE) return 5
  // After the name of the portal.
  if (message[0] === BIND) return message.indexOf(0, 5) + 1
  const ofStatement = message[5] === 'S'.charCodeAt(0)
  return (message[0] === DESCRIBE || message[0] === CLOSE) && ofStatement ? 6 : -1
}

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

/** The answer without its CopyInResponse, which has been given already. */
export function withoutCopyInResponse(answer) {
  for (let at = 0, next; at < answer.length; at = next) {
    next = at + 1 + answer.readUInt32BE(at + 1)
    if (answer[at] === COPY_IN_RESPONSE) {
      return Buffer.concat([answer.subarray(0, at), answer.subarray(next)])
    }
  }
  return answer
}

/** The sentence of the first error in an answer; undefined where there is none. */
export function errorIn(answer) {
  for (let at = 0; at < answer.length; at += 1 + answer.readUInt32BE(at + 1)) {
    if (answer[at] !== ERROR_RESPONSE) continue
    const fields = answer.toString('utf8', at + 5, at + 1 + answer.readUInt32BE(at + 1)).split('\0')
    return fields.find((field) => field[0] === 'M')?.slice(1) ?? 'an error without a sentence'
  }
  return undefined
}

/** I, T or E: what the backend says about its transaction; undefined where it is not asked yet. */
export function transactionStatus(answer) {
  const tail = answer.length - 6
  if (tail < 0 || answer[tail] !== READY_FOR_QUERY || answer.readUInt32BE(tail + 1) !== 5) return undefined
  return String.fromCharCode(answer[tail + 5])
}
