import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";

/** A file of the page, as it is sent. */
export interface Asset {
  contentType: string;
  body: Buffer;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json; charset=utf-8",
};

/** Every file of the page by its path, read once: what is asked for later is looked up here and never on the disk. */
export async function readAssets(directory: string): Promise<ReadonlyMap<string, Asset>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const assets = new Map<string, Asset>();
  for (const { parentPath, name } of files) {
    const contentType = CONTENT_TYPES[extname(name)];
    const path = join(parentPath, name);
    if (contentType === undefined) continue;
    assets.set(path.slice(directory.length).replaceAll("\\", "/"), {
      contentType,
      body: await readFile(path),
    });
  }
  if (!assets.has("/index.html")) throw new Error(`${directory} does not hold the console's page`);
  return assets;
}
