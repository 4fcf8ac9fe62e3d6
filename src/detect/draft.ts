/**
 * A thing while it is put together. On the way of every record fields are set one by one, and those that have no value are left out: to spread objects into
 * each other takes several times as long.
 */
export type Draft<Thing> = { -readonly [Field in keyof Thing]: Thing[Field] };
