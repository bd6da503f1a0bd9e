/** A folder with what is below it, or a file with its place in the list that it came from. */
export interface TreeNode {
  name: string;
  /** Of a file. */
  index?: number;
  children: TreeNode[];
}

/** Deeper paths end in their rest as one name: an agent may nest as deep as it likes. */
const MAX_DEPTH = 12;

/** The paths as a tree, in their order; folders with one folder in them are one. */
export function treeOf(paths: readonly string[]): TreeNode[] {
  const root: TreeNode = { name: "", children: [] };
  const folders = new Map<string, TreeNode>([["", root]]);
  for (const [index, path] of paths.entries()) {
    const parts = path.split("/");
    const cut = Math.min(parts.length - 1, MAX_DEPTH);
    let parent = root;
    for (let depth = 1; depth <= cut; depth++) {
      const key = parts.slice(0, depth).join("/");
      const folder = folders.get(key) ?? { name: parts[depth - 1] ?? "", children: [] };
      if (!folders.has(key)) {
        folders.set(key, folder);
        parent.children.push(folder);
      }
      parent = folder;
    }
    parent.children.push({ name: parts.slice(cut).join("/"), index, children: [] });
  }
  return root.children.map(joined);
}

function joined(node: TreeNode): TreeNode {
  const children = node.children.map(joined);
  const [only] = children;
  if (children.length === 1 && only && only.index === undefined && node.index === undefined)
    return { name: `${node.name}/${only.name}`, children: only.children };
  return { ...node, children };
}
