/** Runs of each property; more on demand (test/README.md). */
export const RUNS = Number(process.env.GATEWATCH_TEST_FUZZ_RUNS ?? 10_000);
