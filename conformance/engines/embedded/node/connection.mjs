// One client: cuts the bytes it sends into messages and hands them to the session.

import {
  CANCEL_REQUEST,
  COPY_DATA,
  COPY_DONE,
  COPY_FAIL,
  GSSENC_REQUEST,
  SSL_REQUEST,
  TERMINATE,
  copyInResponse,
  welcome,
  withPrefix,
} from './protocol.mjs'

const LONGEST_MESSAGE = 2 ** 30

let connections = 0

export class Connection {
  // Drivers give the prepared statements of each connection the same names.
  #prefix = `c${(connections += 1)}_`
  #socket
  #session
  #settings
  #chunks = []
  #buffered = 0
  #started = false
  #closed = false
  #copy = null

  constructor(socket, session, settings) {
    this.#socket = socket
    this.#session = session
    this.#settings = settings
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#receive(chunk))
    // At once, so that the next client, which may be the same program, finds a clean session.
    socket.on('end', () => this.close())
    socket.on('error', () => this.close())
    socket.on('close', () => this.close())
  }

  send(data) {
    if (!this.#closed && data.length > 0) this.#socket.write(data)
  }

  #receive(chunk) {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    // Joining the chunks only when a message is complete keeps a message of many megabytes linear.
    while (!this.#closed) {
      const length = this.#nextLength()
      if (this.#closed || length === undefined || this.#buffered < length) return
      this.#handle(this.#take(length))
    }
  }

  /** Length of the next message with its type byte; the start-up message has none. */
  #nextLength() {
    const typed = this.#started ? 1 : 0
    if (this.#buffered < typed + 4) return undefined
    if (this.#chunks[0].length < typed + 4) this.#join()
    const length = this.#chunks[0].readUInt32BE(typed)
    // Whoever talks here is no PostgreSQL client.
    if (length < (typed ? 4 : 8) || length > LONGEST_MESSAGE) this.close()
    return typed + length
  }

  #join() {
    this.#chunks = [Buffer.concat(this.#chunks)]
  }

  #take(length) {
    if (this.#chunks[0].length < length) this.#join()
    const [first] = this.#chunks
    this.#buffered -= length
    if (first.length === length) this.#chunks.shift()
    else this.#chunks[0] = first.subarray(length)
    return first.subarray(0, length)
  }

  #handle(message) {
    if (!this.#started) this.#handleStart(message)
    else if (message[0] === TERMINATE) this.close()
    else if (this.#copy) this.#collect(message)
    else this.#submit(message)
  }

  /**
   * The backend cannot wait for a COPY's data, so they are collected before it hears of the COPY.
   * A statement that is wrong is therefore refused only after its data were sent, as libpq allows.
   */
  #submit(message) {
    const response = copyInResponse(message)
    if (response) {
      this.#copy = { query: message, data: [] }
      this.send(response)
    } else {
      this.#session.submit({ connection: this, message: withPrefix(message, this.#prefix) })
    }
  }

  #collect(message) {
    if (![COPY_DATA, COPY_DONE, COPY_FAIL].includes(message[0])) return
    const { query, data } = this.#copy
    data.push(message)
    if (message[0] === COPY_DATA) return
    this.#copy = null
    this.#session.submit({ connection: this, message: query, copyData: data })
  }

  #handleStart(message) {
    const code = message.readUInt32BE(4)
    if (code === SSL_REQUEST || code === GSSENC_REQUEST) this.send(Buffer.from('N'))
    else if (code === CANCEL_REQUEST) this.close()
    else this.#start()
  }

  /** User, database and options are ignored: there is one of each. */
  #start() {
    this.#started = true
    this.#session.enter(this)
    this.send(welcome(this.#settings))
  }

  /** End the connection. */
  close() {
    if (this.#closed) return
    this.#closed = true
    this.#socket.destroy()
    if (this.#started) this.#session.leave(this)
  }
}
