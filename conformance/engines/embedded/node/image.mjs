// The state of a backend between two messages, to bring the backend back to it: its memory and its
// files. This is exact, because nothing else of it lives on: the stack is empty between two
// messages, and there are no threads. It takes a tenth of a new boot, and what is compiled stays.

import { modulesLoaded } from './modules.mjs'

const PAGE_SIZE = 65536
const ZEROS = Buffer.alloc(PAGE_SIZE)

export class Image {
  #module
  #modules = modulesLoaded()
  #stackPointer
  #pages
  #files

  constructor(module) {
    this.#module = module
    this.#stackPointer = module.___stack_pointer.value
    this.#pages = nonzeroPages(memoryOf(module))
    this.#files = new Files(module.FS)
  }

  /** Bring the backend back. Throws where it cannot be, before anything is changed. */
  restore() {
    // The functions of a library that was loaded since would stay, but its data go with the memory.
    if (modulesLoaded() !== this.#modules) throw new Error('a library has been loaded since')
    const memory = memoryOf(this.#module)
    for (let start = 0; start < memory.length; start += PAGE_SIZE) {
      const page = this.#pages.get(start) ?? ZEROS
      const end = start + PAGE_SIZE
      if (memory.compare(page, 0, PAGE_SIZE, start, end) !== 0) page.copy(memory, start)
    }
    this.#module.___stack_pointer.value = this.#stackPointer
    this.#files.restore()
  }
}

/** All of the memory, which grows but never shrinks. */
function memoryOf(module) {
  return Buffer.from(module.HEAPU8.buffer)
}

function nonzeroPages(memory) {
  const pages = new Map()
  for (let start = 0; start < memory.length; start += PAGE_SIZE) {
    const end = start + PAGE_SIZE
    if (memory.compare(ZEROS, 0, PAGE_SIZE, start, end) !== 0) {
      pages.set(start, Buffer.from(memory.subarray(start, end)))
    }
  }
  return pages
}

/** All files of Emscripten's file system, and those that are open. */
class Files {
  #FS
  #heads
  #nodes
  #streams

  constructor(FS) {
    const nodes = [FS.root, ...hashedNodes(FS)]
    this.#FS = FS
    this.#heads = [...FS.nameTable]
    this.#nodes = nodes.map((node) => [node, { ...node, contents: copiedFolder(node.contents) }])
    this.#streams = FS.streams.map((stream) => stream && [stream, { ...stream }, { ...stream.shared }])
    copyBeforeWrites(nodes.filter(({ mode }) => FS.isFile(mode)))
  }

  restore() {
    this.#FS.nameTable = [...this.#heads]
    for (const [node, fields] of this.#nodes) {
      Object.assign(node, fields, { contents: copiedFolder(fields.contents) })
    }
    this.#FS.streams = this.#streams.map((open) => open && open[0])
    for (const [stream, fields, shared] of this.#streams.filter(Boolean)) {
      Object.assign(stream, fields)
      Object.assign(stream.shared, shared)
    }
  }
}

/**
 * Have the bytes of these files stay as they are: the first write to one of them gets a copy. A
 * tenth of the files of a cluster are ever written to. Everything but a write makes new bytes by
 * itself.
 */
function copyBeforeWrites(files) {
  const kept = new WeakSet(files.map(({ contents }) => contents).filter(ArrayBuffer.isView))
  for (const operations of new Set(files.map((file) => file.stream_ops))) {
    const { write } = operations
    if (!write) continue
    operations.write = (stream, ...rest) => {
      const { node } = stream
      if (kept.has(node.contents)) node.contents = Buffer.from(node.contents)
      return write(stream, ...rest)
    }
  }
}

/** All nodes but the root: a hash table of lists, from which a deleted node is gone. */
function* hashedNodes(FS) {
  for (const head of FS.nameTable) for (let node = head; node; node = node.name_next) yield node
}

/** A copy of the list of a folder, which is changed in place; the bytes of a file as they are. */
function copiedFolder(contents) {
  return ArrayBuffer.isView(contents) ? contents : contents && { ...contents }
}
