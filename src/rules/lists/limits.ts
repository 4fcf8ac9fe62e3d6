/** Bytes of one list file: the largest public address lists have some ten million. */
export const LIST_BYTES_MAX = 67_108_864;

/** Values of one list. */
export const LIST_VALUES_MAX = 500_000;

/** Characters of one value. */
export const LIST_VALUE_CHARACTERS_MAX = 4096;
