import { crc32 } from 'node:zlib';
import type { DeliveredEntry, LogEntry } from './port.ts';

/** Entries in one stored batch, and at most that many are handed to a consumer at once. */
export const BATCH_ENTRIES_MAX = 500;

/** Bytes of values in one stored batch, and at most that many are handed to a consumer at once, unless one entry alone is larger. */
export const BATCH_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Consecutive entries of one append as they are stored, one database row: a row per entry would cost more than the
 * bytes do. `data` has an ArrayBuffer of its own, so that it can be transferred to another thread.
 *
 *     u32 CRC-32 of all that follows · u32 length of the heads · heads: JSON [{key, headers, length}, …] · the values, end to end
 *
 * (little-endian). SQLite has no checksums: without ours a damaged page could pass for what a sender said.
 */
export interface EncodedBatch {
  readonly count: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

interface Head {
  readonly key: string;
  readonly headers: Record<string, string>;
  readonly length: number;
}

const CRC_BYTES = 4;
const PREFIX_BYTES = 8;

/** Copies the entries into batches within the limits above; the entries' own memory may be reused at once. */
export function encodeBatches(entries: readonly LogEntry[]): EncodedBatch[] {
  const batches: EncodedBatch[] = [];
  let start = 0;
  let bytes = 0;
  for (const [index, entry] of entries.entries()) {
    const full = index - start === BATCH_ENTRIES_MAX || bytes + entry.value.length > BATCH_BYTES_MAX;
    if (full && index > start) {
      batches.push(encode(entries.slice(start, index)));
      start = index;
      bytes = 0;
    }
    bytes += entry.value.length;
  }
  if (start < entries.length) batches.push(encode(entries.slice(start)));
  return batches;
}

function encode(entries: readonly LogEntry[]): EncodedBatch {
  const heads = Buffer.from(
    JSON.stringify(entries.map(({ key, headers, value }): Head => ({ key, headers, length: value.length }))),
  );
  let end = PREFIX_BYTES + heads.length;
  const data = Buffer.allocUnsafeSlow(entries.reduce((sum, { value }) => sum + value.length, end));
  data.writeUInt32LE(heads.length, CRC_BYTES);
  data.set(heads, PREFIX_BYTES);
  for (const { value } of entries) {
    data.set(value, end);
    end += value.length;
  }
  data.writeUInt32LE(crc32(data.subarray(CRC_BYTES)), 0);
  return { count: entries.length, data };
}

/** The entries of a stored batch whose first has offset `base`; their values share the batch's memory. Throws an `Error` that says what is damaged. */
export function decodeBatch(stored: Uint8Array, base: number, count: number): DeliveredEntry[] {
  const data = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  if (data.length < PREFIX_BYTES) throw new Error(`a batch of ${data.length} bytes is cut short`);
  if (crc32(data.subarray(CRC_BYTES)) !== data.readUInt32LE(0)) {
    throw new Error('its checksum does not fit its bytes');
  }
  let end = PREFIX_BYTES + data.readUInt32LE(CRC_BYTES);
  const heads = JSON.parse(data.toString('utf8', PREFIX_BYTES, end)) as Head[];
  if (heads.length !== count) throw new Error(`it holds ${heads.length} entries, not ${count}`);
  return heads.map(({ key, headers, length }, index) => {
    const value = data.subarray(end, end + length);
    end += length;
    return { key, headers, value, offset: base + index };
  });
}
