import kafkajs, { type PartitionAssigner } from 'kafkajs';

const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;

const NAME = 'gatewatch-sticky';
const VERSION = 1;

/** What a member says of itself when it joins, besides the topics. */
interface Holding {
  readonly partitions: readonly number[];
}

/**
 * Shares a topic's partitions evenly and leaves them where they are as far as that allows: each move costs the new owner a rebuilding
 * of state. (The library brings round robin alone, which moves nearly all of them whenever a member comes or goes.)
 * @param held the partitions that this process has at the moment
 */
export function stickyAssigner(held: () => readonly number[]): PartitionAssigner {
  return ({ cluster }) => ({
    name: NAME,
    version: VERSION,
    protocol({ topics }) {
      const holding: Holding = { partitions: held() };
      const userData = Buffer.from(JSON.stringify(holding));
      return { name: NAME, metadata: MemberMetadata.encode({ version: VERSION, topics, userData }) };
    },
    async assign({ members, topics }) {
      const holdings = members.map(({ memberId, memberMetadata }) => ({
        memberId,
        partitions: holdingOf(memberMetadata),
      }));
      const shares = new Map<string, Record<string, number[]>>();
      for (const topic of topics) {
        const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
        for (const [memberId, share] of shareOut(partitions, holdings)) {
          shares.set(memberId, { ...shares.get(memberId), [topic]: share });
        }
      }
      return Array.from(shares, ([memberId, assignment]) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          version: VERSION,
          assignment,
          userData: Buffer.alloc(0),
        }),
      }));
    },
  });
}

function holdingOf(metadata: Buffer): readonly number[] {
  try {
    const userData = MemberMetadata.decode(metadata)?.userData;
    const { partitions } = JSON.parse(String(userData)) as Holding;
    return Array.isArray(partitions) ? partitions : [];
  } catch {
    return []; // a member of another version
  }
}

/** Each member's partitions: no member has more than one more than any other, and as many as that allows stay where they are. */
export function shareOut(
  partitions: readonly number[],
  members: readonly { readonly memberId: string; readonly partitions: readonly number[] }[],
): Map<string, number[]> {
  const free = new Set(partitions);
  const least = Math.floor(partitions.length / members.length);
  let larger = partitions.length % members.length;
  const shares = new Map<string, number[]>();
  // Those that hold most have the best claim to the larger shares.
  const claims = members
    .map(({ memberId, partitions }) => ({
      memberId,
      held: ascending(free.intersection(new Set(partitions))),
    }))
    .sort((a, b) => b.held.length - a.held.length || (a.memberId < b.memberId ? -1 : 1));
  for (const { memberId, held } of claims) {
    const mine = held.filter((partition) => free.has(partition));
    const size = mine.length > least && larger > 0 ? least + 1 : least;
    if (size > least) larger--;
    const kept = mine.slice(0, size);
    for (const partition of kept) free.delete(partition);
    shares.set(memberId, kept);
  }
  const rest = ascending(free);
  for (const share of shares.values()) share.push(...rest.splice(0, least - share.length));
  for (const share of shares.values()) {
    if (share.length === least) share.push(...rest.splice(0, 1));
  }
  return shares;
}

function ascending(partitions: Iterable<number>): number[] {
  return [...partitions].sort((a, b) => a - b);
}
