/**
 * Reads a list object by object from the bytes of its JSON, so that neither the text nor the parsed whole is ever in memory. On the way it
 * leaves out `metadata.managedFields`, which nobody here reads and which is half of an object, and parses conditions that it has met
 * before only once: of ten thousand objects of one kind most say the same. What stands byte by byte where it stood in the item before is
 * not even scanned.
 */
import type { KubeObject } from "./port.ts";

/** What a list says of itself. */
export interface ListEnd {
  resourceVersion: string;
  /** Where the next page begins; absent on the last one. */
  continue?: string;
}

/** Objects as they come, and at last what the list says of itself. Throws SyntaxError when the bytes are not those of a list. */
export async function* readList(chunks: AsyncIterable<Buffer>): AsyncGenerator<KubeObject[], ListEnd> {
  const scanner = new Scanner();
  for await (const chunk of chunks) {
    const items = scanner.push(chunk);
    if (items.length > 0) yield items;
  }
  return scanner.end();
}

const BLANK = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const ARRAY_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/** Brackets open around an item, a part of it such as its metadata, a member of such a part, and the fields of an entry of managedFields. */
const IN_LIST = 2;
const IN_ITEM = 3;
const IN_PART = 4;
const IN_MEMBER = 5;
const IN_FIELDS = 7;
const PARTS = ["metadata", "status"];
/** Stands for conditions while the rest is parsed. */
const NONE = Buffer.from("[]");
/** Different conditions to remember, and entries of managedFields in one item. */
const MOST = 1_000;
const MOST_ENTRIES = 8;

class Scanner {
  /** Where what was not told yet stands: one place for all of the list. */
  #room = Buffer.allocUnsafe(128 * 1024);
  #bytes: Buffer = this.#room.subarray(0, 0);
  /** How far of it was scanned, and in which state. */
  #at = 0;
  #depth = 0;
  #inString = false;
  #inItems = false;
  #part: string | undefined;
  /** Of the item under way: where it begins, and where what is left out or shared begins and ends. */
  #start = 0;
  #managedFields: Span | undefined;
  #conditions: (Span & { parsed?: unknown }) | undefined;
  #open: Span | undefined;
  /** The list up to its first item. */
  #head: string | undefined;
  readonly #known = new Map<string, unknown>();
  #last: { bytes: Buffer; parsed: unknown } | undefined;
  /** Fields of the entries of the item before, which one is next, and where one that differs begins. */
  readonly #fields: Buffer[] = [];
  #entry = 0;
  #fieldsFrom = -1;
  /** Of one item, what is parsed. */
  #text = Buffer.alloc(16 * 1024);

