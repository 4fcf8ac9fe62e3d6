import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { GatewatchError } from '../errors.ts';

const inflate = promisify(gunzip);

/**
 * Undoes a body's Content-Encoding, on a thread of the pool.
 * @throws BODY_TOO_LARGE as soon as the output passes `bytesMax` (a zip bomb is never held whole), BODY_NOT_DECOMPRESSIBLE,
 *   BODY_ENCODING_UNSUPPORTED
 */
export async function decompress(
  body: Buffer,
  headers: IncomingMessage['headers'],
  bytesMax: number,
): Promise<Buffer> {
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return body;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new GatewatchError(
      'BODY_ENCODING_UNSUPPORTED',
      `Content-Encoding ${JSON.stringify(encoding.slice(0, 40))}.`,
      {
        where: 'Content-Encoding',
      },
    );
  }
  try {
    return await inflate(body, { maxOutputLength: bytesMax });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new GatewatchError('BODY_TOO_LARGE', `More than ${bytesMax} bytes once decompressed.`, {
        where: 'body',
      });
    }
    throw new GatewatchError('BODY_NOT_DECOMPRESSIBLE', `Not gzip: ${message}.`, {
      where: 'body',
      cause: error,
    });
  }
}
