import { GatewatchError } from '../../errors.ts';
import type { AlertReader } from '../../index/port.ts';
import type { Alert } from '../../record/alert.ts';

/** The alert with this id. */
export async function knownAlert(store: AlertReader, id: string): Promise<Alert> {
  const alert = await store.get(id);
  if (alert === undefined)
    throw new GatewatchError('ALERT_UNKNOWN', 'No alert has this id.', { where: 'id' });
  return alert;
}
