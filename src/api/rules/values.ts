import { matches, matchesRule, type Rule } from "../schema/rule.ts";

/**
 * For a class of characters: those that nobody sees, or that a terminal obeys. Controls, formats (among them all
 * bidirectional ones) and blanks of every kind.
 */
export const INVISIBLE = "\\p{Cc}\\p{Cf}\\pZ";

/** Go durations of whole seconds; the bounds compare only what the pattern has let through. */
export const wholeSeconds: Rule = {
  rule:
    `${matches("self", "^([0-9]{1,3}h)?([0-9]{1,5}m)?([0-9]{1,7}s)?$")} && size(self) > 1 && ` +
    "duration(self) >= duration('1s') && duration(self) <= duration('720h')",
  message: "must be a duration of whole seconds from 1s to 720h, such as 90s, 30m or 1h30m",
};

/** A quantity of zero or more, in any form that Kubernetes reads: 500m, 2, 1.5, 512Mi, 1e3. */
export const QUANTITY_PATTERN =
  "^[+]?([0-9]+([.][0-9]*)?|[.][0-9]+)(([KMGTPE]i)|[numkMGTPE]|([eE][-+]?[0-9]+))?$";

/** The same without zero: a volume of no size cannot be claimed. */
export const SIZE_PATTERN =
  "^[+]?(0*[1-9][0-9]*([.][0-9]*)?|0*[.]0*[1-9][0-9]*)(([KMGTPE]i)|[kMGTPE]|([eE][+]?[0-9]+))?$";

export const imageReference = matchesRule(
  `^[a-zA-Z0-9][^${INVISIBLE}]*$`,
  "must be a container image such as node:24 or registry.example.com/team/agent@sha256:…, without spaces",
);

export const modelName = matchesRule(
  `^[^${INVISIBLE}-][^${INVISIBLE}]*$`,
  "must be the name of a model, without spaces and not starting with '-'",
);

/** A name that is shown to people in columns and messages: one line, and nothing that a terminal obeys. */
export const shownName = matchesRule(
  "^[^\\p{Cc}\\p{Cf}]*$",
  "must not contain control characters, nor others that are not seen",
);

/** The kernel passes no NUL in an argument or variable. */
export const noNul = matchesRule("^[^\\x00]*$", "must not contain the NUL character");

export const notBlank: Rule = {
  rule: matches("self", "[^\\s]"),
  reason: "FieldValueRequired",
  message: "must not be empty",
};

/** Names and e-mail addresses of commits. Source: git's ident.c drops these characters. */
export const commitName = matchesRule(
  `^[^\\p{Cc}\\p{Cf}<>]*[^${INVISIBLE}<>.,:;'"]+[^\\p{Cc}\\p{Cf}<>]*$`,
  "must be a name that git can put on a commit: one line, without '<' and '>'",
);

export const emailAddress = matchesRule(
  `^[^${INVISIBLE}<>@]+@[^${INVISIBLE}<>@]+$`,
  "must be an e-mail address such as agent@example.com",
);

/** The limit of a prompt, in bytes of UTF-8: it travels in one environment variable. */
export const MAX_PROMPT_BYTES = 100 * 1024;

export const promptSize: Rule = {
  rule: `size(bytes(self)) <= ${MAX_PROMPT_BYTES}`,
  reason: "FieldValueForbidden",
  message: `must be at most ${MAX_PROMPT_BYTES} bytes of UTF-8 (100 KiB); put a longer one into a ConfigMap or Secret and name that in promptFrom`,
};

/** The limit of other texts for an agent, in bytes of UTF-8. */
export const MAX_TEXT_BYTES = 32 * 1024;

export const textSize: Rule = {
  rule: `size(bytes(self)) <= ${MAX_TEXT_BYTES}`,
  reason: "FieldValueForbidden",
  message: `must be at most ${MAX_TEXT_BYTES} bytes of UTF-8 (32 KiB)`,
};

/** On the words of a command. */
export const programNamed: Rule = {
  rule: "size(self) == 0 || self[0] != ''",
  message: "the first item must name the program",
};

/** On an object: one of two fields is set, and only one. */
export function oneOf(first: string, second: string): Rule {
  return {
    rule: `has(self.${first}) != has(self.${second})`,
    message: `set exactly one of ${first} and ${second}`,
  };
}

/** Agents would put a variable or file in its place, each in its own form. */
export const noPlaceholder: Rule = {
  rule: `!${matches("self", "[$][{]|[{](env|file):")}`,
  message:
    "must not contain '${', '{env:' or '{file:'; name a Secret in secretKeyRef for what is not known here",
};

export const headerName = matchesRule("^[A-Za-z0-9-]+$", "must be the name of an HTTP header");

/** An address of HTTP; `$(VAR)` may be a part of it. */
export const HTTP_URL = `^https?://[^${INVISIBLE}/][^${INVISIBLE}]*$`;

export const serverUrl = matchesRule(
  HTTP_URL,
  "must be a URL that starts with http:// or https:// and has no spaces",
);
