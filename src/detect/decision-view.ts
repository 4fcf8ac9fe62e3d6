import { bitOf, type Trait, type TraitOf, UNKNOWN } from './sigma/traits.ts';
import { EventView } from './view.ts';

const PRESENT = bitOf('gatewatch.decision') | bitOf('gatewatch.redacted');

/**
 * What rules may read of a policy engine's decision: `gatewatch.decision`, and who asked for what. What a request writes is read from
 * those who show the write, its audit event and its review; here it is absent, also where the name of an object and what was done to it
 * would tell something.
 */
export class DecisionView extends EventView {
  override trait(field: Trait): TraitOf {
    switch (field) {
      case 'gatewatch.outcome':
        return this.outcome;
      case 'gatewatch.actor.kind':
        return this.actorKind;
      case 'present':
        return PRESENT;
      case 'pod':
        return 0;
      case 'caller':
        return UNKNOWN;
      default:
        return undefined;
    }
  }

  override get written(): undefined {
    return undefined;
  }
  override get pod(): undefined {
    return undefined;
  }
  override get namespaceChange(): undefined {
    return undefined;
  }
  override get grant(): undefined {
    return undefined;
  }
  override get exposure(): undefined {
    return undefined;
  }
  override get connection(): undefined {
    return undefined;
  }
  override get certificate(): undefined {
    return undefined;
  }
  override get policy(): undefined {
    return undefined;
  }
  override get objectUid(): string | undefined {
    return this.request.engineDecision?.object_uid;
  }
}
