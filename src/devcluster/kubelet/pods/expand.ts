/**
 * Kubernetes' `$(NAME)` expansion of env values, commands and arguments: `$$` is a literal `$`, a
 * reference to an unknown name and anything else stay as they are.
 */
export function expand(input: string, lookUp: (name: string) => string | undefined): string {
  let result = "";
  let at = 0;
  while (at < input.length) {
    const next = input[at + 1];
    if (input[at] !== "$" || next === undefined) {
      result += input[at];
      at += 1;
      continue;
    }
    const end = next === "(" ? input.indexOf(")", at + 2) : -1;
    if (end >= 0) {
      const name = input.slice(at + 2, end);
      result += lookUp(name) ?? `$(${name})`;
      at = end + 1;
    } else {
      result += next === "$" ? "$" : `$${next}`;
      at += 2;
    }
  }
  return result;
}
