import { quote } from "../../../src/kube/go-text.ts";
import { run, cloning, type RefusedManifest } from "./manifest.ts";
import { GIT_URL, BRANCH } from "./words.ts";

export const urls: RefusedManifest[] = [
  "--upload-pack=touch /tmp/x",
  "ext::sh -c id",
  "ftp://example.com/repo.git",
  "/srv/repo.git",
  "https://github.com",
  "https://github.com/org/repo.git\n-x",
  "ssh://-oProxyCommand=id/repo",
  "git@github.com:-x",
  "https://github.com/my repo.git",
  // Remote helpers.
  "foo::x@y:z",
  "ext::a@b:c",
  "fd::0@h:x",
  "https::a@h:1/x",
  "HTTPS://github.com/org/repo.git",
  // Another host than the one that is read first.
  "ssh://good.example/x@[evil.example]/path",
  "ssh://good.example/x%40%5Bevil.example]/path",
  "ssh://evil.example%2f@good.example/x",
  "https://good.example\\@evil.example/x",
  "https://good.example#@evil.example/x",
  "https://good.example?x@evil.example/x",
  "https://user@good.example@evil.example/x",
  "good.example:x@[evil.example]:path",
  "host:a://b",
  "[host]x:path",
  "user:secret@host.example:path",
  // What nobody sees, or a terminal obeys.
  "https://github.com/org/repo\u0007.git",
  "https://github.com/org/repo%0a.git",
  "https://github.com/org/\u202egit.oper",
  "git@github.com:org/\u200brepo",
  "https://git\u2066hub.com/org/repo",
  "https://github.com/org\u00a0repo",
  "ssh://host:65536/repo",
  "ssh://-u@host/repo",
  "[-oProxyCommand=id]:x",
  "u@[::1:x",
].map((url) => ({
  what: `a repository URL of ${JSON.stringify(url)}`,
  manifest: cloning({ url }),
  says: `spec.repository.url: Invalid value: ${quote(url)}: ${GIT_URL}`,
}));

export const branches: RefusedManifest[] = [
  "-b",
  "a..b",
  "a b",
  "main\n",
  "a.lock",
  "a~1",
  "/a",
  "a//b",
  ".a",
  "@",
  "HEAD",
  "refs/heads/main",
  "a@{1}",
  "a\u202eb",
  "a\u0007b",
  "a\u0085b",
  "a\u200bb",
  "a\u00a0b",
].map((branch) => ({
  what: `a branch of ${JSON.stringify(branch)}`,
  manifest: cloning({ branch }),
  says: `spec.repository.branch: Invalid value: ${quote(branch)}: ${BRANCH}`,
}));

const GITHUB = "https://github.com/org/repo.git";

export const git: RefusedManifest[] = [
  {
    what: "a branch of 256 bytes",
    manifest: cloning({ branch: `a${"é".repeat(127)}b` }),
    says: `spec.repository.branch: Invalid value: "a${"é".repeat(127)}b": must be at most 255 bytes of UTF-8`,
  },
  {
    what: "a repository without a URL",
    manifest: run({ repository: { branch: "main" } }),
    says: "spec.repository.url: Required value",
  },
  {
    what: "a password in a repository URL, without repeating it",
    manifest: cloning({ url: "https://user:secret@github.com/org/repo.git" }),
    says: "spec.repository.url: Forbidden: must not contain a password or token; put it into a Secret and name that in credentialsSecretRef",
  },
  {
    what: "a password behind a user with @, without repeating it",
    manifest: cloning({ url: "https://user@corp.example:secret@github.com/org/repo.git" }),
    says: "spec.repository.url: Forbidden: must not contain a password or token; put it into a Secret and name that in credentialsSecretRef",
  },
  {
    what: "a GitHub App beside a token",
    manifest: cloning({
      url: GITHUB,
      githubAppRef: { name: "app" },
      credentialsSecretRef: { name: "a", key: "b" },
    }),
    says: "spec.repository.githubAppRef: Forbidden: githubAppRef and credentialsSecretRef are mutually exclusive: name one of them",
  },
  {
    what: "a GitHub App for the agent itself",
    manifest: cloning({ url: GITHUB, githubAppRef: { name: "app" }, exposeCredentialsToAgent: true }),
    says: "spec.repository.exposeCredentialsToAgent: Forbidden: an agent never gets a token of a GitHub App: leave it out, or name a token in credentialsSecretRef",
  },
  ...["https://github.com/repo", "git@github.com:org/repo.git", "https://github.com/a/b/c"].map((url) => ({
    what: `a GitHub App for ${url}`,
    manifest: cloning({ url, githubAppRef: { name: "app" } }),
    says: `spec.repository.url: Invalid value: a GitHub App is for a repository with an https URL, such as https://github.com/owner/name`,
  })),
  {
    what: "a commit that is no id",
    manifest: cloning({ commit: "v1.0.0-rc1" }),
    says: `spec.repository.commit: Invalid value: "v1.0.0-rc1": must be a commit id: 7 to 64 hexadecimal digits, best all 40`,
  },
  {
    what: "a worktree branch that would be an option",
    manifest: run({ worktree: { branch: "--force" } }),
    says: `spec.worktree.branch: Invalid value: "--force": ${BRANCH}`,
  },
  {
    what: "a source branch with a colon",
    manifest: run({ worktree: { branch: "work", sourceBranch: "a:b" } }),
    says: `spec.worktree.sourceBranch: Invalid value: "a:b": ${BRANCH}`,
  },
];
