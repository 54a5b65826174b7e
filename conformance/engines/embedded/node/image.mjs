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

  /** Take the image. `changing` is the folder below which the backend changes files in place. */
  constructor(module, changing) {
    this.#module = module
    this.#stackPointer = module.___stack_pointer.value
    this.#pages = nonzeroPages(memoryOf(module))
    this.#files = new Files(module.FS, changing)
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

  constructor(FS, changing) {
    const folder = FS.lookupPath(changing).node
    this.#FS = FS
    this.#heads = [...FS.nameTable]
    this.#nodes = [FS.root, ...hashedNodes(FS)].map((node) => {
      const changes = FS.isDir(node.mode) || isBelow(node, folder)
      return [node, { ...node, contents: changes ? copied(node.contents) : node.contents }]
    })
    this.#streams = FS.streams.map((stream) => stream && [stream, { ...stream }, { ...stream.shared }])
  }

  restore() {
    this.#FS.nameTable = [...this.#heads]
    for (const [node, fields] of this.#nodes) {
      const contents = isSame(node.contents, fields.contents) ? node.contents : copied(fields.contents)
      Object.assign(node, fields, { contents })
    }
    this.#FS.streams = this.#streams.map((open) => open && open[0])
    for (const [stream, fields, shared] of this.#streams.filter(Boolean)) {
      Object.assign(stream, fields)
      Object.assign(stream.shared, shared)
    }
  }
}

/** All nodes but the root: a hash table of lists, from which a deleted node is gone. */
function* hashedNodes(FS) {
  for (const head of FS.nameTable) for (let node = head; node; node = node.name_next) yield node
}

function isBelow(node, folder) {
  for (let at = node; at !== at.parent; at = at.parent) if (at === folder) return true
  return false
}

/** A copy of the bytes of a file, or of the list of a folder. Both are changed in place. */
function copied(contents) {
  if (ArrayBuffer.isView(contents)) return Buffer.from(contents)
  return contents && { ...contents }
}

function isSame(current, wanted) {
  if (current === wanted) return true
  const areFiles = ArrayBuffer.isView(current) && ArrayBuffer.isView(wanted)
  return areFiles && current.length === wanted.length && Buffer.compare(current, wanted) === 0
}
