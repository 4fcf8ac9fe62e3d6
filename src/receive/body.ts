import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import { GatewatchError } from '../errors.ts';

/** Bytes given out by the decompressor at a time. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Undoes a body's Content-Encoding, on a thread of the pool.
 * @param grown is told of the bytes of output as they come, before they are kept, and may refuse them by throwing
 * @throws BODY_TOO_LARGE as soon as the output passes `bytesMax` (a zip bomb is never held whole), BODY_NOT_DECOMPRESSIBLE,
 *   BODY_ENCODING_UNSUPPORTED
 */
export async function decompress(
  body: Buffer,
  headers: IncomingMessage['headers'],
  bytesMax: number,
  grown: (bytes: number) => void = () => {},
): Promise<Buffer> {
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return body;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    const what = `Content-Encoding ${JSON.stringify(encoding.slice(0, 40))}.`;
    throw new GatewatchError('BODY_ENCODING_UNSUPPORTED', what, { where: 'Content-Encoding' });
  }
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  gunzip.end(body);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bytesMax) {
        const what = `More than ${bytesMax} bytes once decompressed.`;
        throw new GatewatchError('BODY_TOO_LARGE', what, { where: 'body' });
      }
      grown(chunk.length);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof GatewatchError) throw error;
    throw new GatewatchError('BODY_NOT_DECOMPRESSIBLE', `Not gzip: ${(error as Error).message}.`, {
      where: 'body',
      cause: error,
    });
  }
  return Buffer.concat(chunks, bytes);
}
