/** Text that quotes input, with control and direction characters written out, so that they cannot steer the terminal. */
export function visible(text = ''): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
