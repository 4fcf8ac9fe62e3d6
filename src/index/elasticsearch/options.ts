/** How to reach Elasticsearch and what to keep there; the section `elasticsearch` of the configuration. Paths name files. */
export interface ElasticsearchOptions {
  readonly nodes: readonly string[];
  readonly cloud_id?: string | undefined;
  readonly username?: string | undefined;
  readonly password_file?: string | undefined;
  readonly api_key_file?: string | undefined;
  readonly ca_file?: string | undefined;
  /** SHA-256 of the authority's certificate, hex. */
  readonly ca_fingerprint_sha256?: string | undefined;
  readonly namespace: string;
  readonly request_seconds_max: number;
  readonly bulk_bytes_max: number;
  readonly audit_events: { readonly enabled: boolean; readonly retention_days: number };
}
