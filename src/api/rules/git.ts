import { matches, matchesRule, type Rule } from "../schema/rule.ts";

const USER = "([A-Za-z0-9_][^\\x00-\\x20\\x7f/@]*@)?";
const HOST = "([A-Za-z0-9_][A-Za-z0-9_.-]*|\\[[0-9A-Fa-f:.]+\\])";
const REST = "[^\\x00-\\x20\\x7f]";

const URL_FORMS = [
  `(https?|git|ssh)://${USER}${HOST}(:[0-9]{1,5})?/${REST}+`,
  `file:///${REST}+`,
  `${USER}${HOST}:[^\\x00-\\x20\\x7f:/-]${REST}*`,
  `${USER}${HOST}:/[^\\x00-\\x20\\x7f/]${REST}*`,
];

/** Never one that git would take for an option or a remote helper (`ext::…`). */
export const repositoryUrl = matchesRule(
  `^(${URL_FORMS.join("|")})$`,
  "must be a git URL: https://, http://, ssh://, git:// or file:// with a path, or user@host:path, without spaces",
);

export const noPasswordInUrl: Rule = {
  rule: `!${matches("self", "^[a-z]+://[^/@]*:[^/@]*@")}`,
  reason: "FieldValueForbidden",
  message: "must not contain a password or token; put it into a Secret and name that in credentialsSecretRef",
};

/** Source: git check-ref-format; without `refs/…`, `HEAD` and what would read as an option. */
export const branchName: Rule = {
  rule: `${matches("self", "^[^\\x00-\\x20\\x7f~^:?*\\[\\\\]+$")} && !${matches("self", "^[-/.]|//|/[.]|[.][.]|@[{]|[.]lock(/|$)|[/.]$|^(@|HEAD|refs/.*)$")}`,
  message:
    "must be a branch name as git allows it, such as main or feature/login: no spaces, '..', '~', '^', ':', '?', '*', '[', '\\', not starting with '-', '/', '.' or refs/",
};

export const commitId = matchesRule(
  "^[0-9a-fA-F]{7,64}$",
  "must be a commit id: 7 to 64 hexadecimal digits, best all 40",
);
