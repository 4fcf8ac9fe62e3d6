import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import kafkajs, { type Cluster } from 'kafkajs';
import { shareOut, stickyAssigner } from '../../../../src/log/kafka/assigner.ts';

interface Member {
  readonly memberId: string;
  readonly partitions: readonly number[];
}

/** Partitions, and members that hold some of them, each of a partition's claims drawn from `owners`. */
function groups(owners: (members: number) => fc.Arbitrary<number[]>) {
  return fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 12 })).chain(([count, size]) =>
    fc.array(owners(size), { minLength: count, maxLength: count }).map((claims) => ({
      partitions: claims.map((_, partition) => partition),
      members: Array.from(
        { length: size },
        (_, index): Member => ({
          memberId: `member-${index}`,
          partitions: claims.flatMap((of, partition) => (of.includes(index) ? [partition] : [])),
        }),
      ),
    })),
  );
}

/** Nobody or one member has each partition, as in life. */
const settled = groups((size) => fc.option(fc.nat(size - 1), { nil: -1 }).map((owner) => [owner]));

/** Members that were away may claim what has moved since. */
const disputed = groups((size) => fc.array(fc.nat(size - 1), { maxLength: 3 }));

describe('sharing out partitions', () => {
  test('all are shared out, each once, and evenly', () => {
    fc.assert(
      fc.property(fc.oneof(settled, disputed), ({ partitions, members }) => {
        const shares = shareOut(partitions, members);
        assert.deepEqual([...shares.keys()].sort(), members.map(({ memberId }) => memberId).sort());
        assert.deepEqual(
          [...shares.values()].flat().sort((a, b) => a - b),
          partitions,
        );
        const sizes = Array.from(shares.values(), ({ length }) => length);
        assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `shares of ${sizes}`);
      }),
    );
  });

  test('as many stay where they are as an even share allows', () => {
    fc.assert(
      fc.property(settled, ({ partitions, members }) => {
        const shares = shareOut(partitions, members);
        const stayed = members.flatMap(({ memberId, partitions }) =>
          partitions.filter((partition) => shares.get(memberId)!.includes(partition)),
        );
        const least = Math.floor(partitions.length / members.length);
        const held = members.map(({ partitions }) => partitions.length);
        const within = held.reduce((sum, count) => sum + Math.min(count, least), 0);
        const beyond = Math.min(
          partitions.length % members.length,
          held.filter((count) => count > least).length,
        );
        assert.equal(stayed.length, within + beyond);
      }),
    );
  });

  test('the order in which members and their partitions are listed does not matter', () => {
    fc.assert(
      fc.property(
        disputed.chain(({ partitions, members }) =>
          fc.record({
            partitions: fc.constant(partitions),
            members: fc.constant(members),
            shuffled: fc.shuffledSubarray(members, { minLength: members.length }),
          }),
        ),
        ({ partitions, members, shuffled }) => {
          const reversed = shuffled.map(({ memberId, partitions }) => ({
            memberId,
            partitions: partitions.toReversed(),
          }));
          assert.deepEqual(
            new Map([...shareOut(partitions.toReversed(), reversed)].sort()),
            new Map([...shareOut(partitions, members)].sort()),
          );
        },
      ),
    );
  });

  test('what a member says that nobody understands counts as holding nothing', async () => {
    const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;
    const cluster = {
      findTopicPartitionMetadata: () => [0, 1, 2, 3].map((partitionId) => ({ partitionId })),
    } as unknown as Cluster;
    const assigner = stickyAssigner(() => [3, 1])({ cluster, groupId: 'g', logger: {} as never });
    const said = (userData: string) =>
      MemberMetadata.encode({ version: 1, topics: ['t'], userData: Buffer.from(userData) });
    const strangers = ['', 'null', '{', '{"partitions":7}', '{"partitions":[null,"1",{},99]}'];
    const members = [
      { memberId: 'a', memberMetadata: assigner.protocol({ topics: ['t'] }).metadata },
      ...strangers.map((userData, index) => ({ memberId: `b${index}`, memberMetadata: said(userData) })),
    ];
    const assigned = await assigner.assign({ members: members.slice(0, 2), topics: ['t'] });
    const own = assigned.find(({ memberId }) => memberId === 'a')!;
    assert.deepEqual(MemberAssignment.decode(own.memberAssignment)?.assignment, { t: [1, 3] });
    const all = await assigner.assign({ members, topics: ['t'] });
    const shared = all.flatMap(
      ({ memberAssignment }) => MemberAssignment.decode(memberAssignment)!.assignment.t!,
    );
    assert.deepEqual(shared.sort(), [0, 1, 2, 3]);
  });
});