  push(chunk: Buffer): KubeObject[] {
    const bytes = this.#append(chunk);
    const items: KubeObject[] = [];
    let told = 0;
    let at = this.#at;
    let depth = this.#depth;
    let inString = this.#inString;
    // Forty megabytes for ten thousand objects: what is done for each byte is done forty million times.
    const { length } = bytes;
    while (at < length) {
      let byte = inString ? QUOTE : bytes[at++]!;
      if (byte === QUOTE) {
        inString = true;
        while (at < length) {
          byte = bytes[at++]!;
          if (byte === BACKSLASH) at++;
          else if (byte === QUOTE) {
            inString = false;
            break;
          }
        }
      } else if (byte < ARRAY) {
        // Between brackets and strings: numbers, commas, colons, blanks.
      } else if (byte === OBJECT || byte === ARRAY) {
        if (++depth > IN_FIELDS) continue;
        const end = this.#opened(depth, byte, at - 1);
        if (end === 0) continue;
        at = end;
        depth--;
      } else if (byte === OBJECT_END || byte === ARRAY_END) {
        if (depth <= IN_FIELDS) this.#closed(depth, at);
        if (depth-- === IN_ITEM && this.#inItems) {
          items.push(this.#item(at));
          told = at;
        }
      }
    }
    this.#depth = depth;
    this.#inString = inString;
    this.#keep(told, at);
    return items;
  }

  end(): ListEnd {
    const { metadata, items } = JSON.parse((this.#head ?? "") + this.#bytes.toString("utf8")) ?? {};
    if (!Array.isArray(items) || items.length > 0 || typeof metadata?.resourceVersion !== "string")
      throw new SyntaxError("the answer is not a list");
    return metadata;
  }

  #append(chunk: Buffer): Buffer {
    const before = this.#bytes;
    const size = before.length + chunk.length;
    if (size > this.#room.length) this.#room = Buffer.allocUnsafe(2 * size);
    before.copy(this.#room);
    chunk.copy(this.#room, before.length);
    this.#bytes = this.#room.subarray(0, size);
    return this.#bytes;
  }

  /** Returns where the value ends that begins at `at` when it is known already, and 0 when it has to be scanned. */
  #opened(depth: number, byte: number, at: number): number {
    if (depth === IN_LIST) this.#inItems = byte === ARRAY && this.#isOf("items", at);
    else if (!this.#inItems) return 0;
    else if (depth === IN_ITEM) {
      this.#start = at;
      this.#head ??= this.#bytes.toString("utf8", 0, at);
    } else if (depth === IN_PART) this.#part = this.#partAt(at);
    else if (depth === IN_FIELDS) return this.#openedFields(at);
    else if (depth !== IN_MEMBER || byte !== ARRAY) return 0;
    else if (this.#part === "metadata" && this.#isOf("managedFields", at)) {
      this.#open = this.#managedFields = { from: at, to: 0 };
      this.#entry = 0;
    } else if (this.#part === "status" && this.#isOf("conditions", at)) {
      const end = this.#endOf(this.#last?.bytes, at);
      if (end === 0) this.#open = this.#conditions = { from: at, to: 0 };
      else this.#conditions = { from: at, to: end, parsed: this.#last?.parsed };
      return end;
    }
    return 0;
  }

  /** Which part of an item begins here, if it is one that matters. */
  #partAt(at: number): string | undefined {
    for (const part of PARTS) if (this.#isOf(part, at)) return part;
    return undefined;
  }

  #openedFields(at: number): number {
    if (!this.#open || this.#open !== this.#managedFields || this.#entry === MOST_ENTRIES) return 0;
    const end = this.#endOf(this.#fields[this.#entry], at);
    if (end === 0) this.#fieldsFrom = at;
    else this.#entry++;
    return end;
  }

  /** Where these bytes end if they stand at `at`, and otherwise 0. */
  #endOf(known: Buffer | undefined, at: number): number {
    if (!known) return 0;
    const end = at + known.length;
    return end <= this.#bytes.length && this.#bytes.compare(known, 0, known.length, at, end) === 0 ? end : 0;
  }

  #closed(depth: number, end: number): void {
    if (depth === IN_LIST) this.#inItems = false;
    else if (depth === IN_FIELDS && this.#fieldsFrom >= 0) {
      this.#fields[this.#entry++] = Buffer.from(this.#bytes.subarray(this.#fieldsFrom, end));
      this.#fieldsFrom = -1;
    } else if (depth === IN_MEMBER && this.#open) {
      this.#open.to = end;
      this.#open = undefined;
    }
  }

  #item(end: number): KubeObject {
    const conditions = this.#conditions;
    const fields = this.#managedFields && this.#member(this.#managedFields);
    const [one, other] =
      fields && conditions && conditions.from < fields.from ? [conditions, fields] : [fields, conditions];
    // What is read of it together in one place, so that it becomes a string once.
    let size = 0;
    let from = this.#start;
    for (const span of [one, other]) {
      if (!span) continue;
      size = this.#put(size, this.#bytes, from, span.from);
      if (span === conditions) size = this.#put(size, NONE, 0, NONE.length);
      from = span.to;
    }
    size = this.#put(size, this.#bytes, from, end);
    const object: KubeObject = JSON.parse(this.#text.toString("utf8", 0, size));
    if (conditions)
      (object.status as { conditions: unknown }).conditions = conditions.parsed ?? this.#shared(conditions);
    this.#managedFields = this.#conditions = undefined;
    return object;
  }

  #put(at: number, bytes: Buffer, from: number, to: number): number {
    const size = at + to - from;
    if (size > this.#text.length) this.#text = Buffer.concat([this.#text.subarray(0, at), Buffer.alloc(2 * size)]);
    bytes.copy(this.#text, at, from, to);
    return size;
  }

  /** The whole member of which this is the value, with the comma that goes with it. */
  #member({ from: value, to }: Span): Span {
    const from = this.#before(this.#before(value)) - "managedFields".length - 1;
    let after = to;
    while (this.#bytes[after]! <= BLANK) after++;
    if (this.#bytes[after] === COMMA) return { from, to: after + 1 };
    const before = this.#before(from);
    return { from: this.#bytes[before] === COMMA ? before : from, to };
  }

  #shared({ from, to }: Span): unknown {
    const bytes = this.#bytes.subarray(from, to);
    const text = bytes.toString("utf8");
    const parsed = this.#known.get(text) ?? JSON.parse(text);
    if (this.#known.size < MOST) this.#known.set(text, parsed);
    this.#last = { bytes: Buffer.from(bytes), parsed };
    return parsed;
  }

  /** Whether what begins at `at` is the value of the member `name`. */
  #isOf(name: string, at: number): boolean {
    const colon = this.#before(at);
    if (this.#bytes[colon] !== COLON) return false;
    let end = this.#before(colon);
    if (this.#bytes[end] !== QUOTE) return false;
    for (let letter = name.length; letter-- > 0; ) if (this.#bytes[--end] !== name.charCodeAt(letter)) return false;
    return this.#bytes[end - 1] === QUOTE;
  }

  /** The last byte before `at` that is not blank. */
  #before(at: number): number {
    let before = at - 1;
    while (this.#bytes[before]! <= BLANK) before--;
    return before;
  }

  /** Drops what was told; what is under way moves to the front. */
  #keep(told: number, at: number): void {
    this.#bytes = this.#bytes.subarray(told);
    this.#at = at - told;
    this.#start -= told;
    if (this.#fieldsFrom >= 0) this.#fieldsFrom -= told;
    for (const span of [this.#managedFields, this.#conditions])
      if (span) {
        span.from -= told;
        span.to -= told;
      }
  }
}

interface Span {
  from: number;
  to: number;
}
