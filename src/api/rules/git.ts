import { matches, matchesRule, type Rule } from "../schema/rule.ts";
import { INVISIBLE } from "./values.ts";

// How git reads a URL: connect.c, transport.c and credential.c of git, urlapi.c of curl. The grammar admits
// only what they all read alike.

/** A user's characters; `%` only if git does not decode it before it looks for the host. */
const USER_CHARACTER = `[^${INVISIBLE}%/@:?#\\[\\]\\\\]`;
const FIRST = `[^${INVISIBLE}%/@:?#\\[\\]\\\\-]`;
const HTTP_USER = `(${FIRST}(${USER_CHARACTER}|%[0-9A-Fa-f]{2})*@)?`;
/** ssh takes what follows the last `@` as its host. */
const SSH_USER = `(${FIRST}(${USER_CHARACTER}|@)*@)?`;

const NAME = "[\\pL\\pN_][\\pL\\pM\\pN._-]*";
const ADDRESS = "[0-9A-Fa-f.]*:[0-9A-Fa-f:.]+";
const HOST = `(${NAME}|\\[${ADDRESS}\\])`;
const PORT = "(:([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?";
const REST = `[^${INVISIBLE}]`;
/** Without `@[`, after which git looks for a host wherever it is. */
const PATH = `([^${INVISIBLE}@]|@+[^${INVISIBLE}@\\[])*@*`;

const URL_FORMS = [
  `https?://${HTTP_USER}${HOST}${PORT}/${REST}+`,
  `git://${HOST}${PORT}/${PATH}`,
  `(ssh|git\\+ssh|ssh\\+git)://${SSH_USER}${HOST}${PORT}/${PATH}`,
  `file:///${PATH}`,
];
/** In brackets: an address, or a port, and the user too. */
const BRACKETED = `(${ADDRESS}|${NAME}${PORT})`;
/** No `@` before the first slash of its path: nobody would see where the host is. */
const SCP_FORM = `(${SSH_USER}(${NAME}|\\[${BRACKETED}\\])|\\[${SSH_USER}${BRACKETED}\\]):/?[^${INVISIBLE}@:/-][^${INVISIBLE}@/]*(/${PATH})?`;

/** What git decodes before it looks at it: characters that a terminal or a server obeys, and `@[`. */
const ENCODED = "%([01][0-9A-Fa-f]|7[Ff])|^(ssh|git|file).*(%40(\\[|%5[Bb])|@%5[Bb])";

/** A password: its rule says so, without repeating the URL. */
const PASSWORD = "^[^/@]*://[^/]*:[^/]*@";

/** Never one that git would take for an option or a remote helper (`ext::…`), or for another host's. */
export const repositoryUrl: Rule = {
  rule:
    `${matches("self", PASSWORD)} || ` +
    `(${matches("self", `^(${URL_FORMS.join("|")})$`)} && !${matches("self", ENCODED)}) || ` +
    `(${matches("self", `^${SCP_FORM}$`)} && !${matches("self", "://")})`,
  message:
    "must be a git URL: https://, http://, ssh://, git:// or file:// with a path, or user@host:path, without spaces",
};

export const noPasswordInUrl: Rule = {
  rule: `!${matches("self", PASSWORD)}`,
  reason: "FieldValueForbidden",
  message: "must not contain a password or token; put it into a Secret and name that in credentialsSecretRef",
};

/** In bytes: git keeps a branch as a file of that name. */
export const MAX_BRANCH_BYTES = 255;

export const branchSize: Rule = {
  rule: `size(bytes(self)) <= ${MAX_BRANCH_BYTES}`,
  message: `must be at most ${MAX_BRANCH_BYTES} bytes of UTF-8`,
};

/** Source: git check-ref-format; without `refs/…`, `HEAD`, what would read as an option, and what is not seen. */
export const branchName: Rule = {
  rule: `${matches("self", `^[^${INVISIBLE}~^:?*\\[\\\\]+$`)} && !${matches("self", "^[-/.]|//|/[.]|[.][.]|@[{]|[.]lock(/|$)|[/.]$|^(@|HEAD|refs/.*)$")}`,
  message:
    "must be a branch name as git allows it, such as main or feature/login: no spaces, '..', '~', '^', ':', '?', '*', '[', '\\', not starting with '-', '/', '.' or refs/",
};

export const commitId = matchesRule(
  "^[0-9a-fA-F]{7,64}$",
  "must be a commit id: 7 to 64 hexadecimal digits, best all 40",
);
