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
].map((url) => ({
  what: `a repository URL of ${JSON.stringify(url)}`,
  manifest: cloning({ url }),
  says: `spec.repository.url: Invalid value: ${JSON.stringify(url)}: ${GIT_URL}`,
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
].map((branch) => ({
  what: `a branch of ${JSON.stringify(branch)}`,
  manifest: cloning({ branch }),
  says: `spec.repository.branch: Invalid value: ${JSON.stringify(branch)}: ${BRANCH}`,
}));

export const git: RefusedManifest[] = [
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
