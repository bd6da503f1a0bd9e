import { X509Certificate, webcrypto } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type * as X509 from "@peculiar/x509";

/** The keys of a cluster: its own authority, the server's and the administrator's certificates. All PEM. */
export interface Pki {
  ca: string;
  serverKey: string;
  serverCertificate: string;
  adminKey: string;
  adminCertificate: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 24 * 60 * 60 * 1000;
const VALID_DAYS = 3650;
const FILE = "pki.json";

/** Reads the cluster's keys from its data dir, or makes them (and keeps them there, mode 0600). */
export async function loadPki(dataDir: string | undefined, now: Date): Promise<Pki> {
  const kept = dataDir === undefined ? undefined : await readPki(join(dataDir, FILE), now);
  if (kept !== undefined) return kept;
  const pki = await createPki(now);
  if (dataDir !== undefined) await writePrivately(join(dataDir, FILE), JSON.stringify(pki));
  return pki;
}

async function readPki(path: string, now: Date): Promise<Pki | undefined> {
  try {
    const pki = JSON.parse(await readFile(path, "utf8")) as Pki;
    const expires = new X509Certificate(pki.serverCertificate).validTo;
    return Date.parse(expires) - now.getTime() > DAY_MS ? pki : undefined;
  } catch {
    // Absent or unreadable: new keys serve as well, since the kubeconfig is written anew too.
    return undefined;
  }
}

/** Writes a file that only its owner can read, in one step. */
export async function writePrivately(path: string, text: string): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

async function createPki(now: Date): Promise<Pki> {
  // Loaded here, since a cluster that has its keys needs neither of the two.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const generate = () => webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const [ca, server, admin] = await Promise.all([generate(), generate(), generate()]);
  const validity = {
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + VALID_DAYS * DAY_MS),
  };
  const issuer = "CN=agent-operator-devcluster-ca";
  const caCertificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: issuer,
    ...validity,
    signingAlgorithm: ALGORITHM,
    keys: ca,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  const sign = (subject: string, publicKey: webcrypto.CryptoKey, extensions: X509.Extension[]) =>
    x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject,
      issuer,
      ...validity,
      signingAlgorithm: ALGORITHM,
      publicKey,
      signingKey: ca.privateKey,
      extensions: [new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true), ...extensions],
    });
  const [serverCertificate, adminCertificate] = await Promise.all([
    sign("CN=kube-apiserver", server.publicKey, [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(serverNames),
    ]),
    sign("O=system:masters,CN=kubernetes-admin", admin.publicKey, [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    ]),
  ]);
  return {
    ca: caCertificate.toString("pem"),
    serverKey: await exportKey(server.privateKey),
    serverCertificate: serverCertificate.toString("pem"),
    adminKey: await exportKey(admin.privateKey),
    adminCertificate: adminCertificate.toString("pem"),
  };
}

const serverNames: X509.JsonGeneralNames = [
  { type: "dns", value: "localhost" },
  { type: "dns", value: "kubernetes" },
  { type: "dns", value: "kubernetes.default" },
  { type: "dns", value: "kubernetes.default.svc" },
  { type: "ip", value: "127.0.0.1" },
  { type: "ip", value: "::1" },
];

function serial(): string {
  // A leading zero keeps the number positive.
  return `00${Buffer.from(webcrypto.getRandomValues(new Uint8Array(15))).toString("hex")}`;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = await webcrypto.subtle.exportKey("pkcs8", key);
  const base64 = Buffer.from(bytes).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${base64.replace(/.{64}/g, "$&\n").trimEnd()}\n-----END PRIVATE KEY-----\n`;
}
