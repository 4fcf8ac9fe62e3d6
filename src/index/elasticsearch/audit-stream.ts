import type { Client } from '@elastic/elasticsearch';
import { GatewatchError } from '../../errors.ts';
import type { ReceivedRecord } from '../../record/record.ts';
import type { AuditEventSink, RefusedRecord } from '../port.ts';
import { auditDocument } from './audit-document.ts';
import { type BulkOptions, BulkWriter, type Write } from './bulk.ts';
import { auditEventsStream } from './names.ts';

export interface AuditEventStreamOptions extends BulkOptions {
  readonly namespace: string;
}

/** Audit events in a data stream, where Elastic's rules and dashboards for its kubernetes integration find them. */
export class AuditEventStream implements AuditEventSink {
  readonly #namespace: string;
  readonly #bulk: BulkWriter;

  constructor(client: Client, options: AuditEventStreamOptions) {
    this.#namespace = options.namespace;
    // Where no template makes the stream, an index with a mapping of its own would take its name.
    this.#bulk = new BulkWriter(client, { ...options, requireDataStream: true });
  }

  /**
   * Adds the audit events among the records. An event that is there already is not added again, unless the stream went on to
   * another backing index in between: Elasticsearch tells the same document only within one.
   * @returns those that cannot be stored; all others are
   * @throws STORE_* as `AlertStore.put` does
   */
  async put(records: readonly ReceivedRecord[]): Promise<readonly RefusedRecord[]> {
    const refused: RefusedRecord[] = [];
    const sent: ReceivedRecord[] = [];
    const written = await this.#bulk.write(this.#writes(records, sent, refused));
    for (const [at, result] of written.entries())
      if (result instanceof GatewatchError) refused.push({ record: sent[at]!, error: result });
    return refused;
  }

  /** The writes for the records that are JSON, made when they are needed. */
  *#writes(
    records: readonly ReceivedRecord[],
    sent: ReceivedRecord[],
    refused: RefusedRecord[],
  ): Iterable<Write> {
    const ingested = new Date().toISOString();
    for (const record of records) {
      if (record.kind !== 'audit.event') continue;
      const document = this.#document(record, ingested);
      if (document instanceof GatewatchError) {
        refused.push({ record, error: document });
        continue;
      }
      sent.push(record);
      yield { index: auditEventsStream(this.#namespace), id: record.id, document };
    }
  }

  #document(record: ReceivedRecord, ingested: string): string | GatewatchError {
    try {
      return JSON.stringify(auditDocument(record, this.#namespace, ingested));
    } catch (cause) {
      const what = `The record is not JSON: ${(cause as Error).message}.`;
      return new GatewatchError('STORE_REFUSED_DOCUMENT', what, { cause });
    }
  }
}
